//! The effects on engines, and where each engine is reached: by the name of its cluster.
//!
//! What speaks to a cluster is an adapter, as a forge's is; today it is Argo CD's in `sendo-kube`, and
//! Flux has its place beside it. What an adapter cannot know itself, how the commits an engine is at
//! stand to the deployment's, is asked of the forge: [`fill_places`].

use sendo_core::deployment::DeploymentId;
use sendo_core::effect::{Effect, Outcome};
use sendo_core::engine::{Place, Report};
use sendo_core::fact::Fact;
use sendo_core::names::{ClusterName, EngineApplication, Repository, Revision};
use sendo_core::subject::SubjectId;
use sendo_core::time::Timestamp;
use sendo_forge::{ForgeError, Forges};
use sendo_kube::{Addresses, ArgoCd, Clusters, Fault, KubeError, Wanted};
use serde_json::json;

/// What an effect on an engine reaches.
pub struct Engines<'a> {
    /// The clusters of the configuration.
    pub clusters: &'a Clusters,
    /// Its forges.
    pub forges: &'a Forges,
}

type Done = Result<(Outcome, Vec<Fact>), ForgeError>;

/// An observation: what it looks at, and for which deployment.
struct Look<'a> {
    cluster: &'a ClusterName,
    applications: &'a [EngineApplication],
    repository: &'a Repository,
    revision: &'a Revision,
}

impl Engines<'_> {
    /// Carries out an effect on an engine; `None` if it is of another family. `subject` is whose it is,
    /// `now` the time it was claimed at.
    ///
    /// # Errors
    /// [`ForgeError`]; `cluster_unknown` when the configuration does not name the cluster any more.
    pub async fn perform(
        &self,
        effect: &Effect,
        subject: &SubjectId,
        now: Timestamp,
    ) -> Option<Done> {
        Some(match effect {
            Effect::RefreshEngine {
                cluster,
                applications,
            } => self.refresh(cluster, applications).await,
            Effect::SyncEngine {
                cluster,
                application,
                repository,
                revision,
                deployment,
            } => {
                let wish = (application, repository, revision, deployment);
                self.sync(cluster, wish).await
            }
            Effect::ObserveEngine {
                fact,
                cluster,
                applications,
                repository,
                revision,
            } => {
                let look = Look {
                    cluster,
                    applications,
                    repository,
                    revision,
                };
                let report = self.observe(&look, now).await;
                report.map(|report| {
                    let fact = Fact {
                        subject: subject.clone(),
                        key: fact.clone(),
                        value: json!(report),
                        observed_at: now,
                    };
                    (Outcome::Observed, vec![fact])
                })
            }
            _ => return None,
        })
    }

    /// Has each look. One that is not there does not keep the others from it.
    async fn refresh(&self, cluster: &ClusterName, applications: &[EngineApplication]) -> Done {
        let argocd = self.argocd(cluster).await?;
        for application in applications {
            match argocd.refresh(application).await {
                Err(error) if *error.fault() != Fault::NotFound => return Err(refused(&error)),
                _ => {}
            }
        }
        Ok((Outcome::Asked, Vec::new()))
    }

    async fn sync(
        &self,
        cluster: &ClusterName,
        (application, repository, revision, deployment): (
            &EngineApplication,
            &Repository,
            &Revision,
            &DeploymentId,
        ),
    ) -> Done {
        let argocd = self.argocd(cluster).await?;
        let wanted = Wanted {
            application,
            revision,
            manifests: &self.addresses(repository)?,
            key: deployment.as_str(),
        };
        let asked = argocd.sync(wanted).await;
        asked.map_err(|error| refused(&error))?;
        Ok((Outcome::Asked, Vec::new()))
    }

    async fn observe(&self, look: &Look<'_>, now: Timestamp) -> Result<Report, ForgeError> {
        let argocd = self.argocd(look.cluster).await?;
        let spokes = self.clusters.beside(look.cluster).await;
        let manifests = self.addresses(look.repository)?;
        let mut applications = Vec::new();
        for application in look.applications {
            let seen = argocd.observe(application, &manifests, &spokes, now).await;
            let seen = seen.map_err(|error| refused(&error))?;
            if let Some(error) = seen.unasked() {
                tracing::info!(%error, "what ails is told without its pods");
            }
            applications.push(seen.placed(Place::Unknown));
        }
        let mut report = Report { applications };
        fill_places(&mut report, self.forges, look.repository, look.revision).await?;
        Ok(report)
    }

    async fn argocd(&self, cluster: &ClusterName) -> Result<ArgoCd, ForgeError> {
        let argocd = self.clusters.argocd(cluster).await;
        argocd.map_err(|error| refused(&error))?.ok_or_else(|| {
            ForgeError::refused(
                "cluster_unknown",
                format!(
                    "the configuration has no cluster `{cluster}`; add it, or take the engine away from the environments that name it"
                ),
            )
        })
    }

    fn addresses(&self, repository: &Repository) -> Result<Addresses, ForgeError> {
        let all = self.forges.of(repository)?.addresses(repository);
        Ok(Addresses::new(all.iter().map(String::as_str)))
    }
}

fn refused(error: &KubeError) -> ForgeError {
    let message: String = error.to_string();
    if error.is_transient() {
        ForgeError::trouble(error.reason_code(), message)
    } else {
        ForgeError::refused(error.reason_code(), message)
    }
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

    #[tokio::test]
    async fn an_effect_on_a_cluster_that_nobody_configured_ends_for_good_and_says_so() {
        let cluster: ClusterName = "north".parse().unwrap();
        let revision = Revision::nowhere();
        let repository: Repository = "acme:acme/manifests".parse().unwrap();
        let effects = [
            Effect::RefreshEngine {
                cluster: cluster.clone(),
                applications: vec!["web".parse().unwrap()],
            },
            Effect::SyncEngine {
                cluster: cluster.clone(),
                application: "web".parse().unwrap(),
                repository: repository.clone(),
                revision: revision.clone(),
                deployment: DeploymentId("web/test/1".to_owned()),
            },
            Effect::ObserveEngine {
                fact: "engine/1".to_owned(),
                cluster,
                applications: Vec::new(),
                repository,
                revision,
            },
        ];
        let (clusters, forges) = (Clusters::default(), Forges::default());
        let engines = Engines {
            clusters: &clusters,
            forges: &forges,
        };
        let lane: sendo_core::subject::LaneId = "web/test".parse().unwrap();
        let subject = lane.subject();
        for effect in effects {
            let done = engines.perform(&effect, &subject, Timestamp(0));
            let error = done.await.unwrap().unwrap_err();
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
