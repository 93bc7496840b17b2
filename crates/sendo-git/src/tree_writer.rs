//! Writing several objects by one git process.
//!
//! Owns the form trees are stored in, and the temporary files `hash-object` wants. Which trees are
//! written is decided in `write`.

use std::path::Path;

use crate::error::GitError;
use crate::loose;
use crate::objects::Entry;
use crate::oid::Oid;
use crate::process::Conversation;
use crate::repository::BareRepository;
use crate::tree::Mode;

/// Writes trees one after the other, by a process that starts with the first that is not there already. Not
/// `git mktree`, which looks up every line of every tree it is given.
pub(crate) struct TreeWriter<'a> {
    repository: &'a BareRepository,
    started: Option<(TempFiles, Conversation)>,
}

impl<'a> TreeWriter<'a> {
    pub(crate) fn new(repository: &'a BareRepository) -> Self {
        Self {
            repository,
            started: None,
        }
    }

    /// Writes the `n`-th tree.
    pub(crate) async fn write(&mut self, n: usize, entries: &[Entry]) -> Result<Oid, GitError> {
        let bytes = tree_bytes(entries);
        let known = Oid::of("tree", &bytes);
        if loose::renew(self.repository.path(), known) {
            return Ok(known);
        }
        let (files, hasher) = match &mut self.started {
            Some(started) => started,
            none => none.insert(start(self.repository)?),
        };
        let question = files.write(n, &bytes)?;
        let answer = hasher.ask(question.as_bytes()).await?;
        let tree = Oid::from_hex(&answer);
        tree.ok_or_else(|| hasher.corrupt("the name of a tree it wrote"))
    }

    /// Lets the process finish.
    pub(crate) async fn ended(self) -> Result<(), GitError> {
        match self.started {
            Some((_files, hasher)) => hasher.ended().await,
            None => Ok(()),
        }
    }
}

fn start(repository: &BareRepository) -> Result<(TempFiles, Conversation), GitError> {
    let args = [
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--no-filters",
        "--stdin-paths",
    ];
    let files = TempFiles::new()?;
    let hasher = repository.git.converse(&args, files.path())?;
    Ok((files, hasher))
}

/// `hash-object` takes more than one content only as files, so they pass through a temporary folder.
pub(crate) struct TempFiles(tempfile::TempDir);

impl TempFiles {
    pub(crate) fn new() -> Result<Self, GitError> {
        let failed = |source| GitError::Io {
            what: "create a folder in",
            path: std::env::temp_dir(),
            source,
        };
        tempfile::tempdir().map(Self).map_err(failed)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes the `n`-th file; answers the line that names it to git.
    pub(crate) fn write(&self, n: usize, content: &[u8]) -> Result<String, GitError> {
        let path = self.path().join(n.to_string());
        match std::fs::write(&path, content) {
            Ok(()) => Ok(format!("{n}\n")),
            Err(source) => Err(GitError::Io {
                what: "write",
                path,
                source,
            }),
        }
    }
}

/// A tree as git stores it: sorted by name, a folder as if its name ended in a slash.
fn tree_bytes(entries: &[Entry]) -> Vec<u8> {
    let key = |entry: &&Entry| {
        let slash = Mode::of(entry.mode) == Mode::Folder;
        entry
            .name
            .iter()
            .copied()
            .chain(slash.then_some(b'/'))
            .collect::<Vec<u8>>()
    };
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_cached_key(key);
    let mut bytes = Vec::new();
    for Entry { mode, name, oid } in sorted {
        bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(oid.as_bytes());
    }
    bytes
}
