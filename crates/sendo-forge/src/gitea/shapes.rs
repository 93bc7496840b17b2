//! What a Gitea answers, as far as we look at it.
//!
//! Owns the shapes. Fields nobody asks for are passed over, and what may be missing may be missing:
//! Forgejo and older versions say less.

use sendo_core::names::{ForgeName, Principal};
use serde::Deserialize;

/// A user. Its name may become another's; its number does not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) login: String,
}

impl User {
    /// Who that is, unless it is nobody.
    pub(super) fn principal(&self, forge: &ForgeName) -> Option<Principal> {
        Principal::on_gitea(forge, self.id)
    }
}

/// A pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) state: String,
    #[serde(default)]
    pub(super) merged: bool,
    pub(super) merge_commit_sha: Option<String>,
    pub(super) merged_by: Option<User>,
    /// False as well while it is being found out.
    #[serde(default)]
    pub(super) mergeable: bool,
    #[serde(default)]
    pub(super) merge_base: String,
    #[serde(default)]
    pub(super) html_url: String,
    pub(super) head: Side,
    pub(super) base: Side,
}

/// One side of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Side {
    /// The branch; of a branch that is gone, `refs/pull/N/head`.
    #[serde(default)]
    pub(super) r#ref: String,
    #[serde(default)]
    pub(super) sha: String,
    #[serde(default)]
    pub(super) repo_id: i64,
    pub(super) repo: Option<Repo>,
}

/// A repository.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Repo {
    pub(super) full_name: String,
    pub(super) archived: bool,
    pub(super) mirror: bool,
    pub(super) has_pull_requests: bool,
    pub(super) permissions: Option<Permissions>,
    pub(super) allow_merge_commits: bool,
    pub(super) allow_rebase: bool,
    pub(super) allow_rebase_explicit: bool,
    pub(super) allow_squash_merge: bool,
    pub(super) allow_fast_forward_only_merge: bool,
    pub(super) default_merge_style: String,
    pub(super) object_format_name: String,
}

/// What whoever asked may do with a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Permissions {
    pub(super) admin: bool,
    pub(super) push: bool,
    pub(super) pull: bool,
}

/// A branch, as whoever asked may use it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Branch {
    pub(super) protected: bool,
    pub(super) user_can_push: bool,
    pub(super) user_can_merge: bool,
    pub(super) commit: Option<BranchCommit>,
}

/// The head of a branch.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct BranchCommit {
    pub(super) id: String,
}

/// A commit.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Commit {
    pub(super) sha: String,
    pub(super) commit: CommitText,
    #[serde(default)]
    pub(super) parents: Vec<Named>,
    pub(super) files: Option<Vec<File>>,
}

/// What a commit says.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CommitText {
    #[serde(default)]
    pub(super) message: String,
    pub(super) author: Option<Person>,
    pub(super) committer: Option<Person>,
}

/// What one commit has and another has not.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Compared {
    pub(super) total_commits: u64,
}

/// Whoever wrote or committed, as git has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) date: String,
}

/// An object that is named.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) sha: String,
}

/// A file that a commit touched.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct File {
    pub(super) filename: String,
}

/// A tag.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) commit: Tagged,
}

/// What a tag names.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tagged {
    #[serde(default)]
    pub(super) created: String,
}

/// The latest reports on a commit, one for each context.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Combined {
    pub(super) statuses: Option<Vec<Status>>,
}

/// One report.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    #[serde(default)]
    pub(super) context: String,
    /// `pending`, `success`, `error`, `failure`, `warning` or `skipped`.
    #[serde(default)]
    pub(super) status: String,
}

/// A review.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Review {
    pub(super) id: i64,
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default)]
    pub(super) commit_id: String,
    #[serde(default)]
    pub(super) dismissed: bool,
}

/// Something that happened to a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Turn {
    #[serde(default)]
    pub(super) r#type: String,
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) body: String,
}

/// A label.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Label {
    pub(super) id: i64,
    pub(super) name: String,
}
