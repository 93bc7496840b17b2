//! What Argo CD says of an application, put into the core's words.

use futures_util::future::OptionFuture;
use sendo_core::engine::{Applied, Attempt, Health, Phase, Place};
use sendo_core::names::{EngineApplication, Revision};
use sendo_core::time::Timestamp;
use serde_json::Value;

use super::seen::{Destination, NoRevision, Seen};
use super::{ArgoCd, PROJECTS, causes, windows};
use crate::ailing::{self, Found};
use crate::argocd::repository::Addresses;
use crate::cluster::{Ask, Cluster, is_name};
use crate::error::KubeError;

/// The address that stands for the cluster Argo CD runs on (`KubernetesInternalAPIServerAddr` there).
const ITSELF: &str = "https://kubernetes.default.svc";
/// The name it gives that cluster.
const ITSELF_BY_NAME: &str = "in-cluster";

/// What was seen of an application: everything but how its commit stands to the one that carries a
/// deployment, which only the forge can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    applied: Applied,
    unasked: Option<KubeError>,
}

impl Observed {
    /// The commit of the manifests repository that it is at, for the forge to place.
    #[must_use]
    pub const fn revision(&self) -> Option<&Revision> {
        self.applied.revision.as_ref()
    }

    /// Why its pods could not be asked, where something ails and they could not.
    #[must_use]
    pub const fn unasked(&self) -> Option<&KubeError> {
        self.unasked.as_ref()
    }

    /// The whole, once the forge placed its commit. Without one nothing can be placed.
    #[must_use]
    pub fn placed(mut self, place: Place) -> Applied {
        self.applied.place = match self.applied.revision {
            Some(_) => place,
            None => Place::Unknown,
        };
        self.applied
    }
}

impl ArgoCd {
    /// Looks at an application: one request, one more for its project where it is not synced, and a few to
    /// the cluster it applies to where something ails (at most 20 workloads, 50 pods of each, 20 s).
    ///
    /// `manifests` tells which of its sources is ours. `spokes` are the clusters beside our own that may
    /// be asked for pods: one is taken when its address or name is the application's destination.
    /// `now` is for sync windows, which open and close by the clock.
    ///
    /// `window` stays `None` where the project cannot be read or where a window is in a form that only
    /// Argo CD judges (a schedule with `TZ=`): it then shows as an application that does not get synced.
    ///
    /// # Errors
    /// When Argo CD could not be asked for the application. That pods could not be asked is no error:
    /// see [`Observed::unasked`].
    pub async fn observe(
        &self,
        application: &EngineApplication,
        manifests: &Addresses,
        spokes: &[Cluster],
        now: Timestamp,
    ) -> Result<Observed, KubeError> {
        let Some(object) = self.read(application).await? else {
            return Ok(Observed {
                applied: missing(application),
                unasked: None,
            });
        };
        let seen = Seen::read(&object);
        let project: OptionFuture<_> = (!seen.synced).then(|| self.project(&seen)).into();
        let project = project.await.flatten();
        let mut observed = report(&seen, application, manifests);
        let manual = !seen.automated;
        observed.applied.window =
            project.and_then(|project| windows::closed(&project, &seen, manual, now));
        let (pods, unasked) = self.pods(&seen, spokes).await;
        let mut found = observed.found;
        found.extend(pods);
        observed.applied.causes = ailing::worst_first(found);
        Ok(Observed {
            applied: observed.applied,
            unasked,
        })
    }

    /// Its project. Who may not read it is not told about windows, and that is all.
    async fn project(&self, seen: &Seen) -> Option<Value> {
        let namespace = match seen.controller.as_str() {
            "" => &self.namespace,
            controller => controller,
        };
        if !is_name(namespace) || !is_name(&seen.project) {
            return None;
        }
        let ask = Ask {
            action: format!("read project {namespace}/{}", seen.project),
            verb: "get",
            resource: PROJECTS,
            namespace: Some(namespace),
            name: Some(&seen.project),
        };
        match self.cluster.get(&ask).await {
            Ok(project) => project,
            Err(error) => {
                tracing::debug!(
                    reason_code = error.reason_code(),
                    "sync windows are taken for open: {error}"
                );
                None
            }
        }
    }

    /// What pods say, where something is not as it should be.
    async fn pods(&self, seen: &Seen, spokes: &[Cluster]) -> (Vec<Found>, Option<KubeError>) {
        let well = matches!(seen.health, Health::Healthy | Health::Suspended);
        if well || seen.objects.is_empty() {
            return (Vec::new(), None);
        }
        match cluster_of(&seen.destination, &self.cluster, spokes) {
            Some(cluster) => ailing::ask(cluster, seen).await,
            None => (Vec::new(), None),
        }
    }
}

/// The cluster of a destination, if we can ask it.
fn cluster_of<'a>(
    destination: &Destination,
    own: &'a Cluster,
    spokes: &'a [Cluster],
) -> Option<&'a Cluster> {
    let server = destination.server.trim_end_matches('/');
    if server == ITSELF || destination.name == ITSELF_BY_NAME {
        return Some(own);
    }
    let is = |cluster: &&Cluster| {
        (!server.is_empty() && cluster.url() == server)
            || (!destination.name.is_empty() && cluster.name().as_str() == destination.name)
    };
    std::iter::once(own).chain(spokes).find(is)
}

/// What can be told of an Application without asking anybody else.
pub(super) struct Reported {
    pub(super) applied: Applied,
    pub(super) found: Vec<Found>,
}

/// Reads what stands in an Application. Pure.
pub(super) fn report(
    seen: &Seen,
    application: &EngineApplication,
    manifests: &Addresses,
) -> Reported {
    let compared = seen.compared.revision(manifests);
    let attempt = attempt(seen, manifests);
    let revision = compared.as_ref().ok();
    let at_compared = attempt
        .as_ref()
        .is_some_and(|it| it.revision.is_none() || it.revision.as_ref() == revision);
    let found = causes::of(seen, application, attempt.as_ref(), at_compared);
    let message = said(seen, compared.as_ref().err());
    Reported {
        applied: Applied {
            application: application.clone(),
            exists: true,
            revision: compared.ok(),
            place: Place::Unknown,
            synced: seen.synced,
            automated: seen.automated,
            attempt,
            health: seen.health,
            message,
            images: seen.images.clone(),
            window: None,
            causes: Vec::new(),
        },
        found,
    }
}

/// What it says: an error before all, then of its health, then why its commit is not known.
fn said(seen: &Seen, unknown: Option<&NoRevision>) -> Option<String> {
    let error = seen.conditions.iter().find(|it| it.kind.ends_with("Error"));
    if let Some(error) = error {
        return Some(error.message.clone());
    }
    if !seen.health_message.is_empty() {
        return Some(seen.health_message.clone());
    }
    unknown.map(|why| match why {
        NoRevision::NotCompared => "it has compared nothing yet".to_owned(),
        NoRevision::NotACommit(text) => format!("it compared {text}, which is no commit"),
        NoRevision::OtherRepository(follows) => {
            format!("it follows {follows} and not the manifests repository")
        }
        NoRevision::Hydrated => {
            "it compares what its source hydrator rendered, which is another commit".to_owned()
        }
    })
}

/// The last attempt. One that was asked for and has not been begun is under way; the one before is over.
fn attempt(seen: &Seen, manifests: &Addresses) -> Option<Attempt> {
    let begun = seen.tried.as_ref();
    let under_way = begun.is_some_and(|tried| tried.phase == Phase::Running);
    if let Some(asked) = seen.asked.as_ref().filter(|_| !under_way) {
        return Some(Attempt {
            phase: Phase::Running,
            revision: asked.wanted.revision(manifests).ok(),
            message: String::new(),
        });
    }
    begun.map(|tried| {
        let applied = tried.applied.revision(manifests);
        let wanted = || tried.operation.wanted.revision(manifests);
        Attempt {
            phase: tried.phase,
            revision: applied.or_else(|_| wanted()).ok(),
            message: tried.message.clone(),
        }
    })
}

fn missing(application: &EngineApplication) -> Applied {
    Applied {
        application: application.clone(),
        exists: false,
        revision: None,
        place: Place::Unknown,
        synced: false,
        automated: false,
        attempt: None,
        health: Health::Missing,
        message: None,
        images: Vec::new(),
        window: None,
        causes: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
