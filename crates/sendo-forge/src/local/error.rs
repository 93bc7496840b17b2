//! What the local forge refuses, and why.
//!
//! Owns reason codes and sentences of this forge; what git itself reports is passed through.

use sendo_git::{GitError, Oid};

/// Why a call on a local forge did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The repository's path could lead out of the forge's folder.
    #[error("{path:?} is not a repository of a local forge: {why}")]
    BadRepository {
        /// The path as given.
        path: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// There is no such repository.
    #[error("there is no repository {path} under {root}; create it with git init --bare")]
    RepositoryMissing {
        /// The path as given.
        path: String,
        /// The forge's folder.
        root: String,
    },
    /// There is no such change request.
    #[error("{repository} has no change request {number}")]
    ChangeMissing {
        /// The repository.
        repository: String,
        /// The number asked for.
        number: u64,
    },
    /// What is stored under a ref is not something this forge wrote.
    #[error("{name} of {repository} cannot be read: {why}; delete or repair that ref")]
    Unreadable {
        /// The repository.
        repository: String,
        /// The ref.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A branch that is needed is not there.
    #[error("{repository} has no branch {branch}; push it first")]
    BranchMissing {
        /// The repository.
        repository: String,
        /// The branch.
        branch: String,
    },
    /// The base already contains the branch.
    #[error("{base} already contains all of {branch}; there is nothing to merge")]
    NothingToMerge {
        /// The branch.
        branch: String,
        /// The base.
        base: String,
    },
    /// Another open change request has the branch.
    #[error("change request {number} is open for {branch} already; close it first")]
    BranchInUse {
        /// The branch.
        branch: String,
        /// The change request that has it.
        number: u64,
    },
    /// The head is not the one the caller pinned.
    #[error("{branch} is at {}, not at {expected}; nothing was done, look at it again", shown(*.actual))]
    HeadMoved {
        /// The branch.
        branch: String,
        /// The head that was pinned.
        expected: Oid,
        /// Where it is.
        actual: Option<Oid>,
    },
    /// The base is not the one the caller pinned.
    #[error("{base} is at {actual}, not at {expected}; nothing was merged, look at it again")]
    BaseMoved {
        /// The base.
        base: String,
        /// The commit that was pinned.
        expected: Oid,
        /// Where it is.
        actual: Oid,
    },
    /// Both sides changed the same lines.
    #[error("change request {number} does not merge: {} conflict; rebuild it on the base", paths.join(", "))]
    Conflict {
        /// The change request.
        number: u64,
        /// The files in conflict.
        paths: Vec<String>,
    },
    /// The change request is closed.
    #[error("change request {number} is closed; reopen it first")]
    Closed {
        /// The change request.
        number: u64,
    },
    /// The change request is merged, which cannot be undone here.
    #[error("change request {number} is merged already")]
    AlreadyMerged {
        /// The change request.
        number: u64,
    },
    /// The default branch is never deleted.
    #[error("{branch} is the default branch of {repository} and is not deleted")]
    DefaultBranch {
        /// The repository.
        repository: String,
        /// The branch.
        branch: String,
    },
    /// A text is empty, too long, or has control characters.
    #[error("the {what} is refused: {why}")]
    Invalid {
        /// Which text.
        what: &'static str,
        /// The rule it breaks.
        why: &'static str,
    },
    /// Others moved the same refs again and again.
    #[error("{what} of {repository} kept changing; try again")]
    Contended {
        /// The repository.
        repository: String,
        /// What kept changing.
        what: String,
    },
    /// What git reported.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl LocalError {
    /// A stable, lowercase code for logs, tables and tests.
    #[must_use]
    pub fn reason_code(&self) -> &'static str {
        match self {
            Self::BadRepository { .. } => "bad_repository",
            Self::RepositoryMissing { .. } => "repository_missing",
            Self::ChangeMissing { .. } => "change_missing",
            Self::Unreadable { .. } => "change_unreadable",
            Self::BranchMissing { .. } => "branch_missing",
            Self::NothingToMerge { .. } => "nothing_to_merge",
            Self::BranchInUse { .. } => "branch_in_use",
            Self::HeadMoved { .. } => "head_moved",
            Self::BaseMoved { .. } => "base_moved",
            Self::Conflict { .. } => "conflict",
            Self::Closed { .. } => "closed",
            Self::AlreadyMerged { .. } => "already_merged",
            Self::DefaultBranch { .. } => "default_branch",
            Self::Invalid { .. } => "invalid_text",
            Self::Contended { .. } => "contended",
            Self::Git(error) => error.reason_code(),
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Contended { .. } => true,
            Self::Git(error) => error.is_transient(),
            _ => false,
        }
    }
}

fn shown(oid: Option<Oid>) -> String {
    oid.map_or_else(|| "nothing".to_owned(), |oid| oid.to_string())
}
