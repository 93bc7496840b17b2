//! An environment of an application: one lane, with its rules.

use schemars::JsonSchema;
use sendo_core::names::EnvironmentName;
use sendo_core::promotion::After;
use sendo_core::subject::LaneId;
use serde::Deserialize;

use super::approval::ApprovalShape;
use super::engine::EngineShape;
use super::observe::ObserveShape;
use super::place::Place;
use super::problem::Code;
use super::promotion::PromotionShape;
use super::trigger::OnShape;
use super::{Reading, glob, server};

/// One environment.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Environment")]
pub(crate) struct EnvironmentShape {
    /// What it is for. Left out, it is told from the name: `prod…` is production, `stag…` staging,
    /// anything else a test.
    pub(super) tier: Option<Tier>,
    /// What starts a deployment.
    pub(super) on: Option<OnShape>,
    /// Globs; only changes that touch one of them count. Replaces the application's.
    pub(super) paths: Option<Vec<String>>,
    /// The environment that must have succeeded first.
    pub(super) after: Option<AfterShape>,
    /// Who must agree before the merge: `automatic`, or people.
    pub(super) approval: Option<ApprovalShape>,
    /// How a revision gets there.
    pub(super) deliver: Option<DeliverShape>,
    /// What applies it there. Then a deployment has succeeded when the environment is healthy at it, and
    /// `after` waits for that; without one, when its change is merged.
    pub(super) engine: Option<EngineShape>,
}

/// What an environment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// For trying out.
    Test,
    /// Like production, for the last look.
    Staging,
    /// For users.
    Production,
}

impl Tier {
    /// The tier a name tells.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        if name.starts_with("prod") || name == "live" {
            Self::Production
        } else if name.starts_with("stag") || name.starts_with("stg") {
            Self::Staging
        } else {
            Self::Test
        }
    }
}

/// The environment that must have succeeded first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum AfterShape {
    /// Its name: the same revision or the same tree counts.
    Name(String),
    /// Its name, and what counts as the same.
    Map(AfterMap),
}

/// The environment that must have succeeded first, and what counts as the same.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "After")]
pub(crate) struct AfterMap {
    /// Another environment of this application.
    environment: Option<String>,
    /// What counts as the same there.
    same: Same,
    /// How long its success there must have lasted, such as `30m`. A rollback does not wait.
    soak: Option<String>,
}

/// What counts as the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Same {
    /// Only the same revision.
    Revision,
    /// The same files too, as after a merge commit.
    #[default]
    Tree,
}

/// How a revision gets to an environment.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Deliver")]
pub(crate) struct DeliverShape {
    /// By an edit of a manifests repository.
    pub(super) promotion: Option<PromotionShape>,
    /// By people, who merge into a manifests repository themselves.
    pub(super) observe: Option<ObserveShape>,
}

impl AfterShape {
    /// The checked condition. Whether that environment exists is seen where all are known.
    pub(super) fn resolve(
        &self,
        lane: &LaneId,
        names: &[&str],
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<After> {
        let (name, same, soak, place) = match self {
            Self::Name(name) => (Some(name), Same::default(), None, place),
            Self::Map(map) => {
                let soak = map.soak.as_deref();
                let soak = soak.and_then(|text| server::span(text, place.key("soak"), reading));
                let place = place.key("environment");
                (map.environment.as_ref(), map.same, soak, place)
            }
        };
        let Some(name) = name else {
            if !place.is_written() {
                reading.problems.push(
                    place
                        .problem(Code::MissingKey, "`after` names no environment")
                        .fix("add `environment: NAME`"),
                );
            }
            return None;
        };
        if !names.contains(&name.as_str()) {
            reading.problems.push(
                place
                    .problem(
                        Code::UnknownName,
                        format!("`{}` has no environment `{name}`", lane.application),
                    )
                    .why(format!("it has {}", super::suggest::list(names)))
                    .fix(
                        super::suggest::did_you_mean(name, names)
                            .unwrap_or_else(|| "name one of these, or add it".to_owned()),
                    ),
            );
            return None;
        }
        Some(After {
            environment: EnvironmentName::new(name.as_str()).ok()?,
            same_tree: same == Same::Tree,
            soak: soak.unwrap_or_default(),
        })
    }
}

/// A problem unless something is written there, in which case it was refused before.
pub(super) fn absent<T>(
    key: &str,
    what: &str,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<T> {
    if !place.key(key).is_written() {
        reading.problems.push(
            place
                .problem(Code::MissingKey, format!("`{key}` is missing"))
                .fix(format!("add `{key}`: {what}")),
        );
    }
    None
}

/// Checked globs over the application's files.
pub(super) fn paths(
    own: Option<&[String]>,
    inherited: Option<&[String]>,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Vec<String> {
    for (index, text) in own.unwrap_or_default().iter().enumerate() {
        glob::check_path(text, place.index(index), reading);
    }
    own.or(inherited).unwrap_or_default().to_vec()
}
