//! Takes in what the hooks of a local forge left behind.
//!
//! Each ref that moved becomes one delivery in GitHub's shape. A file is removed only after all of
//! it is stored, so a crash in between makes duplicates, which the store tells apart by the file's
//! name. Watching is only for speed: the folder is read at every look, watched or not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::try_join_all;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use sendo_core::names::{ForgeName, Repository};
use sendo_git::{
    BareRepository, GitError, Oid, RefEntry, RefMove, SPOOL_FOLDER, SpoolContent, SpoolEntry,
};
use sendo_store::{NewDelivery, StoreError};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::api::Intake;

/// Reads at most this many files of one repository at a time.
const AT_ONCE: usize = 200;
/// Stores at most this many deliveries of one file at the same time.
const TOGETHER: usize = 64;
/// Up to this many tags of one file are asked for by name; else all of the repository's, once.
const TAGS_BY_NAME: usize = 50;

const TAGS: &str = "refs/tags/";
/// The name of a delivery that says why a file could not be read; its body has the file's text.
pub(crate) const UNREADABLE: &str = "spool";

/// A repository of a local forge whose spool is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spooled {
    /// Its name.
    pub repository: Repository,
    /// Where the bare repository may be: the first that exists counts.
    pub folders: Vec<PathBuf>,
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
    /// The repository, once it was found. Its spool is read with our hook or without: somebody
    /// else's hook, or we ourselves, may write there.
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
        Self {
            all: all.into_iter().map(Spool::new).collect(),
            watcher: notify::recommended_watcher(ring).ok(),
        }
    }

    /// Reads these spools from now on, and no others. What is known of one that stays is kept.
    pub fn replace(&mut self, all: Vec<Spooled>) {
        let mut before = std::mem::take(&mut self.all);
        self.all = all
            .into_iter()
            .map(|spooled| {
                let known = before.iter().position(|spool| spool.spooled == spooled);
                known.map_or_else(|| Spool::new(spooled), |known| before.swap_remove(known))
            })
            .collect();
    }

    /// Makes pushes heard: installs the hook and the folder it writes to, and watches that folder.
    /// Does nothing where that is done. Trouble is told to the log and the next call tries again;
    /// until then only the sweep notices what is pushed there.
    ///
    /// Gives how many repositories are heard from now on: what was pushed there before was not.
    pub async fn prepare(&mut self) -> usize {
        let mut heard = 0;
        for spool in &mut self.all {
            if spool
                .repository
                .as_ref()
                .is_some_and(BareRepository::has_hook)
            {
                continue;
            }
            match spool.prepare(self.watcher.as_mut()).await {
                Ok(()) => {
                    spool.told = false;
                    heard += 1;
                }
                Err(error) => {
                    if !std::mem::replace(&mut spool.told, true) {
                        tracing::warn!(repository = %spool.spooled.repository, %error, "pushes to it are only noticed by the sweep until this is mended");
                    }
                }
            }
        }
        heard
    }

    /// Stores everything the spools hold; gives how many deliveries that were.
    ///
    /// # Errors
    /// [`StoreError`] when the store refuses; the files stay. Trouble with a file is a delivery in
    /// quarantine, not an error.
    pub async fn drain(&self, intake: &Intake) -> Result<usize, StoreError> {
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
    const fn new(spooled: Spooled) -> Self {
        Self {
            spooled,
            repository: None,
            told: false,
        }
    }

    async fn prepare(&mut self, watcher: Option<&mut RecommendedWatcher>) -> Result<(), GitError> {
        self.repository = None;
        let there = self.spooled.folders.iter().find(|folder| folder.exists());
        let Some(path) = there.or(self.spooled.folders.first()) else {
            return Ok(());
        };
        let repository = self.repository.insert(BareRepository::open(path).await?);
        let installed = repository.install_hook().await;
        let folder = path.join(SPOOL_FOLDER);
        if let Some(watcher) = watcher.filter(|_| folder.is_dir())
            && let Err(error) = watcher.watch(&folder, RecursiveMode::NonRecursive)
        {
            tracing::warn!(repository = %self.spooled.repository, %error, "the spool is not watched; it is read every few seconds");
        }
        installed
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
        let mut deliveries = match deliveries(on, repository, &entry).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                tracing::warn!(repository = %on, %error, "a spooled push waits for the next look");
                continue;
            }
        };
        let count = deliveries.len();
        while !deliveries.is_empty() {
            // Those that arrive together share a commit.
            let together = deliveries.drain(..deliveries.len().min(TOGETHER));
            try_join_all(together.map(|delivery| intake.accept(delivery))).await?;
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
        SpoolContent::Malformed { reason, raw } => {
            let body = json!({"reason": reason, "raw": String::from_utf8_lossy(raw)});
            vec![delivery(0, UNREADABLE, body.to_string().into_bytes())]
        }
        SpoolContent::Moves(moves) => {
            let tags = tags(repository, moves).await?;
            let numbered = moves.iter().enumerate();
            let each = numbered.map(|(n, moved)| {
                let (name, body) = payload(on, &tags, moved);
                delivery(n, name, body.to_string().into_bytes())
            });
            each.collect()
        }
    })
}

/// The commit of each tag that moved: an annotated tag is an object of its own.
async fn tags(
    repository: &BareRepository,
    moves: &[RefMove],
) -> Result<BTreeMap<String, Option<Oid>>, GitError> {
    let is_tag = |moved: &&RefMove| moved.name.as_str().starts_with(TAGS);
    let names: Vec<&str> = moves
        .iter()
        .filter(is_tag)
        .map(|m| m.name.as_str())
        .collect();
    let entries = match names.len() {
        0 => Vec::new(),
        1..=TAGS_BY_NAME => repository.refs(&names).await?,
        _ => repository.refs(&[TAGS]).await?,
    };
    let named = |entry: RefEntry| (entry.name.as_str().to_owned(), entry.commit);
    Ok(entries.into_iter().map(named).collect())
}

fn payload(
    on: &Repository,
    tags: &BTreeMap<String, Option<Oid>>,
    moved: &RefMove,
) -> (&'static str, Value) {
    let name = moved.name.as_str();
    let full_name = json!({"full_name": on.path});
    if let Some(number) = name
        .strip_prefix("refs/sendo/changes/")
        .and_then(|rest| rest.split('/').next())
        && let Ok(number) = number.parse::<u64>()
    {
        let body = json!({"number": number, "repository": full_name});
        return ("change", body);
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
    if let Some(commit) = tags.get(name) {
        body["head_commit"] = json!({"id": commit.map(|oid| oid.to_string())});
    }
    ("push", body)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
