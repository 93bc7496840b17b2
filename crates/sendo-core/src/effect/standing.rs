//! How far an effect is, and what became of it.

use serde::{Deserialize, Serialize};

use super::Effect;
use crate::deployment::DeploymentId;
use crate::names::{Revision, TreeId};
use crate::time::Timestamp;

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
    /// The forge's own rules on the branch are not met yet; nothing was merged.
    NotReady {
        /// Which, in the forge's words.
        why: String,
    },
    /// The change request is closed or merged.
    Closed,
    /// The branch is gone, or it is not ours to delete any more.
    Deleted,
    /// The engine took note of what it was asked.
    Asked,
    /// The notice was delivered.
    Posted,
    /// The notice stands in a thread.
    Told {
        /// Which, in the words of the target.
        thread: String,
    },
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

impl EffectError {
    /// The code of an attempt that others are served before. It comes back soon and often.
    pub const OTHERS_FIRST: &str = "others_first";

    /// Whether something is wrong.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        self.reason_code != Self::OTHERS_FIRST
    }
}
