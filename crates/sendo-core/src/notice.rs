//! Something a person must be told.
//!
//! A notice is data; the words are chosen where it is rendered, in the language of its reader.
//! Every turn of a deployment leaves one, so the notices of a deployment are its timeline.

use serde::{Deserialize, Serialize};

use crate::act::ActRefusal;
use crate::deployment::{Change, ChangeLink, DeploymentId, Failure, Waiting};
use crate::effect::EffectError;
use crate::engine::Cause;
use crate::names::{EngineApplication, Principal, Revision};
use crate::subject::LaneId;
use crate::time::Timestamp;

/// One thing to tell, about one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable over every repetition: `DEPLOYMENT#N`.
    pub id: String,
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Its lane.
    pub lane: LaneId,
    /// The revision it carries.
    pub revision: Revision,
    /// When it happened.
    pub at: Timestamp,
    /// Its change request, once there is one, so that a sentence can name the exact command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeLink>,
    /// The addresses of who wrote the changes it carries, as routes go by them: each once, at most
    /// [`MOST_AUTHORS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// What happened.
    pub turn: Turn,
}

/// What waited for a target, as one message: the last turn of each deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Stable over every repetition.
    pub id: String,
    /// When it was put together.
    pub at: Timestamp,
    /// When the first of what it tells was left.
    pub since: Timestamp,
    /// The last turn of each deployment, all of a lane together, newest first.
    pub latest: Vec<Notice>,
    /// How many turns came before these.
    pub earlier: u64,
    /// How many older deployments are not told of.
    pub omitted: u64,
}

/// How many authors a notice names at most; those of the newest changes.
pub const MOST_AUTHORS: usize = 50;

/// Who wrote some changes, newest first.
#[must_use]
pub fn authors(changes: &[Change]) -> Vec<String> {
    let mut authors: Vec<String> = Vec::new();
    for email in changes
        .iter()
        .rev()
        .filter_map(|change| change.email.as_ref())
    {
        if authors.len() < MOST_AUTHORS && !authors.contains(email) {
            authors.push(email.clone());
        }
    }
    authors
}

/// A turn in the life of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "snake_case")]
pub enum Turn {
    /// It began.
    Started {
        /// The branch or tag the revision was found on.
        reference: String,
        /// The value that will be written.
        version: String,
        /// The revision that was there.
        previous: Option<Revision>,
        /// What it carries.
        included: Vec<Change>,
        /// Who asked, when a person did.
        requested_by: Option<Principal>,
        /// The deployment it undoes, when the lane goes back by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<DeploymentId>,
        /// Whether people merged it themselves, and it is only followed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        observed: bool,
    },
    /// Its change request is open.
    ChangeRequestOpened {
        /// Its number.
        number: u64,
        /// Where a person looks at it.
        url: String,
    },
    /// It waits.
    Waits {
        /// For what.
        waiting: Waiting,
        /// Its change request, if it has one.
        number: Option<u64>,
    },
    /// Our second identity approved the exact head.
    Approved {
        /// The change request.
        number: u64,
        /// The head.
        head: Revision,
    },
    /// A person agreed to it here.
    PersonApproved {
        /// Who.
        by: Principal,
        /// How many have, on a forge or here.
        have: u32,
        /// How many are needed.
        needed: u32,
    },
    /// A person broke the glass: it goes on past people, soak, locks, holds and freezes.
    Overridden {
        /// Who.
        by: Principal,
        /// Why, in their words.
        reason: String,
    },
    /// What a person asked for could not be done any more when it was its turn.
    ActRefused {
        /// What, such as `approve`.
        act: String,
        /// Who.
        by: Principal,
        /// Why not.
        why: ActRefusal,
    },
    /// Its change request is merged.
    Merged {
        /// The change request; `None` for a direct commit.
        number: Option<u64>,
        /// The base's head that contains it.
        revision: Revision,
        /// Who merged, when it was not us.
        by: Option<Principal>,
    },
    /// The environment is at the revision.
    Succeeded {
        /// Whether the files already said so.
        unchanged: bool,
        /// Whether an engine said that the environment is healthy at it; otherwise it is merged.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        healthy: bool,
    },
    /// A newer one took its place.
    Superseded {
        /// That one.
        by: DeploymentId,
        /// Its revision.
        revision: Revision,
    },
    /// Its change was merged, and somebody applied something else before the environment was healthy.
    Displaced {
        /// To which application of the engine.
        application: EngineApplication,
        /// What, where it is a commit of the manifests repository.
        revision: Option<Revision>,
    },
    /// A person ended it.
    Cancelled {
        /// Who, where the forge tells.
        by: Option<Principal>,
        /// Its change request.
        number: Option<u64>,
        /// Whether its change was merged: that stays, and only whether it is healthy is not followed
        /// any more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        merged: bool,
    },
    /// It cannot go on.
    Failed {
        /// Why.
        failure: Failure,
        /// What ails in the environment, the worst first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        causes: Vec<Cause>,
    },
    /// A target could not be told of an earlier turn. It is told to nobody else, and so stands only
    /// in the timeline.
    Untold {
        /// The target, as the configuration names it.
        target: String,
        /// Of which turn.
        of: String,
        /// Why not.
        failure: Failure,
    },
}

impl Notice {
    /// What its deployment's timeline says once a delivery to a target is given up.
    #[must_use]
    pub fn untold(&self, target: &str, error: &EffectError, at: Timestamp) -> Self {
        Self {
            id: format!("{}/untold/{target}", self.id),
            at,
            authors: Vec::new(),
            turn: Turn::Untold {
                target: target.to_owned(),
                of: self.turn.name().to_owned(),
                failure: Failure {
                    reason_code: error.reason_code.clone(),
                    message: error.message.clone(),
                },
            },
            ..self.clone()
        }
    }
}

impl Turn {
    /// The turn's name, for routing and machine output.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::ChangeRequestOpened { .. } => "change_request_opened",
            Self::Waits { .. } => "waits",
            Self::Approved { .. } => "approved",
            Self::PersonApproved { .. } => "person_approved",
            Self::Overridden { .. } => "overridden",
            Self::ActRefused { .. } => "act_refused",
            Self::Merged { .. } => "merged",
            Self::Succeeded { .. } => "succeeded",
            Self::Superseded { .. } => "superseded",
            Self::Displaced { .. } => "displaced",
            Self::Cancelled { .. } => "cancelled",
            Self::Failed { .. } => "failed",
            Self::Untold { .. } => "untold",
        }
    }
}
