//! Whether the Markdown files speak of things that exist.
//!
//! Checked: links to files and headings of this repository, code spans that look like paths of
//! this repository, and words that mark unfinished text. Addresses outside are left alone: their
//! health is not ours, and a check must give the same answer without a network.

mod markdown;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use crate::Findings;
use markdown::Page;

/// Folders whose Markdown is not ours to check: built, vendored, or material of tests.
const PASSED_OVER: &[&str] = &[
    "target",
    "node_modules",
    "fixtures",
    "snapshots",
    "testdata",
];
/// A code span that starts like this names a file or folder of this repository.
const OWN_PATHS: &[&str] = &["crates/", "docs/", "xtask/", ".ci/", ".cargo/"];
/// What a path in prose may hold when it stands for many.
const PATTERN: &[char] = &['*', '<', '{', '…', ' ', '$'];

/// Reads every Markdown file below `root` and tells what is broken.
pub(crate) fn check(root: &Path) -> Result<Findings> {
    let mut files = Vec::new();
    collect(root, root, &mut files)?;
    let mut pages = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(root.join(&file))
            .with_context(|| format!("could not read {}", file.display()))?;
        pages.insert(file, Page::read(&text));
    }
    let mut findings = Findings::default();
    for (file, page) in &pages {
        look(root, file, page, &pages, &mut findings.breaches);
    }
    Ok(findings)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("could not list {}", folder.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("could not list {}", folder.display()))?
            .path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            let hidden = name.starts_with('.') && name != ".ci";
            if !hidden && !PASSED_OVER.contains(&name.as_str()) {
                collect(root, &path, files)?;
            }
        } else if name.ends_with(".md") {
            files.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
        }
    }
    Ok(())
}

fn look(
    root: &Path,
    file: &Path,
    page: &Page,
    pages: &BTreeMap<PathBuf, Page>,
    found: &mut Vec<String>,
) {
    let shown = file.display();
    for (line, destination) in &page.links {
        if let Some(wrong) = broken(root, file, destination, pages) {
            found.push(format!("{shown}:{line}: {wrong}"));
        }
    }
    for (line, span) in &page.code_spans {
        let path = span.trim_end_matches('/');
        let own = OWN_PATHS.iter().any(|start| span.starts_with(start));
        if own && !span.contains(PATTERN) && !root.join(path).exists() {
            found.push(format!("{shown}:{line}: `{span}` does not exist"));
        }
    }
    for (line, word) in &page.unfinished {
        found.push(format!("{shown}:{line}: unfinished text ({word})"));
    }
}

/// What is wrong with a link, if anything.
fn broken(
    root: &Path,
    file: &Path,
    destination: &str,
    pages: &BTreeMap<PathBuf, Page>,
) -> Option<String> {
    let scheme = destination
        .split(['/', '#', '?'])
        .next()
        .is_some_and(|start| start.contains(':'));
    if scheme || destination.starts_with("//") {
        return None;
    }
    let (path, anchor) = match destination.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (destination, None),
    };
    let target = if path.is_empty() {
        file.to_owned()
    } else if let Some(from_root) = path.strip_prefix('/') {
        PathBuf::from(from_root)
    } else {
        let folder = file.parent().unwrap_or(Path::new(""));
        match flat(&folder.join(path)) {
            Some(target) => target,
            None => return Some(format!("{destination} leads out of the repository")),
        }
    };
    if !root.join(&target).exists() {
        return Some(format!("{destination} does not exist"));
    }
    let anchors: &BTreeSet<String> = &pages.get(&target)?.anchors;
    let anchor = anchor.filter(|anchor| !anchor.is_empty())?;
    (!anchors.contains(anchor)).then(|| format!("{destination}: no such heading"))
}

/// The path without `.` and `..`; `None` when it climbs above its start.
fn flat(path: &Path) -> Option<PathBuf> {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                if !flat.pop() {
                    return None;
                }
            }
            Component::Normal(name) => flat.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(flat)
}

#[cfg(test)]
mod tests;
