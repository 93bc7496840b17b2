//! Takes the running deployment one step on.
//!
//! Each step looks for its evidence first and plans an effect only where it is missing, so deciding
//! twice on the same world plans the same thing, and a person who did a step by hand is simply
//! ahead of us.

use serde_json::json;

use super::decide::{Draft, SUCCEEDED, TOUCHED};
use super::render::render;
use super::rules::{Approval, Mode};
use super::state::{Ending, Running, Success};
use crate::deployment::{DeploymentState, Waiting};
use crate::effect::{
    ChangeRequest, ChangeState, CheckState, Effect, EffectState, Publish, Review, Story, Verdict,
};
use crate::fact::Fact;
use crate::names::{BranchName, Principal, Revision};
use crate::notice::Turn;

impl Draft<'_> {
    /// Starts the next in line when nothing is under way.
    pub(super) fn start_queued(&mut self) {
        if self.state.running.is_some() {
            return;
        }
        let Some(candidate) = self.state.queued.take() else {
            return;
        };
        let rendered = render(&self.rules.deliver.edits, &candidate);
        let branch = match self.rules.deliver.mode {
            Mode::Commit => Ok(self.rules.deliver.base.clone()),
            Mode::ChangeRequest => BranchName::new(format!(
                "sendo/{}/{}-{}",
                self.rules.lane, candidate.ordinal, self.world.installation
            )),
        };
        let (edits, version) = rendered.clone().unwrap_or_default();
        let previous = self
            .state
            .succeeded
            .first()
            .map(|success| success.revision.clone());
        self.state.running = Some(Running {
            version: version.clone(),
            edits,
            branch: branch
                .clone()
                .unwrap_or_else(|_| self.rules.deliver.base.clone()),
            builds: 0,
            rebuild: true,
            published: None,
            first_old: None,
            unchanged: false,
            change: None,
            approved: None,
            merges: 0,
            merged: None,
            ending: None,
            closed: false,
            waiting: None,
            turns: 0,
            wrote_at: self.world.now,
            candidate: candidate.clone(),
        });
        self.audit(
            "deployment.started",
            candidate.requested_by.clone(),
            json!({"ordinal": candidate.ordinal, "revision": candidate.revision, "reference": candidate.reference}),
        );
        self.notice(Turn::Started {
            reference: candidate.reference,
            version,
            previous,
            included: candidate.included,
            requested_by: candidate.requested_by,
        });
        if let Err(error) = rendered {
            self.fail(
                "template",
                format!("the value to write cannot be rendered: {error}"),
            );
        }
        // Failed before the first step, so nothing is ever published on the stand-in.
        if let Err(error) = branch {
            self.fail("branch_name", error.to_string());
        }
    }

    /// Takes the running deployment as far as the evidence goes.
    pub(super) fn advance_running(&mut self) {
        let waiting = match self.step() {
            Step::Waits(waiting) => Some(waiting),
            Step::Works => self.retrying(),
            Step::Looks => self
                .retrying()
                .or_else(|| self.state.running.as_ref()?.waiting.clone()),
        };
        if let Some(running) = &mut self.state.running {
            running.waiting = if running.ending.is_some() {
                None
            } else {
                waiting
            };
            if running.ending.is_none() {
                self.look_again();
            } else {
                self.clear_away();
            }
        }
    }

    /// While the trigger cannot be looked at, only says why nothing moves.
    pub(super) fn look_on(&mut self) {
        let retrying = self.retrying();
        if let (Some(running), Some(retrying)) = (&mut self.state.running, retrying) {
            running.waiting = Some(retrying);
        }
    }

    fn step(&mut self) -> Step {
        let Some(running) = self.state.running.clone() else {
            return Step::Works;
        };
        if running.ending.is_some() {
            return Step::Works;
        }
        if let Some(waiting) = self.after_gate(&running) {
            return Step::Waits(waiting);
        }
        if running.rebuild {
            return self.publish(&running);
        }
        if running.unchanged {
            return self.succeed(&running, true);
        }
        if running.merged.is_some() {
            return self.succeed(&running, false);
        }
        let Some(change) = &running.change else {
            return self.open(&running);
        };
        let number = change.number;
        let Some(seen) = self.change_request(&running, number) else {
            return Step::Looks;
        };
        self.follow_change(running, &seen)
    }

    /// Waits for the environment before this one.
    fn after_gate(&self, running: &Running) -> Option<Waiting> {
        let after = self.rules.after.as_ref()?;
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

    fn publish(&mut self, running: &Running) -> Step {
        let deliver = &self.rules.deliver;
        let publish = Publish {
            repository: deliver.repository.clone(),
            base: deliver.base.clone(),
            branch: running.branch.clone(),
            replaces: running
                .published
                .as_ref()
                .map(|published| published.commit.clone()),
            edits: running.edits.clone(),
            expected_old: running.first_old.clone(),
            deployment: running.candidate.id(&self.rules.lane),
            story: self.story(running),
            at: running.candidate.created_at,
        };
        let effect = match deliver.mode {
            Mode::ChangeRequest => Effect::PublishBranch(publish),
            Mode::Commit => Effect::PublishCommit(publish),
        };
        self.plan_effect(
            format!("{}/publish/{}", running.candidate.ordinal, running.builds),
            Some(running.candidate.ordinal),
            effect,
        );
        Step::Works
    }

    fn open(&mut self, running: &Running) -> Step {
        let Some(published) = &running.published else {
            return Step::Works;
        };
        let effect = Effect::OpenChangeRequest {
            repository: self.rules.deliver.repository.clone(),
            branch: running.branch.clone(),
            base: self.rules.deliver.base.clone(),
            head: published.commit.clone(),
            deployment: running.candidate.id(&self.rules.lane),
            story: self.story(running),
        };
        self.plan_effect(
            format!("{}/open", running.candidate.ordinal),
            Some(running.candidate.ordinal),
            effect,
        );
        Step::Works
    }

    /// The change request as seen after the last hint and after our own last write. If it was not,
    /// plans the look.
    fn change_request(&mut self, running: &Running, number: u64) -> Option<ChangeRequest> {
        let subject = &self.world.subject;
        let touched = self
            .world
            .facts
            .get::<bool>(subject, TOUCHED)
            .map(|(_, at)| at);
        let since = self
            .world
            .hinted_at
            .max(running.wrote_at)
            .max(touched.unwrap_or_default());
        let key = format!("change/{number}");
        match self.world.facts.get::<ChangeRequest>(subject, &key) {
            Some((seen, at)) if at >= since => Some(seen),
            _ => {
                let effect = Effect::ObserveChange {
                    fact: key.clone(),
                    repository: self.rules.deliver.repository.clone(),
                    number,
                    edits: running.edits.clone(),
                };
                self.observe(&key, effect);
                None
            }
        }
    }

    fn follow_change(&mut self, mut running: Running, seen: &ChangeRequest) -> Step {
        match seen.state {
            ChangeState::Merged => {
                let revision = seen
                    .merged
                    .clone()
                    .unwrap_or_else(|| seen.base_head.clone());
                let by = seen
                    .ended_by
                    .clone()
                    .filter(|by| !self.rules.ours.contains(by));
                running.merged = Some((revision, by));
                self.state.running = Some(running.clone());
                return self.succeed(&running, false);
            }
            ChangeState::Closed => {
                self.end(Ending::Cancelled {
                    by: seen.ended_by.clone(),
                });
                return Step::Works;
            }
            ChangeState::Open => {}
        }
        let (Some(head), Some(published)) = (&seen.head, &running.published) else {
            self.end(Ending::Cancelled { by: None });
            return Step::Works;
        };
        if *head != published.commit {
            let ours = |a: &&crate::effect::Ahead| a.revision != published.commit;
            let commits = seen
                .ahead
                .iter()
                .filter(ours)
                .map(|a| format!("{} ({})", a.title, a.author))
                .collect();
            return Step::Waits(Waiting::ForeignCommits { commits });
        }
        if seen.head_tree.is_none()
            || seen.head_tree != seen.expected_tree
            || seen.head_tree.as_ref() != Some(&published.tree)
        {
            return Step::Waits(Waiting::TreeMismatch);
        }
        if let Some(waiting) = self
            .checks(seen)
            .or_else(|| self.people(&running, seen, head))
        {
            return Step::Waits(waiting);
        }
        self.approve_and_merge(&running, seen, head)
    }

    fn checks(&self, seen: &ChangeRequest) -> Option<Waiting> {
        let state = |name: &String| {
            seen.checks
                .iter()
                .find(|check| check.name == *name)
                .map(|check| check.state)
        };
        let required = &self.rules.deliver.checks;
        let failed: Vec<String> = required
            .iter()
            .filter(|name| state(name) == Some(CheckState::Failure))
            .cloned()
            .collect();
        if !failed.is_empty() {
            return Some(Waiting::ChecksFailed { failed });
        }
        let pending: Vec<String> = required
            .iter()
            .filter(|name| state(name) != Some(CheckState::Success))
            .cloned()
            .collect();
        (!pending.is_empty()).then_some(Waiting::Checks { pending })
    }

    /// People's say on the exact head: the last word of each of them counts.
    fn people(&self, running: &Running, seen: &ChangeRequest, head: &Revision) -> Option<Waiting> {
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

    fn approve_and_merge(
        &mut self,
        running: &Running,
        seen: &ChangeRequest,
        head: &Revision,
    ) -> Step {
        let ordinal = running.candidate.ordinal;
        let deployment = running.candidate.id(&self.rules.lane);
        let repository = self.rules.deliver.repository.clone();
        let approved_by_people =
            matches!(self.rules.approval, Approval::People { .. }) || running.candidate.backwards;
        if !approved_by_people && running.approved.as_ref() != Some(head) {
            let effect = Effect::ApproveChangeRequest {
                repository,
                number: seen.number,
                head: head.clone(),
                deployment,
            };
            self.plan_effect(
                format!("{ordinal}/approve/{}", head.short()),
                Some(ordinal),
                effect,
            );
            return Step::Works;
        }
        let effect = Effect::MergeChangeRequest {
            repository,
            number: seen.number,
            head: head.clone(),
            deployment,
        };
        self.plan_effect(
            format!("{ordinal}/merge/{}", running.merges),
            Some(ordinal),
            effect,
        );
        Step::Works
    }

    /// The environment has the revision: tells the row, the people and the lanes after this one.
    fn succeed(&mut self, running: &Running, unchanged: bool) -> Step {
        let candidate = &running.candidate;
        let now = self.world.now;
        if let Some((revision, by)) = running.merged.clone() {
            let number = running.change.as_ref().map(|change| change.number);
            self.notice(Turn::Merged {
                number,
                revision,
                by,
            });
        }
        self.notice(Turn::Succeeded { unchanged });
        let mut row = running.row(&self.rules.lane, now);
        row.state = DeploymentState::Succeeded;
        row.waiting = None;
        row.finished_at = Some(now);
        self.row(row);
        self.audit(
            "deployment.succeeded",
            None,
            json!({"ordinal": candidate.ordinal, "revision": candidate.revision}),
        );
        self.state.succeeded.insert(
            0,
            Success {
                ordinal: candidate.ordinal,
                revision: candidate.revision.clone(),
                tree: candidate.tree.clone(),
                at: now,
            },
        );
        self.state.succeeded.truncate(50);
        let carried = |change: &crate::deployment::Change| {
            candidate
                .included
                .iter()
                .any(|c| c.revision == change.revision)
        };
        self.state.pending.retain(|change| !carried(change));
        self.state.omitted = self.state.omitted.saturating_sub(candidate.omitted);
        self.plan.publish.push(Fact {
            subject: self.world.subject.clone(),
            key: SUCCEEDED.to_owned(),
            value: json!(self.state.succeeded),
            observed_at: now,
        });
        self.plan.wake.extend(self.followers.clone());
        self.delete_branch(running);
        self.forget_change(running);
        self.state.running = None;
        Step::Works
    }

    /// What a retry of one of our effects waits for.
    fn retrying(&self) -> Option<Waiting> {
        let running = self.state.running.as_ref()?;
        let looks = self
            .world
            .effects
            .iter()
            .filter(|e| e.key.0.starts_with("look/") && e.state == EffectState::Ready);
        let failing = self
            .under_way(running.candidate.ordinal)
            .chain(looks)
            .find(|e| e.error.is_some())?;
        Some(Waiting::Retry {
            effect: failing.effect.kind().to_owned(),
            error: failing
                .error
                .as_ref()
                .map(|e| e.message.clone())
                .unwrap_or_default(),
            at: failing.not_before,
        })
    }

    fn story(&self, running: &Running) -> Story {
        let candidate = &running.candidate;
        Story {
            application: self.rules.lane.application.to_string(),
            environment: self.rules.lane.environment.to_string(),
            source: self.rules.repository.clone(),
            revision: candidate.revision.clone(),
            previous: self
                .state
                .succeeded
                .first()
                .map(|success| success.revision.clone()),
            reference: candidate.reference.clone(),
            version: running.version.clone(),
            included: candidate.included.clone(),
            omitted: candidate.omitted,
            requested_by: candidate.requested_by.clone(),
            checks: self.rules.deliver.checks.clone(),
            people: match &self.rules.approval {
                Approval::Automatic => u32::from(candidate.backwards),
                Approval::People { count, .. } => *count,
            },
        }
    }
}

enum Step {
    /// Nothing to wait for but our own effects.
    Works,
    /// The change request has to be looked at again first; what was told still holds.
    Looks,
    /// Something outside has to happen first.
    Waits(Waiting),
}
