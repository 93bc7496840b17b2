//! The read model of one attempt to bring an environment to a revision.
//!
//! A row is written by the decision that changed it and never read by one: it exists for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::act::Area;
use crate::engine::Lacks;
use crate::names::{EngineApplication, Principal, Repository, Revision};
use crate::subject::LaneId;
use crate::time::Timestamp;

/// `application/environment/N`, N counting from 1 in each lane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentId(pub String);

impl DeploymentId {
    /// The `ordinal`-th deployment of a lane.
    #[must_use]
    pub fn new(lane: &LaneId, ordinal: u64) -> Self {
        Self(format!("{lane}/{ordinal}"))
    }

    /// Its lane, `application/environment`.
    #[must_use]
    pub fn lane(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(lane, _)| lane)
    }

    /// Its number within the lane.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.0.rsplit_once('/')?.1.parse().ok()
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a deployment reaches its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// A change in a manifests repository.
    Promotion,
    /// People change a manifests repository themselves, and what they merged is followed.
    Observe,
}

/// Where a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Known, and behind another one of its lane.
    Queued,
    /// Sendo is working on it.
    Running,
    /// Something outside Sendo has to happen first; see [`Waiting`].
    Waiting,
    /// The environment was brought to the revision: its change is merged, or, where an engine is
    /// named, the environment is healthy at it.
    Succeeded,
    /// A newer one took its place, or something else that somebody applied.
    Superseded,
    /// A person ended it.
    Cancelled,
    /// It cannot go on and will not be tried again by itself.
    Failed,
}

impl DeploymentState {
    /// The state as it stands in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Superseded | Self::Cancelled | Self::Failed
        )
    }
}

/// What a waiting deployment waits for, and so who can move it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Waiting {
    /// Success in the environment before it.
    After {
        /// That environment.
        environment: String,
    },
    /// Checks that have not reported success on the exact head.
    Checks {
        /// Their names.
        pending: Vec<String>,
    },
    /// Checks that failed; a new report or a newer revision moves it.
    ChecksFailed {
        /// Their names.
        failed: Vec<String>,
    },
    /// People's approval.
    People {
        /// How many approvals are needed.
        needed: u32,
        /// Who approved the exact head so far.
        have: Vec<Principal>,
        /// Who may; empty is anybody who did not ask for it.
        from: Vec<Principal>,
        /// Whether it is needed only because the lane would go backwards.
        backwards: bool,
    },
    /// The revision has to prove itself in the environment before it for a while.
    Soak {
        /// That environment.
        environment: String,
        /// Until when.
        until: Timestamp,
    },
    /// Somebody locked it.
    Locked {
        /// The lock.
        lock: Lock,
    },
    /// The lane was rolled back, and is held there.
    Held {
        /// How.
        held: Held,
    },
    /// Nothing is merged in this window of time.
    Frozen {
        /// What people call it.
        name: String,
        /// Why, in their words.
        reason: Option<String>,
        /// Until when, with all that follow it without a gap.
        until: Timestamp,
        /// Who announced it; `None` when the configuration says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Principal>,
    },
    /// A reviewer asked for changes on the exact head.
    ChangesRequested {
        /// Who.
        by: Principal,
    },
    /// Somebody else committed to our branch: the lane stops until a person merges or closes.
    ForeignCommits {
        /// Their subjects, newest first, at most ten.
        commits: Vec<String>,
    },
    /// The head's tree is not the one we would generate.
    TreeMismatch,
    /// The forge's own rules on the branch: a review or a check that only it asks for.
    Protected {
        /// What lacks, in the forge's words.
        why: String,
    },
    /// Its change is merged, and the environment is not healthy at it yet.
    Engine {
        /// The engine's application that lacks most.
        application: EngineApplication,
        /// What it lacks.
        lacks: Lacks,
        /// What the engine says about it.
        message: Option<String>,
    },
    /// An outside call that cannot be done now; it is tried again.
    Retry {
        /// What was tried.
        effect: String,
        /// Why it did not work, in the words of the other side.
        error: String,
        /// When it is tried again.
        at: Timestamp,
    },
    /// An outside call that needs a person: the configuration or the repository must change.
    Blocked {
        /// What was tried.
        effect: String,
        /// Its stable code.
        reason_code: String,
        /// Why it did not work.
        error: String,
    },
}

impl Waiting {
    /// What it is for, in one word: as `for` of machine output has it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::After { .. } => "after",
            Self::Checks { .. } => "checks",
            Self::ChecksFailed { .. } => "checks_failed",
            Self::People { .. } => "people",
            Self::Soak { .. } => "soak",
            Self::Locked { .. } => "locked",
            Self::Held { .. } => "held",
            Self::Frozen { .. } => "frozen",
            Self::ChangesRequested { .. } => "changes_requested",
            Self::ForeignCommits { .. } => "foreign_commits",
            Self::TreeMismatch => "tree_mismatch",
            Self::Protected { .. } => "protected",
            Self::Engine { .. } => "engine",
            Self::Retry { .. } => "retry",
            Self::Blocked { .. } => "blocked",
        }
    }
}

/// An area is closed to deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// What is closed.
    pub area: Area,
    /// Who closed it.
    pub by: Principal,
    /// Why, in their words.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// When it opens by itself; `None` is never.
    pub until: Option<Timestamp>,
}

/// A lane that was rolled back stays where it is until somebody releases it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The rollback.
    pub deployment: DeploymentId,
    /// Who asked for it.
    pub by: Principal,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// One change a deployment carries: a commit on the way from the last revision to this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The commit.
    pub revision: Revision,
    /// Its first line, cut to 200 characters.
    pub title: String,
    /// Its author's name, for display only.
    pub author: String,
    /// Its author's address as the commit says it, in small letters, at most 254 characters: what
    /// routes of notices go by. `None` when it has none, or was read by an older Sendo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The pull request it came by, where the forge tells.
    pub number: Option<u64>,
}

/// The change request a deployment travels in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLink {
    /// Its number.
    pub number: u64,
    /// Where a person looks at it, or the command that shows it.
    pub url: String,
}

/// A row of the read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `application/environment/N`.
    pub id: DeploymentId,
    /// Its lane.
    pub lane: LaneId,
    /// How it travels.
    pub strategy: Strategy,
    /// The revision it brings.
    pub revision: Revision,
    /// The branch or tag the revision was found on, such as `refs/heads/develop`.
    pub reference: String,
    /// The image tag or other value it writes, once rendered.
    pub version: Option<String>,
    /// Where it stands.
    pub state: DeploymentState,
    /// What it waits for, when it waits.
    pub waiting: Option<Waiting>,
    /// When it was first known.
    pub created_at: Timestamp,
    /// When it reached a terminal state.
    pub finished_at: Option<Timestamp>,
    /// Who asked, when a person did.
    pub requested_by: Option<Principal>,
    /// The one that took its place.
    pub superseded_by: Option<DeploymentId>,
    /// Its change request.
    pub change: Option<ChangeLink>,
    /// What it carries since the last success, oldest first, at most 250.
    pub included: Vec<Change>,
    /// Why it ended without success: a stable code and the other side's words.
    pub error: Option<Failure>,
    /// The ids of the deliveries that announced it or asked for it, at most [`MOST_CAUSES`]. Empty
    /// when a look at the repository was faster.
    #[serde(default)]
    pub caused_by: Vec<String>,
    /// The commit that carries it, once there is one.
    #[serde(default)]
    pub brings: Option<Brings>,
}

/// The commit that carries a deployment to a manifests repository: ours, not what others add to its
/// branch, and not what the forge makes of it when it is merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brings {
    /// The manifests repository.
    pub repository: Repository,
    /// The head of the base it was built on: its parent.
    pub from: Revision,
    /// The commit.
    pub to: Revision,
}

/// At most this many deliveries are kept as what caused a deployment: the first ones.
pub const MOST_CAUSES: usize = 10;

/// Why a deployment ended without success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable code, such as `image_not_found`.
    pub reason_code: String,
    /// What happened, as a fragment.
    pub message: String,
}
