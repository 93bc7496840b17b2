//! Writing blobs, trees and commits: the objects of a publish, before any ref moves.
//!
//! Owns rewriting a tree along the changed paths only, and commits whose name is a function of what
//! is in them, so that a repeat writes nothing new, and starts git for nothing that is there already. Moves
//! no ref: objects nobody points to are
//! harmless, and git collects them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::GitError;
use crate::loose;
use crate::objects::Entry;
use crate::oid::Oid;
use crate::repository::{BareRepository, line};
use crate::tree::{Walk, file_mode};
use crate::tree_path::TreePath;
use crate::tree_writer::{TempFiles, TreeWriter};

/// One file to be different in the new tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(crate) path: TreePath,
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Change {
    /// Gives a file new content, keeping its executable bit; one that is not there is created.
    #[must_use]
    pub fn write(path: TreePath, bytes: Vec<u8>) -> Self {
        Self {
            path,
            bytes: Some(bytes),
        }
    }

    /// Removes a file, and folders left empty by it; one that is not there stays away.
    #[must_use]
    pub fn remove(path: TreePath) -> Self {
        Self { path, bytes: None }
    }

    /// The file, and what it holds then; nothing when it is removed.
    #[must_use]
    pub fn into_parts(self) -> (TreePath, Option<Vec<u8>>) {
        (self.path, self.bytes)
    }
}

/// Who made a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// A name, not empty, without `<`, `>` and control characters.
    pub name: String,
    /// An address, or any text without `<`, `>`, spaces and control characters.
    pub email: String,
    /// Seconds since 1970, from the caller's clock. Written as UTC.
    pub at_seconds: i64,
}

/// A commit to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// Its tree.
    pub tree: Oid,
    /// Its parents, first parent first.
    pub parents: Vec<Oid>,
    /// Who wrote the change.
    pub author: Signature,
    /// Who committed it.
    pub committer: Signature,
    /// Its message; one newline at the end is ensured.
    pub message: String,
}

type Folders = BTreeMap<String, Vec<Entry>>;

impl BareRepository {
    /// Writes the tree that differs from `base` (a commit or tree) in `changes` and nothing else.
    /// Only trees along the changed paths are written; when nothing differs, none is.
    ///
    /// # Errors
    /// `invalid_path` when two changes are at or below the same path, `symlink`, `submodule`,
    /// `not_a_file` and `not_a_folder` as for reading, and those of running git.
    pub async fn write_tree_with(&self, base: Oid, changes: &[Change]) -> Result<Oid, GitError> {
        refuse_overlap(changes)?;
        let ((root, mut folders, modes), blobs) =
            tokio::try_join!(self.folders_along(base, changes), self.write_blobs(changes))?;
        let mut touched = BTreeSet::new();
        for ((change, mode), blob) in changes.iter().zip(modes).zip(blobs) {
            let (folder, name) = change.path.split();
            let entries = folders.entry(folder.to_owned()).or_default();
            if set_line(entries, name, blob.map(|blob| (mode, blob))) {
                touched.insert((depth(folder), folder.to_owned()));
            }
        }
        if touched.is_empty() {
            return Ok(root);
        }
        self.write_folders(folders, touched).await
    }

    /// Makes sure that the tree without entries is stored: git knows it without, but other tools
    /// and `git fsck` look for it once a commit has it.
    ///
    /// # Errors
    /// Those of running git.
    pub async fn write_empty_tree(&self) -> Result<Oid, GitError> {
        if !loose::renew(self.path(), Oid::EMPTY_TREE) {
            self.hash(&["hash-object", "-t", "tree", "-w", "--stdin"], None, b"")
                .await?;
        }
        Ok(Oid::EMPTY_TREE)
    }

    /// Writes a commit. The same commit always has the same name, so writing it again is harmless.
    /// Whether its tree and
    /// parents exist is not checked.
    ///
    /// # Errors
    /// `invalid_commit` for a name, address or message git cannot hold, and those of running git.
    pub async fn commit_tree(&self, commit: &NewCommit) -> Result<Oid, GitError> {
        let text = commit_text(commit)?;
        let known = Oid::of("commit", text.as_bytes());
        if loose::renew(self.path(), known) {
            return Ok(known);
        }
        let args = ["hash-object", "-t", "commit", "-w", "--stdin"];
        let finished = self.git.run(&args, text.as_bytes(), 4096).await?;
        if !finished.status.success() {
            return Err(self.git.failed(&args, &finished));
        }
        line(&finished).parse()
    }

    /// The root's name, the folders the changes lie in, as they are, and for each change the mode its
    /// file will have.
    async fn folders_along(
        &self,
        base: Oid,
        changes: &[Change],
    ) -> Result<(Oid, Folders, Vec<u32>), GitError> {
        let mut walk = Walk::open(self, base);
        let root = walk.root().await?;
        let mut modes = Vec::with_capacity(changes.len());
        for change in changes {
            modes.push(match walk.find(&change.path).await? {
                None => 0o100_644,
                Some(entry) => file_mode(&change.path, &entry).map(|_| entry.mode)?,
            });
        }
        let folders = walk.into_folders();
        let existing = folders
            .into_iter()
            .filter_map(|(path, lines)| Some((path, lines?)));
        Ok((root, existing.collect(), modes))
    }

    /// Writes all new contents by one process; `None` for removals.
    async fn write_blobs(&self, changes: &[Change]) -> Result<Vec<Option<Oid>>, GitError> {
        let contents: Vec<&[u8]> = changes.iter().filter_map(|c| c.bytes.as_deref()).collect();
        let known: Vec<Oid> = contents.iter().map(|c| Oid::of("blob", c)).collect();
        let written = match contents.as_slice() {
            _ if known.iter().all(|oid| loose::renew(self.path(), *oid)) => known,
            [only] => {
                self.hash(&["hash-object", "-w", "--stdin"], None, only)
                    .await?
            }
            many => self.write_many_blobs(many).await?,
        };
        if written.len() != contents.len() {
            return Err(self.git.corrupt("fewer blobs than were written"));
        }
        let mut written = written.into_iter();
        Ok(changes
            .iter()
            .map(|c| c.bytes.as_ref().and_then(|_| written.next()))
            .collect())
    }

    async fn write_many_blobs(&self, contents: &[&[u8]]) -> Result<Vec<Oid>, GitError> {
        let folder = TempFiles::new()?;
        let mut names = String::new();
        for (n, content) in contents.iter().enumerate() {
            names.push_str(&folder.write(n, content)?);
        }
        let args = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
        self.hash(&args, Some(folder.path()), names.as_bytes())
            .await
    }

    async fn hash(
        &self,
        args: &[&str],
        folder: Option<&Path>,
        stdin: &[u8],
    ) -> Result<Vec<Oid>, GitError> {
        let mut command = self.git.command(args);
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        let finished = self
            .git
            .run_command(command, args, stdin, 16 * 1024 * 1024)
            .await?;
        if !finished.status.success() {
            return Err(self.git.failed(args, &finished));
        }
        String::from_utf8_lossy(&finished.stdout)
            .lines()
            .map(str::parse)
            .collect()
    }

    /// Writes the touched folders, deepest first, and those above them; answers the root.
    async fn write_folders(
        &self,
        mut folders: Folders,
        mut touched: BTreeSet<(usize, String)>,
    ) -> Result<Oid, GitError> {
        let (mut writer, mut root) = (TreeWriter::new(self), Oid::EMPTY_TREE);
        for n in 0.. {
            let Some((_, folder)) = touched.pop_last() else {
                break;
            };
            let entries = folders.remove(&folder).unwrap_or_default();
            let tree = writer.write(n, &entries).await?;
            if folder.is_empty() {
                root = tree;
                break;
            }
            let (parent, name) = folder.rsplit_once('/').unwrap_or(("", &folder));
            let line = (!entries.is_empty()).then_some((0o040_000, tree));
            set_line(folders.entry(parent.to_owned()).or_default(), name, line);
            touched.insert((depth(parent), parent.to_owned()));
        }
        writer.ended().await?;
        Ok(root)
    }
}

/// Sets, adds or removes a line; answers whether that made a difference.
fn set_line(entries: &mut Vec<Entry>, name: &str, new: Option<(u32, Oid)>) -> bool {
    let at = entries
        .iter()
        .position(|entry| entry.name == name.as_bytes());
    match (at, new) {
        (None, None) => false,
        (Some(at), None) => {
            entries.remove(at);
            true
        }
        (Some(at), Some((mode, oid))) => {
            let differs = (entries[at].mode, entries[at].oid) != (mode, oid);
            (entries[at].mode, entries[at].oid) = (mode, oid);
            differs
        }
        (None, Some((mode, oid))) => {
            entries.push(Entry {
                mode,
                name: name.as_bytes().to_vec(),
                oid,
            });
            true
        }
    }
}

pub(crate) fn depth(folder: &str) -> usize {
    if folder.is_empty() {
        0
    } else {
        1 + folder.matches('/').count()
    }
}

pub(crate) fn refuse_overlap(changes: &[Change]) -> Result<(), GitError> {
    let mut paths: Vec<String> = changes
        .iter()
        .map(|change| format!("{}/", change.path))
        .collect();
    paths.sort();
    for pair in paths.windows(2) {
        if let [one, other] = pair
            && other.starts_with(one.as_str())
        {
            let why = "another change of the same publish is at or above it";
            return Err(GitError::InvalidPath {
                path: other.trim_end_matches('/').to_owned(),
                why,
            });
        }
    }
    Ok(())
}

/// A commit as git stores it.
pub(crate) fn commit_text(commit: &NewCommit) -> Result<String, GitError> {
    let mut text = format!("tree {}\n", commit.tree);
    text.extend(
        commit
            .parents
            .iter()
            .map(|parent| format!("parent {parent}\n")),
    );
    text.push_str(&format!("author {}\n", signature(&commit.author)?));
    text.push_str(&format!("committer {}\n\n", signature(&commit.committer)?));
    if commit.message.contains('\0') {
        return Err(GitError::InvalidCommit {
            why: "the message has a NUL in it",
        });
    }
    text.push_str(commit.message.trim_end_matches('\n'));
    text.push('\n');
    Ok(text)
}

fn signature(who: &Signature) -> Result<String, GitError> {
    let crosses = |text: &str| {
        text.chars()
            .any(|c| c.is_control() || matches!(c, '<' | '>'))
    };
    // git would strip these silently, and the commit would not be the one that was asked for.
    let crud = |c: char| c <= ' ' || matches!(c, '.' | ',' | ':' | ';' | '"' | '\\' | '\'');
    let why = if who.name.trim_matches(crud).is_empty() {
        "a name is empty"
    } else if crosses(&who.name) || crosses(&who.email) || who.email.contains(' ') {
        "a name or address has < or > or a control character in it"
    } else if who.name.trim() != who.name {
        "a name starts or ends with a space"
    } else if !(0..=253_402_300_799).contains(&who.at_seconds) {
        "its time is not between the years 1970 and 9999"
    } else {
        return Ok(format!(
            "{} <{}> {} +0000",
            who.name, who.email, who.at_seconds
        ));
    };
    Err(GitError::InvalidCommit { why })
}
