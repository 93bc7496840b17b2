//! A server on a free port with a store in memory, a clock that stands still, and two lanes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sendo_core::act::Access;
use sendo_core::audit::AuditEntry;
use sendo_core::names::{ApplicationName, BranchName, EnvironmentName, Principal, Repository};
use sendo_core::promotion::{Approval, LaneRules, Mode, Promotion, Trigger};
use sendo_core::subject::LaneId;
use sendo_core::time::Span;
use sendo_core::view::{Configuration, PlanView};
use sendo_intake::Intake;
use sendo_report::Language;
use sendo_store::{ManualClock, Options, Store};
use sendo_web::token::{Grant, LONGEST, Scope, mint};
use sendo_web::{Feed, Limits, Readiness, Reads, WebState, router, serve_within};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::{Call, SOON};

const HOUR: Span = Span::from_secs(3_600);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ready: watch::Sender<Readiness>,
    pub(crate) feed: Arc<Feed>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
    following: JoinHandle<()>,
}

/// Limits short enough to be met in a test.
pub(crate) fn short() -> Limits {
    Limits {
        head: Duration::from_millis(300),
        body: Duration::from_millis(300),
        ..Limits::default()
    }
}

pub(crate) fn lane(application: &str, environment: &str) -> LaneId {
    LaneId::new(
        ApplicationName::new(application).expect("a name"),
        EnvironmentName::new(environment).expect("a name"),
    )
}

/// A lane that people start and nobody limits.
pub(crate) fn rules(application: &str, environment: &str) -> LaneRules {
    let repository: Repository = "acme:acme/manifests".parse().expect("a repository");
    LaneRules {
        lane: lane(application, environment),
        repository: repository.clone(),
        on: Trigger::Command,
        paths: Vec::new(),
        after: None,
        approval: Approval::Automatic,
        deliver: Promotion {
            repository,
            base: BranchName::new("main").expect("a name"),
            mode: Mode::ChangeRequest,
            edits: Vec::new(),
            checks: Vec::new(),
            render: None,
        },
        access: Access::default(),
        freezes: Vec::new(),
        engine: None,
        ours: Vec::new(),
    }
}

impl Server {
    /// Open to reads, as on loopback.
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default(), |_| {}).await
    }

    /// Closed to everybody without a token.
    pub(crate) async fn closed() -> Self {
        Self::with(Limits::default(), |web| web.reads = Reads::WithToken).await
    }

    pub(crate) async fn with(limits: Limits, adjust: impl FnOnce(&mut WebState)) -> Self {
        let clock = Arc::new(ManualClock::default());
        let options = Options {
            clock: clock.clone(),
            ..Options::default()
        };
        let store = sendo_store::open("sqlite::memory:", options)
            .await
            .expect("a store");
        let (ready, readiness) = watch::channel(Readiness::Ready);
        let mut web = WebState {
            store: store.clone(),
            intake: Arc::new(Intake::new(store.clone(), Arc::new(Notify::new()))),
            lanes: Arc::new(|| {
                let lanes = [
                    ("example1", "test"),
                    ("example1", "prod"),
                    ("web", "staging"),
                ];
                lanes
                    .map(|(application, environment)| rules(application, environment))
                    .into()
            }),
            senders: watch::channel(Arc::default()).1,
            configuration: watch::channel(Configuration::default()).1,
            planner: Arc::new(|_| Box::pin(async { Ok(PlanView::default()) })),
            differ: Arc::new(|_| Box::pin(async { Ok(crate::seed::diff()) })),
            object_differ: Arc::new(|_, asked| Box::pin(async { crate::seed::objects(asked) })),
            language: Language::En,
            version: "1.2.3",
            ready: readiness,
            feed: Feed::new(4),
            public_url: Some("https://sendo.example.com".to_owned()),
            reads: Reads::Open,
            limits,
        };
        adjust(&mut web);
        let feed = web.feed.clone();
        let following = tokio::spawn({
            let (feed, store) = (feed.clone(), store.clone());
            async move { feed.follow(store, Duration::from_millis(50)).await }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve_within(listener, router(web), limits, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            store,
            clock,
            ready,
            feed,
            stop,
            serving,
            following,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        Call::new(self.address, "GET", path)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Call {
        Call::new(self.address, "POST", path).json(body)
    }

    pub(crate) fn delete(&self, path: &str) -> Call {
        Call::new(self.address, "DELETE", path)
    }

    /// A token that is good for an hour.
    pub(crate) async fn token(&self, scopes: &[Scope], applications: &[&str]) -> String {
        self.minted(None, scopes, applications, HOUR).await
    }

    /// A token that is good for a second.
    pub(crate) async fn short_token(&self, scopes: &[Scope]) -> String {
        self.minted(None, scopes, &[], Span::from_secs(1)).await
    }

    /// A token of a person.
    pub(crate) async fn token_of(&self, who: &str, scopes: &[Scope]) -> String {
        let who = Principal::new(who).expect("a principal");
        self.minted(Some(who), scopes, &[], HOUR).await
    }

    /// A token of a person that outlives every session.
    pub(crate) async fn long_token_of(&self, who: &str) -> String {
        let who = Principal::new(who).expect("a principal");
        self.minted(Some(who), &[Scope::Admin], &[], LONGEST).await
    }

    async fn minted(
        &self,
        principal: Option<Principal>,
        scopes: &[Scope],
        applications: &[&str],
        ttl: Span,
    ) -> String {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let applications: Vec<ApplicationName> = applications
            .iter()
            .map(|name| ApplicationName::new(*name).expect("a name"))
            .collect();
        let now = self.store.now().await.expect("the time");
        let random = [NEXT.fetch_add(1, Ordering::Relaxed); 32];
        let grant = Grant {
            name: "a story",
            principal,
            scopes,
            applications: &applications,
            ttl,
        };
        let (row, secret) = mint(grant, now, random).expect("within limits");
        let entry = AuditEntry {
            action: "token.created".to_owned(),
            subject: None,
            actor: None,
            cause: "story".to_owned(),
            detail: serde_json::Value::Null,
        };
        self.store.add_token(row, entry).await.expect("stored");
        secret.expose_secret().to_owned()
    }

    /// Stops, and shows that nothing is left: every connection ended within the drain time.
    pub(crate) async fn stop(self) {
        self.ready.send_replace(Readiness::Stopping);
        let _ = self.stop.send(());
        tokio::time::timeout(SOON, self.serving)
            .await
            .expect("the server ends in time")
            .expect("the server does not panic")
            .expect("the server ends well");
        self.following.abort();
    }
}
