//! A real Chromium against the real program: Node modules at their locked versions, fetched before
//! the suite so that a machine without a network leaves it out instead of failing it, and the
//! command that runs the stories.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::context::Context;
use crate::process::{Logs, run, tail};

/// Where Debian's package puts it.
pub(crate) const CHROMIUM: &str = "/usr/bin/chromium";
/// What the modules that are locked run on.
pub(super) const OLDEST_NODE: u32 = 20;

const LIMIT: Duration = Duration::from_secs(5 * 60);
const LOCK: &str = "package-lock.json";
/// All that npm needs to know.
const FILES: [&str; 3] = ["package.json", LOCK, ".npmrc"];
const STORIES: &str = ".test.mjs";

/// Installs what the lock file in `folder` names below the target folder; `Err` reason when it
/// cannot be had.
pub(super) fn fetch(folder: &Path, context: &Context<'_>) -> Result<Result<PathBuf, String>> {
    let modules = context.workspace.target().join("xtask/browser-modules");
    // npm writes it last.
    let mark = modules.join("node_modules/.package-lock.json");
    let lock = std::fs::read(folder.join(LOCK)).context("the suite has no lock file")?;
    if mark.is_file() && std::fs::read(modules.join(LOCK)).is_ok_and(|there| there == lock) {
        return Ok(Ok(modules));
    }
    // What a failed fetch leaves is not what the new lock file names.
    let _ = std::fs::remove_file(&mark);
    std::fs::create_dir_all(&modules)
        .with_context(|| format!("could not create {}", modules.display()))?;
    for file in FILES {
        std::fs::copy(folder.join(file), modules.join(file))
            .with_context(|| format!("could not copy {file} to {}", modules.display()))?;
    }
    context.out.passing("browser: fetching Node modules");
    let log = context.log("browser-modules");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--prefer-offline", "--ignore-scripts"])
        .current_dir(&modules);
    let logs = Logs {
        log: &log,
        stdout: None,
    };
    let ended = run(npm, &logs, LIMIT, context.interrupt, &|_| ())?;
    if ended.success() {
        return Ok(Ok(modules));
    }
    let said = tail(&log, 2000);
    // npm names its own log last, and the cause before it.
    let cause = said
        .lines()
        .map(str::trim)
        .find(|line| line.contains("npm error"));
    Ok(Err(format!(
        "Node modules could not be fetched ({}; {})",
        ended.reason(LIMIT),
        cause.unwrap_or("no reason given")
    )))
}

/// Node's own test runner on every file of stories in `folder`.
pub(super) fn command(
    folder: &Path,
    modules: &Path,
    program: &Path,
    context: &Context<'_>,
) -> Result<Command> {
    let pictures = context.workspace.target().join("xtask/browser");
    std::fs::create_dir_all(&pictures)
        .with_context(|| format!("could not create {}", pictures.display()))?;
    let mut command = context.prepare(Command::new("node"));
    command
        .args(["--test", "--test-reporter=spec"])
        .args(stories(folder)?)
        .env("SENDO_BROWSER_PROGRAM", program)
        .env("SENDO_BROWSER_MODULES", modules)
        .env("SENDO_BROWSER_CHROMIUM", CHROMIUM)
        .env("SENDO_BROWSER_PICTURES", pictures);
    Ok(command)
}

fn stories(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("could not list {}", folder.display()))?;
    let mut stories: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(STORIES))
        .collect();
    // Without a file node would look for tests by itself, wherever it is.
    if stories.is_empty() {
        bail!("{} has no story ({STORIES})", folder.display());
    }
    stories.sort();
    Ok(stories)
}

/// The major version in what `node --version` prints.
pub(super) fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("nothing"), None);
    }

    #[test]
    fn stories_are_found_by_their_ending_and_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(stories(folder.path()).is_err());
        for name in ["b.test.mjs", "a.test.mjs", "stage.mjs"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = stories(folder.path()).unwrap();
        assert_eq!(
            found,
            ["a.test.mjs", "b.test.mjs"].map(|name| folder.path().join(name))
        );
    }
}
