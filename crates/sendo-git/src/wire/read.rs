//! Reading files, folders and commits of a remote repository.
//!
//! Owns the same verbs, shapes and refusals that a [`BareRepository`](crate::BareRepository) has.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::RemoteRepository;
use super::fault::{Garbled, RemoteFault};
use super::fetch::Scope;
use super::heavy::heavy;
use super::listing;
use super::pack_read::{Pack, Packed};
use super::pack_write::Kind;
use super::walk::{Walk, no_filter};
use crate::error::GitError;
use crate::history::{CommitInfo, Log, LoggedCommit, parse_commit};
use crate::oid::Oid;
use crate::tree::{DirEntry, FileEntry, MAX_FILE, Mode, file_mode};
use crate::tree_path::TreePath;

/// Commits read back from where each comes with all its files.
const MAX_UNFILTERED: u32 = 20;
const ACTION: &str = "read commits of";

impl RemoteRepository {
    /// Reads a file of a commit or tree; `None` when there is none at the path.
    ///
    /// # Errors
    /// As [`RemoteRepository::read_files`].
    pub async fn read_file(
        &self,
        treeish: Oid,
        path: &TreePath,
    ) -> Result<Option<FileEntry>, GitError> {
        let mut files = self.read_files(treeish, std::slice::from_ref(path)).await?;
        Ok(files.pop().flatten())
    }

    /// Reads several files of one commit or tree (tags are not peeled), in the order asked for. What is not remembered takes
    /// one request for each level of folders, however many files there are.
    ///
    /// # Errors
    /// `symlink` and `submodule` when a path leads to or through one, `not_a_file`, `not_a_folder`,
    /// `file_too_large`, `object_missing`, `wrong_object_kind`, and those of a
    /// [`RemoteError`](crate::RemoteError).
    pub async fn read_files(
        &self,
        treeish: Oid,
        paths: &[TreePath],
    ) -> Result<Vec<Option<FileEntry>>, GitError> {
        let mut walk = Walk::open(self, treeish).await?;
        let wanted: Vec<&str> = paths.iter().map(TreePath::as_str).collect();
        walk.gather(&wanted, true).await?;
        paths.iter().map(|path| file(&walk, path)).collect()
    }

    /// The lines of a folder (`None`: the root) in git's order; `None` when there is no such folder.
    ///
    /// # Errors
    /// `symlink`, `submodule`, `not_a_folder`, `object_missing`, `wrong_object_kind`, and those of a
    /// [`RemoteError`](crate::RemoteError).
    pub async fn list_dir(
        &self,
        treeish: Oid,
        folder: Option<&TreePath>,
    ) -> Result<Option<Vec<DirEntry>>, GitError> {
        let mut walk = Walk::open(self, treeish).await?;
        let path = folder.map_or("", TreePath::as_str);
        walk.gather(&[path], false).await?;
        let Some((_, bytes)) = walk.folder(path)? else {
            return Ok(None);
        };
        let lines = listing::entries(&bytes)
            .map_err(|garbled| self.failed_to_read(ACTION, garbled.into()))?;
        let shown = lines.iter().map(|line| DirEntry {
            name: String::from_utf8_lossy(&line.name).into_owned(),
            mode: Mode::of(line.mode),
            oid: line.oid,
        });
        Ok(Some(shown.collect()))
    }

    /// Reads one commit.
    ///
    /// # Errors
    /// `object_missing`, `wrong_object_kind` (tags are not peeled), and those of a
    /// [`RemoteError`](crate::RemoteError).
    pub async fn commit(&self, oid: Oid) -> Result<CommitInfo, GitError> {
        let (kind, bytes) = match self.known().object(oid) {
            Some(object) => object,
            None => {
                let mut pack = self.history_pack(oid, 1).await?;
                let read = heavy(pack.is_large(), move || pack.object(oid)).await;
                match read.and_then(|read| read) {
                    Ok(Some(Packed::Object(kind, bytes))) => (kind, bytes),
                    Ok(_) => return Err(self.failed_to_read(ACTION, RemoteFault::Withheld { oid })),
                    Err(garbled) => return Err(self.failed_to_read(ACTION, garbled.into())),
                }
            }
        };
        if kind != Kind::Commit {
            return Err(GitError::WrongKind {
                oid,
                expected: "commit",
                actual: kind.name().to_owned(),
            });
        }
        let garbled = || self.failed_to_read(ACTION, Garbled(format!("commit {oid}")).into());
        let info = parse_commit(oid, &bytes).ok_or_else(garbled)?;
        self.known().keep(oid, (kind, bytes));
        Ok(info)
    }

    /// The newest commits that `to` contains, at most `limit` of them, newest first, read by one
    /// request. Where the server has no filters it is 20 at the most, since all their files come along.
    ///
    /// # Errors
    /// As [`RemoteRepository::commit`].
    pub async fn log(&self, to: Oid, limit: u32) -> Result<Log, GitError> {
        let mut pack = self.history_pack(to, limit.max(1)).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let log = heavy(pack.is_large(), move || {
            newest_first(to, limit, |oid| match pack.object(oid)? {
                Some(Packed::Object(Kind::Commit, bytes)) => Ok(parse_commit(oid, &bytes)),
                _ => Ok(None),
            })
        });
        let log = log.await.and_then(|log| log);
        let log = log.map_err(|garbled| self.failed_to_read(ACTION, garbled.into()))?;
        if log.commits.is_empty() && limit > 0 {
            // Something else than a commit: say so.
            self.commit(to).await?;
        }
        Ok(log)
    }

    async fn history_pack(&self, to: Oid, depth: u32) -> Result<Pack, GitError> {
        let scope = Scope::Bare { depth, root: false };
        match self.fetch(&[to], scope).await {
            Err(error) if no_filter(&error) => {
                let depth = depth.min(MAX_UNFILTERED);
                self.fetch(&[to], Scope::Snapshot { depth }).await
            }
            fetched => fetched,
        }
    }
}

fn file(walk: &Walk<'_>, path: &TreePath) -> Result<Option<FileEntry>, GitError> {
    let Some(entry) = walk.find(path)? else {
        return Ok(None);
    };
    let mode = file_mode(path, &entry)?;
    match walk.file(entry.oid)? {
        Ok(bytes) => Ok(Some(FileEntry {
            mode,
            oid: entry.oid,
            bytes: Arc::as_ref(&bytes).to_vec(),
        })),
        Err(size) => Err(GitError::FileTooLarge {
            path: path.to_string(),
            size,
            limit: MAX_FILE,
        }),
    }
}

/// Follows parents as far as they are there, the newest next.
fn newest_first(
    to: Oid,
    limit: usize,
    mut read: impl FnMut(Oid) -> Result<Option<CommitInfo>, Garbled>,
) -> Result<Log, Garbled> {
    let mut log = Log {
        commits: Vec::new(),
        cut: false,
    };
    let (mut found, mut next) = (HashMap::new(), BinaryHeap::new());
    let (mut seen, mut parents) = (HashSet::from([to]), vec![to]);
    loop {
        for oid in parents.drain(..) {
            match read(oid)? {
                Some(info) => {
                    next.push((info.committed_at, oid));
                    found.insert(oid, info);
                }
                None => log.cut = true,
            }
        }
        let Some(info) = next.pop().and_then(|(_, oid)| found.remove(&oid)) else {
            return Ok(log);
        };
        if log.commits.len() == limit {
            log.cut = true;
            return Ok(log);
        }
        let unseen = |parent: &&Oid| seen.insert(**parent);
        parents.extend(info.parents.iter().filter(unseen));
        log.commits.push(LoggedCommit {
            info,
            touched: None,
        });
    }
}
