//! What pages and the command line show.
//!
//! Views are put together from read-model rows; no decision reads them.

use serde::{Deserialize, Serialize};

use crate::act::{ActKind, Area};
use crate::audit::AuditEntry;
use crate::deployment::{Brings, Deployment, DeploymentId, DeploymentState, Failure, Held, Lock};
use crate::effect::EffectView;
use crate::freeze::{Announced, Configured, Holding};
use crate::names::EnvironmentName;
use crate::notice::Notice;
use crate::rendering::Objects;
use crate::subject::LaneId;
use crate::time::Timestamp;

/// One lane as the board and `sendo status` show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneView {
    /// The lane.
    pub lane: LaneId,
    /// The last deployment that succeeded: what runs there.
    pub running: Option<Deployment>,
    /// The one on its way, if any.
    pub moving: Option<Deployment>,
    /// The newest that ended without success since, if any.
    pub failed: Option<Deployment>,
    /// The widest lock that closes it.
    #[serde(default)]
    pub lock: Option<Lock>,
    /// A rollback that holds it where it is.
    #[serde(default)]
    pub held: Option<Held>,
    /// The freeze that closes it now.
    #[serde(default)]
    pub frozen: Option<Holding>,
    /// Why nobody can look at what would start a deployment here, while nobody can: a fragment.
    #[serde(default)]
    pub blind: Option<String>,
}

/// Every lane, in the order of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardView {
    /// The lanes.
    pub lanes: Vec<LaneView>,
    /// How the configuration on disk stands to the one the server goes by.
    #[serde(default)]
    pub configuration: Configuration,
    /// When the store was read.
    pub at: Timestamp,
}

/// How the configuration on disk stands to the one a server goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// How often this process loaded one, its start included.
    pub generation: u64,
    /// Why the one on disk is not used: its first problem, with its place.
    pub refused: Option<String>,
    /// The keys whose values on disk only count after a restart.
    pub restart: Vec<String>,
}

/// A deployment with its timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentView {
    /// The row.
    pub deployment: Deployment,
    /// Its turns, oldest first.
    pub timeline: Vec<Notice>,
    /// The deliveries that caused it and are still kept, oldest first.
    #[serde(default)]
    pub causes: Vec<Cause>,
}

/// What differs between two commits, as a unified diff in git's format. Bytes that are not UTF-8 are
/// replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// At most 1 MiB; empty when no file differs.
    pub text: String,
    /// Whether the text ends early, after a whole line.
    pub cut: bool,
}

/// What a deployment changes in the files of its manifests repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffView {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Where it stands.
    pub state: DeploymentState,
    /// The commit that carries it, and the one before.
    #[serde(flatten)]
    pub brings: Brings,
    /// What the one changes against the other.
    #[serde(flatten)]
    pub patch: Patch,
    /// What that does to the objects of a cluster, rendering by rendering; left out when it was not asked
    /// for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<Vec<Objects>>,
}

/// A delivery that caused a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its id.
    pub id: String,
    /// Where it came from.
    pub source: String,
    /// The event name the sender gave.
    pub name: String,
    /// When it was stored.
    pub at: Timestamp,
}

/// An application as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationPage {
    /// Its lanes, in the order of the configuration.
    pub board: BoardView,
    /// Its deployments, newest first.
    pub history: Vec<Deployment>,
    /// The only environment the history tells of; `None` is all of them.
    pub environment: Option<EnvironmentName>,
    /// How many deployments the next longer history has, if there may be more.
    pub more: Option<u32>,
    /// The environments its reader may roll back.
    pub may_roll_back: Vec<EnvironmentName>,
}

/// When nothing is merged, and where: what was announced, and what the configuration says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Freezes {
    /// What people announced and is not over, by area.
    pub announced: Vec<Announced>,
    /// What the configuration says and is not over.
    pub configured: Vec<Configured>,
    /// When the store was read.
    pub at: Timestamp,
}

/// What is closed to deployments, as its page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct LocksPage {
    /// Locks, by area.
    pub locks: Vec<Lock>,
    /// Lanes that a rollback holds.
    pub held: Vec<Held>,
    /// When nothing is merged.
    pub freezes: Freezes,
    /// Whether there is a lane that its reader may lock and freeze.
    pub may: bool,
    /// Of what is closed and frozen, what its reader may open.
    pub may_open: Vec<Area>,
    /// When the store was read.
    pub at: Timestamp,
}

/// A deployment as its page shows it: its story, and what lies around it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentPage {
    /// The row with its timeline.
    pub view: DeploymentView,
    /// What runs in its lane.
    pub running: Option<Deployment>,
    /// Its live effects: what is being done outside for it.
    pub effects: Vec<EffectView>,
    /// The one before it in its lane.
    pub before: Option<DeploymentId>,
    /// The one after it in its lane.
    pub after: Option<DeploymentId>,
    /// What its reader may do to it now.
    pub may: Vec<ActKind>,
    /// When the store was read.
    pub at: Timestamp,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It is being translated.
    UnderWay,
    /// It became events.
    Done,
    /// It concerns nobody here.
    Ignored(Failure),
    /// It cannot be read, and is kept.
    Quarantined(Failure),
}

/// A delivery as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryLine {
    /// Its id.
    pub id: String,
    /// Where it came from.
    pub source: String,
    /// The event name the sender gave.
    pub name: String,
    /// When it was stored.
    pub at: Timestamp,
    /// How often the same one came again.
    pub duplicates: u32,
    /// What became of it.
    pub became: Became,
}

/// The newest deliveries as their page shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveriesPage {
    /// Newest first.
    pub lines: Vec<DeliveryLine>,
    /// The only outcome shown: `done`, `ignored` or `quarantined`.
    pub outcome: Option<String>,
    /// Whether the reader may have a quarantined one translated once more.
    pub may: bool,
    /// When the store was read.
    pub at: Timestamp,
}

/// A line of the audit trail as a page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditLine {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub entry: AuditEntry,
    /// Its hash in the chain; `None` until it is sealed.
    pub hash: Option<String>,
}

/// A stretch of the audit trail as its page shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditPage {
    /// Newest first.
    pub lines: Vec<AuditLine>,
    /// Whether newer lines were left out.
    pub newer: bool,
}

/// What a configuration would do at once, lane by lane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// Every lane of the configuration, in its order.
    pub lanes: Vec<LanePlan>,
    /// Lanes the server has and the configuration has not: what they have under way stays as it is.
    pub gone: Vec<LaneId>,
}

/// What a lane would do at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanePlan {
    /// The lane.
    pub lane: LaneId,
    /// Whether nobody knows it yet: then what lies there now becomes its baseline.
    pub is_new: bool,
    /// What people would be told.
    pub notices: Vec<Notice>,
    /// What would be done outside, by kind.
    pub effects: Vec<String>,
    /// What it would edit, and what stands there now.
    pub edits: Vec<EditPlan>,
    /// What would keep it from working, each with what to do.
    pub trouble: Vec<String>,
    /// What a deployment that would begin does to the objects of a cluster; left out when none would, or
    /// it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<Vec<Objects>>,
}

/// One place a lane edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditPlan {
    /// The file, or the folder of a kustomization.
    pub file: String,
    /// Where in it: an image's name, or a path to a value.
    pub place: String,
    /// What stands there now.
    pub now: String,
}

impl PlanView {
    /// Whether anything would be told or done, or a lane would go.
    #[must_use]
    pub fn changes(&self) -> bool {
        let moves = |lane: &LanePlan| !lane.notices.is_empty() || !lane.effects.is_empty();
        self.lanes.iter().any(moves) || !self.gone.is_empty()
    }

    /// Whether something would keep a lane from working.
    #[must_use]
    pub fn is_in_trouble(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.trouble.is_empty())
    }
}
