//! The third job: a target's mailbox, for a target that does not want each notice by itself.
//!
//! A lane leaves a notice here in the same transaction as the turn it tells of, so it is neither
//! lost nor left twice. The mailbox decides when the target is told, and what is one message:
//!
//! 1. A turn that is *urgent* passes at once.
//! 2. In *quiet hours* everything else waits for their end, and comes as one digest.
//! 3. With a *digest*, what waits comes in one message, counted from the first notice on.
//! 4. Otherwise a notice passes as it came.
//!
//! Where the target has threads, what passes goes to the thread of its deployment, in order: the
//! next is sent once the one before it stands there or was given up.
//!
//! A digest tells the last turn of each deployment and counts the rest, so what waits is bounded
//! however much happens. A target that is configured no more, or has no such rules any more, is
//! told at once what still waits; where that cannot be, the deployments' timelines say so.

mod decide;
mod state;
mod threads;

use serde_json::json;

use crate::event::Event;
use crate::fact::Fact;
use crate::freeze::Freeze;
use crate::job::{Job, Wake};
use crate::notice::Notice;
use crate::plan::Plan;
use crate::subject::{SubjectId, SubjectKind};
use crate::time::{Span, Timestamp};
use crate::world::World;

pub use state::{MOST_WAITING, MailboxState};

/// What the keys of notices that were left start with; the rest is the notice's id.
const LEFT: &str = "left/";

/// When a target is told what waits for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// The target, as its route names it.
    pub target: String,
    /// How long notices are collected, from the first on.
    pub digest: Option<Span>,
    /// When only what is urgent is told.
    pub quiet: Option<Freeze>,
    /// Whether the notices of a deployment stand in one thread.
    pub threads: bool,
    /// The names of turns that do not wait.
    pub urgent: Vec<String>,
}

/// The job that keeps mailboxes.
#[derive(Debug, Clone, Default)]
pub struct Mailboxes {
    boxes: Vec<Mailbox>,
}

impl Mailboxes {
    /// Keeps these.
    #[must_use]
    pub const fn new(boxes: Vec<Mailbox>) -> Self {
        Self { boxes }
    }
}

/// The subject of a target.
#[must_use]
pub fn subject(target: &str) -> SubjectId {
    SubjectId {
        kind: SubjectKind::Target,
        key: target.to_owned(),
    }
}

/// A notice that is left in the mailbox of a target.
#[must_use]
pub fn left(target: &str, notice: &Notice, now: Timestamp) -> Fact {
    Fact {
        subject: subject(target),
        key: format!("{LEFT}{}", notice.id),
        value: json!(notice),
        observed_at: now,
    }
}

impl Job for Mailboxes {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Target
    }

    fn subjects(&self) -> Vec<SubjectId> {
        self.boxes
            .iter()
            .map(|rules| subject(&rules.target))
            .collect()
    }

    fn reads(&self, _: &SubjectId) -> Vec<SubjectId> {
        Vec::new()
    }

    fn wakes(&self, _: &str, _: &Event, _: Timestamp) -> Vec<Wake> {
        Vec::new()
    }

    fn decide(&self, world: &World) -> Plan {
        let rules = self
            .boxes
            .iter()
            .find(|rules| rules.target == world.subject.key);
        decide::decide(rules, world)
    }
}

#[cfg(test)]
pub(crate) mod tests;
