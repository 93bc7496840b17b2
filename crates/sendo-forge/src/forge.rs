//! The forges a server knows, and what the loop asks of each of them.
//!
//! A closed enum: every kind answers the same questions, and a new one cannot be half there.

use std::collections::BTreeMap;

use sendo_core::deployment::Brings;
use sendo_core::effect::{ChangeRequest, Edit, Look, Outcome, Publish, Source};
use sendo_core::engine::Place;
use sendo_core::names::{BranchName, ForgeName, Repository, Revision};
use sendo_core::time::Timestamp;
use sendo_core::view::Patch;

use crate::error::ForgeError;
use crate::git::Files;
use crate::gitea::GiteaActs;
use crate::local::acts::LocalActs;

/// A forge.
#[derive(Debug, Clone)]
pub enum Forge {
    /// Plain bare repositories below a folder.
    Local(LocalActs),
    /// A Gitea or a Forgejo.
    Gitea(GiteaActs),
}

/// A change request to be opened for a published commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The manifests repository.
    pub repository: Repository,
    /// The branch that carries the commit; unique to the deployment and this database, so it is also
    /// what an earlier attempt is recognised by.
    pub branch: BranchName,
    /// The branch it shall reach.
    pub base: BranchName,
    /// The commit that was published.
    pub head: Revision,
    /// One line.
    pub title: String,
    /// The description.
    pub body: String,
    /// When it was planned.
    pub at: Timestamp,
}

/// The forges of a configuration, by name.
#[derive(Debug, Clone, Default)]
pub struct Forges(BTreeMap<ForgeName, Forge>);

impl Forges {
    /// Names the forges.
    #[must_use]
    pub const fn new(forges: BTreeMap<ForgeName, Forge>) -> Self {
        Self(forges)
    }

    /// The forge of a repository.
    ///
    /// # Errors
    /// `forge_unknown` when the configuration does not name it any more.
    pub fn of(&self, repository: &Repository) -> Result<&Forge, ForgeError> {
        self.named(&repository.forge)
    }

    /// A forge by its name.
    ///
    /// # Errors
    /// `forge_unknown` when the configuration does not name it any more.
    pub fn named(&self, name: &ForgeName) -> Result<&Forge, ForgeError> {
        self.0.get(name).ok_or_else(|| {
            ForgeError::refused(
                "forge_unknown",
                format!("the forge `{name}` is not in the configuration any more"),
            )
        })
    }
}

/// Whether something may still go out, asked right before it does: whoever sends may have slept past the
/// time until which that was theirs to decide.
pub type MaySend<'a> = &'a (dyn Fn() -> bool + Send + Sync);

impl Forge {
    /// How a person names this repository in commands, where the forge has no pages of its own.
    #[must_use]
    pub fn local_name(&self, repository: &Repository) -> Option<String> {
        match self {
            Self::Local(local) => Some(local.command_name(repository)),
            Self::Gitea(_) => None,
        }
    }

    /// Looks at what a trigger calls newest.
    ///
    /// # Errors
    /// [`ForgeError`], as for every question.
    pub async fn source(
        &self,
        repository: &Repository,
        look: &Look,
        since: Option<&Revision>,
        succeeded: Option<&Revision>,
        with_paths: bool,
    ) -> Result<Source, ForgeError> {
        match self {
            Self::Local(local) => {
                local
                    .source(repository, look, since, succeeded, with_paths)
                    .await
            }
            Self::Gitea(gitea) => {
                gitea
                    .source(repository, look, since, succeeded, with_paths)
                    .await
            }
        }
    }

    /// Looks at a change request, and regenerates the tree it should have.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn change_request(
        &self,
        repository: &Repository,
        number: u64,
        edits: &[Edit],
    ) -> Result<ChangeRequest, ForgeError> {
        match self {
            Self::Local(local) => local.change_request(repository, number, edits).await,
            Self::Gitea(gitea) => gitea.change_request(repository, number, edits).await,
        }
    }

    /// What a deployment's commit changes, in at most `limit` bytes.
    ///
    /// # Errors
    /// `repository_missing` and `commit_missing` when they are not there any more, and [`ForgeError`]
    /// as for every question.
    pub async fn diff(&self, brings: &Brings, limit: u64) -> Result<Patch, ForgeError> {
        match self {
            Self::Local(local) => local.diff(brings, limit).await,
            Self::Gitea(gitea) => gitea.diff(brings, limit).await,
        }
    }

    /// The files of a commit, each read when it is asked for.
    ///
    /// # Errors
    /// [`ForgeError`] when the repository is not there.
    pub async fn files(&self, repository: &Repository, at: &Revision) -> Result<Files, ForgeError> {
        match self {
            Self::Local(local) => local.files(repository, at).await,
            Self::Gitea(gitea) => gitea.files(repository, at),
        }
    }

    /// The files of a branch as it is now, each read when it is asked for.
    ///
    /// # Errors
    /// `base_not_found` when there is no such branch, and [`ForgeError`] as for every question.
    pub async fn base_files(
        &self,
        repository: &Repository,
        base: &BranchName,
    ) -> Result<Files, ForgeError> {
        match self {
            Self::Local(local) => local.base_files(repository, base).await,
            Self::Gitea(gitea) => gitea.base_files(repository, base).await,
        }
    }

    /// What each edit would replace on a branch as it is now, or why it finds no place there.
    ///
    /// # Errors
    /// [`ForgeError`] when the branch itself cannot be read.
    pub async fn present(
        &self,
        repository: &Repository,
        base: &BranchName,
        edits: &[Edit],
    ) -> Result<Vec<Result<String, ForgeError>>, ForgeError> {
        match self {
            Self::Local(local) => local.present(repository, base, edits).await,
            Self::Gitea(gitea) => gitea.present(repository, base, edits).await,
        }
    }

    /// Every address that others may know a repository by.
    #[must_use]
    pub fn addresses(&self, repository: &Repository) -> Vec<String> {
        match self {
            Self::Local(local) => local.addresses(&repository.path),
            Self::Gitea(gitea) => gitea.addresses(&repository.path),
        }
    }

    /// How the commit `at` stands to the commit `ours`: whether it contains it, or is contained.
    ///
    /// # Errors
    /// [`ForgeError`] when that cannot be found out now; a commit that is not there is `Unknown`.
    pub async fn place(
        &self,
        repository: &Repository,
        at: &Revision,
        ours: &Revision,
    ) -> Result<Place, ForgeError> {
        match self {
            Self::Local(local) => local.place(repository, at, ours).await,
            Self::Gitea(gitea) => gitea.place(repository, at, ours).await,
        }
    }

    /// Publishes a commit, adopting what an earlier attempt published.
    ///
    /// # Errors
    /// [`ForgeError`]; `too_late` where it may not be sent any more.
    pub async fn publish(
        &self,
        publish: &Publish,
        message: &str,
        again: bool,
        may_send: MaySend<'_>,
    ) -> Result<Outcome, ForgeError> {
        match self {
            Self::Local(local) => local.publish(publish, message, again, may_send).await,
            Self::Gitea(gitea) => gitea.publish(publish, message, again, may_send).await,
        }
    }

    /// Opens a change request, adopting the one that is open for the branch, whoever opened it.
    /// Where there is nothing to open, a commit that reached the base is `Merged`, and one that
    /// somebody took from the branch, or deleted with it, is `Closed`.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn open(&self, open: &Open) -> Result<Outcome, ForgeError> {
        match self {
            Self::Local(local) => local.open(open).await,
            Self::Gitea(gitea) => gitea.open(open).await,
        }
    }

    /// Approves exactly this head as the second identity.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn approve(
        &self,
        repository: &Repository,
        number: u64,
        head: &Revision,
        at: Timestamp,
    ) -> Result<Outcome, ForgeError> {
        match self {
            Self::Local(local) => local.approve(repository, number, head, at).await,
            Self::Gitea(gitea) => gitea.approve(repository, number, head).await,
        }
    }

    /// Merges exactly this head.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn merge(
        &self,
        repository: &Repository,
        number: u64,
        head: &Revision,
        at: Timestamp,
    ) -> Result<Outcome, ForgeError> {
        match self {
            Self::Local(local) => local.merge(repository, number, head, at).await,
            Self::Gitea(gitea) => gitea.merge(repository, number, head).await,
        }
    }

    /// Closes a change request with a last word.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn close(
        &self,
        repository: &Repository,
        number: u64,
        why: &str,
        at: Timestamp,
    ) -> Result<Outcome, ForgeError> {
        match self {
            Self::Local(local) => local.close(repository, number, why, at).await,
            Self::Gitea(gitea) => gitea.close(repository, number, why).await,
        }
    }

    /// Deletes our branch if its head is still the one we know.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn delete_branch(
        &self,
        repository: &Repository,
        branch: &BranchName,
        head: &Revision,
        at: Timestamp,
    ) -> Result<Outcome, ForgeError> {
        match self {
            Self::Local(local) => local.delete_branch(repository, branch, head, at).await,
            Self::Gitea(gitea) => gitea.delete_branch(repository, branch, head).await,
        }
    }
}
