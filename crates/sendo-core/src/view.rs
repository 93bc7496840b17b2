//! What pages and the command line show.
//!
//! Views are put together from read-model rows; no decision reads them.

use serde::{Deserialize, Serialize};

use crate::deployment::{Deployment, Held, Lock};
use crate::notice::Notice;
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
}

/// Every lane, in the order of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardView {
    /// The lanes.
    pub lanes: Vec<LaneView>,
    /// When the store was read.
    pub at: Timestamp,
}

/// A deployment with its timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentView {
    /// The row.
    pub deployment: Deployment,
    /// Its turns, oldest first.
    pub timeline: Vec<Notice>,
}
