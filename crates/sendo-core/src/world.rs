//! What a decision may see.

use serde_json::Value;

use crate::effect::EffectView;
use crate::fact::Facts;
use crate::subject::SubjectId;
use crate::time::Timestamp;

/// Everything known about one subject at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// Whom to decide about.
    pub subject: SubjectId,
    /// The store's clock, read with the rest of the world.
    pub now: Timestamp,
    /// When something outside last hinted that the subject may have changed: an event, a request, a
    /// sweep. An observation that began earlier is stale.
    pub hinted_at: Timestamp,
    /// A short text drawn once for each database; it keeps branch names of two of them apart.
    pub installation: String,
    /// The state the last decision left; `Null` for a new subject.
    pub state: Value,
    /// Facts about this subject and the subjects it reads.
    pub facts: Facts,
    /// Effects of this subject that are under way or whose outcome is not part of the state yet.
    pub effects: Vec<EffectView>,
}
