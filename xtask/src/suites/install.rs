//! `--install`: system packages that are missing, through apt.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::geteuid;

use super::machine::Machine;
use crate::interrupt::Interrupt;
use crate::out::Out;
use crate::process::{Logs, run, tail};

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Installs what the machine lacks and a package can bring; says so.
pub(super) fn install(machine: &Machine, interrupt: &Interrupt, out: &Out) -> Result<()> {
    let packages = packages(machine);
    if packages.is_empty() {
        return Ok(());
    }
    out.line(&format!("installing {}", packages.join(", ")));
    apt(&["update"], interrupt, out)?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments, interrupt, out)
}

fn packages(machine: &Machine) -> Vec<&'static str> {
    let wanted = [
        ("git", machine.git),
        ("nodejs", machine.node),
        ("npm", machine.node),
        ("chromium", machine.chromium),
        // Without it Japanese pages are pictures of empty boxes.
        ("fonts-noto-cjk", machine.chromium),
        // The one the committed pictures of pages are drawn with.
        ("fonts-dejavu-core", machine.chromium),
        ("postgresql", machine.postgres.is_some()),
    ];
    wanted
        .into_iter()
        .filter(|(_, there)| !there)
        .map(|(package, _)| package)
        .chain(machine.testbed.iter().copied())
        .collect()
}

fn apt(arguments: &[&str], interrupt: &Interrupt, out: &Out) -> Result<()> {
    let mut command = if geteuid().is_root() {
        Command::new("apt-get")
    } else {
        let mut command = Command::new("sudo");
        command.args(["--non-interactive", "apt-get"]);
        command
    };
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    let folder = tempfile::tempdir().context("could not make a folder")?;
    let log = folder.path().join("apt.log");
    let logs = Logs {
        log: &log,
        stdout: None,
    };
    let ended = run(command, &logs, LIMIT, interrupt, &|line| out.passing(line))?;
    if !ended.success() {
        let said = tail(&log, 1000);
        bail!(
            "apt-get {} failed ({}): {}",
            arguments[0],
            ended.reason(LIMIT),
            said.trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        let bare = Machine::default();
        assert_eq!(
            packages(&bare),
            [
                "git",
                "nodejs",
                "npm",
                "chromium",
                "fonts-noto-cjk",
                "fonts-dejavu-core",
                "postgresql"
            ]
        );
        let whole = Machine {
            git: true,
            node: true,
            chromium: true,
            postgres: Some("/usr/bin".into()),
            testbed: vec!["redis-server"],
            ..Machine::default()
        };
        assert_eq!(packages(&whole), ["redis-server"]);
    }
}
