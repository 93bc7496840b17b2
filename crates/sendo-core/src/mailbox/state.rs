//! What waits in a mailbox. It is stored as JSON with a version.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::threads::Threads;
use crate::deployment::DeploymentId;
use crate::notice::Notice;
use crate::time::Timestamp;

/// The version this binary writes.
const VERSION: u32 = 1;

/// Of so many deployments the last turn waits at the same time; older ones are counted.
pub const MOST_WAITING: usize = 200;

/// A mailbox's memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailboxState {
    version: u32,
    /// The last turn of each deployment that was left and not told, oldest first, at most
    /// [`MOST_WAITING`].
    pub waiting: Vec<Notice>,
    /// When the first of them, or of those that are only counted, was left.
    pub since: Option<Timestamp>,
    /// How many turns came before the last ones of their deployments.
    pub earlier: u64,
    /// How many deployments were too many.
    pub omitted: u64,
    /// What is told of each deployment, where the target has threads.
    pub threads: Threads,
}

impl MailboxState {
    /// Reads what the last decision left; `None` when another version or something else wrote it.
    pub(super) fn read(state: &Value) -> Option<Self> {
        if state.is_null() {
            return Some(Self::default());
        }
        let state: Self = serde_json::from_value(state.clone()).ok()?;
        (state.version <= VERSION).then_some(state)
    }

    /// The state as it is stored.
    pub(super) fn written(mut self) -> Value {
        self.version = VERSION;
        serde_json::json!(self)
    }

    /// Keeps a notice until it is told. An earlier turn of its deployment is only counted then.
    pub(super) fn keep(&mut self, notice: Notice, now: Timestamp) {
        self.overtake(&notice.deployment);
        self.since.get_or_insert(now);
        self.waiting.push(notice);
        if self.waiting.len() > MOST_WAITING {
            self.waiting.remove(0);
            self.omitted += 1;
        }
    }

    /// Takes everything that waits; threads stay.
    pub(super) fn take(&mut self) -> Self {
        let threads = std::mem::take(&mut self.threads);
        let waited = std::mem::take(self);
        self.threads = threads;
        waited
    }

    /// Something newer of a deployment is told: what waits of it is only counted.
    pub(super) fn overtake(&mut self, deployment: &DeploymentId) {
        let before = self.waiting.len();
        self.waiting
            .retain(|waiting| waiting.deployment != *deployment);
        self.earlier += (before - self.waiting.len()) as u64;
    }
}
