//! How others publish one edit, by the git program: with a shallow clone, with a sparse one without
//! blobs, and from a warm cache. Each answers how many milliseconds it took.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::manifests::{feed, git};

/// `clone --depth=1`, edit in the work tree, commit, push.
pub(super) fn shallow(url: &str, folder: &Path, path: &str, round: usize) -> Result<f64> {
    let started = Instant::now();
    git(folder, &["clone", "-q", "--depth=1", url, "shallow"])?;
    let took = in_work_tree(&folder.join("shallow"), path, round, started);
    std::fs::remove_dir_all(folder.join("shallow")).context("could not remove a clone")?;
    took
}

/// The same without blobs, and only the folder of the file in the work tree.
pub(super) fn sparse(url: &str, folder: &Path, path: &str, round: usize) -> Result<f64> {
    let started = Instant::now();
    let clone = [
        "clone",
        "-q",
        "--depth=1",
        "--filter=blob:none",
        "--no-checkout",
        url,
        "sparse",
    ];
    git(folder, &clone)?;
    let clone = folder.join("sparse");
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    git(&clone, &["sparse-checkout", "set", "--cone", parent])?;
    git(&clone, &["checkout", "-q", "main"])?;
    let took = in_work_tree(&clone, path, round, started);
    std::fs::remove_dir_all(&clone).context("could not remove a clone")?;
    took
}

fn in_work_tree(clone: &Path, path: &str, round: usize, started: Instant) -> Result<f64> {
    let file = clone.join(path);
    let text = std::fs::read_to_string(&file).context("the clone lacks the file")?;
    std::fs::write(&file, edited(&text, round)).context("could not edit the file")?;
    git(clone, &["commit", "-q", "-a", "-m", "Deploy"])?;
    git(clone, &["push", "-q", "origin", "main"])?;
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

/// A bare cache for [`warm`], fetched once.
pub(super) fn cache(url: &str, folder: &Path) -> Result<()> {
    git(folder, &["clone", "-q", "--bare", "--depth=1", url, "warm"]).map(drop)
}

/// From a bare cache: fetch with depth 1, rewrite the trees along the path, push with a lease.
pub(super) fn warm(url: &str, folder: &Path, path: &str, round: usize) -> Result<f64> {
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
