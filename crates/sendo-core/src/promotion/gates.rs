//! What has to happen outside before a deployment goes on: success elsewhere, checks, people.

use super::decide::{Draft, SUCCEEDED};
use super::rules::Approval;
use super::state::{Running, Success};
use crate::deployment::Waiting;
use crate::effect::{ChangeRequest, CheckState, Review, Verdict};
use crate::names::{Principal, Revision};

impl Draft<'_> {
    /// Waits for the environment before this one. Once passed, it is passed for good.
    pub(super) fn after_gate(&self, running: &Running) -> Option<Waiting> {
        let after = self.rules.after.as_ref()?;
        if running.published.is_some() || running.unchanged {
            return None;
        }
        let mut before = self.world.subject.clone();
        before.key = format!("{}/{}", self.rules.lane.application, after.environment);
        let successes: Vec<Success> = self
            .world
            .facts
            .get(&before, SUCCEEDED)
            .map(|(all, _)| all)
            .unwrap_or_default();
        let same = |s: &Success| {
            s.revision == running.candidate.revision
                || (after.same_tree && s.tree == running.candidate.tree)
        };
        (!successes.iter().any(same)).then(|| Waiting::After {
            environment: after.environment.to_string(),
        })
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
            Approval::People { count, from } => (*count, from.clone()),
            Approval::Automatic => (u32::from(running.candidate.backwards), Vec::new()),
        };
        let counts = |by: &Principal| asked != Some(by) && (from.is_empty() || from.contains(by));
        let have: Vec<Principal> = said.iter().map(|r| r.by.clone()).filter(counts).collect();
        let enough = have.len() >= needed as usize;
        (!enough).then_some(Waiting::People {
            needed,
            have,
            from,
            backwards: running.candidate.backwards,
        })
    }
}
