//! New trees and commits, made in memory: what a publish carries.
//!
//! Owns rewriting the folders along the changed paths. Gives the same names that
//! [`BareRepository::write_tree_with`](crate::BareRepository::write_tree_with) and
//! [`commit_tree`](crate::BareRepository::commit_tree) give for the same input.

use std::collections::BTreeMap;

use super::RemoteRepository;
use super::delta::Splice;
use super::listing::{self, Wanted};
use super::pack_write::{Kind, NewObject};
use super::walk::Walk;
use crate::error::GitError;
use crate::oid::Oid;
use crate::tree::file_mode;
use crate::write::{Change, NewCommit, commit_text, depth, refuse_overlap};

/// A tree that exists only here yet.
#[derive(Debug, Clone)]
pub struct DraftTree {
    oid: Oid,
    objects: Vec<NewObject>,
}

/// A commit that exists only here yet, with what is new in it.
#[derive(Debug, Clone)]
pub struct DraftCommit {
    oid: Oid,
    pub(crate) objects: Vec<NewObject>,
}

impl DraftTree {
    /// Its name, which is the base's when nothing differs.
    #[must_use]
    pub fn oid(&self) -> Oid {
        self.oid
    }

    /// Makes a commit of it. The same commit always has the same name.
    ///
    /// # Errors
    /// `invalid_commit` for a name, address or message git cannot hold, and when the commit names
    /// another tree.
    pub fn commit(self, commit: &NewCommit) -> Result<DraftCommit, GitError> {
        if commit.tree != self.oid {
            return Err(GitError::InvalidCommit {
                why: "its tree is not the one that was made for it",
            });
        }
        let object = NewObject::whole(Kind::Commit, commit_text(commit)?.into_bytes());
        let oid = object.oid;
        let mut objects = vec![object];
        // Folders before files, as git orders them.
        objects.extend(self.objects.into_iter().rev());
        Ok(DraftCommit { oid, objects })
    }
}

impl DraftCommit {
    /// Its name.
    #[must_use]
    pub fn oid(&self) -> Oid {
        self.oid
    }
}

impl RemoteRepository {
    /// Makes the tree that differs from `base` (a commit or tree of the remote) in `changes` and
    /// nothing else. Sends nothing; fetches folders that are not remembered.
    ///
    /// # Errors
    /// `invalid_path` when two changes are at or below the same path, and those of
    /// [`RemoteRepository::read_files`].
    pub async fn write_tree_with(
        &self,
        base: Oid,
        changes: &[Change],
    ) -> Result<DraftTree, GitError> {
        refuse_overlap(changes)?;
        let mut walk = Walk::open(self, base).await?;
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        walk.gather(&paths, false).await?;
        let mut objects = Vec::new();
        let mut folders: BTreeMap<(usize, String), BTreeMap<String, Wanted>> = BTreeMap::new();
        for change in changes {
            let wanted = self.file(&walk, change, &mut objects)?;
            let (folder, name) = change.path.split();
            let key = (depth(folder), folder.to_owned());
            folders
                .entry(key)
                .or_default()
                .insert(name.to_owned(), wanted);
        }
        let mut root = walk.root();
        while let Some(((_, folder), lines)) = folders.pop_last() {
            let Some(new) = self.folder(&walk, &folder, &lines, &mut objects)? else {
                continue;
            };
            if folder.is_empty() {
                root = new.unwrap_or(Oid::EMPTY_TREE);
                break;
            }
            let (parent, name) = folder.rsplit_once('/').unwrap_or(("", &folder));
            let line = new.map(|oid| (0o040_000, oid));
            folders
                .entry((depth(parent), parent.to_owned()))
                .or_default()
                .insert(name.to_owned(), line);
        }
        Ok(DraftTree { oid: root, objects })
    }

    /// What a change makes of its line. New content is made an object.
    fn file(
        &self,
        walk: &Walk<'_>,
        change: &Change,
        objects: &mut Vec<NewObject>,
    ) -> Result<Wanted, GitError> {
        let old = walk.find(&change.path)?;
        if let Some(entry) = &old {
            file_mode(&change.path, entry)?;
        }
        let Some(bytes) = &change.bytes else {
            return Ok(None);
        };
        let known = old.as_ref().and_then(|entry| {
            let (_, bytes) = self.known().object(entry.oid)?;
            Some((entry.oid, bytes))
        });
        let object = match &known {
            Some((oid, old)) => {
                let splice = Splice::between(old, bytes);
                NewObject::of(Kind::Blob, (*oid, old), &[splice])
            }
            None => NewObject::whole(Kind::Blob, bytes.clone()),
        };
        let mode = old.as_ref().map_or(0o100_644, |entry| entry.mode);
        let oid = object.oid;
        if old.is_none_or(|entry| entry.oid != oid) {
            objects.push(object);
        }
        Ok(Some((mode, oid)))
    }

    /// Makes a folder whose lines are as wanted: `None` when it is so already, `Some(None)` when
    /// nothing is left in it.
    fn folder(
        &self,
        walk: &Walk<'_>,
        path: &str,
        lines: &BTreeMap<String, Wanted>,
        objects: &mut Vec<NewObject>,
    ) -> Result<Option<Option<Oid>>, GitError> {
        let old = walk.folder(path)?;
        let bytes = old.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let splices = listing::edit(bytes, lines);
        let splices =
            splices.map_err(|garbled| self.failed_to_read("edit a folder of", garbled.into()))?;
        if splices.is_empty() {
            return Ok(None);
        }
        let object = match &old {
            Some((oid, bytes)) => NewObject::of(Kind::Tree, (*oid, bytes), &splices),
            None => NewObject::whole(Kind::Tree, super::delta::spliced(&[], &splices)),
        };
        let oid = object.oid;
        // A folder with nothing in it is not stored, but for the root.
        if object.bytes.is_empty() && !path.is_empty() {
            return Ok(Some(None));
        }
        objects.push(object);
        Ok(Some(Some(oid)))
    }
}
