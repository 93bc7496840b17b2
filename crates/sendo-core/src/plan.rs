//! What a decision wants: written whole in one transaction, or not at all.

use serde_json::Value;

use crate::audit::AuditEntry;
use crate::deployment::Deployment;
use crate::effect::{EffectKey, PlannedEffect};
use crate::fact::Fact;
use crate::notice::Notice;
use crate::subject::SubjectId;
use crate::time::Timestamp;

/// The outcome of one decision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The subject's new state; it replaces the old one.
    pub state: Value,
    /// Effects to do. A key that is already planned is left as it is.
    pub effects: Vec<PlannedEffect>,
    /// Effects to withdraw. If an intent was written meanwhile the whole plan is void and the
    /// subject is decided again.
    pub cancel: Vec<EffectKey>,
    /// Finished effects whose outcome is now part of the state; they leave the world.
    pub retire: Vec<EffectKey>,
    /// Facts this subject tells others.
    pub publish: Vec<Fact>,
    /// Keys of this subject's facts that are used up.
    pub forget: Vec<String>,
    /// Subjects to wake because of what was published.
    pub wake: Vec<SubjectId>,
    /// When to wake this subject again by itself; `None` leaves it to events and sweeps.
    pub wake_at: Option<Timestamp>,
    /// Read-model rows that changed.
    pub deployments: Vec<Deployment>,
    /// What people must be told.
    pub notices: Vec<Notice>,
    /// What the audit trail keeps.
    pub audit: Vec<AuditEntry>,
}
