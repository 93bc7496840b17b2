//! Which notices go where.
//!
//! A route names a target and what it wants to hear; how a target is reached is not known here.

use serde::{Deserialize, Serialize};

use crate::effect::{Effect, EffectKey, PlannedEffect};
use crate::mailbox;
use crate::notice::Notice;
use crate::plan::Plan;
use crate::time::Timestamp;

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
    /// Who wrote the changes, as addresses or globs such as `*@shop.example`, in small letters.
    pub authors: Vec<String>,
    /// Whether its notices are left in the target's [mailbox], which decides when they are told.
    pub mailbox: bool,
}

impl Route {
    /// Whether the target wants to hear of this notice.
    #[must_use]
    pub fn wants(&self, notice: &Notice) -> bool {
        matches(&self.applications, notice.lane.application.as_str())
            && matches(&self.environments, notice.lane.environment.as_str())
            && (self.turns.is_empty() || self.turns.iter().any(|turn| turn == notice.turn.name()))
            && self.is_by(&notice.authors)
    }

    /// Whether one of the authors is one of those it asks for.
    fn is_by(&self, authors: &[String]) -> bool {
        self.authors.is_empty() || authors.iter().any(|author| matches(&self.authors, author))
    }
}

/// Whether one of some globs means the name of an application or environment, or an author's
/// address; none is all.
#[must_use]
pub fn matches(globs: &[String], name: &str) -> bool {
    let means = |glob: &String| {
        globset::Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(name))
    };
    globs.is_empty() || globs.iter().any(means)
}

/// Sends the notices of a plan on their way: one delivery for each target that wants it, or, where
/// the target has a mailbox, a fact that is left there with the rest of the plan. Keys are stable,
/// so deciding twice delivers once.
#[must_use]
pub fn dispatch(routes: &[Route], plan: &mut Plan, now: Timestamp) -> Vec<PlannedEffect> {
    let mut deliveries = Vec::new();
    for notice in &plan.notices {
        for route in routes.iter().filter(|route| route.wants(notice)) {
            if route.mailbox {
                let fact = mailbox::left(&route.target, notice, now);
                plan.wake.push(fact.subject.clone());
                plan.publish.push(fact);
            } else {
                deliveries.push(delivery(&route.target, notice));
            }
        }
    }
    deliveries
}

/// The delivery of one notice to one target.
#[must_use]
pub fn delivery(target: &str, notice: &Notice) -> PlannedEffect {
    PlannedEffect {
        key: EffectKey(format!("notice/{}/{target}", notice.id)),
        deployment: Some(notice.deployment.clone()),
        effect: Effect::PostNotice {
            target: target.to_owned(),
            notice: notice.clone(),
        },
    }
}

#[cfg(test)]
mod tests;
