//! How others publish one edit, by the git program: with a shallow clone, with a sparse one without
//! blobs, and from a warm cache. Each is done by a run of this program of its own, so that what the
//! programs it started took of memory is theirs alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

use super::manifests::{feed, git};
use crate::out::Out;

const SHALLOW: &str = "shallow";
const SPARSE: &str = "sparse";

/// A way of others.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Way {
    /// `clone --depth=1`, edit in the work tree, commit, push.
    Shallow,
    /// The same without blobs, and only the folder of the file in the work tree.
    Sparse,
    /// From a bare cache: fetch with depth 1, rewrite the trees along the path, push with a lease.
    Warm,
}

/// One edit to publish.
#[derive(clap::Args)]
pub(super) struct Edit {
    /// How others publish it.
    #[arg(long, hide = true, requires = "url")]
    way: Option<Way>,
    /// The repository, as the git server offers it.
    #[arg(long, hide = true)]
    url: Option<String>,
    /// Where clones are made.
    #[arg(long, hide = true)]
    folder: Option<PathBuf>,
    /// The file that is edited.
    #[arg(long, hide = true)]
    path: Option<String>,
    /// What tells this edit from the others of its file.
    #[arg(long, hide = true)]
    round: Option<usize>,
}

/// What one edit took.
#[derive(Serialize, Deserialize)]
pub(super) struct Took {
    pub(super) ms: f64,
    /// The largest program that was started, of however many. A fork counts as large as we are, so
    /// this is never below some twenty.
    pub(super) peak_mib: f64,
}

impl Way {
    /// Removes what an edit left.
    pub(super) fn tidy(self, folder: &Path) -> Result<()> {
        let clone = match self {
            Self::Shallow => SHALLOW,
            Self::Sparse => SPARSE,
            Self::Warm => return Ok(()),
        };
        std::fs::remove_dir_all(folder.join(clone)).context("could not remove a clone")
    }

    /// Publishes an edit by a program of its own.
    pub(super) fn publish(
        self,
        url: &str,
        folder: &Path,
        path: &str,
        round: usize,
    ) -> Result<Took> {
        let way = clap::ValueEnum::to_possible_value(&self).context("a way of no name")?;
        let name = way.get_name();
        let output = Command::new(std::env::current_exe().context("who are we?")?)
            .args(["bench", "publish", "--way", name, "--url", url])
            .args(["--path", path, "--round", &round.to_string(), "--folder"])
            .arg(folder)
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("could not start ourselves")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{name} failed: {}", said.trim());
        serde_json::from_slice(&output.stdout).context("it told no JSON")
    }
}

/// What [`Way::publish`] starts; `None` where no edit is asked for.
pub(super) fn inside(edit: &Edit, out: &Out) -> Option<Result<()>> {
    let Edit {
        way: Some(way),
        url: Some(url),
        folder: Some(folder),
        path: Some(path),
        round: Some(round),
    } = edit
    else {
        return None;
    };
    let done = match way {
        Way::Shallow => shallow(url, folder, path, *round),
        Way::Sparse => sparse(url, folder, path, *round),
        Way::Warm => warm(url, folder, path, *round),
    };
    Some(done.and_then(|ms| {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("how much did they take?")?;
        // The kernel counts it in KiB.
        let peak_mib = usage.max_rss() as f64 / 1024.0;
        out.line(&serde_json::to_string(&Took { ms, peak_mib })?);
        Ok(())
    }))
}

fn shallow(url: &str, folder: &Path, path: &str, round: usize) -> Result<f64> {
    let started = Instant::now();
    git(folder, &["clone", "-q", "--depth=1", url, SHALLOW])?;
    in_work_tree(&folder.join(SHALLOW), path, round, started)
}

fn sparse(url: &str, folder: &Path, path: &str, round: usize) -> Result<f64> {
    let started = Instant::now();
    let clone = [
        "clone",
        "-q",
        "--depth=1",
        "--filter=blob:none",
        "--no-checkout",
        url,
        SPARSE,
    ];
    git(folder, &clone)?;
    let clone = folder.join(SPARSE);
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    git(&clone, &["sparse-checkout", "set", "--cone", parent])?;
    git(&clone, &["checkout", "-q", "main"])?;
    in_work_tree(&clone, path, round, started)
}

fn in_work_tree(clone: &Path, path: &str, round: usize, started: Instant) -> Result<f64> {
    let file = clone.join(path);
    let text = std::fs::read_to_string(&file).context("the clone lacks the file")?;
    std::fs::write(&file, edited(&text, round)).context("could not edit the file")?;
    git(clone, &["commit", "-q", "-a", "-m", "Deploy"])?;
    git(clone, &["push", "-q", "origin", "main"])?;
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

/// A bare cache for [`Way::Warm`], fetched once.
pub(super) fn cache(url: &str, folder: &Path) -> Result<()> {
    git(folder, &["clone", "-q", "--bare", "--depth=1", url, "warm"]).map(drop)
}

fn warm(url: &str, folder: &Path, path: &str, round: usize) -> Result<f64> {
    let cache = folder.join("warm");
    let started = Instant::now();
    git(&cache, &["fetch", "-q", "--depth=1", url, "+main:main"])?;
    let base = git(&cache, &["rev-parse", "main"])?;
    let text = git(&cache, &["cat-file", "blob", &format!("{base}:{path}")])?;
    let blob = ["hash-object", "-w", "--stdin"];
    let mut line = ("blob", feed(&cache, &blob, &edited(&text, round))?);
    let mut at = path;
    while !at.is_empty() {
        let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
        let listing = git(&cache, &["ls-tree", &format!("{base}:{parent}")])?;
        let (kind, oid) = &line;
        let new: String = listing
            .lines()
            .map(|old| match old.split_once('\t') {
                Some((head, found)) if found == name => {
                    let mode = head.split(' ').next().unwrap_or_default();
                    format!("{mode} {kind} {oid}\t{name}\n")
                }
                _ => format!("{old}\n"),
            })
            .collect();
        line = ("tree", feed(&cache, &["mktree", "--missing"], &new)?);
        at = parent;
    }
    let new = git(
        &cache,
        &["commit-tree", "-m", "Deploy", "-p", &base, &line.1],
    )?;
    let (lease, refs) = (
        format!("--force-with-lease=main:{base}"),
        format!("{new}:refs/heads/main"),
    );
    git(&cache, &["push", "-q", &lease, url, &refs])?;
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

fn edited(text: &str, round: usize) -> String {
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    format!("# edited by another {round}\n{}\n", rest.trim_end())
}
