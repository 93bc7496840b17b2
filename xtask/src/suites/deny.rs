//! cargo-deny at a pinned version, built once into a cache outside the target folder.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::context::Context;
use crate::process::{Logs, run, tail};
use crate::workspace::{cache, cargo};

const VERSION: &str = "0.20.2";
/// How long its build may take on two cores with nothing built before.
const BUILD: Duration = Duration::from_secs(15 * 60);

/// What is asked of every dependency in the lock file.
pub(super) const ARGUMENTS: &[&str] = &[
    "--all-features",
    "check",
    "--hide-inclusion-graph",
    "bans",
    "licenses",
    "sources",
];

/// The program, or the reason why it cannot be had.
pub(super) fn obtain(context: &Context<'_>) -> Result<Result<PathBuf, String>> {
    let folder = cache()?.join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(Ok(program));
    }
    context.out.passing("deny: building cargo-deny");
    let log = context.log("deny-install");
    let target = folder.join("build");
    let mut install = cargo();
    install
        .args([
            "install",
            "--locked",
            "cargo-deny",
            "--version",
            VERSION,
            "--root",
        ])
        .arg(&folder)
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(context.workspace.root());
    let logs = Logs {
        log: &log,
        stdout: None,
    };
    let ended = run(install, &logs, BUILD, context.interrupt, &|line| {
        context.out.passing(&format!("deny: {line}"));
    })?;
    if ended.success() && program.is_file() {
        let _ = std::fs::remove_dir_all(target);
        return Ok(Ok(program));
    }
    let said = tail(&log, 2000);
    // cargo tells the deepest cause last.
    let cause = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    Ok(Err(format!(
        "cargo-deny {VERSION} could not be fetched and built ({}; {})",
        ended.reason(BUILD),
        cause.unwrap_or("no reason given")
    )))
}
