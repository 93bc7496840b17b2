//! Which notices go where.
//!
//! A route names a target and what it wants to hear; how a target is reached is not known here.

use serde::{Deserialize, Serialize};

use crate::effect::{Effect, EffectKey, PlannedEffect};
use crate::notice::Notice;

/// A target and what it wants to hear. Empty lists mean everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The target, unique among routes.
    pub target: String,
    /// Applications, as names or globs such as `web-*`.
    pub applications: Vec<String>,
    /// Environments, as names or globs.
    pub environments: Vec<String>,
    /// Turns, by their names, such as `succeeded`.
    pub turns: Vec<String>,
}

impl Route {
    /// Whether the target wants to hear of this notice.
    #[must_use]
    pub fn wants(&self, notice: &Notice) -> bool {
        matches(&self.applications, notice.lane.application.as_str())
            && matches(&self.environments, notice.lane.environment.as_str())
            && (self.turns.is_empty() || self.turns.iter().any(|turn| turn == notice.turn.name()))
    }
}

/// Whether one of some globs means the name of an application or environment; none is all.
#[must_use]
pub fn matches(globs: &[String], name: &str) -> bool {
    let means = |glob: &String| {
        globset::Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(name))
    };
    globs.is_empty() || globs.iter().any(means)
}

/// The deliveries of some notices, one for each target that wants it. Their keys are stable, so
/// deciding twice delivers once.
#[must_use]
pub fn deliveries(routes: &[Route], notices: &[Notice]) -> Vec<PlannedEffect> {
    let wanted = notices.iter().flat_map(|notice| {
        routes
            .iter()
            .filter(|route| route.wants(notice))
            .map(move |route| (notice, route))
    });
    wanted
        .map(|(notice, route)| PlannedEffect {
            key: EffectKey(format!("notice/{}/{}", notice.id, route.target)),
            deployment: Some(notice.deployment.clone()),
            effect: Effect::PostNotice {
                target: route.target.clone(),
                notice: notice.clone(),
            },
        })
        .collect()
}
