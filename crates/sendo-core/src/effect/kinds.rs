//! What can be done outside: every effect there is, with its class and its data.

use serde::{Deserialize, Serialize};

use super::{Edit, EffectError, Publish, Story};
use crate::deployment::{DeploymentId, Failure};
use crate::names::{BranchName, ClusterName, EngineApplication, Principal, Repository, Revision};
use crate::notice::{Digest, Notice};
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

impl Class {
    /// Its letter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::O => "O",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
            Self::N => "N",
        }
    }
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
        /// The commit that was published. What the branch carries by then is looked at once the
        /// request is open; a commit that reached the base meanwhile needs no request.
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
    /// Have an engine look at its repository now, instead of when it would by itself.
    RefreshEngine {
        /// The cluster.
        cluster: ClusterName,
        /// Its applications.
        applications: Vec<EngineApplication>,
    },
    /// Have an engine apply exactly this commit.
    SyncEngine {
        /// The cluster.
        cluster: ClusterName,
        /// Its application.
        application: EngineApplication,
        /// The manifests repository.
        repository: Repository,
        /// The commit there.
        revision: Revision,
        /// The deployment it belongs to; also the marker, which the engine keeps with what it did.
        deployment: DeploymentId,
    },
    /// Read what an engine says of its applications, and ask the forge how the commits they are at
    /// stand to ours.
    ObserveEngine {
        /// The key of the fact it leaves.
        fact: String,
        /// The cluster.
        cluster: ClusterName,
        /// Its applications.
        applications: Vec<EngineApplication>,
        /// The manifests repository.
        repository: Repository,
        /// The commit that carries the deployment.
        revision: Revision,
    },
    /// Tell people.
    PostNotice {
        /// The target, as the configuration names it.
        target: String,
        /// What to tell.
        notice: Notice,
    },
    /// Tell people, in the thread of a deployment.
    PostToThread {
        /// The target, as the configuration names it.
        target: String,
        /// The thread, as an earlier outcome named it; `None` begins one.
        thread: Option<String>,
        /// Whether those hear of it too who do not follow the thread.
        broadcast: bool,
        /// What to tell; its id is the marker.
        notice: Notice,
    },
    /// Tell people what waited for them.
    PostDigest {
        /// The target, as the configuration names it.
        target: String,
        /// What to tell.
        digest: Digest,
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
    /// The base has the values already, so nothing is left to merge.
    Unchanged,
    /// Somebody deleted its branch, which cancels the deployment.
    BranchDeleted,
    /// A person cancelled the deployment.
    Cancelled {
        /// Who.
        by: Principal,
    },
}

impl Effect {
    /// Every kind there is, for tables and for the suite that breaks each of them.
    pub const KINDS: [&'static str; 15] = [
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
        "post_digest",
        "post_to_thread",
        "refresh_engine",
        "sync_engine",
        "observe_engine",
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
            Self::PostDigest { .. } => Self::KINDS[10],
            Self::PostToThread { .. } => Self::KINDS[11],
            Self::RefreshEngine { .. } => Self::KINDS[12],
            Self::SyncEngine { .. } => Self::KINDS[13],
            Self::ObserveEngine { .. } => Self::KINDS[14],
        }
    }

    /// What may be done when its outcome is unknown.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::ObserveSource { .. }
            | Self::ObserveChange { .. }
            | Self::ObserveEngine { .. } => Class::O,
            Self::CloseChangeRequest { .. } | Self::RefreshEngine { .. } => Class::A,
            Self::PublishBranch(_) => Class::B,
            Self::PublishCommit(_)
            | Self::MergeChangeRequest { .. }
            | Self::DeleteBranch { .. } => Class::C,
            Self::OpenChangeRequest { .. }
            | Self::ApproveChangeRequest { .. }
            | Self::SyncEngine { .. }
            | Self::PostToThread { .. } => Class::D,
            Self::PostNotice { .. } | Self::PostDigest { .. } => Class::N,
        }
    }

    /// Whether it tells people: then it comes after everything else, so that a slow chat keeps no
    /// lane waiting.
    #[must_use]
    pub const fn tells(&self) -> bool {
        matches!(self.class(), Class::N) || matches!(self, Self::PostToThread { .. })
    }

    /// What the timelines of deployments say once telling people of them is given up.
    #[must_use]
    pub fn untold(&self, error: &EffectError, at: Timestamp) -> Vec<Notice> {
        match self {
            Self::PostNotice { target, notice } | Self::PostToThread { target, notice, .. } => {
                vec![notice.untold(target, error, at)]
            }
            Self::PostDigest { target, digest } => {
                let latest = digest.latest.iter();
                latest
                    .map(|notice| notice.untold(target, error, at))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}
