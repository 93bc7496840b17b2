//! This program as the server under test: it ends, stops or panics at the point it is told.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Signal, getpid, kill_process};
use sendo::config::Config;
use sendo::lifecycle;
use sendo::server::{self, Options};
use sendo_core::time::Span;
use sendo_effects::Backoff;
use sendo_store::{Boundaries, Point, Side};
use sendo_testkit::{Server, Stage};
use tokio::sync::oneshot;

use crate::points::At;

/// Names the configuration to serve.
const SERVE: &str = "SENDO_TEST_SERVE";
/// Names the database whose rarer transactions to go through.
const STORE: &str = "SENDO_TEST_STORE";
/// Where it ends, as `PLACE SIDE N`.
const POINT: &str = "SENDO_TEST_POINT";
/// What happens there instead of a kill.
const HOW: &str = "SENDO_TEST_HOW";
/// Takes down every effect that was performed; every other one of a kind is followed by a kill.
const TWICE: &str = "SENDO_TEST_TWICE";
/// Takes down every point that was reached.
const REACHED: &str = "SENDO_TEST_REACHED";

/// What happens at the point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum How {
    /// `kill -9`.
    #[default]
    Kill,
    /// It sleeps until somebody wakes it.
    Stop,
    /// The part that comes there panics.
    Panic,
}

impl How {
    const ALL: [(&str, Self); 3] = [
        ("kill", Self::Kill),
        ("stop", Self::Stop),
        ("panic", Self::Panic),
    ];
}

/// Counts the points, and does something to this process at some of them.
struct Fatal {
    at: Option<At>,
    how: How,
    twice: Option<PathBuf>,
    reached: Option<Mutex<std::fs::File>>,
    counts: Mutex<HashMap<Point, u32>>,
}

impl Fatal {
    /// An effect was carried out: kills every other time, so that the next process does it again.
    fn repeat(file: &Path, point: &Point) {
        let performed = append(file);
        (&performed)
            .write_all(format!("{}\n", point.place).as_bytes())
            .unwrap();
        let told = std::fs::read_to_string(file).unwrap();
        if told.lines().filter(|place| *place == point.place).count() % 2 == 1 {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
    }
}

fn append(file: &Path) -> std::fs::File {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .unwrap()
}

impl Boundaries for Fatal {
    fn reach(&self, point: &Point) {
        if let Some(file) = &self.reached {
            let line = format!("{} {}\n", point.place, side(point.side));
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line.as_bytes()).unwrap();
        }
        if let Some(file) = &self.twice
            && point.side == Side::After
            && point.place.ends_with(".send")
            // Looking twice changes nothing.
            && !point.place.contains("observe_")
        {
            // Kinds are counted one at a time, whoever performs them.
            let _alone = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            Self::repeat(file, point);
        }
        let Some(at) = &self.at else { return };
        if at.place != point.place || at.side != side(point.side) {
            return;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(*point).or_default();
        *count += 1;
        if *count == at.nth {
            drop(counts);
            match self.how {
                How::Kill => kill_process(getpid(), Signal::KILL).unwrap(),
                How::Stop => kill_process(getpid(), Signal::STOP).unwrap(),
                How::Panic => panic!("at {}", point.place),
            }
        }
    }
}

/// The side's name.
pub(crate) const fn side(side: Side) -> &'static str {
    match side {
        Side::Before => "before",
        Side::After => "after",
    }
}

fn boundaries() -> Arc<dyn Boundaries> {
    let variable = |name: &str| std::env::var(name).ok();
    Arc::new(Fatal {
        at: variable(POINT).map(|text| At::parse(&text)),
        how: variable(HOW)
            .and_then(|name| How::ALL.into_iter().find(|how| how.0 == name))
            .map_or_else(How::default, |how| how.1),
        twice: variable(TWICE).map(PathBuf::from),
        reached: variable(REACHED).map(|path| Mutex::new(append(Path::new(&path)))),
        counts: Mutex::default(),
    })
}

/// Runs as a child if this process was started as one.
pub(crate) fn as_asked() -> Option<ExitCode> {
    if let Ok(config) = std::env::var(SERVE) {
        let served = lifecycle::block_on(serve(Path::new(&config)));
        return Some(ExitCode::from(if served.is_ok() { 0 } else { 1 }));
    }
    if let Ok(url) = std::env::var(STORE) {
        let done = lifecycle::block_on(crate::store::every_rare_transaction(&url, boundaries()));
        return Some(ExitCode::from(if done.is_ok() { 0 } else { 1 }));
    }
    None
}

async fn serve(config: &Path) {
    lifecycle::log("info,sqlx=warn");
    let mut config = Config::load(config).unwrap_or_else(|errors| panic!("{errors}"));
    // Sooner than a configuration may say, so that a digest is told before the story ends.
    let mailboxes = config.notices.iter_mut();
    for mailbox in mailboxes.filter_map(|target| target.mailbox.as_mut()) {
        mailbox.digest = mailbox.digest.map(|_| Span::from_millis(250));
    }
    let (listening, address) = oneshot::channel();
    tokio::spawn(async move {
        if let Ok(address) = address.await {
            eprintln!("listening on http://{address}");
        }
    });
    let options = Options {
        boundaries: boundaries(),
        backoff: Backoff {
            base: Span::from_millis(50),
            cap: Span::from_millis(500),
            budget: Span::from_secs(120),
        },
        listening: Some(listening),
        ..Options::default()
    };
    server::run(&config, options, lifecycle::stop_on_signals())
        .await
        .unwrap_or_else(|error| panic!("{error}"));
}

/// What a child is started with besides its configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Where it ends.
    pub(crate) at: Option<At>,
    /// What happens there.
    pub(crate) how: How,
    /// Every effect is followed by a kill the first time.
    pub(crate) twice: Option<PathBuf>,
    /// Takes down every point.
    pub(crate) reached: Option<PathBuf>,
    /// Another `PATH`.
    pub(crate) path: Option<String>,
}

fn command(stage: &Stage, asked: &Asked) -> Command {
    let mut command = stage.command(&std::env::current_exe().unwrap());
    if let Some(at) = &asked.at {
        command.env(POINT, at.to_string());
    }
    let how = How::ALL.into_iter().find(|how| how.1 == asked.how).unwrap();
    command.env(HOW, how.0);
    if let Some(file) = &asked.twice {
        command.env(TWICE, file);
    }
    if let Some(path) = &asked.path {
        command.env("PATH", path);
    }
    if let Some(reached) = &asked.reached {
        command.env(REACHED, reached);
    }
    command
}

/// Starts a server on a stage.
pub(crate) fn start(stage: &Stage, asked: &Asked) -> Server {
    let mut command = command(stage, asked);
    command.env(SERVE, stage.configuration());
    let log = stage.folder().join(format!("server-{}.log", number()));
    Server::start(command, &log)
}

/// Goes through the rarer transactions on a stage's database.
pub(crate) fn store(stage: &Stage, asked: &Asked) -> Server {
    let mut command = command(stage, asked);
    command.env(STORE, stage.database().absolute_url());
    Server::start(command, &stage.folder().join("store.log"))
}

/// Servers of one stage may run at the same time, so each has a log of its own.
fn number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
