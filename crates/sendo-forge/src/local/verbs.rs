//! What people do to a change request besides merging it: review, comment, retitle, close, reopen.
//!
//! Owns appending a turn to the log by compare-and-swap, together with the head it was said about.
//! Each verb, done twice, is done once.

use sendo_core::effect::{ChangeState, Verdict};
use sendo_core::names::Principal;
use sendo_core::time::Timestamp;
use sendo_git::{GitError, Oid, RefUpdate};

use super::chain;
use super::change::Review;
use super::error::LocalError;
use super::forge::{ATTEMPTS, LocalForge, head_ref, log_ref, tell};
use super::read::Found;
use super::turn::{Turn, What, check_body, check_title};

/// A review to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewChange {
    /// The repository's path.
    pub repository: String,
    /// The change request.
    pub number: u64,
    /// The head that was looked at.
    pub head: Oid,
    /// What is said about it.
    pub verdict: Verdict,
    /// What is written, at most 256 KiB.
    pub body: String,
    /// Who reviews.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
}

/// A comment to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentOn {
    /// The repository's path.
    pub repository: String,
    /// The change request.
    pub number: u64,
    /// What is written, at most 256 KiB.
    pub body: String,
    /// The writer's own key: a comment with the same key is replaced, and one that says the same is
    /// not made again.
    pub marker: Option<String>,
    /// Who comments.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
}

impl LocalForge {
    /// Reviews exactly one head. The same review as this person's latest changes nothing.
    ///
    /// # Errors
    /// `head_moved` when the head is another, `closed`, `already_merged`, `invalid_text`, and those of
    /// [`LocalForge::change`].
    pub async fn review(&self, review: &ReviewChange) -> Result<(), LocalError> {
        let ReviewChange {
            repository,
            number,
            head,
            verdict,
            body,
            by,
            at,
        } = review.clone();
        check_body("review", &body)?;
        let say = |found: &Found| {
            let said = Review {
                by: by.clone(),
                head,
                verdict,
                body: body.clone(),
                at,
            };
            let mut earlier = found.record.reviews.iter().rev();
            let latest = earlier.find(|earlier| earlier.by == said.by);
            if latest.is_some_and(|latest| {
                Review {
                    at,
                    ..latest.clone()
                } == said
            }) {
                return Ok(None);
            }
            refuse_ended(found, number)?;
            if found.standing.head != head {
                let branch = found.record.branch.to_string();
                let actual = Some(found.standing.head);
                return Err(LocalError::HeadMoved {
                    branch,
                    expected: head,
                    actual,
                });
            }
            Ok(Some(What::Reviewed {
                verdict,
                head,
                body: body.clone(),
            }))
        };
        self.append(&repository, number, &by, at, say).await
    }

    /// Comments, whatever the state.
    ///
    /// # Errors
    /// `invalid_text`, and those of [`LocalForge::change`].
    pub async fn comment(&self, comment: &CommentOn) -> Result<(), LocalError> {
        let CommentOn {
            repository,
            number,
            body,
            marker,
            by,
            at,
        } = comment.clone();
        check_body("comment", &body)?;
        let say = |found: &Found| {
            let mut comments = found.record.comments.iter();
            let same = comments.any(|known| {
                marker.is_some() && known.marker == marker && known.body == body && known.by == by
            });
            let what = What::Commented {
                body: body.clone(),
                marker: marker.clone(),
            };
            Ok((!same).then_some(what))
        };
        self.append(&repository, number, &by, at, say).await
    }

    /// Gives another title and description.
    ///
    /// # Errors
    /// `invalid_text`, and those of [`LocalForge::change`].
    pub async fn retitle(
        &self,
        repository: &str,
        number: u64,
        (title, body): (&str, &str),
        by: &Principal,
        at: Timestamp,
    ) -> Result<(), LocalError> {
        check_title(title)?;
        check_body("body", body)?;
        let say = |found: &Found| {
            let same = found.record.title == title && found.record.body == body;
            let what = What::Retitled {
                title: title.to_owned(),
                body: body.to_owned(),
            };
            Ok((!same).then_some(what))
        };
        self.append(repository, number, by, at, say).await
    }

    /// Closes without merging. One that is closed stays as it is.
    ///
    /// # Errors
    /// `already_merged`, `invalid_text`, and those of [`LocalForge::change`].
    pub async fn close(
        &self,
        repository: &str,
        number: u64,
        reason: &str,
        by: &Principal,
        at: Timestamp,
    ) -> Result<(), LocalError> {
        check_body("reason", reason)?;
        let say = |found: &Found| match found.standing.state {
            ChangeState::Open => Ok(Some(What::Closed {
                reason: reason.to_owned(),
            })),
            ChangeState::Closed => Ok(None),
            ChangeState::Merged => Err(LocalError::AlreadyMerged { number }),
        };
        self.append(repository, number, by, at, say).await
    }

    /// Opens a closed one again; its head is then the branch's. One that is open stays as it is.
    ///
    /// Does not look for another open change request of the same branch.
    ///
    /// # Errors
    /// `already_merged`, also for one that was merged before the base was moved back, and those of
    /// [`LocalForge::change`].
    pub async fn reopen(
        &self,
        repository: &str,
        number: u64,
        by: &Principal,
        at: Timestamp,
    ) -> Result<(), LocalError> {
        let say = |found: &Found| match found.standing.state {
            ChangeState::Open => Ok(None),
            ChangeState::Closed if found.record.merged.is_none() => Ok(Some(What::Reopened)),
            ChangeState::Closed | ChangeState::Merged => Err(LocalError::AlreadyMerged { number }),
        };
        self.append(repository, number, by, at, say).await
    }

    /// Appends what `say` makes of the change request as it is found; nothing when it has nothing to
    /// say. Asked again whenever log or head moved meanwhile.
    async fn append(
        &self,
        repository: &str,
        number: u64,
        by: &Principal,
        at: Timestamp,
        say: impl Fn(&Found) -> Result<Option<What>, LocalError>,
    ) -> Result<(), LocalError> {
        let git = self.repository(repository).await?;
        let name = log_ref(number)?;
        let _turn = git.turn(&name).await;
        for _ in 0..ATTEMPTS {
            let found = self.find(&git, repository, number).await?;
            let Some(what) = say(&found)? else {
                return Ok(());
            };
            let turn = Turn::new(by, at, what);
            let next = chain::write(&git, Some(found.log), &turn, by, at).await?;
            let updates = [
                RefUpdate::moved(name.clone(), found.log, next),
                RefUpdate::unmoved(head_ref(number)?, Some(found.refs.noted)),
            ];
            match git.update_refs(&updates).await {
                Ok(()) => {
                    tell(&git, &updates, at);
                    return Ok(());
                }
                Err(GitError::CasLost { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let what = format!("change request {number}");
        Err(LocalError::Contended {
            repository: repository.to_owned(),
            what,
        })
    }
}

pub(super) fn refuse_ended(found: &Found, number: u64) -> Result<(), LocalError> {
    match found.standing.state {
        ChangeState::Open => Ok(()),
        ChangeState::Closed => Err(LocalError::Closed { number }),
        ChangeState::Merged => Err(LocalError::AlreadyMerged { number }),
    }
}
