//! What the loop asks of a local forge, in the loop's words.
//!
//! Owns the two identities Sendo acts under here, and the translation between the forge's refusals
//! and outcomes: a head that moved is an outcome, because the decision has an answer to it.
//!
//! Size: one short function for each question of the loop, which read best in its order.

use std::path::PathBuf;

use sendo_core::deployment::Brings;
use sendo_core::effect::{
    Ahead, ChangeRequest, ChangeState, Check, Edit, Look, Outcome, Publish, Review, Source, Verdict,
};
use sendo_core::engine::Place;
use sendo_core::names::{BranchName, InvalidName, Principal, Repository, Revision};
use sendo_core::time::Timestamp;
use sendo_core::view::Patch;
use sendo_git::{Oid, RefName};

use super::{CheckState, LocalError, LocalForge, MergeChange, OpenChange, ReviewChange};
use crate::error::ForgeError;
use crate::forge::{MaySend, Open};
use crate::git::{self, Files, Git, Identity};

/// Who proposes on a local forge.
pub const PROPOSER: &str = "local:sendo-proposer";
/// Who approves and merges on a local forge.
pub const APPROVER: &str = "local:sendo-approver";

/// A local forge with Sendo's identities on it.
#[derive(Debug, Clone)]
pub struct LocalActs {
    forge: LocalForge,
    root: PathBuf,
    proposer: Principal,
    approver: Principal,
}

impl LocalActs {
    /// A local forge below `root`.
    ///
    /// # Errors
    /// Never in practice: the identities are constants.
    pub fn new(root: PathBuf) -> Result<Self, InvalidName> {
        // Without the `.` of a relative root, so that commands read well.
        let root: PathBuf = root.components().collect();
        Ok(Self {
            forge: LocalForge::new(root.clone()),
            root,
            proposer: Principal::new(PROPOSER)?,
            approver: Principal::new(APPROVER)?,
        })
    }

    /// The repository's folder, as a person types it.
    #[must_use]
    pub fn command_name(&self, repository: &Repository) -> String {
        self.folder(&repository.path).display().to_string()
    }

    /// The folder of a repository: with `.git` at its end unless only the plain one is there.
    #[must_use]
    pub fn folder(&self, path: &str) -> PathBuf {
        let [bare, plain] = self.folders(path);
        if !bare.exists() && plain.exists() {
            plain
        } else {
            bare
        }
    }

    /// Where a repository may be: the first that exists counts.
    #[must_use]
    pub fn folders(&self, path: &str) -> [PathBuf; 2] {
        [self.root.join(format!("{path}.git")), self.root.join(path)]
    }

    pub(crate) fn addresses(&self, path: &str) -> Vec<String> {
        let folder = self.folder(path);
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        vec![format!("file://{}", folder.display())]
    }

    async fn git(&self, repository: &Repository) -> Result<Git, ForgeError> {
        Ok(Git::Bare(self.forge.repository(&repository.path).await?))
    }

    pub(crate) async fn source(
        &self,
        repository: &Repository,
        look: &Look,
        since: Option<&Revision>,
        succeeded: Option<&Revision>,
        with_paths: bool,
    ) -> Result<Source, ForgeError> {
        git::source(
            &self.git(repository).await?,
            look,
            since,
            succeeded,
            with_paths,
        )
        .await
    }

    pub(crate) async fn place(
        &self,
        repository: &Repository,
        at: &Revision,
        ours: &Revision,
    ) -> Result<Place, ForgeError> {
        git::place(&self.git(repository).await?, at, ours).await
    }

    pub(crate) async fn publish(
        &self,
        publish: &Publish,
        message: &str,
        again: bool,
        may_send: MaySend<'_>,
    ) -> Result<Outcome, ForgeError> {
        let by = Identity {
            name: "sendo-proposer".to_owned(),
            email: "sendo-proposer@localhost".to_owned(),
        };
        git::publish(
            &self.git(&publish.repository).await?,
            publish,
            message,
            &by,
            (again, may_send),
        )
        .await
    }

    pub(crate) async fn present(
        &self,
        repository: &Repository,
        base: &BranchName,
        edits: &[Edit],
    ) -> Result<Vec<Result<String, ForgeError>>, ForgeError> {
        let git = self.git(repository).await?;
        let head = git::head(&git, repository, base).await?;
        git::present(&git, head, edits).await
    }

    pub(crate) async fn files(
        &self,
        repository: &Repository,
        at: &Revision,
    ) -> Result<Files, ForgeError> {
        Ok(Files::of(self.git(repository).await?, git::oid(at)?))
    }

    pub(crate) async fn base_files(
        &self,
        repository: &Repository,
        base: &BranchName,
    ) -> Result<Files, ForgeError> {
        let git = self.git(repository).await?;
        let head = git::head(&git, repository, base).await?;
        Ok(Files::of(git, head))
    }

    pub(crate) async fn change_request(
        &self,
        repository: &Repository,
        number: u64,
        edits: &[Edit],
    ) -> Result<ChangeRequest, ForgeError> {
        let git = self.git(repository).await?;
        let seen = self.forge.change(&repository.path, number).await?;
        let state = seen.change.state;
        let open = state == ChangeState::Open;
        let branch = RefName::branch(seen.change.branch.as_str())?;
        // A branch that was set back is not at the noted head: what it is at now is the head.
        let at = if open {
            git.resolve(&branch).await?
        } else {
            Some(seen.change.head)
        };
        let expected_tree = match seen.merge_base {
            // A file that cannot be edited there gives no tree, and no tree equals none.
            Some(base) if open => match git::expected_tree(&git, &revision(base)?, edits).await {
                Ok(tree) => Some(tree),
                Err(error) if error.transient => return Err(error),
                Err(_) => None,
            },
            _ => None,
        };
        let ended = seen.merged.or(seen.closed);
        Ok(ChangeRequest {
            number,
            state,
            head: at.map(revision).transpose()?,
            head_tree: Some(git::tree(seen.head_tree)?),
            expected_tree,
            ahead: seen
                .ahead
                .iter()
                .take(10)
                .map(|commit| {
                    Ok(Ahead {
                        revision: revision(commit.oid)?,
                        title: commit.subject.chars().take(200).collect(),
                        author: commit
                            .author
                            .split(" <")
                            .next()
                            .unwrap_or_default()
                            .to_owned(),
                    })
                })
                .collect::<Result<_, ForgeError>>()?,
            base_head: revision(
                seen.base_head
                    .or(seen.merged_oid)
                    .unwrap_or(seen.change.head),
            )?,
            merged: seen.merged_oid.map(revision).transpose()?,
            ended_by: ended.map(|ended| ended.by),
            checks: seen
                .checks
                .into_iter()
                .map(|check| Check {
                    name: check.name,
                    state: check_state(check.state),
                })
                .collect(),
            reviews: seen
                .reviews
                .into_iter()
                .map(|review| {
                    Ok(Review {
                        by: review.by,
                        head: revision(review.head)?,
                        verdict: review.verdict,
                    })
                })
                .collect::<Result<_, ForgeError>>()?,
        })
    }

    pub(crate) async fn diff(&self, brings: &Brings, limit: u64) -> Result<Patch, ForgeError> {
        let git = match self.git(&brings.repository).await {
            Err(error) if error.reason_code == "repository_missing" => {
                let what = format!("`{}` is not on its forge any more", brings.repository);
                return Err(ForgeError::refused("repository_missing", what));
            }
            found => found?,
        };
        git::diff(&git, brings, limit).await
    }

    pub(crate) async fn open(&self, open: &Open) -> Result<Outcome, ForgeError> {
        let opening = OpenChange {
            repository: open.repository.path.clone(),
            branch: open.branch.clone(),
            base: open.base.clone(),
            title: open.title.clone(),
            body: open.body.clone(),
            marker: Some(open.branch.to_string()),
            by: self.proposer.clone(),
            at: open.at,
        };
        let opened = match self.forge.open_change(&opening).await {
            Ok(opened) => opened,
            Err(LocalError::NothingToMerge { .. }) => return self.without_request(open).await,
            Err(LocalError::BranchMissing { branch, .. }) if branch == open.branch.as_str() => {
                return self.without_request(open).await;
            }
            Err(error) => return Err(error.into()),
        };
        let number = opened.change.number;
        let url = format!(
            "sendo change show {} {number}",
            self.command_name(&open.repository)
        );
        Ok(Outcome::Opened { number, url })
    }

    /// What became of a published commit whose branch has nothing to open a request for.
    async fn without_request(&self, open: &Open) -> Result<Outcome, ForgeError> {
        let git = self.git(&open.repository).await?;
        let base = git.resolve(&RefName::branch(open.base.as_str())?).await?;
        Ok(match base {
            Some(base) if git::contains(&git, base, oid(&open.head)?).await? => Outcome::Merged {
                revision: revision(base)?,
            },
            _ => Outcome::Closed,
        })
    }

    pub(crate) async fn approve(
        &self,
        repository: &Repository,
        number: u64,
        head: &Revision,
        at: Timestamp,
    ) -> Result<Outcome, ForgeError> {
        let review = ReviewChange {
            repository: repository.path.clone(),
            number,
            head: oid(head)?,
            verdict: Verdict::Approve,
            body: String::new(),
            by: self.approver.clone(),
            at,
        };
        match self.forge.review(&review).await {
            Ok(()) => Ok(Outcome::Approved),
            Err(error) => moved(error),
        }
    }

    pub(crate) async fn merge(
        &self,
        repository: &Repository,
        number: u64,
        head: &Revision,
        at: Timestamp,
    ) -> Result<Outcome, ForgeError> {
        let merge = MergeChange {
            repository: repository.path.clone(),
            number,
            expected_head: oid(head)?,
            expected_base: None,
            message: None,
            by: self.approver.clone(),
            at,
        };
        match self.forge.merge(&merge).await {
            Ok(merged) => Ok(Outcome::Merged {
                revision: revision(merged.oid)?,
            }),
            Err(LocalError::Conflict { .. }) => Ok(Outcome::Conflict),
            Err(error) => moved(error),
        }
    }

    pub(crate) async fn close(
        &self,
        repository: &Repository,
        number: u64,
        why: &str,
        at: Timestamp,
    ) -> Result<Outcome, ForgeError> {
        match self
            .forge
            .close(&repository.path, number, why, &self.proposer, at)
            .await
        {
            Ok(()) | Err(LocalError::AlreadyMerged { .. }) => Ok(Outcome::Closed),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn delete_branch(
        &self,
        repository: &Repository,
        branch: &BranchName,
        head: &Revision,
        at: Timestamp,
    ) -> Result<Outcome, ForgeError> {
        match self
            .forge
            .delete_branch(&repository.path, branch, oid(head)?, at)
            .await
        {
            // Somebody's commits are on it: it is theirs now.
            Ok(_) | Err(LocalError::HeadMoved { .. } | LocalError::DefaultBranch { .. }) => {
                Ok(Outcome::Deleted)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Somebody was faster: the decision looks again.
fn moved(error: LocalError) -> Result<Outcome, ForgeError> {
    match error {
        LocalError::HeadMoved { .. }
        | LocalError::BaseMoved { .. }
        | LocalError::Closed { .. }
        | LocalError::AlreadyMerged { .. } => Ok(Outcome::HeadMoved),
        other => Err(other.into()),
    }
}

const fn check_state(state: CheckState) -> sendo_core::effect::CheckState {
    use sendo_core::effect::CheckState as Seen;
    match state {
        CheckState::Pending => Seen::Pending,
        CheckState::Success => Seen::Success,
        CheckState::Failure | CheckState::Error => Seen::Failure,
    }
}

fn revision(oid: Oid) -> Result<Revision, ForgeError> {
    git::revision(oid)
}

fn oid(revision: &Revision) -> Result<Oid, ForgeError> {
    git::oid(revision)
}

impl From<LocalError> for ForgeError {
    fn from(error: LocalError) -> Self {
        let transient =
            error.is_transient() || matches!(&error, LocalError::Git(git) if git.is_cas_lost());
        Self {
            reason_code: error.reason_code().to_owned(),
            message: error.to_string(),
            transient,
            wait: None,
            turn: None,
        }
    }
}
