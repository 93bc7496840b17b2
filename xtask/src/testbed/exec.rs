//! `cargo xtask testbed exec`: the half outside of the namespaces.
//!
//! Builds what is missing, starts the half inside (`inside`, the first process of the namespaces)
//! and stands between it and whoever called: signals go in, the exit status comes out. When this
//! process is gone, however it went, the kernel ends everything inside.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;

use super::build::Builder;
use super::inside::plan::{Given, Plan};
use super::part::Part;
use super::possible;
use super::signals::Signals;
use crate::interrupt;

/// How often the run is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Runs `command` with `parts` around it; its exit status is ours.
pub(super) fn run(named: &[Part], command: &[OsString], builder: &Builder<'_>) -> Result<ExitCode> {
    let parts = Part::with_what_they_need(named);
    let programs: Vec<_> = parts.iter().flat_map(|part| part.programs()).collect();
    if let Some(reason) = possible::lacks(&parts, builder.places) {
        bail!("the testbed cannot run here: {reason}");
    }
    builder.build(&programs)?;
    if builder.interrupt.asked() {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    let plan = plan(&parts, builder)?;
    let signals = Signals::listen(&[Signal::INT, Signal::TERM, Signal::HUP])?;
    let mut child = start(&plan, command)?;
    let status = wait(&mut child, &signals)?;
    Ok(ExitCode::from(code(status)))
}

fn plan(parts: &[Part], builder: &Builder<'_>) -> Result<Plan> {
    let mut programs = Vec::new();
    for program in parts.iter().flat_map(|part| part.programs()) {
        let found = builder
            .places
            .find(program)
            .with_context(|| format!("{} went away while we looked", program.name))?;
        programs.push(Given {
            name: program.name.to_owned(),
            path: found.path,
            built: found.built,
        });
    }
    Ok(Plan {
        parts: parts.to_vec(),
        programs,
        logs: builder.workspace.target().join("xtask/testbed"),
    })
}

fn start(plan: &Plan, command: &[OsString]) -> Result<Child> {
    let plan = serde_json::to_string(plan).context("could not write down the plan of the run")?;
    let mut inside = possible::namespaces();
    inside
        .arg(ourselves()?)
        .args(["testbed", "inside", &plan, "--"])
        .args(command);
    // What a terminal sends goes to the whole group that it has in front, the command included. In
    // any other case the command gets a signal from us, and once.
    if !in_front() {
        inside.process_group(0);
    }
    inside.spawn().context("could not start setpriv")
}

/// This program, also after another build took its place.
fn ourselves() -> Result<PathBuf> {
    let path = std::env::current_exe().context("could not find the running program")?;
    let shown = path.to_string_lossy();
    Ok(shown
        .strip_suffix(" (deleted)")
        .map_or_else(|| path.clone(), PathBuf::from))
}

/// Whether a terminal sends its signals to our group.
fn in_front() -> bool {
    tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == getpgrp())
}

fn wait(child: &mut Child, signals: &Signals) -> Result<ExitStatus> {
    let mut waiting = Vec::new();
    loop {
        if let Some(status) = child.try_wait().context("lost sight of the run")? {
            return Ok(status);
        }
        while let Some(signal) = signals.take() {
            match signal {
                // The half inside hears a terminal, too, and must not take that for us.
                Signal::INT if in_front() => {}
                Signal::INT => waiting.push(Signal::USR1),
                other => waiting.push(other),
            }
        }
        if !waiting.is_empty()
            && let Some(first) = only_child(child.id())
        {
            // One that came before the half inside listens would be lost.
            waiting.retain(|signal| {
                let heard = listens(first, *signal);
                // It may have ended by itself meanwhile.
                let _ = heard.then(|| kill_process(first, *signal));
                !heard
            });
        }
        std::thread::sleep(LOOK);
    }
}

fn listens(process: Pid, signal: Signal) -> bool {
    let status = format!("/proc/{}/status", process.as_raw_pid());
    let status = std::fs::read_to_string(status).unwrap_or_default();
    catches(&status, signal.as_raw())
}

/// Whether `/proc/PID/status` says that a signal is caught.
fn catches(status: &str, signal: i32) -> bool {
    let caught = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// The one child of a process: unshare forks once, and hands on no signals.
fn only_child(parent: u32) -> Option<Pid> {
    let entries = std::fs::read_dir("/proc").ok()?;
    entries.flatten().find_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        if parent_in(&stat)? != parent {
            return None;
        }
        Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)
    })
}

/// The parent in `/proc/PID/stat`; the name before it is in parentheses and may hold anything.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

/// The exit code, or what shells make of a signal.
fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The command that runs another one around which these parts are.
pub(crate) fn around(
    parts: &[Part],
    command: &std::process::Command,
) -> Result<std::process::Command> {
    let mut exec = std::process::Command::new(ourselves()?);
    exec.args(["testbed", "exec", "--with"])
        .arg(
            parts
                .iter()
                .map(|part| part.name())
                .collect::<Vec<_>>()
                .join(","),
        )
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => exec.env(name, value),
            None => exec.env_remove(name),
        };
    }
    exec.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    Ok(exec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_read_past_a_name_that_looks_like_anything() {
        assert_eq!(parent_in("7 (a) S 1) R 42 7 7 0 -1"), Some(42));
        assert_eq!(parent_in("7 gone"), None);
    }

    #[test]
    fn signals_that_are_caught_are_read_from_the_mask() {
        let status = "Name:\tsh\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000004002\n";
        assert!(catches(status, 2) && catches(status, 15) && !catches(status, 1));
        assert!(!catches("", 2));
    }

    #[test]
    fn an_exit_code_is_handed_on_and_a_signal_reads_as_in_a_shell() {
        assert_eq!(code(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(code(ExitStatus::from_raw(9)), 137);
    }
}
