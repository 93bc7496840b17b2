//! Sees a change request through: what people did to it, its tree, its gates, approval and merge.

use super::advance::Step;
use super::decide::Draft;
use super::looks::LOOK_AGAIN;
use super::state::{Ending, Protected, Running};
use crate::deployment::Waiting;
use crate::effect::{Ahead, ChangeRequest, ChangeState, CloseReason, Effect, EffectView};
use crate::names::Revision;

impl Draft<'_> {
    pub(super) fn follow_change(&mut self, running: &Running, seen: &ChangeRequest) -> Step {
        match seen.state {
            ChangeState::Merged => {
                let merged = self.take_merge(seen);
                return merged.map_or(Step::Works, |running| self.arrive(&running, false));
            }
            ChangeState::Closed => {
                let by = seen.ended_by.clone();
                self.end(Ending::Cancelled { by });
                return Step::Works;
            }
            ChangeState::Open => {}
        }
        let (Some(head), Some(published)) = (&seen.head, &running.published) else {
            // Somebody deleted the branch: nothing is left to merge.
            self.end(Ending::Cancelled { by: None });
            return Step::Works;
        };
        if *head != published.commit {
            return Step::Waits(foreign(seen, &published.commit));
        }
        if seen.head_tree.is_none()
            || seen.head_tree != seen.expected_tree
            || seen.head_tree.as_ref() != Some(&published.tree)
        {
            return Step::Waits(Waiting::TreeMismatch);
        }
        if let Some(waiting) = self
            .checks(seen)
            .or_else(|| self.people(running, seen, head))
            .or_else(|| self.closed(running))
        {
            return Step::Waits(waiting);
        }
        self.approve_and_merge(running, seen, head)
    }

    /// Takes note that the change request was merged, and by whom when it was not us.
    pub(super) fn take_merge(&mut self, seen: &ChangeRequest) -> Option<Running> {
        let ours = &self.rules.ours;
        let by = seen.ended_by.clone().filter(|by| !ours.contains(by));
        let revision = seen.merged.clone();
        let running = self.state.running.as_mut()?;
        running.merged = Some((revision.unwrap_or_else(|| seen.base_head.clone()), by));
        Some(running.clone())
    }

    fn approve_and_merge(
        &mut self,
        running: &Running,
        seen: &ChangeRequest,
        head: &Revision,
    ) -> Step {
        let deployment = running.candidate.id(&self.rules.lane);
        let repository = running.repository.clone();
        let number = seen.number;
        if running.approved.as_ref() != Some(head) {
            let effect = Effect::ApproveChangeRequest {
                repository,
                number,
                head: head.clone(),
                deployment,
            };
            return self.write(running, "approve", effect);
        }
        let is_merge = |e: &EffectView| matches!(e.effect, Effect::MergeChangeRequest { .. });
        let planned = self.under_way(running.candidate.ordinal).any(is_merge);
        if let Some(waiting) = self.protected(running).filter(|_| !planned) {
            return Step::Waits(waiting);
        }
        let effect = Effect::MergeChangeRequest {
            repository,
            number,
            head: head.clone(),
            deployment,
        };
        self.write(running, "merge", effect)
    }

    /// What the forge's own rules said against the merge: tried again once somebody touched the change
    /// request since, or after a while, as not everything that they ask for is told.
    fn protected(&mut self, running: &Running) -> Option<Waiting> {
        let Protected { why, seen_at } = running.protected.clone()?;
        let again = seen_at + LOOK_AGAIN;
        let touched = self.touched_at(running) > Some(seen_at);
        if touched || self.world.now >= again {
            return None;
        }
        self.wake_by(again);
        Some(Waiting::Protected { why })
    }

    /// The base says by now what was to be set, so the change request has nothing left to do.
    pub(super) fn already_there(&mut self, running: &Running) -> Step {
        if running.change.is_none() || running.closed {
            return self.arrive(running, true);
        }
        let Some(seen) = self.change_request(running) else {
            return Step::Looks;
        };
        match (seen.state, &running.published) {
            (ChangeState::Merged, _) => {
                let merged = self.take_merge(&seen);
                return merged.map_or(Step::Works, |running| self.arrive(&running, false));
            }
            (ChangeState::Closed, _) => return self.arrive(running, true),
            (ChangeState::Open, Some(published))
                if seen.head.as_ref() != Some(&published.commit) =>
            {
                return Step::Waits(foreign(&seen, &published.commit));
            }
            (ChangeState::Open, _) => {}
        }
        let effect = Effect::CloseChangeRequest {
            repository: running.repository.clone(),
            number: seen.number,
            why: CloseReason::Unchanged,
        };
        self.write(running, "close", effect)
    }
}

fn foreign(seen: &ChangeRequest, ours: &Revision) -> Waiting {
    let theirs = |ahead: &&Ahead| ahead.revision != *ours;
    Waiting::ForeignCommits {
        commits: seen
            .ahead
            .iter()
            .filter(theirs)
            .map(|ahead| format!("{} ({})", ahead.title, ahead.author))
            .collect(),
    }
}
