//! What came in, in the past tense.
//!
//! An event is read from a delivery and only says *where to look*: it wakes subjects and leaves an
//! announcement. What to do is computed from observed facts, so a lost event costs time, not truth.

use serde::{Deserialize, Serialize};

use crate::act::{Area, Asked};
use crate::freeze::Announced;
use crate::names::{
    ApplicationName, BranchName, ClusterName, EngineApplication, EnvironmentName, Principal,
    Repository, Revision, TagName,
};
use crate::subject::LaneId;
use crate::time::Timestamp;

/// A typed fact read from a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Event {
    /// A branch moved; on a forge without pull requests this is a merge.
    BranchPushed {
        /// Where.
        repository: Repository,
        /// Which branch.
        branch: BranchName,
        /// The head before, `None` for a new branch.
        before: Option<Revision>,
        /// The head after, `None` for a deleted branch.
        after: Option<Revision>,
        /// Who pushed, where the forge tells.
        by: Option<Principal>,
    },
    /// A tag was created, moved or deleted.
    TagPushed {
        /// Where.
        repository: Repository,
        /// Which tag, without `refs/tags/`; may contain `/`.
        tag: TagName,
        /// The commit it names, `None` for a deleted tag.
        revision: Option<Revision>,
        /// Who pushed, where the forge tells.
        by: Option<Principal>,
    },
    /// A pull request was closed, merged or not.
    PullRequestClosed {
        /// Where.
        repository: Repository,
        /// The pull request.
        number: u64,
        /// The branch it was aimed at.
        base: BranchName,
        /// The commit the merge made; `None` when it was closed without a merge.
        merged: Option<Revision>,
        /// Who closed it, where the forge tells.
        by: Option<Principal>,
    },
    /// A change request of ours, or its branch, reviews or comments, changed in some way.
    ChangeRequestTouched {
        /// Where.
        repository: Repository,
        /// Which one.
        number: u64,
    },
    /// A check reported a state for a commit.
    CheckReported {
        /// Where.
        repository: Repository,
        /// For which commit.
        revision: Revision,
    },
    /// An application of an engine, or what it applied, changed in some way. Whoever watches a cluster
    /// tells changes that follow each other closely as one.
    EngineTouched {
        /// In which cluster.
        cluster: ClusterName,
        /// Which one.
        application: EngineApplication,
    },
    /// CI reported that an image exists.
    ImageReported {
        /// The application it is an image of.
        application: ApplicationName,
        /// The commit it was built from.
        revision: Revision,
        /// Its tag.
        tag: Option<String>,
        /// Its digest, `sha256:…`.
        digest: Option<String>,
        /// Whose token reported it.
        by: Principal,
    },
    /// A person asked for a deployment.
    DeployRequested {
        /// The application.
        application: ApplicationName,
        /// The environment.
        environment: EnvironmentName,
        /// A full commit SHA, branch or tag; `None` is whatever the lane's trigger calls newest.
        reference: Option<String>,
        /// Who asked.
        by: Principal,
    },
    /// A person acted on a lane or one of its deployments.
    Acted {
        /// The lane.
        lane: LaneId,
        /// What they asked for.
        asked: Asked,
    },
    /// A person asked to close an area to deployments.
    LockRequested {
        /// What is closed.
        area: Area,
        /// When it opens by itself; `None` is never.
        until: Option<Timestamp>,
        /// Who.
        by: Principal,
        /// Why, in their words.
        reason: String,
    },
    /// A person asked to open an area again.
    UnlockRequested {
        /// What is opened.
        area: Area,
        /// Who.
        by: Principal,
    },
    /// A person asked to announce a freeze.
    FreezeRequested {
        /// The freeze.
        freeze: Announced,
    },
    /// A person asked to end an announced freeze, or to withdraw one that has not begun.
    UnfreezeRequested {
        /// The area it was announced for.
        area: Area,
        /// Its name.
        name: String,
        /// Who.
        by: Principal,
    },
}

impl Event {
    /// The event's name, as `explain` and the tables show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BranchPushed { .. } => "BranchPushed",
            Self::TagPushed { .. } => "TagPushed",
            Self::PullRequestClosed {
                merged: Some(_), ..
            } => "PullRequestMerged",
            Self::PullRequestClosed { merged: None, .. } => "PullRequestClosed",
            Self::ChangeRequestTouched { .. } => "ChangeRequestTouched",
            Self::CheckReported { .. } => "CheckReported",
            Self::EngineTouched { .. } => "EngineTouched",
            Self::ImageReported { .. } => "ImageReported",
            Self::DeployRequested { .. } => "DeployRequested",
            Self::Acted { .. } => "Acted",
            Self::LockRequested { .. } => "LockRequested",
            Self::UnlockRequested { .. } => "UnlockRequested",
            Self::FreezeRequested { .. } => "FreezeRequested",
            Self::UnfreezeRequested { .. } => "UnfreezeRequested",
        }
    }
}
