//! kustomize at a pinned version, built once into the cache with Go.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::Bench;
use crate::process::{Logs, run, tail};
use crate::workspace::cache;

/// The version the judge of the manifest crate is built with.
const VERSION: &str = "v5.8.1";
const BUILD: Duration = Duration::from_secs(15 * 60);

/// The peer, or why it is not here.
pub(super) enum Kustomize {
    At(PathBuf),
    Missing(String),
}

/// The one in the cache, built if need be.
pub(super) fn obtain(bench: &Bench<'_>) -> Result<Kustomize> {
    let folder = cache()?.join(format!("kustomize-{VERSION}"));
    let program = folder.join("kustomize");
    if program.is_file() {
        return Ok(Kustomize::At(program));
    }
    if Command::new("go").arg("version").output().is_err() {
        return Ok(Kustomize::Missing("Go is not installed".to_owned()));
    }
    bench.out.passing("edit: building kustomize");
    let mut install = Command::new("go");
    install
        .arg("install")
        .arg(format!("sigs.k8s.io/kustomize/kustomize/v5@{VERSION}"))
        .env("GOBIN", &folder)
        // Outside of any module.
        .current_dir(Path::new("/"));
    let log = bench.workspace.target().join("xtask/kustomize.log");
    let logs = Logs {
        log: &log,
        stdout: None,
    };
    let ended = run(install, &logs, BUILD, bench.interrupt, &|_| ())?;
    if ended.success() && program.is_file() {
        return Ok(Kustomize::At(program));
    }
    let said = tail(&log, 2000);
    let cause = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    Ok(Kustomize::Missing(format!(
        "kustomize could not be built: {}; {}",
        ended.reason(BUILD),
        cause.unwrap_or("no reason given")
    )))
}
