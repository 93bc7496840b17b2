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

/// The spools of a server.
///
/// A repository that is made later, or cannot be prepared at once, is prepared at a later look.
#[derive(Debug)]
pub struct Spools {
    all: Vec<Spool>,
    /// Only for speed. `None` when this machine cannot watch folders.
    watcher: Option<RecommendedWatcher>,
}

#[derive(Debug)]
struct Spool {
    spooled: Spooled,
    repository: Option<BareRepository>,
    /// Its trouble was told once, and is over before it is told again.
    told: bool,
}

impl Spools {
    /// The spools of these repositories. `bell` rings when something lands in one that is watched.
    #[must_use]
    pub fn new(all: Vec<Spooled>, bell: Arc<Notify>) -> Self {
        let ring = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                bell.notify_one();
            }
        };
        let spool = |spooled| Spool {
            spooled,
            repository: None,
            told: false,
        };
        Self {
            all: all.into_iter().map(spool).collect(),
            watcher: notify::recommended_watcher(ring).ok(),
        }
    }

    /// Makes pushes heard: installs the hook and the folder it writes to, and watches that folder.
    /// Does nothing where that is done. Trouble is told to the log and the next call tries again;
    /// until then only the sweep notices what is pushed there.
    pub async fn prepare(&mut self) {
        for spool in &mut self.all {
            let heard = |repository: &BareRepository| repository.has_hook();
            if spool.repository.as_ref().is_some_and(heard) {
                continue;
            }
            match spool.prepare(self.watcher.as_mut()).await {
                Ok(repository) => {
                    spool.repository = Some(repository);
                    spool.told = false;
                }
                Err(error) => {
                    spool.repository = None;
                    if !std::mem::replace(&mut spool.told, true) {
                        tracing::warn!(repository = %spool.spooled.repository, %error, "pushes to it are only noticed by the sweep until this is mended");
                    }
                }
            }
        }
    }

    /// Stores everything the spools hold, and prepares what is not prepared; gives how many
    /// deliveries were stored.
    ///
    /// # Errors
    /// [`StoreError`] when the store refuses; the files stay. Trouble with a file is a delivery in
    /// quarantine, not an error.
    pub async fn drain(&mut self, intake: &Intake) -> Result<usize, StoreError> {
        self.prepare().await;
        let mut stored = 0;
        for spool in &self.all {
            if let Some(repository) = &spool.repository {
                stored += drain(intake, &spool.spooled.repository, repository).await?;
            }
        }
        Ok(stored)
    }
}

impl Spool {
    async fn prepare(
        &self,
        watcher: Option<&mut RecommendedWatcher>,
    ) -> Result<BareRepository, GitError> {
        let repository = BareRepository::open(&self.spooled.path).await?;
        repository.install_hook().await?;
        let folder = self.spooled.path.join(SPOOL_FOLDER);
        let watched = watcher.map(|watcher| watcher.watch(&folder, RecursiveMode::NonRecursive));
        if let Some(Err(error)) = watched {
            tracing::warn!(repository = %self.spooled.repository, %error, "the spool is not watched; it is read every few seconds");
        }
        Ok(repository)
    }
}

async fn drain(
    intake: &Intake,
    on: &Repository,
    repository: &BareRepository,
) -> Result<usize, StoreError> {
    let entries = match repository.read_spool(AT_ONCE) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!(repository = %on, %error, "the spool cannot be read");
            return Ok(0);
        }
    };
    let mut stored = 0;
    for entry in entries {
        let deliveries = match deliveries(on, repository, &entry).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                tracing::warn!(repository = %on, %error, "a spooled push waits for the next look");
                continue;
            }
        };
        let count = deliveries.len();
        for delivery in deliveries {
            intake.accept(delivery).await?;
        }
        // Only what is gone counts as work done: what stays would be found again at once.
        match entry.remove() {
            Ok(()) => stored += count,
            Err(error) => {
                tracing::warn!(repository = %on, %error, "a spooled push is stored but cannot be removed");
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
) -> Result<Vec<NewDelivery>, GitError> {
    let file = file_name(&entry.path);
    let delivery = |n: usize, name: &str, body: Vec<u8>| NewDelivery {
        source: source(&on.forge),
        dedup: format!("{}/{file}/{n}", on.path),
        name: name.to_owned(),
        body,
        by: None,
    };
    Ok(match &entry.content {
        SpoolContent::Malformed { raw, .. } => vec![delivery(0, "push", raw.clone())],
        SpoolContent::Moves(moves) => {
            let mut all = Vec::with_capacity(moves.len());
            for (n, moved) in moves.iter().enumerate() {
                let (name, body) = payload(on, repository, moved).await?;
                all.push(delivery(n, name, body.to_string().into_bytes()));
            }
            all
        }
    })
}

async fn payload(
    on: &Repository,
    repository: &BareRepository,
    moved: &RefMove,
) -> Result<(&'static str, Value), GitError> {
    let name = moved.name.as_str();
    let full_name = json!({"full_name": on.path});
    if let Some(number) = name
        .strip_prefix("refs/sendo/changes/")
        .and_then(|rest| rest.split('/').next())
        && let Ok(number) = number.parse::<u64>()
    {
        let body = json!({"number": number, "repository": full_name});
        return Ok(("change", body));
    }
    if let Some(sha) = name.strip_prefix("refs/sendo/checks/") {
        return Ok(("check", json!({"sha": sha, "repository": full_name})));
    }
    let text = |oid: Option<sendo_git::Oid>| oid.map(|oid| oid.to_string());
    let mut body = json!({
        "ref": name,
        "before": text(moved.old),
        "after": text(moved.new),
        "deleted": moved.new.is_none(),
        "repository": full_name,
    });
    if name.starts_with("refs/tags/") {
        let entries = repository.refs(&[name]).await?;
        if let Some(entry) = entries.iter().find(|entry| entry.name == moved.name) {
            body["head_commit"] = json!({"id": entry.commit.map(|oid| oid.to_string())});
        }
    }
    Ok(("push", body))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
