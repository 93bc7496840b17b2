//! A program of a part that runs as long as the run does, and waiting until it is ready.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::stage::Stage;
use crate::process::tail;
use crate::testbed::http::Request;
use crate::testbed::signals::Signals;

/// How long anything may take to be ready, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A running program.
pub(super) struct Daemon {
    pub(super) name: &'static str,
    pub(super) child: Child,
    command: Command,
    log: PathBuf,
    signals: Signals,
}

impl Daemon {
    /// Starts it with its output in a log of its name and a home of its own.
    pub(super) fn start(name: &'static str, mut command: Command, stage: &Stage) -> Result<Self> {
        let log = stage.log(name);
        let output =
            File::create(&log).with_context(|| format!("could not create {}", log.display()))?;
        command
            .current_dir(&stage.folder)
            // What a terminal sends is for the command alone.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("could not share the log")?)
            .stderr(output);
        Ok(Self {
            name,
            child: spawn(name, &mut command)?,
            command,
            log,
            signals: stage.signals.clone(),
        })
    }

    /// Starts it once more, when it is no more: the same command, which goes on in the same log.
    pub(super) fn start_again(&mut self) -> Result<()> {
        self.child = spawn(self.name, &mut self.command)?;
        Ok(())
    }

    /// Waits until `ready`; the error says what was waited for and what the program said last.
    pub(super) fn wait_until(&mut self, what: &str, mut ready: impl FnMut() -> bool) -> Result<()> {
        let started = Instant::now();
        while !ready() {
            if let Some(status) = self.child.try_wait().context("lost sight of a program")? {
                bail!("{} ended at once ({status}): {}", self.name, self.said());
            }
            if self.signals.any() {
                bail!("interrupted");
            }
            if started.elapsed() > PATIENCE {
                bail!(
                    "{what} was not there within {} s: {}",
                    PATIENCE.as_secs(),
                    self.said()
                );
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn said(&self) -> String {
        tail(&self.log, 1500).trim().to_owned()
    }
}

fn spawn(name: &str, command: &mut Command) -> Result<Child> {
    command
        .spawn()
        .with_context(|| format!("could not start {name}"))
}

/// Whether a program says of itself that it is well.
pub(super) fn is_well(port: u16, path: &str) -> bool {
    let request = Request {
        port,
        method: "GET",
        path,
        authorization: "",
        body: "",
    };
    matches!(request.send(), Ok((200, _)))
}
