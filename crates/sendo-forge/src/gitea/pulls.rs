//! One pull request, read, and what of it everybody asks.

use sendo_core::names::{Repository, Revision};

use super::client::{Ask, Client};
use super::shapes::{Pull, Turn};
use crate::error::ForgeError;

/// Turns of a pull request read at the most.
const MOST_TURNS: usize = 1_000;

/// Asks about a pull request: `path` goes on below it.
pub(super) fn ask(
    what: &str,
    repository: &Repository,
    number: u64,
    path: &[&str],
) -> Result<Ask, ForgeError> {
    below("pulls", what, repository, number, path)
}

/// Asks what an issue is asked and a pull request is, too.
pub(super) fn ask_issue(
    what: &str,
    repository: &Repository,
    number: u64,
    path: &[&str],
) -> Result<Ask, ForgeError> {
    below("issues", what, repository, number, path)
}

fn below(
    kind: &str,
    what: &str,
    repository: &Repository,
    number: u64,
    path: &[&str],
) -> Result<Ask, ForgeError> {
    let name = number.to_string();
    let mut whole = vec![kind, &name];
    whole.extend(path);
    Ask::repository(
        format!("{what} change request {number}"),
        repository,
        &whole,
    )
}

/// Reads a pull request.
pub(super) async fn read(
    client: &Client,
    repository: &Repository,
    number: u64,
) -> Result<Pull, ForgeError> {
    let ask = ask("read", repository, number, &[])?;
    client.get(&ask).await?.accepted(&ask)?.json(&ask)
}

/// What happened to it, oldest first.
pub(super) async fn turns(
    client: &Client,
    repository: &Repository,
    number: u64,
) -> Result<Vec<Turn>, ForgeError> {
    let ask = ask_issue("read the turns of", repository, number, &["timeline"])?.uncounted();
    Ok(client.list(&ask, MOST_TURNS).await?.0)
}

impl Pull {
    /// Whether it is open.
    pub(super) fn is_open(&self) -> bool {
        self.state == "open" && !self.merged
    }

    /// The head its branch has, `None` where the branch is gone.
    pub(super) fn branch_head(&self) -> Result<Option<Revision>, ForgeError> {
        let gone = self.head.r#ref.starts_with("refs/") || self.head.sha.is_empty();
        if gone {
            Ok(None)
        } else {
            self.head().map(Some)
        }
    }

    /// The head it has, or had when its branch was deleted.
    pub(super) fn head(&self) -> Result<Revision, ForgeError> {
        revision(&self.head.sha)
    }

    /// Whether its branch is a branch of the same repository, as ours are.
    pub(super) fn is_of_one_repository(&self) -> bool {
        self.head.repo_id == self.base.repo_id
    }

    /// The commit the merge made.
    pub(super) fn merged_as(&self) -> Result<Option<Revision>, ForgeError> {
        let commit = self.merge_commit_sha.as_deref().filter(|_| self.merged);
        commit
            .filter(|commit| !commit.is_empty())
            .map(revision)
            .transpose()
    }
}

/// A commit that a Gitea names.
pub(super) fn revision(sha: &str) -> Result<Revision, ForgeError> {
    Revision::new(sha).map_err(|error| {
        ForgeError::refused(
            "answer_invalid",
            format!("the Gitea names a commit that is none: {error}"),
        )
    })
}
