//! `access:` who may do what, where.

use schemars::JsonSchema;
use sendo_core::act::{Access, Grant, Verb};
use sendo_core::names::Principal;
use sendo_core::routing::matches;
use sendo_core::subject::LaneId;
use serde::Deserialize;

use super::Reading;
use super::glob::Known;
use super::place::Place;
use super::problem::Code;

/// Who may do what, where. Once there is one rule, only what a rule allows is allowed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Access")]
pub(crate) struct AccessShape {
    /// Who, as `kind:id`; `everybody` is whoever is signed in.
    who: Vec<String>,
    /// What they may do.
    may: Vec<VerbShape>,
    /// Globs over applications; all when left out.
    applications: Option<Vec<String>>,
    /// Globs over environments; all when left out.
    environments: Option<Vec<String>>,
}

/// Something a person may do.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Verb")]
pub(crate) enum VerbShape {
    /// Ask for a deployment, and start one again.
    Deploy,
    /// Agree to a deployment, on a forge or with Sendo.
    Approve,
    /// End a deployment.
    Cancel,
    /// Go back to an earlier success, and release the lane afterwards.
    Rollback,
    /// Lock, and unlock what others locked.
    Lock,
    /// Break glass: past people, soak, locks, holds and freezes.
    Override,
}

impl From<VerbShape> for Verb {
    fn from(shape: VerbShape) -> Self {
        match shape {
            VerbShape::Deploy => Self::Deploy,
            VerbShape::Approve => Self::Approve,
            VerbShape::Cancel => Self::Cancel,
            VerbShape::Rollback => Self::Rollback,
            VerbShape::Lock => Self::Lock,
            VerbShape::Override => Self::Override,
        }
    }
}

/// A checked rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    grant: Grant,
    applications: Vec<String>,
    environments: Vec<String>,
}

/// The checked rules; `None` when the section is left out.
pub(crate) fn resolve(
    shapes: Option<&[AccessShape]>,
    known: &Known<'_>,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<Vec<Rule>> {
    let rules = shapes?.iter().enumerate();
    let rules =
        rules.filter_map(|(index, shape)| shape.resolve(known, place.index(index), reading));
    Some(rules.collect())
}

/// Who may do what in one lane.
pub(crate) fn of_lane(rules: Option<&[Rule]>, lane: &LaneId) -> Access {
    let means = |rule: &&Rule| {
        matches(&rule.applications, lane.application.as_str())
            && matches(&rule.environments, lane.environment.as_str())
    };
    let grants = |rules: &[Rule]| {
        rules
            .iter()
            .filter(means)
            .map(|rule| rule.grant.clone())
            .collect()
    };
    Access {
        grants: rules.map(grants),
    }
}

impl AccessShape {
    fn resolve(
        &self,
        known: &Known<'_>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Rule> {
        for (key, empty) in [("who", self.who.is_empty()), ("may", self.may.is_empty())] {
            // What is written and could not be read was said already.
            if empty && (!place.key(key).is_written() || reading.problems.is_empty()) {
                reading.problems.push(
                    place
                        .problem(Code::MissingKey, format!("this rule has no `{key}`"))
                        .why("it would allow nothing")
                        .fix("name at least one, such as `who: [everybody]` and `may: [deploy]`"),
                );
                return None;
            }
        }
        let list = place.key("who");
        let mut who = Vec::new();
        let everybody = self.who.iter().any(|name| name == "everybody");
        for (index, name) in self.who.iter().enumerate() {
            if name != "everybody" {
                who.push(reading.named(Principal::new(name.as_str()), list.index(index))?);
            }
        }
        Some(Rule {
            grant: Grant {
                who: (!everybody).then_some(who),
                may: self.may.iter().copied().map(Verb::from).collect(),
            },
            applications: known.applications(self.applications.as_deref(), place, reading),
            environments: known.environments(self.environments.as_deref(), place, reading),
        })
    }
}
