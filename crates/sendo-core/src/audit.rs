//! What is written down so that it can be proved later: who caused what, and when.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::Principal;
use crate::subject::SubjectId;

/// One line of the audit trail, before it is sealed into the hash chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// What was done, as `noun.past_participle`: `deployment.started`, `effect.intended`, `token.created`.
    pub action: String,
    /// The subject it concerns, if any.
    pub subject: Option<SubjectId>,
    /// Who did it; `None` is Sendo itself.
    pub actor: Option<Principal>,
    /// Why it happened: an event or effect id, or a sweep.
    pub cause: String,
    /// Anything else worth keeping. Never a secret.
    pub detail: Value,
}
