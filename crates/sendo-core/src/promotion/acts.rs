//! What people asked of a deployment or the lane: applied here, where it is known what still holds.
//!
//! An act was allowed when it was asked for. It is checked again, so that a right that was taken away
//! or a deployment that ended meanwhile refuses it; who asked is told on the timeline and in the audit
//! trail. Each act is taken once: its fact is forgotten in the same commit.
//!
//! Size: every act there is, each a page; a file for each would part them from the checks they share.

use serde_json::{Value, json};

use super::announced::delivery;
use super::decide::{ACTED, Draft};
use super::rules::{Approval, LaneRules};
use super::state::{Candidate, Ending, LaneState, Running, Success};
use crate::act::{Act, ActRefusal, Asked, Verb};
use crate::deployment::{Deployment, DeploymentId, DeploymentState, Held, MOST_CAUSES};
use crate::effect::Effect;
use crate::fact::Fact;
use crate::names::Principal;
use crate::notice::{Notice, Turn};
use crate::time::Timestamp;

/// The key under which a lane tells that it is held; `null` while it is not.
pub const HELD: &str = "held";

/// The action the audit trail keeps of a rollback.
pub const ROLLED_BACK: &str = "deployment.rolled_back";

/// At most this many candidates that ended without success are remembered.
const MOST_ENDED: usize = 5;

/// Whether an act on a deployment has a chance, as far as its row tells: asked before it is taken in,
/// so that a person hears at once. The lane's decision has the last word.
///
/// # Errors
/// [`ActRefusal`] when it would be refused now.
pub fn has_a_chance(
    rules: &LaneRules,
    row: &Deployment,
    act: &Act,
    by: &Principal,
) -> Result<(), ActRefusal> {
    if !rules.access.allows(by, act.verb()) {
        return Err(ActRefusal::NotAllowed);
    }
    let ended = row.state.is_terminal();
    match act {
        Act::Approve { .. } => {
            if ended {
                return Err(ActRefusal::NotUnderWay);
            }
            approves(rules, row.requested_by.as_ref(), by)
        }
        Act::Cancel { .. } | Act::Override { .. } if ended => Err(ActRefusal::NotUnderWay),
        Act::Retry { .. } if row.state == DeploymentState::Succeeded => {
            Err(ActRefusal::NotToBeRetried)
        }
        _ => Ok(()),
    }
}

/// Whether somebody may ask for a deployment of a lane.
///
/// # Errors
/// [`ActRefusal`] when it would be refused.
pub fn may_ask(rules: &LaneRules, by: &Principal) -> Result<(), ActRefusal> {
    match rules.access.allows(by, Verb::Deploy) {
        false => Err(ActRefusal::NotAllowed),
        true if rules.observes() => Err(ActRefusal::Observed),
        true => Ok(()),
    }
}

/// Whether a lane, by its state, goes back when somebody asks for it: gives the number of what it leaves.
///
/// # Errors
/// [`ActRefusal`] when it would be refused now.
pub fn goes_back(
    rules: &LaneRules,
    state: &Value,
    to: Option<u64>,
    from: Option<u64>,
) -> Result<u64, ActRefusal> {
    if rules.observes() {
        return Err(ActRefusal::Observed);
    }
    let state = LaneState::read(state).map_err(|_| ActRefusal::NothingToGoBackTo)?;
    if from.is_some_and(|from| from != state.leaves()) {
        return Err(ActRefusal::LeftAlready);
    }
    let target = state.earlier(to).ok_or(ActRefusal::NothingToGoBackTo);
    target.map(|_| state.leaves())
}

/// Whether a deployment that ended can be started again, by the state of its lane.
#[must_use]
pub fn is_remembered(state: &Value, number: u64) -> bool {
    let state = LaneState::read(state);
    state.is_ok_and(|state| state.ended.iter().any(|ended| ended.ordinal == number))
}

/// Whether somebody's approval counts for a deployment that `asked` asked for.
fn approves(
    rules: &LaneRules,
    asked: Option<&Principal>,
    by: &Principal,
) -> Result<(), ActRefusal> {
    if asked == Some(by) {
        return Err(ActRefusal::OwnRequest);
    }
    match &rules.approval {
        Approval::People { from, .. } if !from.is_empty() && !from.contains(by) => {
            Err(ActRefusal::NotAnApprover)
        }
        _ => Ok(()),
    }
}

impl Draft<'_> {
    /// Applies what was asked, in the order in which it arrived.
    pub(super) fn take_acts(&mut self) {
        let facts = &self.world.facts;
        let mut asked: Vec<(Timestamp, String, Asked)> = facts
            .starting_with::<Asked>(&self.world.subject, ACTED)
            .map(|(key, asked, at)| (at, key.to_owned(), asked))
            .collect();
        asked.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        let held = self.state.held.clone();
        for (at, key, asked) in asked {
            let event = key.strip_prefix(ACTED).unwrap_or(&key);
            let done = if self.rules.access.allows(&asked.by, asked.act.verb()) {
                self.apply(&asked, at, delivery(event))
            } else {
                Err(ActRefusal::NotAllowed)
            };
            if let Err(why) = done {
                self.refuse_act(&asked, why, event);
            }
        }
        if self.state.held != held {
            self.plan.publish.push(Fact {
                subject: self.world.subject.clone(),
                key: HELD.to_owned(),
                value: json!(self.state.held),
                observed_at: self.world.now,
            });
        }
        let read = facts.keys(&self.world.subject, ACTED);
        self.plan.forget.extend(read.map(|(key, _)| key.to_owned()));
    }

    /// `cause` is the delivery that asked.
    fn apply(&mut self, asked: &Asked, at: Timestamp, cause: String) -> Result<(), ActRefusal> {
        match &asked.act {
            Act::Approve { number } => self.agree(*number, asked),
            Act::Cancel { number } => self.cancel(*number, asked),
            Act::Retry { number } => self.retry(*number, asked, at, cause),
            Act::Rollback { to, from } => self.roll_back(*to, *from, asked, at, cause),
            Act::Release => {
                self.release(asked);
                Ok(())
            }
            Act::Override { number } => self.break_glass(*number, asked),
        }
    }

    /// The deployment an act names, while something can still be done about it.
    fn meant(&mut self, number: u64) -> Result<&mut Running, ActRefusal> {
        let running = self.state.running.as_mut();
        let running = running.filter(|running| running.candidate.ordinal == number);
        let running = running.filter(|running| running.ending.is_none());
        running.ok_or(ActRefusal::NotUnderWay)
    }

    fn agree(&mut self, number: u64, asked: &Asked) -> Result<(), ActRefusal> {
        let rules = self.rules;
        let needed = match &rules.approval {
            Approval::People { count, .. } => *count,
            Approval::Automatic => 1,
        };
        let by = asked.by.clone();
        let running = self.meant(number)?;
        if running.is_merged() {
            return Err(ActRefusal::TooLate);
        }
        approves(rules, running.candidate.requested_by.as_ref(), &by)?;
        if running.agreed.contains(&by) {
            return Ok(());
        }
        running.agreed.push(by.clone());
        let have = u32::try_from(running.agreed.len()).unwrap_or(u32::MAX);
        self.audit_act("deployment.agreed", asked, Some(number));
        self.notice(Turn::PersonApproved { by, have, needed });
        Ok(())
    }

    fn break_glass(&mut self, number: u64, asked: &Asked) -> Result<(), ActRefusal> {
        let running = self.meant(number)?;
        if running.is_merged() {
            return Err(ActRefusal::TooLate);
        }
        running.overridden = Some(asked.by.clone());
        self.audit_act("deployment.overridden", asked, Some(number));
        self.notice(Turn::Overridden {
            by: asked.by.clone(),
            reason: asked.reason.clone().unwrap_or_default(),
        });
        Ok(())
    }

    fn cancel(&mut self, number: u64, asked: &Asked) -> Result<(), ActRefusal> {
        let named = |candidate: &mut Candidate| candidate.ordinal == number;
        let queued = self.state.queued.take_if(named);
        if let Some(candidate) = queued.or_else(|| self.state.rollback.take_if(named)) {
            let mut row = candidate.row(&self.rules.lane, DeploymentState::Cancelled);
            row.finished_at = Some(self.world.now);
            self.row(row);
            self.remember_ended(candidate);
            self.audit_act("deployment.cancelled", asked, Some(number));
            return Ok(());
        }
        let merging = self.under_way(number).any(|effect| {
            let commits = matches!(
                effect.effect,
                Effect::MergeChangeRequest { .. } | Effect::PublishCommit(_)
            );
            commits && effect.intended
        });
        // What is merged stays. What is seen through is not followed any more.
        let running = self.meant(number)?;
        if merging || (running.merged.is_some() && running.applying.is_none()) {
            return Err(ActRefusal::TooLate);
        }
        let by = Some(asked.by.clone());
        self.end(Ending::Cancelled { by });
        Ok(())
    }

    /// One that ended is put in line again under a new number; one under way looks again at once,
    /// which the hint that came with the act brings about.
    fn retry(
        &mut self,
        number: u64,
        asked: &Asked,
        at: Timestamp,
        cause: String,
    ) -> Result<(), ActRefusal> {
        if self.meant(number).is_ok() {
            self.audit_act("deployment.retried", asked, Some(number));
            return Ok(());
        }
        let ended = self.state.ended.iter().find(|c| c.ordinal == number);
        let ended = ended.cloned().ok_or(ActRefusal::NotToBeRetried)?;
        let (included, omitted) = if ended.backwards {
            (Vec::new(), 0)
        } else {
            (self.state.pending.clone(), self.state.omitted)
        };
        self.state.ordinal += 1;
        let again = Candidate {
            ordinal: self.state.ordinal,
            included,
            omitted,
            requested_by: Some(asked.by.clone()),
            // A person asks for it now, so it needs what a person's wish needs.
            undoes: None,
            created_at: at,
            caused_by: vec![cause],
            ..ended
        };
        self.audit_act("deployment.retried", asked, Some(number));
        self.row(again.row(&self.rules.lane, DeploymentState::Queued));
        let slot = if again.rollback {
            &mut self.state.rollback
        } else {
            &mut self.state.queued
        };
        if let Some(passed) = slot.replace(again) {
            self.row_superseded(&passed, self.state.ordinal);
        }
        Ok(())
    }

    fn roll_back(
        &mut self,
        to: Option<u64>,
        from: Option<u64>,
        asked: &Asked,
        at: Timestamp,
        cause: String,
    ) -> Result<(), ActRefusal> {
        if self.rules.observes() {
            return Err(ActRefusal::Observed);
        }
        if from.is_some_and(|from| from != self.state.leaves()) {
            return Err(ActRefusal::LeftAlready);
        }
        let target = self.state.earlier(to).cloned();
        let target = target.ok_or(ActRefusal::NothingToGoBackTo)?;
        if let Some(candidate) = self.on_its_way_back(&target) {
            // The same wish twice is one. The first that asked and the last are always named.
            if candidate.caused_by.len() >= MOST_CAUSES {
                candidate.caused_by.remove(1);
            }
            candidate.caused_by.push(cause);
            // What the lane would have done by itself is a person's wish now, and needs what that needs.
            if candidate.undoes.take().is_some() {
                candidate.requested_by = Some(asked.by.clone());
            }
            let number = candidate.ordinal;
            self.audit_act("request.joined", asked, Some(number));
            self.hold(number, asked);
            return Ok(());
        }
        let ordinal = self.line_up_rollback(target, Some(asked.by.clone()), None, at, vec![cause]);
        self.audit_act(ROLLED_BACK, asked, Some(ordinal));
        self.hold(ordinal, asked);
        Ok(())
    }

    /// Holds the lane at a rollback, unless it is held there already.
    fn hold(&mut self, ordinal: u64, asked: &Asked) {
        let deployment = DeploymentId::new(&self.rules.lane, ordinal);
        let held = self.state.held.as_ref();
        if held.is_none_or(|held| held.deployment != deployment) {
            self.state.held = Some(Held {
                deployment,
                by: asked.by.clone(),
                reason: asked.reason.clone(),
                at: self.world.now,
            });
        }
    }

    /// The rollback to this success that is next in line or under way.
    fn on_its_way_back(&mut self, target: &Success) -> Option<&mut Candidate> {
        let running = self.state.running.as_mut().filter(|r| r.ending.is_none());
        let running = running.map(|running| &mut running.candidate);
        let mut candidates = self.state.rollback.iter_mut().chain(running);
        candidates.find(|candidate| {
            candidate.rollback
                && candidate.revision == target.revision
                && candidate.tag == target.tag
                && candidate.digest == target.digest
        })
    }

    /// Opens the lane. A lane that is not held is open already.
    fn release(&mut self, asked: &Asked) {
        if self.state.held.take().is_some() {
            self.audit_act("lane.released", asked, None);
        }
    }

    fn refuse_act(&mut self, asked: &Asked, why: ActRefusal, event: &str) {
        self.audit(
            "act.refused",
            Some(asked.by.clone()),
            json!({"act": asked.act, "reason_code": why.code()}),
        );
        let number = match asked.act {
            Act::Approve { number }
            | Act::Cancel { number }
            | Act::Retry { number }
            | Act::Override { number } => number,
            Act::Rollback { .. } => return self.tell_what_runs(asked, why, event),
            Act::Release => return,
        };
        if self.meant(number).is_ok() {
            self.notice(Turn::ActRefused {
                act: asked.act.name().to_owned(),
                by: asked.by.clone(),
                why,
            });
        }
    }

    /// A rollback is refused on no deployment's behalf: what runs is what it would have left.
    fn tell_what_runs(&mut self, asked: &Asked, why: ActRefusal, event: &str) {
        let Some(newest) = self.state.succeeded.first() else {
            return;
        };
        let deployment = DeploymentId::new(&self.rules.lane, newest.ordinal);
        self.plan.notices.push(Notice {
            id: format!("{deployment}#refused/{event}"),
            deployment,
            lane: self.rules.lane.clone(),
            revision: newest.revision.clone(),
            at: self.world.now,
            change: None,
            authors: Vec::new(),
            turn: Turn::ActRefused {
                act: asked.act.name().to_owned(),
                by: asked.by.clone(),
                why,
            },
        });
    }

    fn audit_act(&mut self, action: &str, asked: &Asked, ordinal: Option<u64>) {
        let detail = json!({"ordinal": ordinal, "act": asked.act, "reason": asked.reason});
        self.audit(action, Some(asked.by.clone()), detail);
    }

    /// Remembers a candidate that ended without success, so that it can be retried.
    pub(super) fn remember_ended(&mut self, candidate: Candidate) {
        let slim = Candidate {
            included: Vec::new(),
            omitted: 0,
            ..candidate
        };
        self.state.ended.insert(0, slim);
        self.state.ended.truncate(MOST_ENDED);
    }

    /// Whether somebody may approve here, on a forge or with Sendo.
    pub(super) fn may_approve(&self, who: &Principal) -> bool {
        self.rules.access.allows(who, Verb::Approve)
    }
}
