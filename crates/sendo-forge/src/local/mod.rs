//! The local forge: change requests, reviews and checks as refs of plain bare repositories.
//!
//! | Ref | What it holds |
//! |---|---|
//! | `refs/sendo/changes/N/head` | the head of change request N; follows its branch while that is there |
//! | `refs/sendo/changes/N/log` | what happened to it: a chain of commits, one per turn, only ever added to |
//! | `refs/sendo/checks/SHA` | what was reported on a commit: such a chain too |
//!
//! A turn is a commit with the empty tree whose message is one JSON document. A mirror clone carries
//! everything. Whether a change request is *merged* is not in its log: the base containing its head
//! says so, and nothing else does, so moving the base is the one commit point.
//!
//! A review here is worth what write access to the repository is worth: whoever may push may also
//! push a review in anybody's name.

pub mod acts;
mod chain;
mod change;
mod check;
mod error;
mod forge;
mod merge;
mod open;
mod read;
mod standing;
mod survey;
mod turn;
mod verbs;

pub use change::{
    AheadCommit, Change, ChangeDetails, Comment, Ended, Listed, Review, StateFilter, Unreadable,
};
pub use check::{Check, CheckReport, CheckState};
pub use error::LocalError;
pub use forge::LocalForge;
pub use merge::{MergeChange, MergeOutcome};
pub use open::{OpenChange, Opened};
pub use turn::{Turn, What};
pub use verbs::{CommentOn, ReviewChange};
