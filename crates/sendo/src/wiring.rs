//! Puts the parts of a server together, and runs them until they are told to stop.
//!
//! Everything a part needs is handed in here; nothing reads the configuration or the environment
//! further down. Tests wire the same parts with other clocks, leases and boundaries.
//!
//! Size: what runs in a process is read from top to bottom, in one place.

use std::sync::Arc;
use std::time::Duration;

use sendo_core::audit::AuditEntry;
use sendo_core::promotion::LaneRules;
use sendo_core::time::Span;
use sendo_effects::{Backoff, Reach, Runner, Setup};
use sendo_intake::clusters::Watches;
use sendo_intake::gitea::Senders;
use sendo_intake::spool::Spools;
use sendo_intake::{Intake, Translator};
use sendo_loop::{Bells, Engine, Pump, Sealer};
use sendo_store::{Boundaries, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::live::{Live, Switch};

/// How many effects are carried out at the same time.
const RUNNERS: usize = 4;
/// How often a pump looks when no bell rings.
const POLL: Duration = Duration::from_secs(1);
/// How often a start tries to wake its lanes. On Postgres a try that has to wait ends after 10 s.
const WAKES: u32 = 6;
/// How often the spools are read when no watcher rings.
const SPOOL_POLL: Duration = Duration::from_secs(2);

/// How long bodies of settled deliveries and finished effects are kept.
const KEPT: Span = Span::from_secs(30 * 24 * 60 * 60);
/// How often what was kept long enough is let go.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// What a server is made of.
pub struct Parts {
    /// Everything durable.
    pub store: Arc<dyn Store>,
    /// What the configuration says, as far as it can change while the server runs.
    pub live: Live,
    /// How long a claim lasts without a heart-beat.
    pub lease: Span,
    /// How often everything is looked at again.
    pub sweep: Span,
    /// When a refused effect is tried again.
    pub backoff: Backoff,
    /// Told of every step, so that a test can stop the process there.
    pub boundaries: Arc<dyn Boundaries>,
    /// Which part of the work this process does.
    pub role: Role,
}

/// Which part of the work a process does. More than one process needs Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Everything.
    All,
    /// Answers requests and takes deliveries in.
    Web,
    /// Carries out effects.
    Worker,
    /// Translates deliveries, decides, sweeps and seals.
    Controller,
}

impl Role {
    /// The role as the command line writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Web => "web",
            Self::Worker => "worker",
            Self::Controller => "controller",
        }
    }

    /// Whether it listens for requests.
    #[must_use]
    pub const fn listens(self) -> bool {
        matches!(self, Self::All | Self::Web)
    }
}

/// What the parts of a server share.
struct Shared {
    store: Arc<dyn Store>,
    lease: Span,
    sweep: Span,
    backoff: Backoff,
    boundaries: Arc<dyn Boundaries>,
    role: Role,
}

/// A server's loop, ready to run.
pub struct App {
    parts: Shared,
    waking: Waking,
    bells: Bells,
    spool_bell: Arc<Notify>,
}

/// Replaces what a running server goes by, and wakes whatever that concerns.
#[derive(Clone)]
pub struct Waking {
    store: Arc<dyn Store>,
    switch: Switch,
    subjects: Arc<Notify>,
    changed: Arc<Notify>,
}

impl Waking {
    /// Goes by `live` from now on, and looks at every lane of it again. What a lane that is gone has
    /// under way stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] when the lanes cannot be woken: they go by it all the same, from the next
    /// sweep on.
    pub async fn replace(&self, live: Live) -> Result<(), StoreError> {
        self.switch.replace(live).await;
        self.switch.spools.lock().await.prepare().await;
        let subjects = self.switch.jobs.borrow().subjects();
        let woken = self.store.hint(&subjects).await;
        self.subjects.notify_one();
        self.changed.notify_one();
        woken
    }

    /// Tells open pages to look again.
    pub fn look_again(&self) {
        self.changed.notify_one();
    }

    /// Keeps a line in the audit trail; trouble with it is logged.
    pub async fn audit(&self, entry: AuditEntry) {
        if let Err(error) = self.store.audit(entry).await {
            tracing::error!(%error, "the audit trail lacks a line");
        }
    }

    /// Wakes every configured subject, so that whoever asks after the start finds it awake or done.
    /// A server that was frozen may hold a row for half a minute, until the database ends its
    /// transaction, so this is tried for a while.
    async fn wake_all(&self) -> Result<(), StoreError> {
        let subjects = self.switch.jobs.borrow().subjects();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.store.hint(&subjects).await {
                Err(error) if tries < WAKES => {
                    tracing::warn!(%error, "the lanes cannot be woken yet: trying again");
                    tokio::time::sleep(POLL).await;
                }
                done => return done,
            }
        }
    }
}

impl App {
    /// Wires the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let bells = Bells::default();
        let spool_bell: Arc<Notify> = Arc::default();
        let bell = Arc::clone(&spool_bell);
        let waking = Waking {
            store: Arc::clone(&parts.store),
            switch: Switch::new(parts.live, |spooled| Spools::new(spooled, bell)),
            subjects: Arc::clone(&bells.subjects),
            changed: Arc::clone(&bells.changed),
        };
        Self {
            parts: Shared {
                store: parts.store,
                lease: parts.lease,
                sweep: parts.sweep,
                backoff: parts.backoff,
                boundaries: parts.boundaries,
                role: parts.role,
            },
            waking,
            bells,
            spool_bell,
        }
    }

    /// The way in for requests.
    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake::new(
            Arc::clone(&self.parts.store),
            Arc::clone(&self.bells.deliveries),
        )
    }

    /// Rings whenever something people see may have changed.
    #[must_use]
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.bells.changed)
    }

    /// The rules of every lane, as they are when they are read.
    #[must_use]
    pub fn lanes(&self) -> watch::Receiver<Arc<[LaneRules]>> {
        self.waking.switch.lanes.subscribe()
    }

    /// Who delivers, as it is when it is read.
    #[must_use]
    pub fn senders(&self) -> watch::Receiver<Arc<Senders>> {
        self.waking.switch.senders.subscribe()
    }

    /// What effects reach, as it is when it is read.
    #[must_use]
    pub fn reach(&self) -> watch::Receiver<Arc<Reach>> {
        self.waking.switch.reach.subscribe()
    }

    /// The one way to change what the parts go by.
    #[must_use]
    pub fn waking(&self) -> Waking {
        self.waking.clone()
    }

    /// Wakes every configured subject.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn wake_all(&self) -> Result<(), StoreError> {
        self.waking.wake_all().await
    }

    /// Makes pushes heard, before anybody is told that the server is there.
    pub async fn prepare(&self) {
        if matches!(self.parts.role, Role::All | Role::Controller) {
            self.waking.switch.spools.lock().await.prepare().await;
        }
    }

    /// Runs until `stop`, then finishes what is under way. False when a part of it panicked: then
    /// everything stops, because a server that does half of its work looks well and is not.
    pub async fn run(self, stop: CancellationToken) -> bool {
        let role = self.parts.role;
        let mut pumps = JoinSet::new();
        if matches!(role, Role::All | Role::Controller) {
            self.spawn_intake(&mut pumps, &stop);
            self.spawn_loop(&mut pumps, &stop);
        }
        if matches!(role, Role::All | Role::Worker) {
            self.spawn_effects(&mut pumps, &stop);
        }
        if role == Role::Web {
            stop.cancelled().await;
        }
        let mut whole = true;
        while let Some(ended) = pumps.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a part of the server panicked; all of it stops");
                whole = false;
                stop.cancel();
            }
        }
        whole
    }

    fn pump(
        &self,
        name: &'static str,
        bell: &Arc<Notify>,
        then: &[&Arc<Notify>],
        stop: &CancellationToken,
    ) -> Pump {
        let then = then.iter().map(|bell| Arc::clone(bell)).collect();
        Pump {
            name,
            bell: Arc::clone(bell),
            then,
            poll: POLL,
            stop: stop.clone(),
        }
    }

    fn spawn_intake(&self, pumps: &mut JoinSet<()>, stop: &CancellationToken) {
        let (intake, spools) = (self.intake(), Arc::clone(&self.waking.switch.spools));
        let (store, jobs) = (
            Arc::clone(&self.parts.store),
            self.waking.switch.jobs.subscribe(),
        );
        let subjects = Arc::clone(&self.bells.subjects);
        let mut pump = self.pump("spool", &self.spool_bell, &[], stop);
        pump.poll = SPOOL_POLL;
        pumps.spawn(async move {
            pump.run(|| async {
                let mut spools = spools.lock().await;
                if spools.prepare().await > 0 {
                    // Nobody heard what was pushed there before.
                    let lanes = jobs.borrow().subjects();
                    store.hint(&lanes).await?;
                    subjects.notify_one();
                }
                let stored = spools.drain(&intake).await?;
                Ok(stored > 0)
            })
            .await;
        });
        let watches = Watches {
            store: Arc::clone(&self.parts.store),
            intake: self.intake(),
            lanes: self.lanes(),
            clusters: self.waking.switch.clusters.subscribe(),
        };
        pumps.spawn(watches.run(stop.clone()));
        let translator = Translator::new(
            Arc::clone(&self.parts.store),
            self.waking.switch.jobs.subscribe(),
            self.parts.lease,
        );
        let pump = self.pump(
            "translator",
            &self.bells.deliveries,
            &[&self.bells.subjects],
            stop,
        );
        pumps.spawn(async move { pump.run(|| translator.step()).await });
    }

    fn spawn_loop(&self, pumps: &mut JoinSet<()>, stop: &CancellationToken) {
        let store = &self.parts.store;
        let engine = Arc::new(Engine::new(
            Arc::clone(store),
            self.waking.switch.jobs.subscribe(),
            self.parts.lease,
        ));
        let then = [&self.bells.effects, &self.bells.changed];
        let pump = self.pump("loop", &self.bells.subjects, &then, stop);
        let decider = Arc::clone(&engine);
        pumps.spawn(async move { pump.run(|| decider.step()).await });
        pumps.spawn(forget(Arc::clone(store), stop.clone()));
        pumps.spawn(sweep(
            engine,
            Arc::clone(&self.bells.subjects),
            self.parts.sweep,
            stop.clone(),
        ));
        let holder = format!("{}-{:08x}", std::process::id(), rand::random::<u32>());
        let sealer = Sealer::new(Arc::clone(store), holder, self.parts.lease);
        let pump = self.pump("sealer", &Arc::default(), &[], stop);
        pumps.spawn(async move { pump.run(|| sealer.step()).await });
    }

    fn spawn_effects(&self, pumps: &mut JoinSet<()>, stop: &CancellationToken) {
        for _ in 0..RUNNERS {
            let runner = Runner::new(Setup {
                store: Arc::clone(&self.parts.store),
                reach: self.waking.switch.reach.subscribe(),
                lease: self.parts.lease,
                backoff: self.parts.backoff,
                boundaries: Arc::clone(&self.parts.boundaries),
            });
            let then = [&self.bells.subjects, &self.bells.effects];
            let pump = self.pump("effects", &self.bells.effects, &then, stop);
            pumps.spawn(async move { pump.run(|| runner.step()).await });
        }
    }
}

/// Lets go, once an hour, of what retention allows.
async fn forget(store: Arc<dyn Store>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
        let pruned = match store.now().await {
            Ok(now) => store.prune(now - KEPT).await,
            Err(error) => Err(error),
        };
        match pruned {
            Ok(rows) => tracing::debug!(rows, "let go of what was kept long enough"),
            Err(error) => {
                tracing::warn!(error = %error, "what was kept long enough stays a while longer")
            }
        }
    }
}

/// Looks at everything after every `interval`, give or take a tenth.
async fn sweep(engine: Arc<Engine>, bell: Arc<Notify>, interval: Span, stop: CancellationToken) {
    loop {
        let jitter = rand::random_range(0.9..=1.1);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(interval.to_duration().mul_f64(jitter)) => {}
        }
        match engine.sweep().await {
            Ok(()) => bell.notify_one(),
            Err(error) => {
                tracing::error!(error = %error, "the sweep failed; the next one tries again");
            }
        }
    }
}
