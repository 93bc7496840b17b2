//! A server from its configuration: opens the store, wires the loop, listens, and ends in order.
//!
//! Used by `serve`, by `demo` and by the tests that stop it at every step. What a configuration
//! says is handed down from here; `reload` hands it down again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sendo_core::view::Configuration;
use sendo_effects::Backoff;
use sendo_store::{Boundaries, NoBoundaries, Store, StoreError};
use sendo_web::{Feed, Limits, Readiness, Reads, WebState};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Database, SecretError};
use crate::differing;
use crate::listening::Taken;
use crate::live::{Live, Print};
use crate::planning;
use crate::reload::Reloading;
use crate::rendering;
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
    pub print: Print,
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

pub(crate) fn setup(what: &'static str, why: impl std::fmt::Display) -> ServeError {
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
    let url = url(config)?;
    let taken = if options.role.listens() {
        let goes = || sendo_store::is_held(&url);
        Some(Taken::take(config.server.listen, goes)?)
    } else {
        None
    };
    let store = open(&url, &options).await?;
    let app = App::new(Parts {
        store: Arc::clone(&store),
        live: Live::of(config, &options.print)?,
        lease: config.server.lease,
        sweep: config.server.sweep,
        backoff: options.backoff,
        boundaries: Arc::clone(&options.boundaries),
        role: options.role,
    });
    app.wake_all().await?;
    app.prepare().await;
    // Whoever hears that the server listens finds a token that is good.
    if options.role.listens() {
        token_file::renew(store.as_ref(), &token_file::path(config)).await?;
    }
    let (ready, readiness) = watch::channel(Readiness::Starting);
    let reloading = Reloading::new(config, app.waking(), Arc::clone(&options.print));
    let standing = reloading.standing();
    tokio::spawn(reloading.run(stop.clone()));
    let web = match taken {
        Some(taken) => {
            let listener = taken.open()?;
            let (bound, web) = listen(listener, config, &app, &store, readiness, standing, &stop)?;
            if let Some(listening) = options.listening {
                let _ = listening.send(bound);
            }
            Some(web)
        }
        None => None,
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

fn url(config: &Config) -> Result<String, ServeError> {
    Ok(match &config.server.database {
        Database::Sqlite(path) => format!("sqlite:{}", path.display()),
        Database::Postgres(url) => url
            .read()
            .map_err(ServeError::Secret)?
            .expose_secret()
            .to_owned(),
    })
}

async fn open(url: &str, options: &Options) -> Result<Arc<dyn Store>, ServeError> {
    let options = sendo_store::Options {
        handover: options.handover,
        boundaries: Arc::clone(&options.boundaries),
        ..sendo_store::Options::default()
    };
    Ok(sendo_store::open(url, options).await?)
}

fn listen(
    listener: TcpListener,
    config: &Config,
    app: &App,
    store: &Arc<dyn Store>,
    ready: watch::Receiver<Readiness>,
    configuration: watch::Receiver<Configuration>,
    stop: &CancellationToken,
) -> Result<(SocketAddr, tokio::task::JoinHandle<()>), ServeError> {
    let address = config.server.listen;
    let refused = |source| ServeError::Listen { address, source };
    let bound = listener.local_addr().map_err(refused)?;
    let lanes = app.lanes();
    let feed = Feed::new(LISTENERS);
    let renderings = Arc::new(rendering::Renderings::default());
    let router = sendo_web::router(WebState {
        store: Arc::clone(store),
        intake: Arc::new(app.intake()),
        senders: app.senders(),
        lanes: Arc::new(move || Arc::clone(&lanes.borrow())),
        configuration,
        planner: planning::planner(
            config.path.clone(),
            Arc::clone(store),
            app.lanes(),
            app.reach(),
            Arc::clone(&renderings),
        ),
        differ: differing::differ(app.reach()),
        object_differ: rendering::renderer(Arc::clone(&renderings), app.reach()),
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
    let stop = stop.clone();
    let web = tokio::spawn(async move {
        if let Err(error) = sendo_web::serve(listener, router, stop.cancelled_owned()).await {
            tracing::error!(%error, "the listener ended");
        }
    });
    Ok((bound, web))
}
