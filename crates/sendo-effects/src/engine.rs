//! The effects on engines, and where each engine is reached: by the name of its cluster.
//!
//! What speaks to a cluster is an adapter, a variant of [`Engine`] here, as a forge's is one of `Forge`.
//! There is none yet, so no cluster can be configured, and every effect on one ends as it does for a
//! cluster that left the configuration. What an adapter cannot know itself, how the commits an engine is
//! at stand to the deployment's, is asked of the forge: [`fill_places`].

use std::collections::BTreeMap;

use sendo_core::effect::{Effect, Outcome};
use sendo_core::engine::{Place, Report};
use sendo_core::fact::Fact;
use sendo_core::names::{ClusterName, Repository, Revision};
use sendo_forge::{ForgeError, Forges};

/// An engine that can be reached.
#[derive(Debug, Clone)]
pub enum Engine {}

/// The engines of a configuration, by the name of their cluster.
#[derive(Debug, Clone, Default)]
pub struct Engines(BTreeMap<ClusterName, Engine>);

impl Engines {
    /// Names the engines.
    #[must_use]
    pub const fn new(engines: BTreeMap<ClusterName, Engine>) -> Self {
        Self(engines)
    }

    /// The engine of a cluster.
    ///
    /// # Errors
    /// `cluster_unknown` when the configuration does not name it any more.
    pub fn of(&self, cluster: &ClusterName) -> Result<&Engine, ForgeError> {
        self.0.get(cluster).ok_or_else(|| {
            ForgeError::refused(
                "cluster_unknown",
                format!(
                    "the configuration has no cluster `{cluster}`; add it, or take the engine away from the environments that name it"
                ),
            )
        })
    }
}

/// Carries out an effect on an engine; `None` if it is of another family.
///
/// # Errors
/// [`ForgeError`].
pub fn perform(
    engines: &Engines,
    effect: &Effect,
) -> Option<Result<(Outcome, Vec<Fact>), ForgeError>> {
    let (Effect::RefreshEngine { cluster, .. }
    | Effect::SyncEngine { cluster, .. }
    | Effect::ObserveEngine { cluster, .. }) = effect
    else {
        return None;
    };
    Some(engines.of(cluster).map(|engine| match *engine {}))
}

/// Says of each application how the commit it is at stands to the one that carries a deployment.
///
/// # Errors
/// [`ForgeError`] when the forge cannot tell now. What it will never tell is left `Unknown`.
pub async fn fill_places(
    report: &mut Report,
    forges: &Forges,
    repository: &Repository,
    ours: &Revision,
) -> Result<(), ForgeError> {
    for one in &mut report.applications {
        let Some(at) = &one.revision else {
            one.place = Place::Unknown;
            continue;
        };
        let forge = forges.of(repository);
        let place = match forge {
            Ok(forge) => forge.place(repository, at, ours).await,
            Err(error) => Err(error),
        };
        one.place = match place {
            Ok(place) => place,
            Err(error) if error.transient => return Err(error),
            Err(_) => Place::Unknown,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_on_a_cluster_that_nobody_configured_ends_for_good_and_says_so() {
        let cluster: ClusterName = "north".parse().unwrap();
        let application = "web".parse().unwrap();
        let revision = Revision::nowhere();
        let effects = [
            Effect::RefreshEngine {
                cluster: cluster.clone(),
                applications: vec![application],
            },
            Effect::SyncEngine {
                cluster: cluster.clone(),
                application: "web".parse().unwrap(),
                revision: revision.clone(),
                deployment: sendo_core::deployment::DeploymentId("web/test/1".to_owned()),
            },
            Effect::ObserveEngine {
                fact: "engine/1".to_owned(),
                cluster,
                applications: Vec::new(),
                repository: "acme:acme/manifests".parse().unwrap(),
                revision,
            },
        ];
        for effect in effects {
            let error = perform(&Engines::default(), &effect).unwrap().unwrap_err();
            assert_eq!(error.reason_code, "cluster_unknown");
            assert!(!error.transient);
            assert!(
                error
                    .message
                    .starts_with("the configuration has no cluster `north`; ")
            );
        }
    }
}
