//! What has to happen before a deployment goes on: success elsewhere, checks, people, and that nobody
//! closed the way.

use super::decide::{Draft, SUCCEEDED};
use super::rules::{After, Approval};
use super::state::{Running, Success};
use crate::act::Area;
use crate::deployment::{Lock, Waiting};
use crate::effect::{ChangeRequest, CheckState, Review, Verdict};
use crate::freeze::{self, Announced, Freeze};
use crate::lock::{self, FREEZES, LOCK};
use crate::names::{Principal, Revision};
use crate::subject::LaneId;
use crate::time::Timestamp;

impl Draft<'_> {
    /// Waits for the environment before this one. Once passed, it is passed for good. What is rolled
    /// back to succeeded here before.
    pub(super) fn after_gate(&self, running: &Running) -> Option<Waiting> {
        let after = self.rules.after.as_ref()?;
        if running.published.is_some() || running.unchanged || running.candidate.rollback {
            return None;
        }
        self.succeeded_before(running, after)
            .is_none()
            .then(|| Waiting::After {
                environment: after.environment.to_string(),
            })
    }

    /// When the same succeeded in the environment before this one, at first.
    fn succeeded_before(&self, running: &Running, after: &After) -> Option<Timestamp> {
        let application = self.rules.lane.application.clone();
        let before = LaneId::new(application, after.environment.clone()).subject();
        let (successes, _) = self.world.facts.get::<Vec<Success>>(&before, SUCCEEDED)?;
        let same = |s: &&Success| {
            s.revision == running.candidate.revision
                || (after.same_tree && s.tree == running.candidate.tree)
        };
        successes
            .iter()
            .filter(same)
            .map(|success| success.at)
            .min()
    }

    /// What keeps it from being merged although it is ready: a lock, a rollback, a freeze, a soak.
    /// Broken glass passes them all. A rollback passes what it made itself, and soak; in a freeze
    /// somebody has to answer for it.
    pub(super) fn closed(&mut self, running: &Running) -> Option<Waiting> {
        if running.overridden.is_some() {
            return None;
        }
        if let Some(lock) = self.lock() {
            lock.until.into_iter().for_each(|until| self.wake_by(until));
            return Some(Waiting::Locked { lock });
        }
        let rollback = running.candidate.rollback;
        if let Some(held) = self.state.held.clone().filter(|_| !rollback) {
            return Some(Waiting::Held { held });
        }
        if let Some(frozen) = self.frozen() {
            return Some(frozen);
        }
        if rollback {
            return None;
        }
        let after = self.rules.after.as_ref()?;
        let until = self.succeeded_before(running, after)? + after.soak;
        if until <= self.world.now {
            return None;
        }
        self.wake_by(until);
        Some(Waiting::Soak {
            environment: after.environment.to_string(),
            until,
        })
    }

    /// The freeze that closes this lane now. While it is open, the lane looks again when one begins:
    /// a merge that was planned and not begun by then is withdrawn.
    pub(super) fn frozen(&mut self) -> Option<Waiting> {
        let now = self.world.now;
        let freezes = self.freezes();
        let Some((freeze, until)) = freeze::closed(&freezes, now) else {
            let begins = freeze::begins(&freezes, now);
            begins.into_iter().for_each(|at| self.wake_by(at));
            return None;
        };
        self.wake_by(until);
        Some(Waiting::Frozen {
            name: freeze.name.clone(),
            reason: freeze.reason.clone(),
            until,
            by: freeze.by.clone(),
        })
    }

    /// What the configuration freezes, and what was announced for an area this lane is in.
    fn freezes(&self) -> Vec<Freeze> {
        let configured = self.rules.freezes.iter().cloned();
        let around = Area::around(&self.rules.lane);
        let announced = around.iter().flat_map(|area| {
            let facts = &self.world.facts;
            let found = facts.get::<Vec<Announced>>(&lock::subject(area), FREEZES);
            found.map(|(all, _)| all).unwrap_or_default()
        });
        configured.chain(announced.map(Freeze::from)).collect()
    }

    /// The widest lock that closes this lane now.
    fn lock(&self) -> Option<Lock> {
        let now = self.world.now;
        let lock = |area: &Area| {
            let (lock, _) = self
                .world
                .facts
                .get::<Option<Lock>>(&lock::subject(area), LOCK)?;
            lock.filter(|lock| lock.until.is_none_or(|until| until > now))
        };
        Area::around(&self.rules.lane).iter().find_map(lock)
    }

    /// The checks the rules name, on the exact head.
    pub(super) fn checks(&self, seen: &ChangeRequest) -> Option<Waiting> {
        let says = |name: &str, state: CheckState| {
            let mut reports = seen.checks.iter().filter(|check| check.name == name);
            reports.any(|check| check.state == state)
        };
        let required = &self.rules.deliver.checks;
        let failed: Vec<String> = required
            .iter()
            .filter(|name| says(name, CheckState::Failure))
            .cloned()
            .collect();
        if !failed.is_empty() {
            return Some(Waiting::ChecksFailed { failed });
        }
        let pending: Vec<String> = required
            .iter()
            .filter(|name| says(name, CheckState::Pending) || !says(name, CheckState::Success))
            .cloned()
            .collect();
        (!pending.is_empty()).then_some(Waiting::Checks { pending })
    }

    /// People's say on the exact head: the last word of each of them counts.
    pub(super) fn people(
        &self,
        running: &Running,
        seen: &ChangeRequest,
        head: &Revision,
    ) -> Option<Waiting> {
        let asked = running.candidate.requested_by.as_ref();
        let mut said: Vec<&Review> = Vec::new();
        for review in seen
            .reviews
            .iter()
            .filter(|r| r.head == *head && r.verdict != Verdict::Comment)
        {
            said.retain(|earlier| earlier.by != review.by);
            if !self.rules.ours.contains(&review.by) {
                said.push(review);
            }
        }
        if let Some(against) = said
            .iter()
            .find(|review| review.verdict == Verdict::RequestChanges)
        {
            return Some(Waiting::ChangesRequested {
                by: against.by.clone(),
            });
        }
        let (needed, from) = match &self.rules.approval {
            // The configuration agreed to it beforehand; see `go_back`.
            _ if running.candidate.undoes.is_some() => (0, Vec::new()),
            Approval::People { count, from } => (*count, from.clone()),
            Approval::Automatic => (u32::from(running.candidate.asks_people()), Vec::new()),
        };
        let counts = |by: &Principal| {
            asked != Some(by) && (from.is_empty() || from.contains(by)) && self.may_approve(by)
        };
        let mut have: Vec<Principal> = said.iter().map(|r| r.by.clone()).collect();
        for by in &running.agreed {
            if !have.contains(by) {
                have.push(by.clone());
            }
        }
        have.retain(counts);
        let enough = have.len() >= needed as usize || running.overridden.is_some();
        (!enough).then_some(Waiting::People {
            needed,
            have,
            from,
            backwards: running.candidate.backwards,
        })
    }
}
