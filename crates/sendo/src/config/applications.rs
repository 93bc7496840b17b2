//! `applications:` and `defaults:` what is deployed, and where.
//!
//! An application is read together with the defaults under it, so that its lanes are complete.

use schemars::JsonSchema;
use sendo_core::act::Access;
use sendo_core::engine::Engine;
use sendo_core::names::{ApplicationName, EnvironmentName, Principal};
use sendo_core::promotion::{Approval, LaneRules, Promotion, Trigger};
use sendo_core::subject::LaneId;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::environment::{self, EnvironmentShape, Tier, absent};
use super::observe::{self, ObserveShape};
use super::place::Place;
use super::problem::Code;
use super::{Reading, approval, lanes};

/// One application.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Application")]
pub(crate) struct ApplicationShape {
    /// Its repository, as `forge:path`.
    repository: Option<String>,
    /// Globs; only changes that touch one of them count. For repositories of many applications.
    paths: Option<Vec<String>>,
    /// Where it runs, by name.
    environments: BTreeMap<String, EnvironmentShape>,
}

/// What every application has unless it says otherwise. `{application}` and `{environment}` stand
/// for the names.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Defaults")]
pub(crate) struct DefaultsShape {
    /// The repository, such as "acme:acme/{application}".
    repository: Option<String>,
    /// Globs; only changes that touch one of them count.
    paths: Option<Vec<String>>,
    /// The environments that every application has.
    environments: BTreeMap<String, EnvironmentShape>,
}

/// A lane as the configuration describes it.
#[derive(Debug, Clone)]
pub struct Lane {
    /// What a promotion goes by.
    pub rules: LaneRules,
    /// What the environment is for.
    pub tier: Tier,
}

impl ApplicationShape {
    /// The checked lanes of an application, in the order a revision travels.
    pub(crate) fn resolve(
        &self,
        name: &str,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Vec<Lane> {
        let application = reading.named_at(ApplicationName::new(name), place.at());
        let repository = match &self.repository {
            Some(text) => reading.repository(text, place.key("repository")),
            None => absent(
                "repository",
                "its repository as `forge:path`, here or in `defaults`",
                place,
                reading,
            ),
        };
        let all = place.key("environments");
        if self.environments.is_empty() && !all.is_written() {
            reading.problems.push(
                place
                    .problem(Code::MissingKey, format!("`{name}` has no `environments`"))
                    .fix("add one, here or in `defaults`"),
            );
        }
        environment::paths(self.paths.as_deref(), None, place.key("paths"), reading);
        let names: Vec<&str> = self.environments.keys().map(String::as_str).collect();
        let mut found = Vec::new();
        for (environment, shape) in &self.environments {
            let at = all.name(environment);
            let environment = reading.named_at(EnvironmentName::new(environment.as_str()), at);
            let Some((application, environment)) = application.clone().zip(environment) else {
                continue;
            };
            let place = all.key(environment.as_str());
            let lane = LaneId::new(application, environment);
            let rules = shape.resolve(lane, &names, self.paths.as_deref(), place, reading);
            if let (Some(mut lane), Some(repository)) = (rules, repository.clone()) {
                if !lane.rules.observes() {
                    lane.rules.repository = repository;
                }
                found.push(lane);
            }
        }
        lanes::after_observed(&found, all, reading);
        lanes::in_order(found, all, reading)
    }
}

impl EnvironmentShape {
    /// The checked lane. The repository is its application's and filled in there.
    fn resolve(
        &self,
        lane: LaneId,
        names: &[&str],
        inherited: Option<&[String]>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Lane> {
        let observe = self.deliver.as_ref().and_then(|it| it.observe.as_ref());
        let on = match &self.on {
            Some(on) => on.resolve(place.key("on"), reading),
            None if observe.is_some() => None,
            None => absent(
                "on",
                "what starts a deployment, such as `{ merged_into: main }` or `command`",
                place,
                reading,
            ),
        };
        let after = match &self.after {
            Some(after) => after.resolve(&lane, names, place.key("after"), reading),
            None => None,
        };
        let approval = match &self.approval {
            Some(approval) => approval.resolve(place.key("approval"), reading),
            None => Some(Approval::Automatic),
        };
        let paths = environment::paths(
            self.paths.as_deref(),
            inherited,
            place.key("paths"),
            reading,
        );
        let delivers = place.key("deliver");
        let deliver = match self.deliver.as_ref().map(|it| (&it.promotion, &it.observe)) {
            Some((Some(_), Some(_))) => {
                let problem = delivers
                    .problem(Code::Contradiction, "`deliver` says two things")
                    .why("either Sendo merges there, or people do")
                    .fix("keep `promotion` or `observe`");
                reading.problems.push(problem);
                None
            }
            Some((Some(promotion), None)) => {
                promotion.resolve(on.as_ref(), delivers.key("promotion"), reading)
            }
            Some((None, Some(observe))) => {
                observe::contradictions(self, place, reading);
                return self.observed(lane, observe, place, reading);
            }
            Some((None, None)) => absent(
                "promotion",
                "the manifests repository, its base and the edits; or `observe`",
                delivers,
                reading,
            ),
            None => absent(
                "deliver",
                "how a revision gets there, such as `promotion: { repository, base, edits }`",
                place,
                reading,
            ),
        };
        let (agreed, deliver) = (approval?, deliver?);
        let engine = self.engine(&deliver, place, reading)?;
        approval::contradiction(&agreed, &deliver, place, reading);
        Some(Lane {
            tier: self.tier(&lane),
            rules: LaneRules {
                repository: deliver.repository.clone(),
                on: on?,
                paths,
                after,
                approval: agreed,
                ours: ours(&deliver, reading),
                deliver,
                // What the sections `access` and `freezes` say is filled in once every lane is known.
                access: Access::default(),
                freezes: Vec::new(),
                engine,
                lane,
            },
        })
    }

    /// The checked lane of an environment that people merge into themselves: its repository is the one
    /// they merge into.
    fn observed(
        &self,
        lane: LaneId,
        observe: &ObserveShape,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Lane> {
        let at = place.key("deliver").key("observe");
        let (deliver, paths) = observe.resolve(at, reading)?;
        let engine = self.engine(&deliver, place, reading)?;
        Some(Lane {
            tier: self.tier(&lane),
            rules: LaneRules {
                repository: deliver.repository.clone(),
                on: Trigger::PushedTo(deliver.base.clone()),
                paths,
                after: None,
                approval: Approval::Automatic,
                ours: ours(&deliver, reading),
                deliver,
                access: Access::default(),
                freezes: Vec::new(),
                engine,
                lane,
            },
        })
    }

    fn tier(&self, lane: &LaneId) -> Tier {
        self.tier
            .unwrap_or_else(|| Tier::of_name(lane.environment.as_str()))
    }

    /// The checked engine; `None` when there is one and it is refused.
    fn engine(
        &self,
        deliver: &Promotion,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Option<Engine>> {
        let Some(engine) = &self.engine else {
            return Some(None);
        };
        let engine = engine.resolve(place.key("engine"), reading)?;
        let served = reading.forges.get(&deliver.repository.forge);
        if served.is_some_and(|forge| forge.root().is_some()) {
            let problem = place
                .key("engine")
                .problem(
                    Code::Contradiction,
                    format!("no Argo CD follows `{}`", deliver.repository),
                )
                .why("it is on a local forge, a folder that only this machine sees")
                .fix("leave `engine` out, or keep the manifests on a forge that Argo CD reaches");
            reading.problems.push(problem);
        }
        Some(Some(engine))
    }
}

/// Our own identities on a lane's forge.
fn ours(deliver: &Promotion, reading: &Reading<'_>) -> Vec<Principal> {
    let forge = &deliver.repository.forge;
    let known = reading.forges.get(forge);
    known.map(|known| known.ours(forge)).unwrap_or_default()
}
