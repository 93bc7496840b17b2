//! The forge itself: a folder of bare repositories, and what is known of it between calls.
//!
//! Owns finding a repository by its path and the names of the refs this forge uses. The verbs are in
//! the sibling modules.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sendo_core::names::BranchName;
use sendo_core::time::Timestamp;
use sendo_git::{BareRepository, GitError, RefMove, RefName, RefUpdate};

use super::chain::Memory;
use super::error::LocalError;

/// The folder of refs that are change requests.
pub(super) const CHANGES: &str = "refs/sendo/changes";
/// Largest number a change request may have; a larger one is foreign.
pub(super) const MAX_NUMBER: u64 = 1_000_000_000;
/// How often a call starts again because others moved the same refs.
pub(super) const ATTEMPTS: usize = 50;

/// A forge of plain bare repositories below one folder. Cheap to clone; clones share what they know.
#[derive(Debug, Clone)]
pub struct LocalForge {
    root: PathBuf,
    opened: Arc<Mutex<HashMap<String, BareRepository>>>,
    pub(super) memory: Arc<Mutex<Memory>>,
}

impl LocalForge {
    /// A forge whose repositories are below `root`: `acme/web` is `ROOT/acme/web.git`, or
    /// `ROOT/acme/web` if that is the repository. Nothing is read yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            opened: Arc::default(),
            memory: Arc::default(),
        }
    }

    /// Opens a repository by its path on this forge.
    ///
    /// # Errors
    /// `bad_repository`, `repository_missing`, and those of opening it.
    pub async fn repository(&self, path: &str) -> Result<BareRepository, LocalError> {
        check_path(path)?;
        let known = self
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned();
        if let Some(repository) = known.filter(|known| known.path().join("HEAD").exists()) {
            return Ok(repository);
        }
        for folder in [self.root.join(format!("{path}.git")), self.root.join(path)] {
            match BareRepository::open(&folder).await {
                Ok(repository) => {
                    let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
                    opened.insert(path.to_owned(), repository.clone());
                    return Ok(repository);
                }
                Err(GitError::NotARepository { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let root = self.root.display().to_string();
        Err(LocalError::RepositoryMissing {
            path: path.to_owned(),
            root,
        })
    }
}

fn check_path(path: &str) -> Result<(), LocalError> {
    let bad = |why| {
        Err(LocalError::BadRepository {
            path: path.chars().take(200).collect(),
            why,
        })
    };
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    if path.is_empty() || path.len() > 200 {
        return bad("a path has 1 to 200 characters");
    }
    for part in path.split('/') {
        if part.is_empty() || part.starts_with(['.', '-']) || !part.bytes().all(plain) {
            return bad("use parts of letters, digits, - _ and . separated by /, such as acme/web");
        }
    }
    Ok(())
}

pub(super) fn head_ref(number: u64) -> Result<RefName, GitError> {
    RefName::new(format!("{CHANGES}/{number}/head"))
}

pub(super) fn log_ref(number: u64) -> Result<RefName, GitError> {
    RefName::new(format!("{CHANGES}/{number}/log"))
}

pub(super) fn branch_ref(branch: &BranchName) -> Result<RefName, GitError> {
    RefName::branch(branch.as_str())
}

/// Tells a running server what moved. The refs count, not the telling, so a failure is only logged.
pub(super) fn tell(repository: &BareRepository, updates: &[RefUpdate], at: Timestamp) {
    let old = |update: &RefUpdate| match update.old {
        sendo_git::Expect::Oid(oid) => Some(oid),
        sendo_git::Expect::Absent | sendo_git::Expect::Any => None,
    };
    let moves: Vec<RefMove> = updates
        .iter()
        .map(|update| RefMove {
            old: old(update),
            new: update.new,
            name: update.name.clone(),
        })
        .filter(|moved| moved.old != moved.new)
        .collect();
    if moves.is_empty() {
        return;
    }
    if let Err(error) = repository.spool(&moves, at.0) {
        tracing::warn!(
            git.repository = %repository.path().display(),
            "refs moved, but a running server will hear of it late: {error}"
        );
    }
}
