//! Merging a change request, and deleting its branch afterwards.
//!
//! Owns the one commit point of this forge: the base moves, by compare-and-swap, in one transaction
//! with the log and with the head and branch still being what was pinned. A merge that already
//! happened, by this call or by a push, is found and answered, not made again.

use sendo_core::effect::ChangeState;
use sendo_core::names::{BranchName, Principal};
use sendo_core::time::Timestamp;
use sendo_git::{BareRepository, GitError, Merged, NewCommit, Oid, RefUpdate};

use super::chain::{self, signature};
use super::error::LocalError;
use super::forge::{ATTEMPTS, LocalForge, branch_ref, head_ref, log_ref, tell};
use super::read::Found;
use super::standing;
use super::turn::{Turn, What};
use super::verbs::refuse_ended;

/// A merge to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeChange {
    /// The repository's path.
    pub repository: String,
    /// The change request.
    pub number: u64,
    /// The head that was approved; no other is merged.
    pub expected_head: Oid,
    /// The base's head it must be merged into; `None` takes whichever it is, as long as both sides
    /// merge without conflict.
    pub expected_base: Option<Oid>,
    /// The message of the merge commit; `None` for one that names the change request.
    pub message: Option<String>,
    /// Who merges.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
}

/// What came of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeOutcome {
    /// The base's head that contains the change request.
    pub oid: Oid,
    /// Whether it was merged before.
    pub already: bool,
}

impl LocalForge {
    /// Merges exactly the pinned head: a merge commit with the base first and the head second. Its
    /// tree is the head's when the base has nothing new, else that of a three-way merge.
    ///
    /// A base that moves meanwhile is merged with again, unless `expected_base` forbids it.
    ///
    /// # Errors
    /// `head_moved`, `base_moved`, `conflict`, `closed`, `already_merged` when it was merged with
    /// another head, `branch_missing` for the base, `contended`, and those of [`LocalForge::change`].
    pub async fn merge(&self, merge: &MergeChange) -> Result<MergeOutcome, LocalError> {
        let MergeChange {
            repository,
            number,
            at,
            ..
        } = merge;
        let git = self.repository(repository).await?;
        let base = self.find(&git, repository, *number).await?.record.base;
        let base_name = branch_ref(&base)?;
        let _turn = git.turn(&base_name).await;
        for _ in 0..ATTEMPTS {
            let found = self.find(&git, repository, *number).await?;
            let base_head = found.refs.base.ok_or_else(|| LocalError::BranchMissing {
                repository: repository.clone(),
                branch: base.to_string(),
            })?;
            if found.standing.state == ChangeState::Merged {
                return self.adopt_merge(&git, merge, &found, base_head).await;
            }
            refuse_ended(&found, *number)?;
            check_pins(merge, &found, base_head)?;
            let oid = merge_commit(&git, merge, &found, base_head).await?;
            let turn = merged_turn(merge, oid);
            let log = chain::write(&git, Some(found.log), &turn, &merge.by, *at).await?;
            let updates = [
                RefUpdate::moved(base_name.clone(), base_head, oid),
                RefUpdate::moved(log_ref(*number)?, found.log, log),
                RefUpdate::unmoved(head_ref(*number)?, Some(merge.expected_head)),
                RefUpdate::unmoved(branch_ref(&found.record.branch)?, found.refs.branch),
            ];
            match git.update_refs(&updates).await {
                Ok(()) => {
                    tell(&git, &updates, *at);
                    return Ok(MergeOutcome {
                        oid,
                        already: false,
                    });
                }
                Err(GitError::CasLost { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LocalError::Contended {
            repository: repository.clone(),
            what: base.to_string(),
        })
    }

    /// Answers a merge that happened before. If it was this one, and was cut short before the log
    /// said so, the log says so now.
    async fn adopt_merge(
        &self,
        git: &BareRepository,
        merge: &MergeChange,
        found: &Found,
        base_head: Oid,
    ) -> Result<MergeOutcome, LocalError> {
        let MergeChange {
            number,
            expected_head,
            by,
            at,
            ..
        } = merge;
        if found.standing.head != *expected_head {
            return Err(LocalError::AlreadyMerged { number: *number });
        }
        if let Some((_, oid)) = found.record.merged {
            return Ok(MergeOutcome { oid, already: true });
        }
        let made = standing::merge_of(git, *expected_head, base_head).await?;
        let oid = made.unwrap_or(base_head);
        let ours = format!("{} <", signature(by, *at).name);
        let is_merge = made.is_some_and(|made| made != *expected_head);
        if is_merge && git.commit(oid).await?.author.starts_with(&ours) {
            let turn = merged_turn(merge, oid);
            let log = chain::write(git, Some(found.log), &turn, by, *at).await?;
            let update = RefUpdate::moved(log_ref(*number)?, found.log, log);
            match git.update_refs(std::slice::from_ref(&update)).await {
                Ok(()) => tell(git, &[update], *at),
                // Somebody else wrote to the log; who merged it is not worth fighting for.
                Err(GitError::CasLost { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(MergeOutcome { oid, already: true })
    }

    /// Deletes a branch, if its head is still the one expected; one that is gone already is no error.
    /// Answers whether it was there. A change request keeps the head it had when it was last read.
    ///
    /// # Errors
    /// `head_moved`, `default_branch`, and those of git.
    pub async fn delete_branch(
        &self,
        repository: &str,
        branch: &BranchName,
        expected_head: Oid,
        at: Timestamp,
    ) -> Result<bool, LocalError> {
        let git = self.repository(repository).await?;
        let name = branch_ref(branch)?;
        if git.default_branch().await?.as_ref() == Some(&name) {
            let (repository, branch) = (repository.to_owned(), branch.to_string());
            return Err(LocalError::DefaultBranch { repository, branch });
        }
        let update = RefUpdate::deleted(name, expected_head);
        match git.update_refs(std::slice::from_ref(&update)).await {
            Ok(()) => {
                tell(&git, &[update], at);
                Ok(true)
            }
            Err(GitError::CasLost { actual: None, .. }) => Ok(false),
            Err(GitError::CasLost { actual, .. }) => {
                let (branch, expected) = (branch.to_string(), expected_head);
                Err(LocalError::HeadMoved {
                    branch,
                    expected,
                    actual,
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn check_pins(merge: &MergeChange, found: &Found, base_head: Oid) -> Result<(), LocalError> {
    let expected = merge.expected_head;
    // While the branch exists it has to be at the pinned head too: one that was set back has not
    // moved the noted head.
    let actual = found.refs.branch.unwrap_or(found.standing.head);
    if found.standing.head != expected || actual != expected {
        let branch = found.record.branch.to_string();
        return Err(LocalError::HeadMoved {
            branch,
            expected,
            actual: Some(actual),
        });
    }
    match merge.expected_base {
        Some(expected) if expected != base_head => {
            let base = found.record.base.to_string();
            Err(LocalError::BaseMoved {
                base,
                expected,
                actual: base_head,
            })
        }
        _ => Ok(()),
    }
}

async fn merge_commit(
    git: &BareRepository,
    merge: &MergeChange,
    found: &Found,
    base_head: Oid,
) -> Result<Oid, LocalError> {
    let (number, head) = (merge.number, merge.expected_head);
    let tree = match git.merge_base(base_head, head).await? {
        Some(common) if common == base_head => git.commit(head).await?.tree,
        Some(_) => match git.merge_trees(base_head, head).await? {
            Merged::Clean(tree) => tree,
            Merged::Conflict(paths) => return Err(LocalError::Conflict { number, paths }),
        },
        None => {
            let paths = vec!["the whole history".to_owned()];
            return Err(LocalError::Conflict { number, paths });
        }
    };
    let record = &found.record;
    let message = merge.message.clone().unwrap_or_else(|| {
        format!(
            "Merge change request {number}: {}\n\n{} into {}\n",
            record.title, record.branch, record.base
        )
    });
    let who = signature(&merge.by, merge.at);
    let parents = vec![base_head, head];
    let commit = NewCommit {
        tree,
        parents,
        author: who.clone(),
        committer: who,
        message,
    };
    Ok(git.commit_tree(&commit).await?)
}

fn merged_turn(merge: &MergeChange, oid: Oid) -> Turn {
    let what = What::Merged {
        head: merge.expected_head,
        merge: oid,
    };
    Turn::new(&merge.by, merge.at, what)
}
