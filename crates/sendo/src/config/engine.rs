//! `engine:` of an environment: what applies its base, and how deployments are seen through to healthy.

use schemars::JsonSchema;
use sendo_core::engine::{Engine, OnDegraded};
use sendo_core::names::{ClusterName, EngineApplication};
use sendo_core::time::Span;
use serde::Deserialize;

use super::Reading;
use super::environment::absent;
use super::place::Place;
use super::problem::Code;
use super::server::span;
use super::suggest::{did_you_mean, list};

/// How long after the merge an environment has to be healthy, unless somebody says otherwise.
const DEADLINE: Span = Span::from_secs(15 * 60);
/// How long something has to ail before it counts.
const SETTLE: Span = Span::from_secs(60);
/// Applications of one environment at the most.
const MOST: usize = 20;

/// What applies the base of the manifests repository to this environment.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Engine")]
pub(crate) struct EngineShape {
    /// Argo CD. A deployment has succeeded once all its applications are synced to the merged commit, or a
    /// later one that contains it, and healthy.
    argocd: Option<ArgoCdShape>,
}

/// Applications of an Argo CD.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "ArgoCd")]
pub(crate) struct ArgoCdShape {
    /// The cluster whose objects the applications are, by its name in `clusters`. They may apply to
    /// others.
    cluster: Option<String>,
    /// Their names, each `NAME` or `NAMESPACE/NAME`.
    applications: Option<Vec<String>>,
    /// Tells Argo CD to apply what was merged, where an application does not do it by itself. Left out,
    /// such an application waits for a person in Argo CD.
    sync: Option<bool>,
    /// How long after the merge everything has to be healthy, such as `15m`. Time in which only a person
    /// or a sync window can go on, or in which something is paused, does not count.
    deadline: Option<String>,
    /// How long something has to ail before the deployment counts as degraded, such as `60s`: what
    /// recovers meanwhile is no verdict.
    settle: Option<String>,
    /// What follows then.
    on_degraded: OnDegradedShape,
}

/// What follows when an environment is degraded.
#[derive(Debug, Clone, Copy, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OnDegraded")]
pub(crate) enum OnDegradedShape {
    /// It is told, and people decide.
    #[default]
    Report,
    /// The lane goes back to its last success by a change request of its own, unless somebody changed the
    /// files meanwhile.
    RollBack,
}

impl EngineShape {
    /// Whether a degraded environment goes back by itself.
    pub(super) fn rolls_back(&self) -> bool {
        let argocd = self.argocd.as_ref();
        argocd.is_some_and(|it| matches!(it.on_degraded, OnDegradedShape::RollBack))
    }

    /// The checked engine.
    pub(super) fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Engine> {
        let Some(argocd) = &self.argocd else {
            return absent(
                "argocd",
                "`{ cluster: NAME, applications: [NAME] }`",
                place,
                reading,
            );
        };
        argocd.resolve(place.key("argocd"), reading)
    }
}

impl ArgoCdShape {
    fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Engine> {
        let cluster = self.cluster(place, reading);
        let applications = self.applications(place, reading);
        let mut time = |key: &str, written: Option<&String>, usual: Span| match written {
            Some(text) => span(text, place.key(key), reading),
            None => Some(usual),
        };
        let deadline = time("deadline", self.deadline.as_ref(), DEADLINE);
        let settle = time("settle", self.settle.as_ref(), SETTLE);
        Some(Engine {
            cluster: cluster?,
            applications: applications?,
            sync: self.sync.unwrap_or_default(),
            deadline: deadline?,
            settle: settle?,
            degraded: match self.on_degraded {
                OnDegradedShape::Report => OnDegraded::Report,
                OnDegradedShape::RollBack => OnDegraded::RollBack,
            },
        })
    }

    fn cluster(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<ClusterName> {
        let Some(name) = &self.cluster else {
            return absent("cluster", "the name of one in `clusters`", place, reading);
        };
        let known: Vec<&str> = reading.cluster_names.iter().map(String::as_str).collect();
        if known.contains(&name.as_str()) {
            return ClusterName::new(name.as_str()).ok();
        }
        let why = if known.is_empty() {
            "there is no section `clusters`".to_owned()
        } else {
            format!("`clusters` has {}", list(&known))
        };
        let fix =
            did_you_mean(name, &known).unwrap_or_else(|| format!("add `{name}` under `clusters`"));
        let problem = place
            .key("cluster")
            .problem(Code::UnknownName, format!("there is no cluster `{name}`"))
            .why(why)
            .fix(fix);
        reading.problems.push(problem);
        None
    }

    fn applications(
        &self,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Vec<EngineApplication>> {
        let at = place.key("applications");
        let Some(names) = &self.applications else {
            return absent(
                "applications",
                "the names of its applications in Argo CD",
                place,
                reading,
            );
        };
        if names.is_empty() || names.len() > MOST {
            let problem = at
                .problem(
                    Code::InvalidValue,
                    format!(
                        "an environment has 1 to {MOST} applications, and here are {}",
                        names.len()
                    ),
                )
                .fix("name those that apply what this environment's edits change");
            reading.problems.push(problem);
            return None;
        }
        let checked = names.iter().enumerate().map(|(index, name)| {
            reading.named(EngineApplication::new(name.as_str()), at.index(index))
        });
        let mut all: Vec<EngineApplication> = checked.collect::<Option<_>>()?;
        let count = all.len();
        all.sort();
        all.dedup();
        if all.len() < count {
            let problem = at
                .problem(Code::DuplicateKey, "an application is named twice")
                .fix("name each once");
            reading.problems.push(problem);
        }
        Some(all)
    }
}
