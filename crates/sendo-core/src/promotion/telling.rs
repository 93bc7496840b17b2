//! What people are told, and what is written down.
//!
//! Every turn of a deployment gives one notice. Waiting for the same thing is told once, and so is
//! each kind of trouble with a call: neither a retry nor an interruption makes it news again.

use serde_json::{Value, json};

use super::decide::{BLIND, Draft};
use super::state::{Candidate, Running};
use crate::audit::AuditEntry;
use crate::deployment::{Deployment, DeploymentId, DeploymentState, Waiting};
use crate::effect::EffectError;
use crate::fact::Fact;
use crate::names::Principal;
use crate::notice::{Notice, Turn, authors};

/// Calls that work at their second or third attempt are nobody's trouble.
pub(super) const ATTEMPTS_BEFORE_TELLING: u32 = 3;

impl Draft<'_> {
    pub(super) fn audit(&mut self, action: &str, actor: Option<Principal>, detail: Value) {
        self.plan.audit.push(AuditEntry {
            action: action.to_owned(),
            subject: Some(self.world.subject.clone()),
            actor,
            cause: format!(
                "decided at {} on what was hinted at {}",
                self.world.now, self.world.hinted_at
            ),
            detail,
        });
    }

    /// Gives notice of a turn of the running deployment.
    pub(super) fn notice(&mut self, turn: Turn) {
        if let Some(running) = &mut self.state.running {
            running.turns += 1;
            let deployment = running.candidate.id(&self.rules.lane);
            self.plan.notices.push(Notice {
                id: format!("{deployment}#{}", running.turns),
                deployment,
                lane: self.rules.lane.clone(),
                revision: running.candidate.revision.clone(),
                at: self.world.now,
                change: running.change.clone(),
                authors: authors(&running.candidate.included),
                turn,
            });
        }
    }

    /// Tells whoever reads the board whether the lane sees what is newest, when that changed.
    pub(super) fn tell_blind(&mut self, before: Option<&String>) {
        if before == self.state.blind.as_ref() {
            return;
        }
        self.plan.publish.push(Fact {
            subject: self.world.subject.clone(),
            key: BLIND.to_owned(),
            value: json!(self.state.blind),
            observed_at: self.world.now,
        });
    }

    pub(super) fn row(&mut self, mut row: Deployment) {
        row.strategy = self.rules.strategy();
        self.plan.deployments.push(row);
    }

    /// Writes the row of a candidate that never ran.
    pub(super) fn row_superseded(&mut self, candidate: &Candidate, by: u64) {
        let mut row = candidate.row(&self.rules.lane, DeploymentState::Superseded);
        row.superseded_by = Some(DeploymentId::new(&self.rules.lane, by));
        row.finished_at = Some(self.world.now);
        self.row(row);
        self.audit(
            "deployment.superseded",
            None,
            json!({"ordinal": candidate.ordinal, "by": by}),
        );
    }

    /// Writes the running deployment's row if it changed, and says what it waits for if that is news.
    pub(super) fn tell_running(&mut self, before: Option<&Running>) {
        self.tell_waiting();
        if let Some(running) = &self.state.running
            && before != Some(running)
        {
            let row = running.row(&self.rules.lane);
            self.row(row);
        }
    }

    fn tell_waiting(&mut self) {
        let lasts = self
            .world
            .effects
            .iter()
            .filter(|effect| effect.attempts >= ATTEMPTS_BEFORE_TELLING)
            .any(|effect| effect.error.as_ref().is_some_and(EffectError::is_trouble));
        let Some(running) = self.state.running.as_mut().filter(|r| r.ending.is_none()) else {
            return;
        };
        let Some(waiting) = running.waiting.clone() else {
            return;
        };
        match &waiting {
            Waiting::Retry { effect, .. } | Waiting::Blocked { effect, .. } => {
                let blocked = matches!(waiting, Waiting::Blocked { .. });
                let trouble = format!("{effect}{}", if blocked { " blocked" } else { "" });
                if running.troubles.contains(&trouble) || (!blocked && !lasts) {
                    return;
                }
                running.troubles.push(trouble);
            }
            _ => {
                let earlier = running.told.replace(waiting.clone());
                if earlier.is_some_and(|earlier| is_same(&earlier, &waiting)) {
                    return;
                }
            }
        }
        let number = running.change.as_ref().map(|change| change.number);
        self.notice(Turn::Waits { waiting, number });
    }
}

/// Whether two waits are the same to who has to act. Fewer pending checks and more approvals are
/// progress, more foreign commits are no reason to say again that there are some.
fn is_same(earlier: &Waiting, now: &Waiting) -> bool {
    match (earlier, now) {
        (Waiting::Checks { .. }, Waiting::Checks { .. })
        | (Waiting::ForeignCommits { .. }, Waiting::ForeignCommits { .. }) => true,
        (
            Waiting::People {
                needed: a,
                from: b,
                backwards: c,
                ..
            },
            Waiting::People {
                needed: d,
                from: e,
                backwards: f,
                ..
            },
        ) => (a, b, c) == (d, e, f),
        // The engine is at work, and nobody has to act, whichever application is last.
        (Waiting::Engine { lacks: a, .. }, Waiting::Engine { lacks: b, .. })
            if !a.needs_somebody() && !b.needs_somebody() =>
        {
            true
        }
        (
            Waiting::Engine {
                application: a,
                lacks: b,
                ..
            },
            Waiting::Engine {
                application: c,
                lacks: d,
                ..
            },
        ) => (a, b) == (c, d),
        // One freeze goes over into another.
        (Waiting::Frozen { until: a, .. }, Waiting::Frozen { until: b, .. }) => a == b,
        _ => earlier == now,
    }
}
