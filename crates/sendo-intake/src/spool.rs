//! Takes in what the hooks of a local forge left behind.
//!
//! Each ref that moved becomes one delivery in GitHub's shape. A file is removed only after all of
//! it is stored, so a crash in between makes duplicates, which the store tells apart by the file's
//! name. Watching is only for speed: the folder is read at every look, watched or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use sendo_core::names::{ForgeName, Repository};
use sendo_git::{BareRepository, GitError, RefMove, SPOOL_FOLDER, SpoolContent, SpoolEntry};
use sendo_store::{NewDelivery, StoreError};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::api::Intake;

/// Reads at most this many files of one repository at a time.
const AT_ONCE: usize = 200;

/// A repository of a local forge whose spool is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spooled {
    /// Its name.
    pub repository: Repository,
    /// The bare repository's folder.
    pub path: PathBuf,
}

/// Stores everything one repository's spool holds; gives how many deliveries that were.
///
/// # Errors
/// [`StoreError`] when the store refuses; the files stay. Trouble with a file is a delivery in
/// quarantine, not an error.
pub async fn drain(intake: &Intake, spooled: &Spooled) -> Result<usize, StoreError> {
    let Ok(repository) = BareRepository::open(&spooled.path).await else {
        return Ok(0);
    };
    let entries = match repository.read_spool(AT_ONCE) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!(repository = %spooled.repository, %error, "the spool cannot be read");
            return Ok(0);
        }
    };
    let mut stored = 0;
    for entry in entries {
        let deliveries = deliveries(&spooled.repository, &repository, &entry).await;
        let count = deliveries.len();
        for delivery in deliveries {
            intake.accept(delivery).await?;
        }
        // Only what is gone counts as work done: what stays would be found again at once.
        match entry.remove() {
            Ok(()) => stored += count,
            Err(error) => {
                tracing::warn!(repository = %spooled.repository, %error, "a spooled push is stored but cannot be removed");
            }
        }
    }
    Ok(stored)
}

/// The source under which a local forge's deliveries are stored.
#[must_use]
pub fn source(forge: &ForgeName) -> String {
    format!("forge:{forge}")
}

async fn deliveries(
    on: &Repository,
    repository: &BareRepository,
    entry: &SpoolEntry,
) -> Vec<NewDelivery> {
    let file = file_name(&entry.path);
    let delivery = |n: usize, name: &str, body: Vec<u8>| NewDelivery {
        source: source(&on.forge),
        dedup: format!("{}/{file}/{n}", on.path),
        name: name.to_owned(),
        body,
        by: None,
    };
    match &entry.content {
        SpoolContent::Malformed { raw, .. } => vec![delivery(0, "push", raw.clone())],
        SpoolContent::Moves(moves) => {
            let mut all = Vec::with_capacity(moves.len());
            for (n, moved) in moves.iter().enumerate() {
                let (name, body) = payload(on, repository, moved).await;
                all.push(delivery(n, name, body.to_string().into_bytes()));
            }
            all
        }
    }
}

async fn payload(
    on: &Repository,
    repository: &BareRepository,
    moved: &RefMove,
) -> (&'static str, Value) {
    let name = moved.name.as_str();
    let full_name = json!({"full_name": on.path});
    if let Some(number) = name
        .strip_prefix("refs/sendo/changes/")
        .and_then(|rest| rest.split('/').next())
        && let Ok(number) = number.parse::<u64>()
    {
        return ("change", json!({"number": number, "repository": full_name}));
    }
    if let Some(sha) = name.strip_prefix("refs/sendo/checks/") {
        return ("check", json!({"sha": sha, "repository": full_name}));
    }
    let text = |oid: Option<sendo_git::Oid>| oid.map(|oid| oid.to_string());
    let mut body = json!({
        "ref": name,
        "before": text(moved.old),
        "after": text(moved.new),
        "deleted": moved.new.is_none(),
        "repository": full_name,
    });
    if name.starts_with("refs/tags/")
        && let Ok(entries) = repository.refs(&[name]).await
        && let Some(entry) = entries.iter().find(|entry| entry.name == moved.name)
    {
        body["head_commit"] = json!({"id": entry.commit.map(|oid| oid.to_string())});
    }
    ("push", body)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Makes a repository's pushes heard: installs the hook and the folder it spools to.
///
/// # Errors
/// When the repository is not there, or its folder cannot be written.
pub async fn prepare(spooled: &Spooled) -> Result<(), GitError> {
    let repository = BareRepository::open(&spooled.path).await?;
    repository.install_hook().await
}

/// Rings `bell` whenever something lands in one of the spools, as long as the watcher lives. `None`
/// when this machine cannot watch; the caller then only looks from time to time.
#[must_use]
pub fn watch(all: &[Spooled], bell: Arc<Notify>) -> Option<RecommendedWatcher> {
    let ring = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            bell.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(ring).ok()?;
    for spooled in all {
        let folder = spooled.path.join(SPOOL_FOLDER);
        if let Err(error) = watcher.watch(&folder, RecursiveMode::NonRecursive) {
            tracing::warn!(repository = %spooled.repository, %error, "the spool is not watched; it is read every few seconds");
        }
    }
    Some(watcher)
}
