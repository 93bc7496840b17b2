//! What a lane remembers between decisions.
//!
//! It is stored as JSON with a version. Everything here is evidence (what was seen, what came of an
//! effect); where a deployment stands is derived from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::applying::{Applying, Standing, Undone};
use super::matching::Announcement;
use super::rules::Mode;
use crate::deployment::{
    Brings, Change, ChangeLink, Deployment, DeploymentId, DeploymentState, Failure, Held, Strategy,
    Waiting,
};
use crate::effect::{Edit, Published};
use crate::engine::Cause;
use crate::names::{BranchName, EngineApplication, Principal, Repository, Revision, TreeId};
use crate::subject::LaneId;
use crate::time::Timestamp;

/// The version of [`LaneState`] this binary writes.
pub const VERSION: u32 = 1;

/// A lane's memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaneState {
    /// See [`VERSION`].
    pub version: u32,
    /// How many deployments the lane has had.
    pub ordinal: u64,
    /// Whether the trigger was ever looked at. The first look is the baseline and deploys nothing.
    pub looked: bool,
    /// What the first look found newest.
    pub baseline: Option<Revision>,
    /// The newest revision that was decided on, deployed or not.
    pub considered: Option<Revision>,
    /// The tags that were there when last looked, each as `NAME REVISION`, for the order `pushed`.
    pub known_tags: Vec<String>,
    /// Revisions that had their row, oldest first, at most 250: announced again, they are no news.
    pub noted: Vec<Revision>,
    /// The last image that CI reported and that was taken up.
    pub reported: Option<Announcement>,
    /// Changes since the last success, oldest first, at most 250.
    pub pending: Vec<Change>,
    /// How many older ones were left out of `pending`.
    pub omitted: u64,
    /// The deployment under way.
    pub running: Option<Running>,
    /// A rollback that starts before anything else.
    pub rollback: Option<Candidate>,
    /// The one that starts next.
    pub queued: Option<Candidate>,
    /// The last successes, newest first, at most 50.
    pub succeeded: Vec<Success>,
    /// What the base says, when that was merged after the last success and never became one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Candidates that ended without success, newest first, at most 5, so that they can be retried.
    pub ended: Vec<Candidate>,
    /// A rollback after which nothing newer goes through until somebody releases the lane.
    pub held: Option<Held>,
    /// Why looking at the trigger does not work, while it does not.
    pub blind: Option<String>,
}

/// Why a lane's state cannot be taken up. Nothing is decided then, and the state stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Written by a newer binary.
    #[error("the state has version {found}, this Sendo reads up to {VERSION}: use the newer one")]
    Newer {
        /// Its version.
        found: u64,
    },
    /// Not a lane's state.
    #[error("the state is not a lane's: {0}")]
    Garbage(String),
}

/// A success, as the lanes after this one see it too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Success {
    /// Which deployment.
    pub ordinal: u64,
    /// The revision.
    pub revision: Revision,
    /// Its tree.
    pub tree: TreeId,
    /// When.
    pub at: Timestamp,
    /// The branch or tag it was found on, so that a rollback writes the same values.
    #[serde(default)]
    pub reference: String,
    /// Its git or image tag, likewise.
    #[serde(default)]
    pub tag: Option<String>,
    /// Its image digest, likewise.
    #[serde(default)]
    pub digest: Option<String>,
    /// The success it went back to, when it was a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<u64>,
}

/// A revision that shall be deployed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Its number within the lane.
    pub ordinal: u64,
    /// The revision.
    pub revision: Revision,
    /// Its tree.
    pub tree: TreeId,
    /// The branch or tag it was found on.
    pub reference: String,
    /// The git or image tag, for templates.
    pub tag: Option<String>,
    /// The image digest, for templates.
    pub digest: Option<String>,
    /// What it carries since the last success.
    pub included: Vec<Change>,
    /// How many more there are.
    pub omitted: u64,
    /// Who asked, when a person did.
    pub requested_by: Option<Principal>,
    /// Whether it lies behind the last success.
    pub backwards: bool,
    /// Whether the lane is rolled back to it: then going backwards is what was asked for.
    #[serde(default)]
    pub rollback: bool,
    /// What it undoes, when the lane goes back by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Undone>,
    /// The success it goes back to, when it is a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<u64>,
    /// The ordinal of the success it was compared with; 0 when there was none.
    pub compared: u64,
    /// When it was first known.
    pub created_at: Timestamp,
    /// The ids of the deliveries that announced it or asked for it.
    #[serde(default)]
    pub caused_by: Vec<String>,
}

/// The deployment under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// What is deployed.
    pub candidate: Candidate,
    /// The value written, such as the image tag.
    pub version: String,
    /// What is set.
    pub edits: Vec<Edit>,
    /// The manifests repository it started with, whatever the configuration says since.
    pub repository: Repository,
    /// The branch it shall reach, likewise.
    pub base: BranchName,
    /// How it reaches it, likewise.
    pub mode: Mode,
    /// Our branch; the base itself for a direct commit.
    pub branch: BranchName,
    /// How many of its writes came to an end. Part of their keys, so that none is used twice.
    pub writes: u32,
    /// How many of those led nowhere; after a few of them the next one takes its time.
    pub setbacks: u32,
    /// Whether the commit must be built (again) on the base.
    pub rebuild: bool,
    /// The commit on our branch.
    pub published: Option<Published>,
    /// The old values the first build replaced.
    pub first_old: Option<Vec<String>>,
    /// The files said so already.
    pub unchanged: bool,
    /// The base's head in which they did, where an engine applies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_by: Option<Revision>,
    /// The change request.
    pub change: Option<ChangeLink>,
    /// Who agreed to it here, oldest first; reviews on a forge are looked up.
    #[serde(default)]
    pub agreed: Vec<Principal>,
    /// Who broke the glass.
    #[serde(default)]
    pub overridden: Option<Principal>,
    /// The head our second identity approved.
    pub approved: Option<Revision>,
    /// The approved head that people were told of.
    pub told_approved: Option<Revision>,
    /// What the forge's own rules said against the last merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<Protected>,
    /// The base's head that contains the change, and who merged when it was not us.
    pub merged: Option<(Revision, Option<Principal>)>,
    /// How far it is into the environment, once the base has it and an engine applies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applying: Option<Applying>,
    /// How it ends, once that is known but not everything is cleared away.
    pub ending: Option<Ending>,
    /// Whether the change request was closed by us, or given up.
    pub closed: bool,
    /// How often closing it was in vain.
    pub unclosed: u32,
    /// What it waits for.
    pub waiting: Option<Waiting>,
    /// What people were last told it waits for, troubles aside.
    pub told: Option<Waiting>,
    /// The troubles people were told of.
    pub troubles: Vec<String>,
    /// How many notices it has given.
    pub turns: u32,
    /// When one of our own writes last changed the change request.
    pub wrote_at: Timestamp,
}

/// What a forge's own rules on a branch said against a merge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protected {
    /// What lacks, in the forge's words.
    pub why: String,
    /// When the change request was last looked at before that; what was touched since may have met it.
    pub seen_at: Timestamp,
}

/// How a deployment ends without success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// A newer one takes its place.
    Superseded {
        /// Which.
        by: u64,
    },
    /// It was merged, and somebody applied something else.
    Displaced {
        /// To which application of the engine.
        application: EngineApplication,
        /// What, where it is a commit.
        revision: Option<Revision>,
    },
    /// A person ended it.
    Cancelled {
        /// Who.
        by: Option<Principal>,
    },
    /// It cannot go on.
    Failed {
        /// Why.
        failure: Failure,
        /// What ails in the environment.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        causes: Vec<Cause>,
    },
}

impl LaneState {
    /// Reads what the last decision left; `Null` is a new lane.
    ///
    /// # Errors
    /// [`Unreadable`] when another version or something else altogether wrote it.
    pub fn read(state: &Value) -> Result<Self, Unreadable> {
        if state.is_null() {
            return Ok(Self::default());
        }
        let version = state.get("version").and_then(Value::as_u64);
        match version {
            Some(found) if found > u64::from(VERSION) => Err(Unreadable::Newer { found }),
            Some(1..) => serde_json::from_value(state.clone())
                .map_err(|error| Unreadable::Garbage(error.to_string())),
            _ => Err(Unreadable::Garbage("it has no version".to_owned())),
        }
    }

    /// The next in line: a rollback goes before anything newer.
    #[must_use]
    pub const fn next(&self) -> Option<&Candidate> {
        match &self.rollback {
            Some(rollback) => Some(rollback),
            None => self.queued.as_ref(),
        }
    }

    /// The ordinal of the last success; 0 when there is none.
    #[must_use]
    pub fn last_success(&self) -> u64 {
        self.succeeded.first().map_or(0, |success| success.ordinal)
    }
}

impl Candidate {
    /// Its id.
    #[must_use]
    pub fn id(&self, lane: &LaneId) -> DeploymentId {
        DeploymentId::new(lane, self.ordinal)
    }

    /// Whether a person must agree although the rules ask nobody: it goes backwards, and nobody asked
    /// for exactly that.
    #[must_use]
    pub const fn asks_people(&self) -> bool {
        self.backwards && !self.rollback
    }

    /// Its row while it has not started.
    #[must_use]
    pub fn row(&self, lane: &LaneId, state: DeploymentState) -> Deployment {
        Deployment {
            id: self.id(lane),
            lane: lane.clone(),
            strategy: Strategy::Promotion,
            revision: self.revision.clone(),
            reference: self.reference.clone(),
            version: None,
            state,
            waiting: None,
            created_at: self.created_at,
            finished_at: None,
            requested_by: self.requested_by.clone(),
            superseded_by: None,
            change: None,
            included: self.included.clone(),
            error: None,
            caused_by: self.caused_by.clone(),
            brings: None,
        }
    }
}

impl Running {
    /// Whether the base has it: from then on it cannot be taken back.
    #[must_use]
    pub const fn is_merged(&self) -> bool {
        self.merged.is_some() || self.applying.is_some()
    }

    /// Its row: where it stands, derived from the evidence. While it is being cleared away it is
    /// still under way: a person may merge it until the last moment.
    #[must_use]
    pub fn row(&self, lane: &LaneId) -> Deployment {
        let mut row = self.candidate.row(lane, DeploymentState::Running);
        row.version = Some(self.version.clone());
        row.change = self.change.clone();
        row.brings = self.published.as_ref().map(|published| Brings {
            repository: self.repository.clone(),
            from: published.base.clone(),
            to: published.commit.clone(),
        });
        row.waiting = self.waiting.clone().filter(|_| self.ending.is_none());
        if row.waiting.is_some() {
            row.state = DeploymentState::Waiting;
        }
        row
    }

    /// Its last row, once nothing is left of it.
    #[must_use]
    pub fn ended(&self, lane: &LaneId, ending: &Ending, now: Timestamp) -> Deployment {
        let mut row = self.row(lane);
        row.waiting = None;
        row.finished_at = Some(now);
        row.state = match ending {
            Ending::Superseded { by } => {
                row.superseded_by = Some(DeploymentId::new(lane, *by));
                DeploymentState::Superseded
            }
            Ending::Displaced { .. } => DeploymentState::Superseded,
            Ending::Cancelled { .. } => DeploymentState::Cancelled,
            Ending::Failed { failure, .. } => {
                row.error = Some(failure.clone());
                DeploymentState::Failed
            }
        };
        row
    }
}
