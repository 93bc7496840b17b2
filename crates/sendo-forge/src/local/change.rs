//! A change request, as its log and the refs tell it.
//!
//! Owns the types a caller sees and the fold of a log into what it says. Whether it is open or merged
//! is not in the log; `standing` finds that out.

use sendo_core::effect::{ChangeState, Verdict};
use sendo_core::names::{BranchName, Principal};
use sendo_core::time::Timestamp;
use sendo_git::Oid;

use super::check::Check;
use super::turn::{Turn, What};

/// A change request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number, counted from 1 in each repository.
    pub number: u64,
    /// One line.
    pub title: String,
    /// The description.
    pub body: String,
    /// The branch that carries it.
    pub branch: BranchName,
    /// The branch it shall reach.
    pub base: BranchName,
    /// Whether it is open, merged or closed.
    pub state: ChangeState,
    /// Its head: the branch's while open, else the one it was merged or closed with.
    pub head: Oid,
    /// The opener's own key.
    pub marker: Option<String>,
    /// Who opened it.
    pub opened_by: Principal,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// Everything about a change request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeDetails {
    /// The change request.
    pub change: Change,
    /// The head's tree.
    pub head_tree: Oid,
    /// The base's head; `None` when the base was deleted.
    pub base_head: Option<Oid>,
    /// A best common ancestor of head and base.
    pub merge_base: Option<Oid>,
    /// Commits of the head that are not on the base, newest first, at most 250.
    pub ahead: Vec<AheadCommit>,
    /// Whether there are more than 250.
    pub ahead_cut: bool,
    /// Reviews of any head, oldest first; each says which head it saw.
    pub reviews: Vec<Review>,
    /// Comments, oldest first; of those with one marker only the last.
    pub comments: Vec<Comment>,
    /// The latest report of each check on exactly this head, by name.
    pub checks: Vec<Check>,
    /// Who closed it, and why, when it is closed.
    pub closed: Option<Ended>,
    /// Who merged it, when it is merged and the log tells; a push to the base leaves no name.
    pub merged: Option<Ended>,
    /// When it is merged: the oldest head of the base known to contain it.
    pub merged_oid: Option<Oid>,
}

/// A commit that a change request would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AheadCommit {
    /// The commit.
    pub oid: Oid,
    /// Its tree.
    pub tree: Oid,
    /// Its author, as `name <email>`; for display only.
    pub author: String,
    /// Its first line.
    pub subject: String,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Who.
    pub by: Principal,
    /// Which head they saw.
    pub head: Oid,
    /// What they said.
    pub verdict: Verdict,
    /// What they wrote.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Who.
    pub by: Principal,
    /// What they wrote.
    pub body: String,
    /// The writer's own key.
    pub marker: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How a change request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Who ended it.
    pub by: Principal,
    /// Why, when it was closed; else empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Which change requests to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateFilter {
    /// All.
    All,
    /// Those in one state.
    Only(ChangeState),
}

/// A list of change requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The change requests, by number.
    pub changes: Vec<Change>,
    /// Refs that look like change requests and are none.
    pub unreadable: Vec<Unreadable>,
}

/// A ref among the change requests that cannot be read as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its number, if it has one.
    pub number: Option<u64>,
    /// The ref.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

/// What a log says.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) base: BranchName,
    pub(super) branch: BranchName,
    pub(super) marker: Option<String>,
    pub(super) opened_by: Principal,
    pub(super) opened_at: Timestamp,
    pub(super) reviews: Vec<Review>,
    pub(super) comments: Vec<Comment>,
    pub(super) closed: Option<Ended>,
    pub(super) merged: Option<(Ended, Oid)>,
}

impl Record {
    /// Folds a log, oldest document first.
    pub(super) fn read(documents: &[String]) -> Result<Self, String> {
        let mut record: Option<Self> = None;
        for (n, document) in documents.iter().enumerate() {
            let wrong = |why: &str| format!("turn {}: {why}", n + 1);
            let turn: Turn =
                serde_json::from_str(document).map_err(|error| wrong(&error.to_string()))?;
            if turn.sendo != 1 {
                return Err(wrong("it was written by a newer version of this format"));
            }
            match (&mut record, turn) {
                (
                    None,
                    Turn {
                        by,
                        at,
                        what:
                            What::Opened {
                                title,
                                body,
                                base,
                                branch,
                                marker,
                                ..
                            },
                        ..
                    },
                ) => {
                    record = Some(Self {
                        title,
                        body,
                        base,
                        branch,
                        marker,
                        opened_by: by,
                        opened_at: at,
                        reviews: Vec::new(),
                        comments: Vec::new(),
                        closed: None,
                        merged: None,
                    });
                }
                (None, _) => return Err(wrong("the first turn does not open it")),
                (
                    Some(_),
                    Turn {
                        what: What::Opened { .. },
                        ..
                    },
                ) => {
                    return Err(wrong("it is opened a second time"));
                }
                (Some(record), turn) => record.apply(turn),
            }
        }
        record.ok_or_else(|| "its log is empty".to_owned())
    }

    fn apply(&mut self, Turn { by, at, what, .. }: Turn) {
        match what {
            What::Opened { .. } => {}
            What::Reviewed {
                verdict,
                head,
                body,
            } => {
                self.reviews.push(Review {
                    by,
                    head,
                    verdict,
                    body,
                    at,
                });
            }
            What::Commented { body, marker } => {
                if marker.is_some() {
                    self.comments.retain(|comment| comment.marker != marker);
                }
                self.comments.push(Comment {
                    by,
                    body,
                    marker,
                    at,
                });
            }
            What::Retitled { title, body } => (self.title, self.body) = (title, body),
            What::Closed { reason } => self.closed = Some(Ended { by, reason, at }),
            What::Reopened => self.closed = None,
            What::Merged { merge, .. } => {
                self.merged = Some((
                    Ended {
                        by,
                        reason: String::new(),
                        at,
                    },
                    merge,
                ));
            }
        }
    }

    pub(super) fn change(&self, number: u64, state: ChangeState, head: Oid) -> Change {
        Change {
            number,
            title: self.title.clone(),
            body: self.body.clone(),
            branch: self.branch.clone(),
            base: self.base.clone(),
            state,
            head,
            marker: self.marker.clone(),
            opened_by: self.opened_by.clone(),
            opened_at: self.opened_at,
        }
    }
}
