//! Takes the running deployment one step on.
//!
//! Each step looks for its evidence first and plans an effect only where it is missing, so deciding
//! twice on the same world plans the same thing, and a person who did a step by hand is simply
//! ahead of us.

use serde_json::json;

use super::decide::{Draft, SUCCEEDED};
use super::looks::LOOK_AGAIN;
use super::render::render;
use super::rules::{Approval, Mode};
use super::state::{Candidate, Running, Success};
use crate::deployment::{Change, DeploymentId, DeploymentState, Waiting};
use crate::effect::{Effect, EffectView, Publish, Story};
use crate::fact::Fact;
use crate::names::{BranchName, Revision};
use crate::notice::Turn;

/// After so many writes that led nowhere, a deployment takes its time between them.
const PATIENCE: u32 = 5;

impl Draft<'_> {
    /// Starts the next in line when nothing is under way; false when there is nothing to start.
    pub(super) fn start_next(&mut self) -> bool {
        if self.state.running.is_some() {
            return false;
        }
        let Some(candidate) = self.next_in_line() else {
            return false;
        };
        let deliver = &self.rules.deliver;
        let rendered = render(&deliver.edits, &candidate);
        // Who must agree can only do so on a change request, and going backwards needs somebody.
        let asks = candidate.asks_people() || self.rules.approval != Approval::Automatic;
        let mode = match deliver.mode {
            Mode::Commit if asks => Mode::ChangeRequest,
            mode => mode,
        };
        let branch = match mode {
            Mode::Commit | Mode::Observe => Ok(deliver.base.clone()),
            Mode::ChangeRequest => BranchName::new(format!(
                "sendo/{}/{}-{}",
                self.rules.lane, candidate.ordinal, self.world.installation
            )),
        };
        let (edits, mut version) = rendered.clone().unwrap_or_default();
        // What people merged is in the base already, and nothing is written.
        let observed = mode == Mode::Observe;
        let merged = observed.then(|| (candidate.revision.clone(), None));
        if observed {
            version = candidate.revision.to_string();
        }
        self.state.running = Some(Running {
            version: version.clone(),
            edits,
            repository: deliver.repository.clone(),
            base: deliver.base.clone(),
            mode,
            branch: branch.clone().unwrap_or_else(|_| deliver.base.clone()),
            writes: 0,
            setbacks: 0,
            rebuild: !observed,
            published: None,
            first_old: None,
            unchanged: false,
            said_by: None,
            change: None,
            agreed: Vec::new(),
            overridden: None,
            approved: None,
            told_approved: None,
            protected: None,
            merged,
            applying: None,
            ending: None,
            closed: false,
            unclosed: 0,
            waiting: None,
            told: None,
            troubles: Vec::new(),
            turns: 0,
            wrote_at: self.world.now,
            candidate: candidate.clone(),
        });
        self.audit(
            "deployment.started",
            candidate.requested_by.clone(),
            json!({"ordinal": candidate.ordinal, "revision": candidate.revision, "reference": candidate.reference}),
        );
        let (previous, undoes) = (self.previous(&candidate), self.undoes(&candidate));
        self.notice(Turn::Started {
            previous,
            undoes,
            reference: candidate.reference,
            version,
            included: candidate.included,
            requested_by: candidate.requested_by,
            observed,
        });
        // Failed before the first step, so nothing is ever published on a stand-in.
        if let Err(error) = rendered {
            let message = format!("the value to write cannot be rendered: {error}");
            self.fail("template", message);
        }
        if let Err(error) = branch {
            self.fail("branch_name", error.to_string());
        }
        true
    }

    /// Takes the running deployment as far as the evidence goes.
    pub(super) fn advance_running(&mut self) {
        let waiting = match self.step() {
            Step::Waits(waiting) => {
                self.hold_back();
                Some(waiting)
            }
            Step::Works => self.trouble(),
            Step::Looks => self.trouble().or_else(|| {
                let running = self.state.running.as_ref()?;
                match &running.waiting {
                    Some(Waiting::Retry { .. } | Waiting::Blocked { .. }) => running.told.clone(),
                    other => other.clone(),
                }
            }),
        };
        let Some(running) = &mut self.state.running else {
            return;
        };
        if running.ending.is_some() {
            running.waiting = None;
            self.clear_away();
        } else {
            running.waiting = waiting;
            self.look_again();
        }
    }

    /// Takes note of what is over, whatever else there may be to look at first.
    pub(super) fn conclude(&mut self) {
        let running = self.state.running.as_ref();
        if running.is_some_and(|running| running.is_merged() || running.ending.is_some()) {
            self.advance_running();
        }
    }

    /// While the trigger was not looked at again, looks at the change request meanwhile, and says
    /// why nothing moves.
    pub(super) fn look_on(&mut self) {
        let Some(running) = self.state.running.clone().filter(|r| r.ending.is_none()) else {
            return;
        };
        // A freeze begins by itself: what was planned before it is not to start during a look.
        if running.overridden.is_none() && self.frozen().is_some() {
            self.hold_back();
        }
        if running.applying.is_none() {
            self.change_request(&running);
        }
        let trouble = self.trouble();
        if let (Some(running), Some(trouble)) = (&mut self.state.running, trouble) {
            running.waiting = Some(trouble);
        }
    }

    pub(super) fn step(&mut self) -> Step {
        let Some(running) = self.state.running.clone() else {
            return Step::Works;
        };
        if running.ending.is_some() {
            return Step::Works;
        }
        if let Some(applying) = &running.applying {
            return self.see_through(&running, applying);
        }
        if running.merged.is_some() {
            return self.arrive(&running, false);
        }
        if let Some(waiting) = self.after_gate(&running) {
            return Step::Waits(waiting);
        }
        if running.rebuild {
            let commits = running.mode == Mode::Commit;
            if let Some(waiting) = commits.then(|| self.closed(&running)).flatten() {
                return Step::Waits(waiting);
            }
            return self.publish(&running);
        }
        if running.unchanged {
            return self.already_there(&running);
        }
        if running.change.is_none() {
            return self.open(&running);
        }
        let Some(seen) = self.change_request(&running) else {
            return Step::Looks;
        };
        self.follow_change(&running, &seen)
    }

    /// Withdraws the merge that was planned and not begun: what it waits for came up meanwhile.
    fn hold_back(&mut self) {
        let Some(ordinal) = self.state.running.as_ref().map(|r| r.candidate.ordinal) else {
            return;
        };
        let commits = |effect: &&EffectView| {
            let commits = matches!(
                effect.effect,
                Effect::MergeChangeRequest { .. } | Effect::PublishCommit(_)
            );
            commits && !effect.intended
        };
        let planned: Vec<_> = self.under_way(ordinal).filter(commits).collect();
        for effect in planned {
            self.withdraw(effect.key.clone());
            if let Some(running) = &mut self.state.running {
                running.writes += 1;
            }
        }
    }

    /// Plans a write. Its key is never used again: the next one has another number.
    pub(super) fn write(&mut self, running: &Running, verb: &str, effect: Effect) -> Step {
        let at = running.wrote_at + LOOK_AGAIN;
        let in_vain = running.setbacks >= PATIENCE || running.unclosed > 0;
        if in_vain && self.world.now < at {
            self.wake_by(at);
            return Step::Waits(Waiting::Retry {
                effect: effect.kind().to_owned(),
                error: format!(
                    "it led nowhere {} times",
                    running.setbacks + running.unclosed
                ),
                at,
            });
        }
        let ordinal = running.candidate.ordinal;
        self.plan_effect(
            format!("{ordinal}/{verb}/{}", running.writes),
            Some(ordinal),
            effect,
        );
        Step::Works
    }

    fn publish(&mut self, running: &Running) -> Step {
        let publish = Publish {
            repository: running.repository.clone(),
            base: running.base.clone(),
            branch: running.branch.clone(),
            replaces: running
                .published
                .as_ref()
                .map(|published| published.commit.clone()),
            edits: running.edits.clone(),
            undoes: match &running.candidate.undoes {
                Some(undone) => undone.edits.clone(),
                None => Vec::new(),
            },
            expected_old: running.first_old.clone(),
            deployment: running.candidate.id(&self.rules.lane),
            story: self.story(running),
            at: running.candidate.created_at,
        };
        let effect = match running.mode {
            Mode::ChangeRequest => Effect::PublishBranch(publish),
            Mode::Commit => Effect::PublishCommit(publish),
            // It was in the base from its beginning.
            Mode::Observe => return Step::Works,
        };
        self.write(running, "publish", effect)
    }

    fn open(&mut self, running: &Running) -> Step {
        let Some(published) = &running.published else {
            return Step::Works;
        };
        let effect = Effect::OpenChangeRequest {
            repository: running.repository.clone(),
            branch: running.branch.clone(),
            base: running.base.clone(),
            head: published.commit.clone(),
            deployment: running.candidate.id(&self.rules.lane),
            story: self.story(running),
        };
        self.write(running, "open", effect)
    }

    /// The environment has the revision: tells the row, the people and the lanes after this one.
    pub(super) fn succeed(&mut self, running: &Running, unchanged: bool) -> Step {
        let candidate = &running.candidate;
        let now = self.world.now;
        let healthy = running.applying.is_some() && self.rules.engine.is_some();
        if running.applying.is_none() {
            self.tell_merged(running);
        }
        self.notice(Turn::Succeeded { unchanged, healthy });
        let mut row = running.row(&self.rules.lane);
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
                reference: candidate.reference.clone(),
                tag: candidate.tag.clone(),
                digest: candidate.digest.clone(),
                back_to: candidate.back_to,
            },
        );
        self.state.succeeded.truncate(50);
        let carried = |change: &Change| {
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
        if running.applying.is_none() {
            self.delete_branch(running);
        }
        self.state.standing = None;
        self.state.running = None;
        Step::Works
    }

    fn story(&self, running: &Running) -> Story {
        let candidate = &running.candidate;
        Story {
            application: self.rules.lane.application.to_string(),
            environment: self.rules.lane.environment.to_string(),
            source: self.rules.repository.clone(),
            revision: candidate.revision.clone(),
            previous: self.previous(candidate),
            undoes: self.undoes(candidate),
            reference: candidate.reference.clone(),
            version: running.version.clone(),
            included: candidate.included.clone(),
            omitted: candidate.omitted,
            requested_by: candidate.requested_by.clone(),
            checks: self.rules.deliver.checks.clone(),
            people: match &self.rules.approval {
                Approval::Automatic => u32::from(candidate.asks_people()),
                // What goes back by itself asks nobody.
                Approval::People { .. } if candidate.undoes.is_some() => 0,
                Approval::People { count, .. } => *count,
            },
        }
    }

    /// The revision that was there before a candidate: the last success, from which its changes are
    /// listed. What goes back by itself leaves what failed.
    fn previous(&self, candidate: &Candidate) -> Option<Revision> {
        if candidate.undoes.is_some() {
            return self.state.left();
        }
        let success = self.state.succeeded.first();
        success.map(|success| success.revision.clone())
    }

    fn undoes(&self, candidate: &Candidate) -> Option<DeploymentId> {
        let undone = candidate.undoes.as_ref()?;
        Some(DeploymentId::new(&self.rules.lane, undone.ordinal))
    }
}

/// What became of a step.
pub(super) enum Step {
    /// Nothing to wait for but our own effects.
    Works,
    /// The change request has to be looked at again first; what was told still holds.
    Looks,
    /// Something outside has to happen first.
    Waits(Waiting),
}
