//! What the routes need from the process, and what they share among themselves.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use sendo_core::promotion::LaneRules;
use sendo_core::view::Configuration;
use sendo_intake::Intake;
use sendo_intake::gitea::Senders;
use sendo_report::Language;
use sendo_store::Store;
use tokio::sync::{Semaphore, watch};

use crate::api::diff::{Differ, ObjectDiffer};
use crate::api::plan::Planner;
use crate::auth::Refusals;
use crate::feed::Feed;
use crate::metrics::Scrapes;
use crate::webhooks;

/// The rules of the configured lanes, in order; asked anew each time, so that a reload is seen.
pub type Lanes = Arc<dyn Fn() -> Arc<[LaneRules]> + Send + Sync>;

/// Changes that are read from repositories at the same time.
const DIFFS: usize = 4;

/// What the process gives to its routes.
#[derive(Clone)]
pub struct WebState {
    /// The one source of what is shown.
    pub store: Arc<dyn Store>,
    /// The way in for what is asked.
    pub intake: Arc<Intake>,
    /// Which forges deliver here, and the keys they sign with.
    pub senders: watch::Receiver<Arc<Senders>>,
    /// The rules of the configured lanes, in order.
    pub lanes: Lanes,
    /// How the configuration on disk stands to the one that counts.
    pub configuration: watch::Receiver<Configuration>,
    /// Says what another configuration would do.
    pub planner: Planner,
    /// Reads what deployments change.
    pub differ: Differ,
    /// Says what that does to the objects of clusters.
    pub object_differ: ObjectDiffer,
    /// The language of pages for readers whose browser asks for none.
    pub language: Language,
    /// This binary's version.
    pub version: &'static str,
    /// Whether the process can be sent work.
    pub ready: watch::Receiver<Readiness>,
    /// Tells open pages to look again.
    pub feed: Arc<Feed>,
    /// Where people reach this server, such as `https://sendo.example.com`.
    pub public_url: Option<String>,
    /// Who may read without a token.
    pub reads: Reads,
    /// How much and how long a request may be.
    pub limits: Limits,
}

/// Whether the process can be sent work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet.
    Starting,
    /// Yes.
    Ready,
    /// No more: it is about to end.
    Stopping,
}

/// Who may read pages and the API without a token. Writing always takes one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reads {
    /// Only callers with a token.
    #[default]
    WithToken,
    /// Everybody who reaches the listener. Only for one that listens on loopback alone.
    Open,
}

/// How much and how long a request may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time that ask for something other than a probe; more wait, as long as a head
    /// may take.
    pub connections: usize,
    /// Connections that have asked for nothing yet: of more, those that were silent for longest are closed.
    /// As many that have asked wait for a seat, and further ones are closed.
    pub arrivals: usize,
    /// Until a new connection begins to ask for something.
    pub silence: Duration,
    /// Until the head of a request is complete, and how long an idle connection is kept.
    pub head: Duration,
    /// Until the body of a request is complete.
    pub body: Duration,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Until a request is answered.
    pub answer: Duration,
    /// How long a client may take nothing of an answer that is ready for it.
    pub stall: Duration,
    /// How long requests may take to end once the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            arrivals: 256,
            silence: Duration::from_secs(3),
            head: Duration::from_secs(15),
            body: Duration::from_secs(15),
            body_bytes: 1024 * 1024,
            answer: Duration::from_secs(60),
            stall: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// What every handler is given.
pub(crate) type App = Arc<Shared>;

/// The process's side, and what lives as long as the router.
pub(crate) struct Shared {
    pub(crate) web: WebState,
    pub(crate) scrapes: Scrapes,
    pub(crate) refusals: Refusals,
    /// Recomputing the audit chain reads all of it: one at a time.
    pub(crate) verifying: Semaphore,
    /// A plan looks at every repository: one at a time.
    pub(crate) planning: Arc<Semaphore>,
    pub(crate) diffing: Semaphore,
    /// Mebibytes of deliveries that are held before anybody knows whether they are signed.
    pub(crate) arriving: Semaphore,
    /// Scheme and authority of the public address.
    pub(crate) public: Option<Uri>,
}

impl Shared {
    pub(crate) fn new(web: WebState) -> Self {
        let public = web.public_url.as_deref().and_then(|url| url.parse().ok());
        Self {
            web,
            scrapes: Scrapes::default(),
            refusals: Refusals::default(),
            verifying: Semaphore::new(1),
            planning: Arc::new(Semaphore::new(1)),
            diffing: Semaphore::new(DIFFS),
            arriving: Semaphore::new(webhooks::HELD),
            public,
        }
    }
}
