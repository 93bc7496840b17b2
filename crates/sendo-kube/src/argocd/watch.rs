//! Being told which applications something was written to.
//!
//! A watch keeps nothing: it asks for the version of the list as it stands (one entry of it, metadata
//! only), says that anything may have changed, and then follows what is written, metadata only, from that
//! version on. A connection that is cut is taken up where it was; a version the server no longer knows
//! (410) begins anew. What a watch says is a hint, as every event is: the sweep finds the same.
//!
//! kube's own watcher does all of this as well, but does not tell that it sees again after it had been
//! blind, and lists every object to begin with.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::core::metadata::PartialObjectMeta;
use sendo_core::names::EngineApplication;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::{APPLICATIONS, ArgoCd};
use crate::cluster::{Ask, REQUEST, fault};
use crate::error::{Fault, KubeError};

/// How long one connection is used, in seconds: the server ends it then. A connection that died without a
/// word is noticed this much and a little later.
const CONNECTION: u32 = 60;
/// How much later.
const GRACE: Duration = Duration::from_secs(5);
/// The pause before trying again: the first, and the longest, to which each failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What something was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// Perhaps every application: the watch has just begun, or lost its place.
    Everything,
    /// This one; it may be gone.
    Application(EngineApplication),
}

/// Since when a watch sees nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blind {
    /// Since when, by the clock of timers.
    pub since: Instant,
    /// The last trouble; `None` before the first look, and when nobody asks the watch any more.
    pub why: Option<KubeError>,
}

/// Whether a watch sees. Cheap to clone; outlives the watch, and is blind when that is gone.
#[derive(Debug, Clone)]
pub struct Sight(Arc<[watch::Receiver<Option<Blind>>]>);

impl Sight {
    /// Since when it is blind: the longest of its namespaces; `None` while all are seen. A connection that
    /// died without a word looks alive for up to 65 s.
    #[must_use]
    pub fn blind(&self) -> Option<Blind> {
        let each = self.0.iter().filter_map(|one| one.borrow().clone());
        each.min_by_key(|blind| blind.since)
    }
}

impl ArgoCd {
    /// Watches the applications of some namespaces, or of all when none is named; that needs the rights to
    /// list and watch applications there. It begins when the stream is first asked, never ends, and keeps
    /// trying: from every 250 ms to every 30 s, whatever the trouble is, for rights may be given later.
    /// It holds one event at a time; who does not take them slows the server's sending, nothing else.
    pub fn watch(
        &self,
        namespaces: &[String],
    ) -> (impl Stream<Item = Touched> + Send + use<>, Sight) {
        let all = [None];
        let named: Vec<Option<&str>> = namespaces.iter().map(|it| Some(it.as_str())).collect();
        let watched = if named.is_empty() { &all[..] } else { &named };
        let (watches, sights): (Vec<_>, Vec<_>) = watched
            .iter()
            .map(|namespace| Watch::new(self, *namespace))
            .unzip();
        let streams = watches.into_iter().map(|watch| {
            let next = |mut watch: Watch| async move { Some((watch.next().await, watch)) };
            stream::unfold(watch, next).boxed()
        });
        (stream::select_all(streams), Sight(sights.into()))
    }
}

type Events = BoxStream<'static, kube::Result<WatchEvent<PartialObjectMeta<DynamicObject>>>>;

/// What is watched: one namespace, or all.
struct Place {
    argocd: ArgoCd,
    namespace: Option<String>,
}

/// The watch of one place.
struct Watch {
    place: Place,
    at: At,
    pause: Duration,
    sight: watch::Sender<Option<Blind>>,
}

/// How far it is.
enum At {
    /// It does not know where to begin.
    Nowhere,
    /// It knows the version it has seen.
    Version(String),
    /// It is told what happens after that.
    Following(String, Events),
}

impl Watch {
    fn new(argocd: &ArgoCd, namespace: Option<&str>) -> (Self, watch::Receiver<Option<Blind>>) {
        let blind = Blind {
            since: Instant::now(),
            why: None,
        };
        let (sight, seen) = watch::channel(Some(blind));
        let watch = Self {
            place: Place {
                argocd: argocd.clone(),
                namespace: namespace.map(str::to_owned),
            },
            at: At::Nowhere,
            pause: FIRST_PAUSE,
            sight,
        };
        (watch, seen)
    }

    async fn next(&mut self) -> Touched {
        loop {
            match self.step().await {
                Ok(Some(touched)) => return touched,
                Ok(None) => {}
                Err(error) => self.wait(error).await,
            }
        }
    }

    /// One step; an error leaves it where it can go on from.
    async fn step(&mut self) -> Result<Option<Touched>, KubeError> {
        match std::mem::replace(&mut self.at, At::Nowhere) {
            At::Nowhere => {
                let version = self.place.begin().await?;
                self.at = At::Version(version);
                Ok(Some(Touched::Everything))
            }
            At::Version(version) => match self.place.follow(&version).await {
                Ok(events) => {
                    self.sees();
                    self.at = At::Following(version, events);
                    Ok(None)
                }
                Err(error) => {
                    let gone = matches!(error.fault, Fault::Status { status: 410, .. });
                    self.at = if gone {
                        At::Nowhere
                    } else {
                        At::Version(version)
                    };
                    Err(error)
                }
            },
            At::Following(version, events) => self.take(version, events).await,
        }
    }

    /// The next event. When the connection ends it is taken up again, at once.
    async fn take(
        &mut self,
        version: String,
        mut events: Events,
    ) -> Result<Option<Touched>, KubeError> {
        let ask = self.place.ask("watch");
        let patience = Duration::from_secs(CONNECTION.into()) + GRACE;
        let Ok(event) = timeout(patience, events.next()).await else {
            self.at = At::Version(version);
            let after = patience;
            return Err(self.place.failed(&ask, Fault::TimedOut { after }));
        };
        match event {
            None => {
                self.at = At::Version(version);
                // A server that ends every connection at once is not asked as fast as it can.
                sleep(FIRST_PAUSE).await;
                Ok(None)
            }
            Some(Ok(WatchEvent::Bookmark(mark))) => {
                self.at = At::Following(mark.metadata.resource_version, events);
                Ok(None)
            }
            Some(Ok(
                WatchEvent::Added(object)
                | WatchEvent::Modified(object)
                | WatchEvent::Deleted(object),
            )) => {
                let (name, namespace) = (object.metadata.name, object.metadata.namespace);
                let version = object.metadata.resource_version.unwrap_or(version);
                self.at = At::Following(version, events);
                Ok(self.place.touched(namespace.as_deref(), name.as_deref()))
            }
            // 410: the version is one that the server no longer knows.
            Some(Ok(WatchEvent::Error(status))) => {
                let gone = status.code == 410;
                let error = self
                    .place
                    .failed(&ask, fault::of_client(&ask, &kube::Error::Api(status)));
                self.at = if gone {
                    At::Nowhere
                } else {
                    At::Version(version)
                };
                Err(error)
            }
            Some(Err(error)) => {
                let error = self.place.failed(&ask, fault::of_client(&ask, &error));
                self.at = At::Version(version);
                Err(error)
            }
        }
    }

    fn sees(&mut self) {
        self.pause = FIRST_PAUSE;
        if self.sight.send_replace(None).is_some() {
            let name = self.place.argocd.cluster.name();
            tracing::info!(cluster.name = %name, "applications of cluster {name} are watched");
        }
    }

    async fn wait(&mut self, error: KubeError) {
        self.sight.send_modify(|sight| {
            let since = sight
                .as_ref()
                .map_or_else(Instant::now, |blind| blind.since);
            if sight.as_ref().is_none_or(|blind| blind.why.is_none()) {
                let name = self.place.argocd.cluster.name();
                tracing::warn!(
                    cluster.name = %name,
                    reason_code = error.reason_code(),
                    "applications of cluster {name} are not watched until it answers: {error}"
                );
            }
            let why = Some(error);
            *sight = Some(Blind { since, why });
        });
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.sight.send_modify(|sight| {
            if sight.is_none() {
                let since = Instant::now();
                *sight = Some(Blind { since, why: None });
            }
        });
    }
}

impl Place {
    /// The version of the list as it stands.
    async fn begin(&self) -> Result<String, KubeError> {
        let ask = self.ask("list");
        let wanted = ListParams::default().limit(1);
        let listed = timeout(REQUEST, self.api().list_metadata(&wanted)).await;
        let list = self.in_time(&ask, listed)?;
        match list.metadata.resource_version {
            Some(version) if !version.is_empty() => Ok(version),
            _ => {
                let why = "a list without a version".to_owned();
                Err(self.failed(&ask, Fault::Unreadable { why }))
            }
        }
    }

    async fn follow(&self, version: &str) -> Result<Events, KubeError> {
        let ask = self.ask("watch");
        let wanted = WatchParams::default().timeout(CONNECTION);
        let begun = timeout(REQUEST, async {
            let events = self.api().watch_metadata(&wanted, version).await?;
            kube::Result::Ok(events.boxed())
        });
        self.in_time(&ask, begun.await)
    }

    /// The application as a configuration names it.
    fn touched(&self, namespace: Option<&str>, name: Option<&str>) -> Option<Touched> {
        let (namespace, name) = (namespace?, name?);
        let name = match namespace == self.argocd.namespace {
            true => name.to_owned(),
            false => format!("{namespace}/{name}"),
        };
        EngineApplication::new(name).ok().map(Touched::Application)
    }

    fn api(&self) -> Api<DynamicObject> {
        let kind = ApiResource {
            group: APPLICATIONS.group.to_owned(),
            version: APPLICATIONS.version.to_owned(),
            api_version: format!("{}/{}", APPLICATIONS.group, APPLICATIONS.version),
            kind: "Application".to_owned(),
            plural: APPLICATIONS.plural.to_owned(),
        };
        let client = self.argocd.cluster.client().clone();
        match &self.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &kind),
            None => Api::all_with(client, &kind),
        }
    }

    fn ask(&self, verb: &'static str) -> Ask<'_> {
        Ask {
            action: match &self.namespace {
                Some(namespace) => format!("{verb} the applications in namespace {namespace}"),
                None => format!("{verb} the applications in all namespaces"),
            },
            verb,
            resource: APPLICATIONS,
            namespace: self.namespace.as_deref(),
            name: None,
        }
    }

    fn failed(&self, ask: &Ask<'_>, fault: Fault) -> KubeError {
        self.argocd.cluster.failed(ask, fault)
    }

    fn in_time<T>(
        &self,
        ask: &Ask<'_>,
        answer: Result<kube::Result<T>, tokio::time::error::Elapsed>,
    ) -> Result<T, KubeError> {
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.failed(ask, fault::of_client(ask, &error))),
            Err(_) => Err(self.failed(ask, Fault::TimedOut { after: REQUEST })),
        }
    }
}
