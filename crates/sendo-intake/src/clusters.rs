//! What happens to the applications of engines, heard by watches of their clusters.
//!
//! An Argo CD writes to its applications all the time, so of what a watch hears only that becomes a
//! delivery which concerns a deployment under way: whoever is seen through there looks sooner. It is a
//! hint like any other; a watch that is blind costs time, nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use sendo_core::deployment::{Deployment, DeploymentState, Waiting};
use sendo_core::event::Event;
use sendo_core::names::{ClusterName, EngineApplication};
use sendo_core::promotion::LaneRules;
use sendo_kube::{ArgoCd, Clusters, Touched};
use sendo_store::{DeploymentFilter, NewDelivery, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::api::Intake;
use crate::translate::{Translated, Unreadable, read};

/// The name of such a delivery.
const NAME: &str = "application";
/// Before the name of a cluster in the source of its deliveries.
const SOURCE: &str = "cluster:";
/// What is written within this time after something was heard is heard as one.
const TOGETHER: Duration = Duration::from_millis(100);
/// How long nothing is tried with a cluster that cannot be connected to.
const PAUSE: Duration = Duration::from_secs(30);

/// Where a deployment may be that is seen through.
const UNDER_WAY: [DeploymentState; 2] = [DeploymentState::Running, DeploymentState::Waiting];

#[derive(Deserialize, Serialize)]
struct Written {
    application: EngineApplication,
}

/// The rules of every lane, in order.
pub type Lanes = watch::Receiver<Arc<[LaneRules]>>;

/// Watches the clusters that lanes name, as they are configured at any time.
pub struct Watches {
    /// Where deployments under way are looked up.
    pub store: Arc<dyn Store>,
    /// Takes what concerns one.
    pub intake: Intake,
    /// The rules of the lanes.
    pub lanes: Lanes,
    /// The clusters.
    pub clusters: watch::Receiver<Clusters>,
}

/// The watch of one cluster.
struct Watching {
    store: Arc<dyn Store>,
    intake: Intake,
    cluster: ClusterName,
    lanes: Arc<[LaneRules]>,
}

impl Watches {
    /// Watches until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let clusters = self.clusters.borrow_and_update().clone();
            let lanes = Arc::clone(&self.lanes.borrow_and_update());
            // Dropped, and so ended, once something else is configured.
            let mut watches = JoinSet::new();
            for cluster in named(&lanes) {
                let watching = Watching {
                    store: Arc::clone(&self.store),
                    intake: self.intake.clone(),
                    cluster,
                    lanes: Arc::clone(&lanes),
                };
                watches.spawn(watching.run(clusters.clone()));
            }
            tokio::select! {
                () = stop.cancelled() => return,
                Ok(()) = self.clusters.changed() => {}
                Ok(()) = self.lanes.changed() => {}
                else => return,
            }
        }
    }
}

/// The clusters that lanes name.
fn named(lanes: &[LaneRules]) -> BTreeSet<ClusterName> {
    let engines = lanes.iter().filter_map(|rules| rules.engine.as_ref());
    engines.map(|engine| engine.cluster.clone()).collect()
}

impl Watching {
    async fn run(self, clusters: Clusters) {
        loop {
            match clusters.argocd(&self.cluster).await {
                Ok(Some(argocd)) => self.follow(&argocd).await,
                Ok(None) => return,
                Err(error) => tracing::warn!(%error, "its applications are not watched"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn follow(&self, argocd: &ArgoCd) {
        let namespaces = self.namespaces(argocd.namespace());
        let (touched, _) = argocd.watch(&namespaces);
        let mut touched = std::pin::pin!(touched);
        let named: BTreeSet<EngineApplication> = self.applications().cloned().collect();
        let mut heard = BTreeSet::new();
        loop {
            let Some(first) = touched.next().await else {
                return;
            };
            hear(first, &named, &mut heard);
            // The first is taken at once, what follows it closely together, however many there are.
            self.take_all(&mut heard).await;
            let until = Instant::now() + TOGETHER;
            while let Ok(Some(more)) = timeout_at(until, touched.next()).await {
                hear(more, &named, &mut heard);
            }
            self.take_all(&mut heard).await;
        }
    }

    /// The applications that lanes name in this cluster.
    fn applications(&self) -> impl Iterator<Item = &EngineApplication> {
        let engines = self.lanes.iter().filter_map(|rules| rules.engine.as_ref());
        engines
            .filter(|engine| engine.cluster == self.cluster)
            .flat_map(|engine| &engine.applications)
    }

    fn namespaces(&self, own: &str) -> Vec<String> {
        let of = |application: &EngineApplication| match application.as_str().split_once('/') {
            Some((namespace, _)) => namespace.to_owned(),
            None => own.to_owned(),
        };
        let all: BTreeSet<String> = self.applications().map(of).collect();
        all.into_iter().collect()
    }

    async fn take_all(&self, heard: &mut BTreeSet<EngineApplication>) {
        for application in std::mem::take(heard) {
            if let Err(error) = self.take(&application).await {
                tracing::warn!(%error, %application, "what happened to it is found by the next look");
            }
        }
    }

    /// Stores a delivery if a deployment under way is waiting for news of this application.
    async fn take(&self, application: &EngineApplication) -> Result<(), StoreError> {
        if !self.is_awaited(application).await? {
            return Ok(());
        }
        let now = self.store.now().await?;
        let written = Written {
            application: application.clone(),
        };
        let delivery = NewDelivery {
            source: format!("{SOURCE}{}", self.cluster),
            // As often as it is written to, it is another delivery.
            dedup: format!("{application}/{now}"),
            name: NAME.to_owned(),
            body: serde_json::to_vec(&written).unwrap_or_default(),
            by: None,
        };
        self.intake.accept(delivery).await?;
        Ok(())
    }

    async fn is_awaited(&self, application: &EngineApplication) -> Result<bool, StoreError> {
        let names = |rules: &&LaneRules| {
            let engine = rules.engine.as_ref();
            engine.is_some_and(|engine| {
                engine.cluster == self.cluster && engine.applications.contains(application)
            })
        };
        for rules in self.lanes.iter().filter(names) {
            let filter = DeploymentFilter {
                application: Some(rules.lane.application.to_string()),
                environment: Some(rules.lane.environment.to_string()),
                states: UNDER_WAY.to_vec(),
                limit: 1,
            };
            let under_way = self.store.deployments(&filter).await?;
            if under_way.iter().any(is_seen_through) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Keeps in mind what lanes name of what something was written to.
fn hear(
    touched: Touched,
    named: &BTreeSet<EngineApplication>,
    heard: &mut BTreeSet<EngineApplication>,
) {
    match touched {
        Touched::Application(application) if named.contains(&application) => {
            heard.insert(application);
        }
        Touched::Application(_) => {}
        Touched::Everything => heard.extend(named.iter().cloned()),
    }
}

/// Whether a deployment is merged: what it waits for then, if it says so, is its engine.
fn is_seen_through(deployment: &Deployment) -> bool {
    match &deployment.waiting {
        None | Some(Waiting::Engine { .. } | Waiting::Retry { .. } | Waiting::Blocked { .. }) => {
            true
        }
        Some(_) => false,
    }
}

/// The cluster that a source names.
pub(crate) fn cluster(source: &str) -> Option<ClusterName> {
    ClusterName::new(source.strip_prefix(SOURCE)?).ok()
}

/// Translates what a watch heard.
///
/// # Errors
/// [`Unreadable`], as for every delivery.
pub(crate) fn translate(cluster: ClusterName, body: &[u8]) -> Result<Translated, Unreadable> {
    let Written { application } = read(body)?;
    Ok(Translated::Events(vec![Event::EngineTouched {
        cluster,
        application,
    }]))
}
