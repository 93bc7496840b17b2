//! The programs of a run by name, for a command that kills them and has them started again.
//!
//! There is a folder with a folder for each: `pid` lies in it while it runs. An order is an empty file,
//! `kill` or `start`, which is gone once it was carried out: a shell can give it, and wait for it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use super::daemon::Daemon;
use super::stage::Stage;
use crate::out::Out;

const PID: &str = "pid";
const KILL: &str = "kill";
const START: &str = "start";

/// What runs, and what was ordered.
pub(super) struct Services {
    folder: PathBuf,
    all: Vec<Service>,
}

struct Service {
    daemon: Daemon,
    folder: PathBuf,
    runs: bool,
}

impl Services {
    /// Makes the folder, in which orders are taken from now on.
    pub(super) fn offer(daemons: Vec<Daemon>, stage: &Stage) -> Result<Self> {
        let folder = stage.folder.join("services");
        std::fs::create_dir(&folder).context("could not make the folder of services")?;
        let mut all = Vec::new();
        for daemon in daemons {
            let folder = folder.join(daemon.name);
            std::fs::create_dir(&folder).context("could not make the folder of a service")?;
            let service = Service {
                daemon,
                folder,
                runs: true,
            };
            service.note()?;
            all.push(service);
        }
        Ok(Self { folder, all })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A process is no more; when it was one of ours and nobody ordered that, it is told.
    pub(super) fn ended(&mut self, process: Pid, code: u8, out: &Out) {
        let is_it = |service: &&mut Service| service.runs && service.id() == process;
        let Some(service) = self.all.iter_mut().find(is_it) else {
            return;
        };
        service.runs = false;
        service.remove(PID);
        if service.has(KILL) {
            service.remove(KILL);
        } else {
            out.line(&format!(
                "testbed: {} ended while the command runs (exit code {code})",
                service.daemon.name
            ));
        }
    }

    /// Does what was ordered.
    pub(super) fn obey(&mut self, out: &Out) {
        for service in &mut self.all {
            if service.has(KILL) {
                service.kill();
            } else if service.has(START)
                && let Err(error) = service.start()
            {
                out.line(&format!("testbed: {error:#}"));
            }
        }
    }
}

impl Service {
    fn id(&self) -> Pid {
        Pid::from_child(&self.daemon.child)
    }

    fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }

    fn remove(&self, file: &str) {
        // Somebody may have taken the order back.
        let _ = std::fs::remove_file(self.folder.join(file));
    }

    fn note(&self) -> Result<()> {
        let id = self.id().as_raw_pid().to_string();
        std::fs::write(self.folder.join(PID), id).context("could not note a process id")
    }

    /// With whatever it started, as a container is killed; the order stands until its end was seen.
    fn kill(&self) {
        if self.runs {
            // It may have ended by itself meanwhile.
            let _ = kill_process_group(self.id(), Signal::KILL);
        } else {
            self.remove(KILL);
        }
    }

    fn start(&mut self) -> Result<()> {
        if !self.runs {
            let started = self.daemon.start_again();
            self.runs = started.is_ok();
            let noted = started.and_then(|()| self.note());
            self.remove(START);
            return noted;
        }
        self.remove(START);
        Ok(())
    }
}
