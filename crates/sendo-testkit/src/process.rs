//! A server as a child process. It never outlives the test: dropping it kills it by its id.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{http, wait};

/// How long a server may take to listen, on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end when asked.
const END: Duration = Duration::from_secs(40);

/// A look at the board does not wait longer, as the server may be stopped.
const GLANCE: Duration = Duration::from_secs(1);

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    address: Option<SocketAddr>,
}

impl Server {
    /// Starts a program that says `listening on http://ADDRESS` on standard error, which goes to
    /// a file.
    #[must_use]
    pub fn start(mut command: Command, log: &Path) -> Self {
        let file = std::fs::File::create(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        Self {
            child,
            log: log.to_owned(),
            address: None,
        }
    }

    /// Where it listens, once it does.
    pub fn address(&mut self) -> Option<SocketAddr> {
        if self.address.is_none() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            self.address = log.lines().find_map(|line| {
                let told = line.split_once("listening on http://")?.1;
                told.trim().parse().ok()
            });
        }
        self.address
    }

    /// Waits until it listens or is no more; true when it listens.
    pub fn came_up(&mut self) -> bool {
        let up = wait::until("the server starts", START, || {
            if self.has_ended() {
                return Some(false);
            }
            self.address().map(|_| true)
        });
        up.unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }

    /// Reads from it; `None` while it does not answer.
    pub fn get(&mut self, path: &str) -> Option<Value> {
        http::get_within(GLANCE, self.address()?, path).ok()
    }

    /// Whether the process is no more.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// `None` while it runs; then its exit code, if it was not killed.
    pub fn exit(&mut self) -> Option<Option<i32>> {
        let status = self.child.try_wait().unwrap();
        status.map(|status| status.code())
    }

    /// Whether it is stopped by a signal, as a process that sleeps through its lease is.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        stat.unwrap_or_default()
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// What it wrote to standard error.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal to this one process.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _ = kill_process(id.unwrap(), signal);
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end and waits for that; gives its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        let ended = wait::until("the server ends", END, || self.child.try_wait().unwrap());
        ended.ok().and_then(|status| status.code())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ids of processes whose environment or arguments name a folder: whatever a test left running.
#[must_use]
pub fn at_work_in(folder: &Path) -> Vec<u32> {
    let needle = folder.to_string_lossy().into_owned();
    let names = |id: u32, file: &str| {
        let bytes = std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(&needle)
    };
    let entries = std::fs::read_dir("/proc").unwrap();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|id| *id != std::process::id())
        .filter(|id| names(*id, "environ") || names(*id, "cmdline"))
        .collect()
}
