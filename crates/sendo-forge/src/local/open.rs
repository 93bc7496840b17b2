//! Opening a change request, or finding that it is open.
//!
//! Owns the allocation of numbers. A number is taken by creating its refs, and whoever comes second
//! reads the list again before trying the next, so two who open the same branch at once get one
//! change request between them.

use sendo_core::effect::ChangeState;
use sendo_core::names::{BranchName, Principal};
use sendo_core::time::Timestamp;
use sendo_git::{BareRepository, GitError, Oid, RefName, RefUpdate};

use super::chain;
use super::change::{Change, Listed};
use super::error::LocalError;
use super::forge::{ATTEMPTS, CHANGES, LocalForge, branch_ref, head_ref, log_ref, tell};
use super::survey::Survey;
use super::turn::{Turn, What, check_body, check_title};

/// A change request to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenChange {
    /// The repository's path.
    pub repository: String,
    /// The branch that carries it; it must exist.
    pub branch: BranchName,
    /// The branch it shall reach; it must exist.
    pub base: BranchName,
    /// One line of at most 300 characters.
    pub title: String,
    /// The description, at most 256 KiB.
    pub body: String,
    /// The opener's own key. Opening twice with one key gives one change request, whatever became of
    /// it meanwhile.
    pub marker: Option<String>,
    /// Who opens it.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
}

/// What came of opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The change request.
    pub change: Change,
    /// Whether it was there before.
    pub adopted: bool,
}

impl LocalForge {
    /// Opens a change request, or answers the one that has this marker, or else the one that is open
    /// for this branch and base.
    ///
    /// # Errors
    /// `branch_missing`, `nothing_to_merge`, `branch_in_use` when the branch is open for another
    /// base, `invalid_text`, `contended`, and those of git.
    pub async fn open_change(&self, open: &OpenChange) -> Result<Opened, LocalError> {
        check_title(&open.title)?;
        check_body("body", &open.body)?;
        let git = self.repository(&open.repository).await?;
        let _turn = git.turn(&RefName::new(CHANGES)?).await;
        for _ in 0..ATTEMPTS {
            let Survey { listed, next } = self.survey(&git).await?;
            if let Some(change) = adopt(&listed, open)? {
                return Ok(Opened {
                    change,
                    adopted: true,
                });
            }
            let head = self.head_to_open(&git, open).await?;
            match self.create(&git, open, next, head).await {
                Ok(change) => {
                    return Ok(Opened {
                        change,
                        adopted: false,
                    });
                }
                Err(LocalError::Git(GitError::CasLost { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        let what = "the list of change requests".to_owned();
        Err(LocalError::Contended {
            repository: open.repository.clone(),
            what,
        })
    }

    async fn head_to_open(
        &self,
        git: &BareRepository,
        open: &OpenChange,
    ) -> Result<Oid, LocalError> {
        let (branch, base) = (branch_ref(&open.branch)?, branch_ref(&open.base)?);
        let heads = git.resolve_all(&[branch.clone(), base.clone()]).await?;
        let missing = |name: &BranchName| LocalError::BranchMissing {
            repository: open.repository.clone(),
            branch: name.to_string(),
        };
        let head = *heads.get(&branch).ok_or_else(|| missing(&open.branch))?;
        let base = *heads.get(&base).ok_or_else(|| missing(&open.base))?;
        if git.is_ancestor(head, base).await? {
            let (branch, base) = (open.branch.to_string(), open.base.to_string());
            return Err(LocalError::NothingToMerge { branch, base });
        }
        Ok(head)
    }

    async fn create(
        &self,
        git: &BareRepository,
        open: &OpenChange,
        number: u64,
        head: Oid,
    ) -> Result<Change, LocalError> {
        let what = What::Opened {
            title: open.title.clone(),
            body: open.body.clone(),
            base: open.base.clone(),
            branch: open.branch.clone(),
            head,
            marker: open.marker.clone(),
        };
        let turn = Turn::new(&open.by, open.at, what);
        let log = chain::write(git, None, &turn, &open.by, open.at).await?;
        let updates = [
            RefUpdate::created(head_ref(number)?, head),
            RefUpdate::created(log_ref(number)?, log),
            RefUpdate::unmoved(branch_ref(&open.branch)?, Some(head)),
        ];
        git.update_refs(&updates).await?;
        tell(git, &updates, open.at);
        Ok(Change {
            number,
            title: open.title.clone(),
            body: open.body.clone(),
            branch: open.branch.clone(),
            base: open.base.clone(),
            state: ChangeState::Open,
            head,
            marker: open.marker.clone(),
            opened_by: open.by.clone(),
            opened_at: open.at,
        })
    }
}

fn adopt(listed: &Listed, open: &OpenChange) -> Result<Option<Change>, LocalError> {
    let ours = |change: &&Change| open.marker.is_some() && change.marker == open.marker;
    if let Some(change) = listed.changes.iter().find(ours) {
        return Ok(Some(change.clone()));
    }
    let same = |change: &&Change| change.state == ChangeState::Open && change.branch == open.branch;
    match listed.changes.iter().find(same) {
        Some(change) if change.base == open.base => Ok(Some(change.clone())),
        Some(change) => {
            let branch = open.branch.to_string();
            Err(LocalError::BranchInUse {
                branch,
                number: change.number,
            })
        }
        None => Ok(None),
    }
}
