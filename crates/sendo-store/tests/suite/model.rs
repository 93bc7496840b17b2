//! The contract once more, in memory and as plainly as possible.
//!
//! It holds the same rows in vectors and maps, and knows nothing of SQL, locks or transactions.
//! Random sequences of calls must give the same answers here and on every database.
//!
//! Size: one method for each method of the contract.

use std::collections::{BTreeMap, BTreeSet};

use sendo_core::deployment::Deployment;
use sendo_core::effect::{
    Class, Effect, EffectError, EffectKey, EffectState, EffectView, Outcome, PlannedEffect,
};
use sendo_core::fact::{Fact, Facts};
use sendo_core::notice::Notice;
use sendo_core::plan::Plan;
use sendo_core::subject::SubjectId;
use sendo_core::time::{Span, Timestamp};
use sendo_core::world::World;
use sendo_store::{Backlog, Record, Settlement};
use serde_json::Value;

use super::bench::LEASE;

/// How often anything is claimed at most.
pub(crate) const MOST: u32 = 3;

/// Which claim a result belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    row: usize,
    fence: i64,
}

#[derive(Debug, Default)]
struct Lease {
    fence: i64,
    until: Option<Timestamp>,
}

impl Lease {
    fn free(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    fn take(&mut self, now: Timestamp) -> i64 {
        self.fence += 1;
        self.until = Some(now + LEASE);
        self.fence
    }

    fn held(&self, fence: i64, now: Timestamp) -> bool {
        self.fence == fence && !self.free(now)
    }
}

#[derive(Debug)]
pub(crate) struct DeliveryModel {
    pub(crate) name: (String, String),
    pub(crate) duplicates: u32,
    attempts: u32,
    lease: Lease,
    pub(crate) outcome: Option<String>,
    settled_at: Timestamp,
    body: bool,
}

#[derive(Debug, Default)]
struct SubjectModel {
    version: i64,
    state: Value,
    wakes: i64,
    decided: i64,
    hinted_at: Timestamp,
    woken_at: Timestamp,
    wake_at: Option<Timestamp>,
    lease: Lease,
}

#[derive(Debug)]
struct EffectModel {
    subject: SubjectId,
    planned: PlannedEffect,
    live: bool,
    state: EffectState,
    intent: Option<Value>,
    attempts: u32,
    lease: Lease,
    not_before: Timestamp,
    outcome: Option<Outcome>,
    error: Option<EffectError>,
    ended_at: Timestamp,
    gone: bool,
}

/// Everything durable.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) now: Timestamp,
    pub(crate) deliveries: Vec<DeliveryModel>,
    subjects: BTreeMap<SubjectId, SubjectModel>,
    facts: BTreeMap<(SubjectId, String), (Value, Timestamp)>,
    effects: Vec<EffectModel>,
    pub(crate) deployments: BTreeMap<String, Deployment>,
    pub(crate) notices: Vec<String>,
    pub(crate) revision: i64,
    pub(crate) audit: Vec<String>,
    pub(crate) sealed: usize,
    sealer: (String, Lease),
}

impl Model {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            now,
            ..Self::default()
        }
    }

    pub(crate) fn accept(&mut self, source: &str, dedup: &str) -> (bool, usize) {
        let name = (source.to_owned(), dedup.to_owned());
        if let Some(at) = self.deliveries.iter().position(|one| one.name == name) {
            self.deliveries[at].duplicates += 1;
            return (false, at);
        }
        self.deliveries.push(DeliveryModel {
            name,
            duplicates: 0,
            attempts: 0,
            lease: Lease::default(),
            outcome: None,
            settled_at: Timestamp(0),
            body: true,
        });
        (true, self.deliveries.len() - 1)
    }

    pub(crate) fn claim_delivery(&mut self) -> Option<(Claim, u32)> {
        for (row, one) in self.deliveries.iter_mut().enumerate() {
            if one.outcome.is_none() && one.lease.free(self.now) {
                one.attempts += 1;
                let fence = one.lease.take(self.now);
                if one.attempts <= MOST {
                    return Some((Claim { row, fence }, one.attempts));
                }
                one.outcome = Some("quarantined".to_owned());
                one.settled_at = self.now;
            }
        }
        None
    }

    pub(crate) fn settle(&mut self, claim: Claim, outcome: &str, settlement: &Settlement) -> bool {
        let one = &mut self.deliveries[claim.row];
        if one.outcome.is_some() || !one.lease.held(claim.fence, self.now) {
            return false;
        }
        one.outcome = Some(outcome.to_owned());
        one.settled_at = self.now;
        for wake in &settlement.wakes {
            self.wake(&wake.subject, wake.hint);
            wake.facts.iter().for_each(|fact| self.put_fact(fact));
        }
        true
    }

    pub(crate) fn wake(&mut self, subject: &SubjectId, hint: bool) {
        let one = self.subjects.entry(subject.clone()).or_default();
        if one.wakes == one.decided {
            one.woken_at = self.now;
        }
        one.wakes += 1;
        if hint {
            one.hinted_at = one.hinted_at.max(self.now);
        }
    }

    fn put_fact(&mut self, fact: &Fact) {
        let new = (fact.value.clone(), fact.observed_at);
        let key = (fact.subject.clone(), fact.key.clone());
        let kept = self.facts.entry(key).or_insert_with(|| new.clone());
        if kept.1 <= new.1 {
            *kept = new;
        }
    }

    /// Claims a subject; everybody may read everything.
    pub(crate) fn claim_subject(&mut self) -> Option<(SubjectId, i64, World)> {
        let now = self.now;
        let due = |one: &SubjectModel| one.wake_at.is_some_and(|at| at <= now);
        let (_, id) = self
            .subjects
            .iter()
            .filter(|(_, one)| (one.wakes > one.decided || due(one)) && one.lease.free(now))
            .map(|(id, one)| {
                let since = if one.wakes > one.decided {
                    Some(one.woken_at)
                } else {
                    one.wake_at
                };
                (since, id.clone())
            })
            .min_by_key(|(since, id)| (*since, id.to_string()))?;
        let one = self.subjects.get_mut(&id)?;
        let fence = one.lease.take(now);
        if due(one) {
            one.hinted_at = one.hinted_at.max(now);
        }
        let world = World {
            subject: id.clone(),
            now,
            hinted_at: one.hinted_at,
            installation: "tests1".to_owned(),
            state: one.state.clone(),
            facts: self.facts(),
            effects: self.views(&id),
        };
        Some((id, fence, world))
    }

    fn facts(&self) -> Facts {
        self.facts
            .iter()
            .map(|((subject, key), (value, at))| Fact {
                subject: subject.clone(),
                key: key.clone(),
                value: value.clone(),
                observed_at: *at,
            })
            .collect()
    }

    pub(crate) fn versions(&self, id: &SubjectId) -> (i64, i64) {
        self.subjects
            .get(id)
            .map_or((0, 0), |one| (one.version, one.wakes))
    }

    pub(crate) fn views(&self, subject: &SubjectId) -> Vec<EffectView> {
        self.effects
            .iter()
            .filter(|one| one.subject == *subject && one.live && !one.gone)
            .map(|one| EffectView {
                key: one.planned.key.clone(),
                deployment: one.planned.deployment.clone(),
                effect: one.planned.effect.clone(),
                state: one.state,
                claimed: !one.lease.free(self.now),
                intended: one.intent.is_some(),
                attempts: one.attempts,
                outcome: one.outcome.clone(),
                error: one.error.clone(),
                not_before: one.not_before,
            })
            .collect()
    }

    fn effect(&mut self, subject: &SubjectId, key: &EffectKey) -> Option<&mut EffectModel> {
        self.effects
            .iter_mut()
            .find(|one| one.subject == *subject && one.planned.key == *key && !one.gone)
    }

    pub(crate) fn commit(
        &mut self,
        id: &SubjectId,
        (version, wakes, fence): (i64, i64, i64),
        plan: &Plan,
        posts: &[PlannedEffect],
    ) -> bool {
        let now = self.now;
        let Some(one) = self.subjects.get(id) else {
            return false;
        };
        let held = one.version == version && one.lease.held(fence, now);
        let voided = !plan.cancel.iter().all(|key| {
            self.effect(id, key).is_some_and(|effect| {
                effect.live && effect.intent.is_none() && effect.state != EffectState::Done
            })
        });
        let Some(one) = self.subjects.get_mut(id) else {
            return false;
        };
        if !held || voided {
            if one.lease.fence == fence {
                one.lease.until = None;
            }
            return false;
        }
        one.state = plan.state.clone();
        one.version += 1;
        one.decided = wakes;
        one.wake_at = plan.wake_at;
        one.woken_at = now;
        one.lease.until = None;
        let distinct: BTreeSet<_> = plan.wake.iter().collect();
        distinct
            .into_iter()
            .for_each(|other| self.wake(other, false));
        for key in &plan.cancel {
            if let Some(effect) = self.effect(id, key) {
                effect.state = EffectState::Cancelled;
                effect.live = false;
                effect.ended_at = now;
                effect.gone = effect.planned.effect.class() == Class::O;
            }
        }
        for key in &plan.retire {
            if let Some(effect) = self.effect(id, key).filter(|one| one.live) {
                effect.live = effect.state == EffectState::Ready;
                effect.gone = !effect.live && effect.planned.effect.class() == Class::O;
            }
        }
        for planned in plan.effects.iter().chain(posts) {
            self.plan(id, planned);
        }
        plan.publish.iter().for_each(|fact| self.put_fact(fact));
        for key in &plan.forget {
            self.facts.remove(&(id.clone(), key.clone()));
        }
        self.tell(plan);
        true
    }

    fn plan(&mut self, id: &SubjectId, planned: &PlannedEffect) {
        if self.effect(id, &planned.key).is_some() {
            return;
        }
        self.effects.push(EffectModel {
            subject: id.clone(),
            planned: planned.clone(),
            live: planned.effect.class() != Class::N,
            state: EffectState::Ready,
            intent: None,
            attempts: 0,
            lease: Lease::default(),
            not_before: self.now,
            outcome: None,
            error: None,
            ended_at: Timestamp(0),
            gone: false,
        });
    }

    fn tell(&mut self, plan: &Plan) {
        for deployment in &plan.deployments {
            self.deployments
                .insert(deployment.id.0.clone(), deployment.clone());
        }
        self.give_notices(&plan.notices);
        self.revision += i64::from(!plan.deployments.is_empty() && plan.notices.is_empty());
    }

    fn give_notices(&mut self, notices: &[Notice]) {
        for notice in notices {
            if !self.notices.contains(&notice.id) {
                self.notices.push(notice.id.clone());
            }
        }
        self.revision += i64::from(!notices.is_empty());
    }

    pub(crate) fn claim_effect(&mut self) -> Option<(Claim, String)> {
        loop {
            let now = self.now;
            let row = (0..self.effects.len())
                .filter(|row| {
                    let one = &self.effects[*row];
                    one.state == EffectState::Ready
                        && !one.gone
                        && one.not_before <= now
                        && one.lease.free(now)
                })
                .min_by_key(|row| (is_notice(&self.effects[*row].planned.effect), *row))?;
            let one = &mut self.effects[row];
            one.attempts += 1;
            let claim = Claim {
                row,
                fence: one.lease.take(now),
            };
            if one.attempts <= MOST {
                let told = format!(
                    "{} {} {} {:?}",
                    one.subject, one.planned.key.0, one.attempts, one.intent
                );
                return Some((claim, told));
            }
            let error = EffectError {
                reason_code: "attempts_exhausted".to_owned(),
                message: format!("it was begun {MOST} times and never finished"),
            };
            self.record(claim, &Record::Failed { error });
        }
    }

    fn held(&mut self, claim: Claim) -> Option<&mut EffectModel> {
        let now = self.now;
        let one = &mut self.effects[claim.row];
        (one.state == EffectState::Ready && !one.gone && one.lease.held(claim.fence, now))
            .then_some(one)
    }

    pub(crate) fn intend(&mut self, claim: Claim, intent: &Value) -> bool {
        let Some(one) = self.held(claim) else {
            return false;
        };
        one.intent = Some(intent.clone());
        if one.planned.effect.class() != Class::O {
            self.audit.push("effect.intended".to_owned());
        }
        true
    }

    pub(crate) fn heartbeat(&mut self, claim: Claim) -> Option<Timestamp> {
        let until = self.now + LEASE;
        self.held(claim)?.lease.until = Some(until);
        Some(until)
    }

    pub(crate) fn release(&mut self, claim: Claim) {
        if let Some(one) = self.held(claim) {
            one.lease.until = None;
            one.attempts -= u32::from(one.intent.is_none());
        }
    }

    pub(crate) fn record(&mut self, claim: Claim, record: &Record) -> bool {
        let now = self.now;
        let Some(one) = self.held(claim) else {
            return false;
        };
        let (class, subject) = (one.planned.effect.class(), one.subject.clone());
        one.lease.until = None;
        one.not_before = now;
        one.outcome = None;
        one.error = None;
        let action = match record {
            Record::Done { outcome, .. } => {
                one.state = EffectState::Done;
                one.outcome = Some(outcome.clone());
                one.gone = class == Class::O;
                "effect.done"
            }
            Record::Retry { error, at } => {
                one.not_before = *at;
                one.error = Some(error.clone());
                "effect.retried"
            }
            Record::Failed { error } => {
                one.state = EffectState::Failed;
                one.error = Some(error.clone());
                "effect.failed"
            }
            Record::Unknown { error } => {
                one.state = EffectState::Unknown;
                one.error = Some(error.clone());
                "effect.unknown"
            }
        };
        one.ended_at = now;
        if class != Class::O {
            self.audit.push(action.to_owned());
        }
        if class != Class::N {
            self.wake(&subject, false);
        }
        if let Record::Done { facts, .. } = record {
            facts.iter().for_each(|fact| self.put_fact(fact));
        }
        if let Record::Failed { error } = record {
            let told = self.effects[claim.row].planned.effect.untold(error, now);
            self.give_notices(&told);
        }
        true
    }

    pub(crate) fn redrive(&mut self) -> u64 {
        let now = self.now;
        let (mut count, mut woken) = (0, BTreeSet::new());
        for one in self.effects.iter_mut().filter(|one| !one.gone) {
            let over = matches!(one.state, EffectState::Failed | EffectState::Unknown);
            if over && (one.live || is_notice(&one.planned.effect)) {
                one.state = EffectState::Ready;
                one.attempts = 0;
                one.not_before = now;
                one.error = None;
                count += 1;
                if one.live {
                    woken.insert(one.subject.clone());
                }
            }
        }
        woken.iter().for_each(|subject| self.wake(subject, false));
        self.audit.push("effect.redriven".to_owned());
        count
    }

    pub(crate) fn lease(&mut self, holder: &str) -> Option<i64> {
        let now = self.now;
        let (owner, lease) = &mut self.sealer;
        if lease.free(now) {
            holder.clone_into(owner);
            return Some(lease.take(now));
        }
        (owner == holder).then(|| {
            lease.until = Some(now + LEASE);
            lease.fence
        })
    }

    pub(crate) fn seal(&mut self, holder: &str, fence: i64, limit: usize) -> Option<u64> {
        let (owner, lease) = &self.sealer;
        if owner != holder || !lease.held(fence, self.now) {
            return None;
        }
        let sealed = limit.min(self.audit.len() - self.sealed);
        self.sealed += sealed;
        Some(sealed as u64)
    }

    pub(crate) fn prune(&mut self, before: Timestamp) -> u64 {
        let mut pruned = 0;
        for one in &mut self.deliveries {
            if one.outcome.is_some() && one.body && one.settled_at < before {
                one.body = false;
                pruned += 1;
            }
        }
        for one in &mut self.effects {
            let over = !one.gone && !one.live && one.state != EffectState::Ready;
            if over && one.ended_at < before {
                one.gone = true;
                pruned += 1;
            }
        }
        pruned
    }

    pub(crate) fn backlog(&self) -> Backlog {
        let count = |n: usize| i64::try_from(n).unwrap();
        let ready = |notice| {
            let ready = self.effects.iter().filter(|one| {
                !one.gone
                    && one.state == EffectState::Ready
                    && is_notice(&one.planned.effect) == notice
            });
            count(ready.count())
        };
        let awake = self
            .subjects
            .values()
            .filter(|one| one.wakes > one.decided || one.wake_at.is_some_and(|at| at <= self.now));
        Backlog {
            deliveries: count(
                self.deliveries
                    .iter()
                    .filter(|one| one.outcome.is_none())
                    .count(),
            ),
            subjects: count(awake.count()),
            effects: ready(false),
            notices: ready(true),
            unsealed: count(self.audit.len() - self.sealed),
        }
    }

    pub(crate) fn advance(&mut self, by: Span) {
        self.now = self.now + by;
    }
}

fn is_notice(effect: &Effect) -> bool {
    effect.class() == Class::N
}
