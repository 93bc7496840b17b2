//! A server from its configuration: opens the store, wires the loop, listens, and ends in order.
//!
//! Used by `serve`, by `demo` and by the tests that stop it at every step. Reads the configuration
//! once; everything further down is handed what it needs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sendo_core::names::Repository;
use sendo_core::promotion::LaneRules;
use sendo_effects::{Backoff, SlackApp, Target, Targets, egress};
use sendo_forge::local::acts::LocalActs;
use sendo_forge::{Forge, Forges};
use sendo_intake::spool::Spooled;
use sendo_store::{Boundaries, NoBoundaries, Store, StoreError};
use sendo_web::{Feed, Limits, Readiness, Reads, WebState};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::config::{Channel, Config, Database, SecretError};
use crate::token_file;
use crate::wiring::{App, Parts, Role};

/// Pages that listen for changes at the same time.
const LISTENERS: usize = 500;

/// What a server is started with besides its configuration.
pub struct Options {
    /// Which part of the work this process does.
    pub role: Role,
    /// How long to wait for another process to hand over a SQLite file.
    pub handover: Duration,
    /// Told of every step, so that a test can stop the process there.
    pub boundaries: Arc<dyn Boundaries>,
    /// When a refused effect is tried again.
    pub backoff: Backoff,
    /// Takes the lines of notice targets of kind `terminal`.
    pub print: Arc<dyn Fn(&str) + Send + Sync>,
    /// Told where the server listens, once it does.
    pub listening: Option<oneshot::Sender<SocketAddr>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            role: Role::All,
            handover: Duration::from_secs(30),
            boundaries: Arc::new(NoBoundaries),
            backoff: Backoff::default(),
            print: Arc::new(crate::out::write_error),
            listening: None,
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be read.
    #[error("{}: {}", .0.reference, .0.why)]
    Secret(SecretError),
    /// Nothing can listen there.
    #[error("{address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the machine says.
        source: std::io::Error,
    },
    /// SQLite is one process.
    #[error(
        "role `{0}` needs Postgres: a SQLite file belongs to one process, which does all of the work"
    )]
    SplitRole(&'static str),
    /// The HTTP client or the token file cannot be made.
    #[error("{what}: {why}")]
    Setup {
        /// What.
        what: &'static str,
        /// Why not.
        why: String,
    },
}

fn setup(what: &'static str, why: impl std::fmt::Display) -> ServeError {
    ServeError::Setup {
        what,
        why: why.to_string(),
    }
}

/// Runs a server until `stop`.
///
/// # Errors
/// [`ServeError`] when it does not start. Trouble later is logged and survived.
pub async fn run(
    config: &Config,
    options: Options,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    if options.role != Role::All && matches!(config.server.database, Database::Sqlite(_)) {
        return Err(ServeError::SplitRole(options.role.as_str()));
    }
    // Fails only when a provider is set already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = open(config, &options).await?;
    let lanes = config.lanes();
    let app = App::new(Parts {
        store: Arc::clone(&store),
        forges: Arc::new(forges(config)?),
        spooled: spooled(config)?,
        routes: config.routes(),
        mailboxes: config.mailboxes(),
        targets: targets(config, &options)?,
        lease: config.server.lease,
        sweep: config.server.sweep,
        backoff: options.backoff,
        language: config.server.language,
        boundaries: Arc::clone(&options.boundaries),
        role: options.role,
        lanes,
    });
    app.wake_all().await?;
    app.prepare().await;
    // Whoever hears that the server listens finds a token that is good.
    if options.role.listens() {
        token_file::renew(store.as_ref(), &token_file::path(config)).await?;
    }
    let (ready, readiness) = watch::channel(Readiness::Starting);
    let web = if options.role.listens() {
        Some(listen(config, &app, &store, readiness, options.listening, &stop).await?)
    } else {
        None
    };
    ready.send_replace(Readiness::Ready);
    let stopping = stop.clone();
    let unready = tokio::spawn(async move {
        stopping.cancelled().await;
        ready.send_replace(Readiness::Stopping);
    });
    let whole = app.run(stop).await;
    if let Some(web) = web {
        let _ = web.await;
    }
    let _ = unready.await;
    store.close().await;
    if whole {
        Ok(())
    } else {
        Err(setup(
            "the server",
            "a part of it panicked; the log says where",
        ))
    }
}

async fn open(config: &Config, options: &Options) -> Result<Arc<dyn Store>, ServeError> {
    let url = match &config.server.database {
        Database::Sqlite(path) => format!("sqlite:{}", path.display()),
        Database::Postgres(url) => url
            .read()
            .map_err(ServeError::Secret)?
            .expose_secret()
            .to_owned(),
    };
    let options = sendo_store::Options {
        handover: options.handover,
        boundaries: Arc::clone(&options.boundaries),
        ..sendo_store::Options::default()
    };
    Ok(sendo_store::open(&url, options).await?)
}

async fn listen(
    config: &Config,
    app: &App,
    store: &Arc<dyn Store>,
    ready: watch::Receiver<Readiness>,
    listening: Option<oneshot::Sender<SocketAddr>>,
    stop: &CancellationToken,
) -> Result<tokio::task::JoinHandle<()>, ServeError> {
    let address = config.server.listen;
    let refused = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    let lanes: Arc<[LaneRules]> = config.lanes().into();
    let feed = Feed::new(LISTENERS);
    let router = sendo_web::router(WebState {
        store: Arc::clone(store),
        intake: Arc::new(app.intake()),
        lanes: Arc::new(move || Arc::clone(&lanes)),
        language: config.server.language,
        version: env!("CARGO_PKG_VERSION"),
        ready,
        feed: Arc::clone(&feed),
        public_url: config.server.url.clone(),
        // An address for people says that a proxy stands before the listener, for other machines.
        reads: if bound.ip().is_loopback() && config.server.url.is_none() {
            Reads::Open
        } else {
            Reads::WithToken
        },
        limits: Limits::default(),
    });
    let (changed, following) = (app.changed(), Arc::clone(&feed));
    let store = Arc::clone(store);
    let until = stop.clone();
    tokio::spawn(async move {
        let follow = following.follow(store, Duration::from_secs(1));
        until.run_until_cancelled(follow).await;
    });
    tokio::spawn(async move {
        loop {
            changed.notified().await;
            feed.ring();
        }
    });
    if let Some(listening) = listening {
        let _ = listening.send(bound);
    }
    let stop = stop.clone();
    Ok(tokio::spawn(async move {
        if let Err(error) = sendo_web::serve(listener, router, stop.cancelled_owned()).await {
            tracing::error!(%error, "the listener ended");
        }
    }))
}

fn local(
    config: &Config,
    forge: &sendo_core::names::ForgeName,
) -> Result<Option<LocalActs>, ServeError> {
    let Some(root) = config
        .forges
        .get(forge)
        .and_then(crate::config::Forge::root)
    else {
        return Ok(None);
    };
    Ok(Some(
        LocalActs::new(root.to_owned()).map_err(|error| setup("the local forge", error))?,
    ))
}

fn forges(config: &Config) -> Result<Forges, ServeError> {
    let mut forges = BTreeMap::new();
    for name in config.forges.keys() {
        if let Some(local) = local(config, name)? {
            forges.insert(name.clone(), Forge::Local(local));
        }
    }
    Ok(Forges::new(forges))
}

/// Every repository of a local forge that a lane reads or writes.
fn spooled(config: &Config) -> Result<Vec<Spooled>, ServeError> {
    let mut all: Vec<Repository> = config
        .lanes()
        .into_iter()
        .flat_map(|rules| [rules.repository, rules.deliver.repository])
        .collect();
    all.sort();
    all.dedup();
    let mut spooled = Vec::new();
    for repository in all {
        if let Some(local) = local(config, &repository.forge)? {
            let folders = local.folders(&repository.path).to_vec();
            spooled.push(Spooled {
                repository,
                folders,
            });
        }
    }
    Ok(spooled)
}

fn targets(config: &Config, options: &Options) -> Result<Targets, ServeError> {
    let mut targets = BTreeMap::new();
    for notice in &config.notices {
        let language = notice.language.unwrap_or(config.server.language);
        let target = match &notice.channel {
            Channel::Slack { webhook } => Target::Slack {
                webhook: webhook.read().map_err(ServeError::Secret)?,
                language,
            },
            Channel::SlackApp {
                token,
                channel,
                api,
            } => Target::SlackApp(SlackApp {
                api: api.clone(),
                token: token.read().map_err(ServeError::Secret)?,
                channel: channel.clone(),
                language,
            }),
            Channel::Webhook { url, secret } => Target::Webhook {
                url: url
                    .read()
                    .map_err(ServeError::Secret)?
                    .expose_secret()
                    .to_owned(),
                secret: secret
                    .as_ref()
                    .map(|secret| secret.read().map_err(ServeError::Secret))
                    .transpose()?,
            },
            Channel::Terminal => Target::Terminal {
                language,
                print: Arc::clone(&options.print),
            },
        };
        targets.insert(notice.name.clone(), target);
    }
    let client = egress::client().map_err(|error| setup("the HTTP client", error))?;
    Ok(Targets::new(client, targets, config.server.url.clone()))
}
