//! The contract between the loop and a job.
//!
//! A job says which events wake which of its subjects, which other subjects it reads, and decides.
//! Whatever else it needs to know, such as its rules, it was made with.

use std::sync::Arc;

use crate::event::Event;
use crate::fact::Fact;
use crate::plan::Plan;
use crate::routing::Route;
use crate::subject::{SubjectId, SubjectKind};
use crate::time::Timestamp;
use crate::world::World;

/// A subject to wake, and the facts the event leaves with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wake {
    /// Whom.
    pub subject: SubjectId,
    /// Whether everything observed so far counts as stale. Without it only the facts are news.
    pub hint: bool,
    /// What the event announces, if anything.
    pub facts: Vec<Fact>,
}

/// One job of Sendo: a pure function from world to plan, and what leads up to it.
pub trait Job: Send + Sync {
    /// The kind of subject it decides about.
    fn kind(&self) -> SubjectKind;

    /// Every subject that exists by configuration; a sweep wakes them all.
    fn subjects(&self) -> Vec<SubjectId>;

    /// The subjects whose facts a decision about `subject` may read, besides its own.
    fn reads(&self, subject: &SubjectId) -> Vec<SubjectId>;

    /// Whom an event wakes. `id` names the event and keeps announcements apart.
    fn wakes(&self, id: &str, event: &Event, at: Timestamp) -> Vec<Wake>;

    /// Decides. Pure: the same world gives the same plan.
    fn decide(&self, world: &World) -> Plan;
}

/// What one configuration makes of the jobs: replaced whole when another one is loaded, and read
/// anew at every step.
#[derive(Clone, Default)]
pub struct Jobs {
    /// Each job; at most one of a kind.
    pub all: Vec<Arc<dyn Job>>,
    /// Which notices go where.
    pub routes: Vec<Route>,
}

impl Jobs {
    /// The job that decides about a subject.
    #[must_use]
    pub fn of(&self, subject: &SubjectId) -> Option<&Arc<dyn Job>> {
        self.all.iter().find(|job| job.kind() == subject.kind)
    }

    /// Every subject that exists by configuration.
    #[must_use]
    pub fn subjects(&self) -> Vec<SubjectId> {
        self.all.iter().flat_map(|job| job.subjects()).collect()
    }
}
