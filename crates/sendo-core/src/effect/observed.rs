//! What an observation leaves as a fact: what a trigger found, and how a change request stands.

use serde::{Deserialize, Serialize};

use super::Look;
use crate::deployment::Change;
use crate::names::{Principal, Revision, TagName, TreeId};
use crate::time::Timestamp;

/// What a lane's trigger found, as an observation leaves it under `source`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Where it looked.
    pub look: Look,
    /// The commits found: a branch or reference has one or none, tags have many.
    pub found: Vec<Found>,
    /// The changes after `since` up to a branch's or reference's head, oldest first, at most 250.
    pub changes: Vec<SourceChange>,
    /// How many more there are than listed.
    pub omitted: u64,
    /// Whether `since` is not an ancestor of what was found, so that the list starts elsewhere.
    pub diverged: bool,
    /// Whether what was found is an ancestor of the last success: the lane would go backwards.
    pub backwards: bool,
}

/// One commit a trigger found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The full reference, such as `refs/tags/release-1`; a SHA stands for itself.
    pub reference: String,
    /// The tag, where it was found by one.
    pub tag: Option<TagName>,
    /// The commit.
    pub revision: Revision,
    /// Its tree; absent in a list of tags.
    pub tree: Option<TreeId>,
    /// When the tag or commit was made.
    pub created_at: Timestamp,
}

/// A change with the files it touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceChange {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// The files it touches, at most 300; `None` when not asked for or too many.
    pub paths: Option<Vec<String>>,
}

/// A change request as an observation leaves it under `change/N`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRequest {
    /// Its number.
    pub number: u64,
    /// Whether it is open, merged or closed. Base ancestry alone says merged.
    pub state: ChangeState,
    /// The head, `None` when the branch is gone.
    pub head: Option<Revision>,
    /// The head's tree.
    pub head_tree: Option<TreeId>,
    /// The tree our edits give on the commit the head was built from.
    pub expected_tree: Option<TreeId>,
    /// Commits on the branch that are not on the base, newest first, at most ten.
    pub ahead: Vec<Ahead>,
    /// The base's head.
    pub base_head: Revision,
    /// The base's head after the merge, when merged.
    pub merged: Option<Revision>,
    /// Who merged or closed it, where the forge tells.
    pub ended_by: Option<Principal>,
    /// Reports on the exact head.
    pub checks: Vec<Check>,
    /// Reviews on any head.
    pub reviews: Vec<Review>,
}

/// Whether a change request is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// Open.
    Open,
    /// The base contains its head.
    Merged,
    /// Closed without a merge.
    Closed,
}

/// A commit on our branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ahead {
    /// The commit.
    pub revision: Revision,
    /// Its first line.
    pub title: String,
    /// Its author's name, for display only.
    pub author: String,
}

/// The latest report of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, such as `ci/build`.
    pub name: String,
    /// What it says.
    pub state: CheckState,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Not finished.
    Pending,
    /// Success; neutral and skipped ones count as such.
    Success,
    /// Failure of any kind.
    Failure,
}

/// A review of a change request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who.
    pub by: Principal,
    /// Which head they saw.
    pub head: Revision,
    /// What they said.
    pub verdict: Verdict,
}

/// What a reviewer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Approved.
    Approve,
    /// Asked for changes.
    RequestChanges,
    /// Only a comment.
    Comment,
}
