//! The command of a run: its environment, the signals that are handed to it, its end.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

use super::services::Services;
use super::stage::Stage;
use crate::out::Out;

/// How often we look whether something ended.
const LOOK: Duration = Duration::from_millis(10);
/// What a shell answers for a command that is not there, and for one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;
/// What tells a command about a part; none of them is handed on from outside.
const OURS: [&str; 7] = [
    "KUBECONFIG",
    "GITEA_URL",
    "GITEA_ADMIN_TOKEN",
    "GITEA_PROPOSE_TOKEN",
    "GITEA_APPROVE_TOKEN",
    "DATABASE_URL",
    "TESTBED_SERVICES",
];
/// There is no way out of the run's network, so a proxy is nowhere.
const PROXIES: [&str; 6] = [
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
];

/// What the command is told about the parts.
pub(super) struct Environment(Vec<(&'static str, OsString)>);

impl Environment {
    pub(super) fn new(stage: &Stage) -> Self {
        let kubectl = stage.folder.join("kubectl-cache");
        Self(vec![
            ("PATH", stage.path()),
            // Every run's API server has the same address, so what kubectl notes of one is wrong for
            // the next.
            ("KUBECACHEDIR", kubectl.into_os_string()),
        ])
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl AsRef<OsStr>) {
        self.0.push((name, value.as_ref().to_owned()));
    }

    fn apply(&self, command: &mut Command) {
        for name in OURS.iter().chain(&PROXIES) {
            command.env_remove(name);
        }
        for (name, value) in &self.0 {
            command.env(name, value);
        }
    }
}

/// Runs the command to its end; gives its exit code, as a shell would tell it.
pub(super) fn run(
    command: &[OsString],
    environment: &Environment,
    stage: &Stage,
    services: &mut Services,
    out: &Out,
) -> Result<u8> {
    let (program, arguments) = command.split_first().context("no command was given")?;
    let mut command = Command::new(program);
    command.args(arguments);
    environment.apply(&mut command);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            out.line(&format!(
                "testbed: could not run {}: {error}",
                program.to_string_lossy()
            ));
            return Ok(match error.kind() {
                ErrorKind::NotFound => NOT_FOUND,
                _ => NOT_RUNNABLE,
            });
        }
    };
    let child = Pid::from_child(&child);
    loop {
        // As the first process of a namespace we inherit everybody's orphans.
        while let Ok(Some((ended, status))) = wait(WaitOptions::NOHANG) {
            if ended == child {
                return Ok(code(status.exit_status(), status.terminating_signal()));
            }
            services.ended(
                ended,
                code(status.exit_status(), status.terminating_signal()),
                out,
            );
        }
        services.obey(out);
        while let Some(signal) = stage.signals.take() {
            let handed_on = match signal {
                // From a terminal, which sends it to the command as well.
                Signal::INT => continue,
                // How the half outside writes an interrupt that did not come from there.
                Signal::USR1 => Signal::INT,
                other => other,
            };
            // It may have ended by itself meanwhile.
            let _ = kill_process(child, handed_on);
        }
        std::thread::sleep(LOOK);
    }
}

fn code(exit: Option<i32>, signal: Option<i32>) -> u8 {
    let code = exit.or(signal.map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
