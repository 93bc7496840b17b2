//! Running a program to its end, to its time-out or to Ctrl-C, with its output in a log file.
//!
//! Every program runs in a process group of its own: when its time is over, the whole group is
//! asked to stop and then stopped, so that no compiler or test server outlives us. It gets no
//! standard input.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt::Interrupt;

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long a group that was asked to stop may take before it is stopped.
const GRACE: Duration = Duration::from_secs(5);

/// How a program came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// By us, because it took longer than allowed.
    OverTime,
    /// By us, because somebody pressed Ctrl-C.
    Interrupted,
}

impl Ended {
    pub(crate) fn success(&self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }

    /// What to tell about an end that was not a success.
    pub(crate) fn reason(&self, limit: Duration) -> String {
        match self {
            Self::Exited(status) => match status.code() {
                Some(code) => format!("exit code {code}"),
                None => format!("ended by a signal ({status})"),
            },
            Self::OverTime => format!("took longer than its {} s", limit.as_secs()),
            Self::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// Where the output goes: both streams into `log`, or standard output apart into `stdout`.
pub(crate) struct Logs<'a> {
    pub(crate) log: &'a Path,
    pub(crate) stdout: Option<&'a Path>,
}

/// Runs a program to its end; `progress` gets the last line it wrote, now and then.
pub(crate) fn run(
    mut command: Command,
    logs: &Logs<'_>,
    limit: Duration,
    interrupt: &Interrupt,
    progress: &dyn Fn(&str),
) -> Result<Ended> {
    let log = create(logs.log)?;
    let stdout = match logs.stdout {
        Some(path) => create(path)?,
        None => log.try_clone().context("could not share the log")?,
    };
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(log)
        .process_group(0)
        .spawn()
        .with_context(|| format!("could not start {name}"))?;
    let started = Instant::now();
    let mut shown = Instant::now();
    loop {
        if let Some(status) = child
            .try_wait()
            .with_context(|| format!("lost sight of {name}"))?
        {
            return Ok(Ended::Exited(status));
        }
        if interrupt.asked() {
            stop(&mut child);
            return Ok(Ended::Interrupted);
        }
        if started.elapsed() >= limit {
            stop(&mut child);
            return Ok(Ended::OverTime);
        }
        if shown.elapsed() >= Duration::from_millis(500) {
            shown = Instant::now();
            progress(&last_line(logs.log));
        }
        std::thread::sleep(LOOK);
    }
}

/// Asks the child's whole group to stop, and stops it when it does not.
pub(crate) fn stop(child: &mut Child) {
    let group = Pid::from_child(child);
    let _ = kill_process_group(group, Signal::TERM);
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        if let Ok(Some(_)) = child.try_wait() {
            break;
        }
        std::thread::sleep(LOOK);
    }
    // Also when the child itself went at once: those it started may not have.
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

fn create(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not create {}", folder.display()))?;
    }
    // Two writers share the file, so each write has to go to its end.
    let _ = std::fs::remove_file(path);
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("could not create {}", path.display()))
}

fn last_line(path: &Path) -> String {
    tail(path, 400)
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}

/// The last bytes of a file as text; empty when it cannot be read.
pub(crate) fn tail(path: &Path, bytes: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        Ok(text)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn ended(script: &str, limit: Duration, interrupt: &Interrupt) -> (Ended, String) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("logs/it.log");
        let logs = Logs {
            log: &log,
            stdout: None,
        };
        let ended = run(shell(script), &logs, limit, interrupt, &|_| ()).unwrap();
        (ended, tail(&log, 1000))
    }

    #[test]
    fn both_streams_reach_the_log() {
        let (ended, log) = ended(
            "echo one; echo two >&2",
            Duration::from_secs(20),
            &Interrupt::default(),
        );
        assert!(ended.success());
        assert_eq!(log, "one\ntwo\n");
    }

    #[test]
    fn a_failure_tells_its_exit_code() {
        let (ended, _) = ended("exit 7", Duration::from_secs(20), &Interrupt::default());
        assert_eq!(ended.reason(Duration::ZERO), "exit code 7");
    }

    #[test]
    fn over_time_stops_the_whole_group() {
        let script = "sleep 600 & echo $!; wait";
        let (ended, log) = ended(script, Duration::from_millis(300), &Interrupt::default());
        assert_eq!(ended, Ended::OverTime);
        let grandchild = format!("/proc/{}/cmdline", log.trim());
        let alive = std::fs::read_to_string(grandchild).unwrap_or_default();
        assert_eq!(alive, "", "the grandchild still runs");
    }

    #[test]
    fn an_interrupt_stops_the_program() {
        let interrupt = Interrupt::default();
        interrupt.raise();
        let (ended, _) = ended("sleep 600", Duration::from_secs(20), &interrupt);
        assert_eq!(ended, Ended::Interrupted);
    }
}
