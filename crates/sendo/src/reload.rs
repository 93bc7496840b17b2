//! Loads the configuration again, on SIGHUP and when its files change.
//!
//! A configuration is taken over whole or not at all: with anything wrong in it the server goes on
//! with the one it has, and the board, `sendo status` and the log say what is wrong. Files are
//! looked at by their marks (size, times, inode) and not watched, so that a folder of links that is
//! swapped, as Kubernetes does with a `ConfigMap`, is noticed like an edit.

use std::os::unix::fs::FileTypeExt as _;
use std::path::PathBuf;
use std::time::Duration;

use sendo_core::audit::AuditEntry;
use sendo_core::view::Configuration;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError, Mark, Marks, marks};
use crate::live::{Live, Print};
use crate::wiring::Waking;

/// How often the files are looked at. What changed is loaded once it stayed the same for as long,
/// so a file that is still being written is left alone.
const LOOK: Duration = Duration::from_secs(1);
/// How many problems a line of the log names.
const SHOWN: usize = 5;
/// Why a pipe is not read.
const PIPE: &str = "a pipe stands where the configuration was: put a plain file there";

/// Keeps a running server at what its configuration says.
pub struct Reloading {
    config: Config,
    waking: Waking,
    print: Print,
    standing: watch::Sender<Configuration>,
}

impl Reloading {
    /// For a server that was started with `config`.
    #[must_use]
    pub fn new(config: &Config, waking: Waking, print: Print) -> Self {
        Self {
            config: config.clone(),
            waking,
            print,
            standing: watch::Sender::new(Configuration {
                generation: 1,
                ..Configuration::default()
            }),
        }
    }

    /// How the configuration on disk stands to the one the server goes by.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Configuration> {
        self.standing.subscribe()
    }

    /// Loads again whenever there is reason to, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => hangup,
            Err(error) => {
                tracing::error!(%error, "SIGHUP is not heard: the configuration is only loaded at the start");
                return;
            }
        };
        // What changed since it was read, before anybody looked, counts as a change.
        let mut known = self.config.read.clone();
        known.extend(marks_of(self.config.secret_files()));
        let mut settling = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                heard = hangup.recv() => {
                    if heard.is_none() {
                        return;
                    }
                    known = self.marks().await;
                    self.load().await;
                }
                () = tokio::time::sleep(LOOK) => {
                    let now = self.marks().await;
                    if now == known {
                        settling = None;
                    } else if settling.as_ref() == Some(&now) {
                        known = now;
                        settling = None;
                        self.load().await;
                    } else {
                        settling = Some(now);
                    }
                }
            }
        }
    }

    async fn marks(&self) -> Marks {
        let (path, secrets) = (self.config.path.clone(), self.config.secret_files());
        let looked = tokio::task::spawn_blocking(move || {
            let mut all = marks(&path);
            all.extend(marks_of(secrets));
            all
        });
        looked.await.unwrap_or_default()
    }

    async fn load(&mut self) {
        let path = self.config.path.clone();
        let read = tokio::task::spawn_blocking(move || {
            // Reading a pipe waits for whoever writes to it, and nothing would be loaded ever again.
            let met = std::fs::metadata(&path);
            (!met.is_ok_and(|met| met.file_type().is_fifo())).then(|| Config::load(&path))
        });
        let taken = match read.await.map(|read| read.ok_or(PIPE)) {
            Ok(Err(why)) => {
                tracing::error!(
                    "the configuration on disk is not used, the one before it still is: {why}"
                );
                Err(why.to_owned())
            }
            Ok(Ok(Ok(config))) => self.take(config).await,
            Ok(Ok(Err(errors))) => {
                // Without the lines themselves: one may hold what no log may.
                let lines: Vec<String> = errors.0.iter().take(SHOWN).map(in_a_line).collect();
                tracing::error!(
                    problems = errors.0.len(),
                    "the configuration on disk is not used, the one before it still is: {}",
                    lines.join("; ")
                );
                let more = match errors.0.len() {
                    0 | 1 => String::new(),
                    all => format!(" (and {} more)", all - 1),
                };
                let first = lines.first().map(|first| format!("{first}{more}"));
                Err(first.unwrap_or_default())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = taken {
            self.standing
                .send_modify(|standing| standing.refused = Some(why));
            self.waking.look_again();
        }
    }

    /// Takes a configuration over, or says in a line why not.
    async fn take(&mut self, mut config: Config) -> Result<(), String> {
        let restart = self.config.server.differences(&config.server);
        // What only counts after a restart stays what the process runs on.
        config.server = self.config.server.clone();
        let live = Live::of(&config, &self.print).map_err(|error| {
            tracing::error!(%error, "the configuration on disk is not used, the one before it still is");
            error.to_string()
        })?;
        if !restart.is_empty() {
            tracing::warn!(
                keys = restart.join(", "),
                "these only count after a restart"
            );
        }
        let lanes = live.lanes.len();
        self.standing.send_modify(|standing| {
            standing.generation += 1;
            standing.refused = None;
            standing.restart = restart.iter().map(ToString::to_string).collect();
        });
        self.config = config;
        if let Err(error) = self.waking.replace(live).await {
            tracing::warn!(%error, "the lanes are looked at again by the next sweep");
        }
        let generation = self.standing.borrow().generation;
        tracing::info!(generation, lanes, "the configuration was loaded again");
        self.waking
            .audit(AuditEntry {
                action: "configuration.loaded".to_owned(),
                subject: None,
                actor: None,
                cause: "reload".to_owned(),
                detail: json!({"lanes": lanes, "restart": restart}),
            })
            .await;
        Ok(())
    }
}

fn in_a_line(error: &ConfigError) -> String {
    let ConfigError {
        file,
        line,
        column,
        what,
        ..
    } = error;
    format!("{file}:{line}:{column}: {what}")
}

fn marks_of(files: Vec<PathBuf>) -> impl Iterator<Item = (PathBuf, Option<Mark>)> {
    files.into_iter().map(|file| {
        let mark = Mark::of(&file);
        (file, mark)
    })
}
