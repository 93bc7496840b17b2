//! What shall be done outside, as data, and what became of it.
//!
//! An effect has a class, and the class decides what happens after an ambiguous outcome: classes
//! A to D can be repeated or adopted, E stops and asks, a notice (N) is delivered at least once,
//! and an observation (O) has no outside effect at all.

use serde::{Deserialize, Serialize};

use crate::deployment::{Change, DeploymentId, Failure};
use crate::names::{BranchName, Principal, Repository, Revision, TagName, TreeId};
use crate::notice::Notice;
use crate::time::Timestamp;

/// How an effect behaves when its outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// Observation: reads only, repeated freely, leaves a fact.
    O,
    /// Set to a value: repeated freely.
    A,
    /// Unique by construction: repeated; what exists is adopted after checking that it is ours.
    B,
    /// Compare-and-swap: read back; success when the goal is already reached, else planned anew.
    C,
    /// Created with a marker: the marker is searched for first.
    D,
    /// Opaque: never repeated by itself; becomes `unknown` and a person chooses.
    E,
    /// Notice without read-back: at least once, never blocks a lane.
    N,
}

/// What a published edit sets, in the words of the manifests repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// An `images` entry of a kustomization.
    Image {
        /// The kustomization file or its folder, from the repository's root.
        path: String,
        /// The entry's `name`.
        image: String,
        /// The new `newName`, if it changes.
        new_name: Option<String>,
        /// The new `newTag`, if it changes.
        new_tag: Option<String>,
        /// The new `digest`, if it changes.
        digest: Option<String>,
    },
    /// A scalar of a YAML or JSON file.
    Value {
        /// The file, from the repository's root.
        path: String,
        /// Where in it, such as `.image.tag`.
        at: String,
        /// Its new value.
        value: String,
        /// Which document of several, counted from 0.
        document: Option<usize>,
    },
}

/// One thing to be done outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Read what a lane's trigger calls newest, and what lies between it and `since`.
    ObserveSource {
        /// The key of the fact it leaves.
        fact: String,
        /// The application's repository.
        repository: Repository,
        /// Where to look.
        look: Look,
        /// List the changes after this revision.
        since: Option<Revision>,
        /// Is the newest one behind this revision?
        succeeded: Option<Revision>,
        /// List the files each change touches.
        with_paths: bool,
    },
    /// Read a change request, its head, checks and reviews, and regenerate the tree it should have.
    ObserveChange {
        /// The key of the fact it leaves.
        fact: String,
        /// The manifests repository.
        repository: Repository,
        /// Its number.
        number: u64,
        /// What was promised.
        edits: Vec<Edit>,
    },
    /// Put the edited commit on a branch of its own.
    PublishBranch(Publish),
    /// Put the edited commit on the base itself.
    PublishCommit(Publish),
    /// Open the change request for a published branch.
    OpenChangeRequest {
        /// The manifests repository.
        repository: Repository,
        /// The branch that carries the commit.
        branch: BranchName,
        /// The branch it shall reach.
        base: BranchName,
        /// The commit that was published; pinned.
        head: Revision,
        /// The deployment it belongs to; also the marker.
        deployment: DeploymentId,
        /// What the body tells; rendered by the runner.
        story: Story,
    },
    /// Approve, as the second identity, exactly this head.
    ApproveChangeRequest {
        /// The manifests repository.
        repository: Repository,
        /// Its number.
        number: u64,
        /// The head whose tree was proved equal.
        head: Revision,
        /// The deployment it belongs to.
        deployment: DeploymentId,
    },
    /// Merge exactly this head.
    MergeChangeRequest {
        /// The manifests repository.
        repository: Repository,
        /// Its number.
        number: u64,
        /// The head whose tree was proved equal.
        head: Revision,
        /// The deployment it belongs to.
        deployment: DeploymentId,
    },
    /// Close a change request that will not be merged.
    CloseChangeRequest {
        /// The manifests repository.
        repository: Repository,
        /// Its number.
        number: u64,
        /// Why, for the people who follow it.
        why: CloseReason,
    },
    /// Delete our branch, if its head is still the one we know.
    DeleteBranch {
        /// The manifests repository.
        repository: Repository,
        /// The branch.
        branch: BranchName,
        /// Its expected head.
        head: Revision,
    },
    /// Tell people.
    PostNotice {
        /// The target, as the configuration names it.
        target: String,
        /// What to tell.
        notice: Notice,
    },
}

/// Where a source observation looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "look", rename_all = "snake_case")]
pub enum Look {
    /// At a branch's head.
    Branch {
        /// The branch.
        branch: BranchName,
    },
    /// At all tags with this literal prefix (possibly empty); the decision picks one.
    Tags {
        /// The prefix.
        prefix: String,
    },
    /// At whatever a person named: a full SHA, a branch or a tag.
    Reference {
        /// As typed.
        reference: String,
    },
}

/// A commit to be made in a manifests repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// The manifests repository.
    pub repository: Repository,
    /// The branch the change shall reach.
    pub base: BranchName,
    /// The branch that carries the commit; the base itself for a direct commit.
    pub branch: BranchName,
    /// The head of `branch` that may be replaced: our own earlier commit, or none.
    pub replaces: Option<Revision>,
    /// What to set.
    pub edits: Vec<Edit>,
    /// The values the edits replaced the first time; a different one now means that somebody else changed them.
    pub expected_old: Option<Vec<String>>,
    /// The deployment it belongs to; also the marker in the commit message.
    pub deployment: DeploymentId,
    /// What the commit message tells; rendered by the runner.
    pub story: Story,
    /// The commit's date, so that a repeated attempt makes the same commit.
    pub at: Timestamp,
}

/// What a commit message or change request body tells. Rendering it is another crate's task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The application.
    pub application: String,
    /// The environment.
    pub environment: String,
    /// The application's repository.
    pub source: Repository,
    /// The revision that comes.
    pub revision: Revision,
    /// The revision that was there, when known.
    pub previous: Option<Revision>,
    /// The branch or tag it was found on.
    pub reference: String,
    /// The value written, such as the image tag.
    pub version: String,
    /// What it carries, oldest first.
    pub included: Vec<Change>,
    /// How many more changes there are than listed.
    pub omitted: u64,
    /// Who asked, when a person did.
    pub requested_by: Option<Principal>,
    /// Checks that must succeed before the merge.
    pub checks: Vec<String>,
    /// How many people must approve; 0 is automatic.
    pub people: u32,
}

/// Why a change request is closed unmerged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum CloseReason {
    /// A newer revision took its place.
    Superseded {
        /// The newer deployment.
        by: DeploymentId,
    },
    /// The deployment cannot go on.
    Failed {
        /// Why.
        failure: Failure,
    },
}

impl Effect {
    /// Every kind there is, for tables and for the suite that breaks each of them.
    pub const KINDS: [&'static str; 10] = [
        "observe_source",
        "observe_change",
        "publish_branch",
        "publish_commit",
        "open_change_request",
        "approve_change_request",
        "merge_change_request",
        "close_change_request",
        "delete_branch",
        "post_notice",
    ];

    /// The kind as it stands in the store.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ObserveSource { .. } => Self::KINDS[0],
            Self::ObserveChange { .. } => Self::KINDS[1],
            Self::PublishBranch(_) => Self::KINDS[2],
            Self::PublishCommit(_) => Self::KINDS[3],
            Self::OpenChangeRequest { .. } => Self::KINDS[4],
            Self::ApproveChangeRequest { .. } => Self::KINDS[5],
            Self::MergeChangeRequest { .. } => Self::KINDS[6],
            Self::CloseChangeRequest { .. } => Self::KINDS[7],
            Self::DeleteBranch { .. } => Self::KINDS[8],
            Self::PostNotice { .. } => Self::KINDS[9],
        }
    }

    /// What may be done when its outcome is unknown.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::ObserveSource { .. } | Self::ObserveChange { .. } => Class::O,
            Self::CloseChangeRequest { .. } => Class::A,
            Self::PublishBranch(_) => Class::B,
            Self::PublishCommit(_)
            | Self::MergeChangeRequest { .. }
            | Self::DeleteBranch { .. } => Class::C,
            Self::OpenChangeRequest { .. } | Self::ApproveChangeRequest { .. } => Class::D,
            Self::PostNotice { .. } => Class::N,
        }
    }
}

/// An effect's name within its subject. Planning the same key twice plans it once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectKey(pub String);

/// An effect as a decision plans it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedEffect {
    /// Unique within the subject.
    pub key: EffectKey,
    /// The deployment it belongs to, if any.
    pub deployment: Option<DeploymentId>,
    /// What to do.
    pub effect: Effect,
}

/// Where an effect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// Waiting for a worker, or for the time of its next attempt.
    Ready,
    /// Done; the outcome says how.
    Done,
    /// Refused for good by the other side, or out of attempts.
    Failed,
    /// Of class E with an outcome nobody can tell: a person chooses.
    Unknown,
    /// Withdrawn before anything was sent.
    Cancelled,
}

impl EffectState {
    /// The state as it stands in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An effect as a decision sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectView {
    /// Unique within the subject.
    pub key: EffectKey,
    /// The deployment it belongs to, if any.
    pub deployment: Option<DeploymentId>,
    /// What was planned.
    pub effect: Effect,
    /// Where it stands.
    pub state: EffectState,
    /// Whether a worker holds it right now.
    pub claimed: bool,
    /// Whether an intent was written: from then on it cannot be withdrawn.
    pub intended: bool,
    /// How often it was claimed.
    pub attempts: u32,
    /// What became of it.
    pub outcome: Option<Outcome>,
    /// The last error, while it is tried again or after it failed.
    pub error: Option<EffectError>,
    /// When it may be tried next.
    pub not_before: Timestamp,
}

/// What became of an effect. It comes back to the decision that planned it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// An observation left its fact.
    Observed,
    /// The commit is on its branch.
    Published(Published),
    /// The files already say what was asked; nothing was published.
    Unchanged {
        /// The base's head that was looked at.
        base: Revision,
    },
    /// The values to be replaced are not the ones we saw first: somebody else changed them.
    ValueChanged {
        /// What they were.
        from: String,
        /// What they are.
        now: String,
    },
    /// The change request is open.
    Opened {
        /// Its number.
        number: u64,
        /// Where a person looks at it.
        url: String,
    },
    /// The second identity approved.
    Approved,
    /// The base contains the head.
    Merged {
        /// The base's head that contains it.
        revision: Revision,
    },
    /// The branch is not at the head we know; look again.
    HeadMoved,
    /// It does not merge without conflict; rebuild it from the intent.
    Conflict,
    /// The change request is closed or merged.
    Closed,
    /// The branch is gone, or it is not ours to delete any more.
    Deleted,
    /// The notice was delivered.
    Posted,
}

/// What a publication put where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The base's head it was built on.
    pub base: Revision,
    /// The commit.
    pub commit: Revision,
    /// The commit's tree.
    pub tree: TreeId,
    /// The old values, one for each edit.
    pub old: Vec<String>,
}

/// Why an effect did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectError {
    /// A stable code, such as `image_not_found`.
    pub reason_code: String,
    /// What was tried on what and what came back: a fragment, at most 1,000 characters, no secret.
    pub message: String,
}

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
