//! `applications:` and `defaults:` what is deployed, and where.
//!
//! An application is read together with the defaults under it, so that its lanes are complete.

use schemars::JsonSchema;
use sendo_core::act::Access;
use sendo_core::names::{ApplicationName, EnvironmentName};
use sendo_core::promotion::{Approval, LaneRules};
use sendo_core::subject::LaneId;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::environment::{self, EnvironmentShape, Tier, absent};
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
                lane.rules.repository = repository;
                found.push(lane);
            }
        }
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
        let on = match &self.on {
            Some(on) => on.resolve(place.key("on"), reading),
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
        let deliver = match self.deliver.as_ref().map(|deliver| &deliver.promotion) {
            Some(Some(promotion)) => {
                let place = place.key("deliver").key("promotion");
                promotion.resolve(on.as_ref(), place, reading)
            }
            Some(None) => absent(
                "promotion",
                "the manifests repository, its base and the edits",
                place.key("deliver"),
                reading,
            ),
            None => absent(
                "deliver",
                "how a revision gets there, such as `promotion: { repository, base, edits }`",
                place,
                reading,
            ),
        };
        let engine = match &self.engine {
            Some(engine) => Some(engine.resolve(place.key("engine"), reading)?),
            None => None,
        };
        let (agreed, deliver) = (approval?, deliver?);
        let served = reading.forges.get(&deliver.repository.forge);
        if engine.is_some() && served.is_some_and(|forge| forge.root().is_some()) {
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
        let forge = &deliver.repository.forge;
        let ours = reading.forges.get(forge).map(|known| known.ours(forge));
        approval::contradiction(&agreed, &deliver, place, reading);
        let tier = self
            .tier
            .unwrap_or_else(|| Tier::of_name(lane.environment.as_str()));
        Some(Lane {
            tier,
            rules: LaneRules {
                lane,
                repository: deliver.repository.clone(),
                on: on?,
                paths,
                after,
                approval: agreed,
                deliver,
                // What the sections `access` and `freezes` say is filled in once every lane is known.
                access: Access::default(),
                freezes: Vec::new(),
                ours: ours.unwrap_or_default(),
                engine,
            },
        })
    }
}
