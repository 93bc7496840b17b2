//! Reading change requests: one in full, or all in brief.
//!
//! Owns gathering log, refs and commits of one, and letting its noted head follow the branch; `survey`
//! reads them all. Reading changes
//! nothing anybody could see: noting a head only keeps its commits from being collected.

use sendo_core::effect::ChangeState;
use sendo_core::names::BranchName;
use sendo_git::{BareRepository, GitError, LogQuery, Oid, RefName, RefUpdate};

use super::chain;
use super::change::{AheadCommit, Change, ChangeDetails, Listed, Record, StateFilter};
use super::check;
use super::error::LocalError;
use super::forge::{ATTEMPTS, LocalForge, branch_ref, head_ref, log_ref};
use super::standing::{self, Contains, Refs, Standing};
use super::survey::Survey;

/// Most commits listed as ahead of the base.
const MAX_AHEAD: usize = 250;

/// A change request as found, with the refs it was found at.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) record: Record,
    pub(super) log: Oid,
    pub(super) refs: Refs,
    pub(super) standing: Standing,
}

impl LocalForge {
    /// Reads one change request with everything about it.
    ///
    /// # Errors
    /// `change_missing`, `change_unreadable`, `contended`, and those of git.
    pub async fn change(&self, repository: &str, number: u64) -> Result<ChangeDetails, LocalError> {
        let git = self.repository(repository).await?;
        let found = self.find(&git, repository, number).await?;
        let Standing { state, head } = found.standing;
        let base = found.refs.base;
        let head_tree = git.commit(head).await?.tree;
        let (mut merge_base, mut ahead, mut ahead_cut, mut merged_oid) =
            (None, Vec::new(), false, None);
        if let Some(base) = base {
            merge_base = git.merge_base(head, base).await?;
            let query = LogQuery {
                to: head,
                from_exclusive: Some(base),
                first_parent: false,
                limit: MAX_AHEAD,
                touched: false,
            };
            let log = git.log(query).await?;
            ahead_cut = log.cut;
            ahead.extend(log.commits.into_iter().map(|commit| AheadCommit {
                oid: commit.info.oid,
                tree: commit.info.tree,
                author: commit.info.author,
                subject: commit.info.subject,
            }));
        }
        let record = found.record;
        if state == ChangeState::Merged {
            merged_oid = match (&record.merged, base) {
                (Some((_, merge)), _) => Some(*merge),
                (None, Some(base)) => {
                    Some(standing::merge_of(&git, head, base).await?.unwrap_or(base))
                }
                (None, None) => None,
            };
        }
        let checks = check::read(&git, &self.memory, repository, head).await?;
        let change = record.change(number, state, head);
        let closed = record.closed.filter(|_| state == ChangeState::Closed);
        let merged = record
            .merged
            .map(|(ended, _)| ended)
            .filter(|_| state == ChangeState::Merged);
        let (reviews, comments) = (record.reviews, record.comments);
        Ok(ChangeDetails {
            change,
            head_tree,
            base_head: base,
            merge_base,
            ahead,
            ahead_cut,
            reviews,
            comments,
            checks,
            closed,
            merged,
            merged_oid,
        })
    }

    /// Lists change requests by number. What is no change request is told apart and hides nothing.
    ///
    /// # Errors
    /// Those of git.
    pub async fn list(&self, repository: &str, filter: StateFilter) -> Result<Listed, LocalError> {
        let git = self.repository(repository).await?;
        let Survey { mut listed, .. } = self.survey(&git).await?;
        if let StateFilter::Only(state) = filter {
            listed.changes.retain(|change| change.state == state);
        }
        Ok(listed)
    }

    /// The open change request of a branch.
    ///
    /// # Errors
    /// Those of git.
    pub async fn find_open(
        &self,
        repository: &str,
        branch: &BranchName,
    ) -> Result<Option<Change>, LocalError> {
        let listed = self
            .list(repository, StateFilter::Only(ChangeState::Open))
            .await?;
        Ok(listed
            .changes
            .into_iter()
            .find(|change| change.branch == *branch))
    }

    /// Finds a change request, and lets its noted head follow the branch.
    pub(super) async fn find(
        &self,
        git: &BareRepository,
        repository: &str,
        number: u64,
    ) -> Result<Found, LocalError> {
        let (head_name, log_name) = (head_ref(number)?, log_ref(number)?);
        for _ in 0..ATTEMPTS {
            let own = git
                .resolve_all(&[head_name.clone(), log_name.clone()])
                .await?;
            let unreadable = |name: &RefName, why: String| LocalError::Unreadable {
                repository: repository.to_owned(),
                name: name.to_string(),
                why,
            };
            let (noted, log) = match (own.get(&head_name), own.get(&log_name)) {
                (Some(noted), Some(log)) => (*noted, *log),
                (None, None) => {
                    return Err(LocalError::ChangeMissing {
                        repository: repository.to_owned(),
                        number,
                    });
                }
                (None, Some(_)) => return Err(unreadable(&head_name, "it is missing".to_owned())),
                (Some(_), None) => return Err(unreadable(&log_name, "it is missing".to_owned())),
            };
            let mut chains = chain::read(git, &self.memory, &[log]).await?;
            let documents = chains
                .remove(&log)
                .unwrap_or_else(|| Err("it was not read".to_owned()));
            let record = documents.and_then(|documents| Record::read(&documents));
            let record = record.map_err(|why| unreadable(&log_name, why))?;
            let (branch, base) = (branch_ref(&record.branch)?, branch_ref(&record.base)?);
            let heads = git.resolve_all(&[branch.clone(), base.clone()]).await?;
            let refs = Refs {
                noted,
                branch: heads.get(&branch).copied(),
                base: heads.get(&base).copied(),
            };
            let standing = match standing::find(git, &record, refs, Contains::default()).await {
                Err(error @ (GitError::ObjectMissing { .. } | GitError::WrongKind { .. })) => {
                    return Err(unreadable(&head_name, error.to_string()));
                }
                other => other?,
            };
            if standing.head == noted {
                return Ok(Found {
                    record,
                    log,
                    refs,
                    standing,
                });
            }
            let follow = [
                RefUpdate::moved(head_name.clone(), noted, standing.head),
                RefUpdate::unmoved(log_name.clone(), Some(log)),
                RefUpdate::unmoved(branch, refs.branch),
            ];
            match git.update_refs(&follow).await {
                Ok(()) => {
                    let refs = Refs {
                        noted: standing.head,
                        ..refs
                    };
                    return Ok(Found {
                        record,
                        log,
                        refs,
                        standing,
                    });
                }
                Err(GitError::CasLost { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let what = format!("the branch of change request {number}");
        Err(LocalError::Contended {
            repository: repository.to_owned(),
            what,
        })
    }
}
