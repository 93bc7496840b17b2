//! Go modules that a judge is built from, fetched before its suite so that a machine without a
//! network leaves the suite out instead of failing it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::context::Context;
use crate::process::{Logs, run, tail};

const LIMIT: Duration = Duration::from_secs(10 * 60);
/// Beside go.mod: modules that are read rather than built with, one a line.
const READ: &str = "modules.txt";

/// Fetches what the module in `folder` names; `Some` reason when it cannot be had.
pub(super) fn fetch(folder: &str, context: &Context<'_>) -> Result<Option<String>> {
    let folder = context.workspace.root().join(folder);
    let mut built_with = Command::new("go");
    built_with.args(["mod", "download"]).current_dir(&folder);
    let mut commands = vec![built_with];
    let read = std::fs::read_to_string(folder.join(READ)).unwrap_or_default();
    let read: Vec<&str> = read.split_whitespace().collect();
    if !read.is_empty() {
        let mut command = Command::new("go");
        // Outside of any module, where a version has to be named and is.
        command
            .args(["mod", "download"])
            .args(read)
            .current_dir(Path::new("/"));
        commands.push(command);
    }
    let log = context.log("go-modules");
    for command in commands {
        context.out.passing("fetching Go modules");
        let logs = Logs {
            log: &log,
            stdout: None,
        };
        let ended = run(command, &logs, LIMIT, context.interrupt, &|_| ())?;
        if !ended.success() {
            let said = tail(&log, 2000);
            let cause = said.lines().map(str::trim).rfind(|line| !line.is_empty());
            return Ok(Some(format!(
                "Go modules could not be fetched ({}; {})",
                ended.reason(LIMIT),
                cause.unwrap_or("no reason given")
            )));
        }
    }
    Ok(None)
}
