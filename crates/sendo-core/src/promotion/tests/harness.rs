//! The loop, played by hand: facts, effects and states in memory, committed as the store commits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::convergence::Dice;
use super::outside::Outside;
use super::perform::Done;
use crate::deployment::{Deployment, DeploymentId, DeploymentState, Waiting};
use crate::effect::{Class, EffectKey, EffectState, EffectView, Outcome};
use crate::event::Event;
use crate::fact::Fact;
use crate::job::Job;
use crate::notice::Notice;
use crate::plan::Plan;
use crate::promotion::state::LaneState;
use crate::promotion::{LaneRules, Promotions};
use crate::subject::SubjectId;
use crate::time::{Span, Timestamp};
use crate::world::World;

/// More steps than any story takes: what goes on longer is a hot loop.
const HOT: usize = 3_000;

#[derive(Clone, Default)]
pub(super) struct Subject {
    pub(super) state: Value,
    hinted_at: Timestamp,
    awake: bool,
    wake_at: Option<Timestamp>,
}

/// What becomes of effects of one kind without their being done.
#[derive(Clone)]
pub(super) struct Fate {
    pub(super) kind: &'static str,
    pub(super) outcome: Outcome,
    /// How often.
    pub(super) times: usize,
}

/// An effect that was done and not recorded yet.
#[derive(Clone)]
struct Begun {
    subject: SubjectId,
    key: EffectKey,
    done: Done,
    at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Harness {
    pub(super) job: Promotions,
    pub(super) outside: Outside,
    pub(super) now: Timestamp,
    pub(super) subjects: BTreeMap<SubjectId, Subject>,
    facts: BTreeMap<(SubjectId, String), (Value, Timestamp)>,
    effects: Vec<(SubjectId, EffectView, bool)>,
    begun: Vec<Begun>,
    /// Keys of writes that are over.
    spent: BTreeSet<(SubjectId, EffectKey)>,
    pub(super) rows: BTreeMap<DeploymentId, Deployment>,
    pub(super) notices: Vec<Notice>,
    pub(super) audit: Vec<String>,
    /// What happened and was not delivered yet.
    pub(super) mail: Vec<Event>,
    events: u64,
    /// Effects of this kind get no further than their intent.
    pub(super) held: Option<&'static str>,
    /// Instead of doing an effect, this says what became of it.
    pub(super) fate: Option<Fate>,
    pub(super) decisions: usize,
    /// Observations leave facts that nobody can read.
    pub(super) spoil: bool,
    /// What comes of effects is often a lie.
    pub(super) chaos: Option<Dice>,
    /// Only every fifth decision is taken twice, where there are very many.
    pub(super) sampled: bool,
}

impl Harness {
    pub(super) fn empty(lanes: Vec<LaneRules>) -> Self {
        Self {
            job: Promotions::new(lanes),
            outside: Outside::default(),
            now: Timestamp(1_000_000_000),
            subjects: BTreeMap::new(),
            facts: BTreeMap::new(),
            effects: Vec::new(),
            begun: Vec::new(),
            spent: BTreeSet::new(),
            rows: BTreeMap::new(),
            notices: Vec::new(),
            audit: Vec::new(),
            mail: Vec::new(),
            events: 0,
            held: None,
            fate: None,
            decisions: 0,
            spoil: false,
            chaos: None,
            sampled: false,
        }
    }

    /// Time goes on with everything that happens.
    pub(super) fn tick(&mut self) -> Timestamp {
        self.now = self.now + Span::from_millis(1);
        self.now
    }

    fn wake(&mut self, subject: &SubjectId, hint: bool) {
        let now = self.now;
        let subject = self.subjects.entry(subject.clone()).or_default();
        subject.awake = true;
        if hint {
            subject.hinted_at = now;
        }
    }

    fn learn(&mut self, fact: Fact) {
        let key = (fact.subject, fact.key);
        if self
            .facts
            .get(&key)
            .is_none_or(|(_, at)| *at <= fact.observed_at)
        {
            self.facts.insert(key, (fact.value, fact.observed_at));
        }
    }

    pub(super) fn deliver(&mut self, event: &Event) {
        let at = self.tick();
        self.events += 1;
        for wake in self.job.wakes(&format!("{:06}/0", self.events), event, at) {
            self.wake(&wake.subject, wake.hint);
            wake.facts.into_iter().for_each(|fact| self.learn(fact));
        }
    }

    pub(super) fn deliver_all(&mut self) {
        for event in std::mem::take(&mut self.mail) {
            self.deliver(&event);
        }
    }

    pub(super) fn hint_all(&mut self) {
        self.tick();
        for subject in self.job.subjects() {
            self.wake(&subject, true);
        }
    }

    pub(super) fn world(&self, subject: &SubjectId) -> World {
        let mut readable = self.job.reads(subject);
        readable.push(subject.clone());
        World {
            subject: subject.clone(),
            now: self.now,
            hinted_at: self.subjects[subject].hinted_at,
            installation: "x1".to_owned(),
            state: self.subjects[subject].state.clone(),
            facts: self
                .facts
                .iter()
                .filter(|((owner, _), _)| readable.contains(owner))
                .map(|((owner, key), (value, at))| Fact {
                    subject: owner.clone(),
                    key: key.clone(),
                    value: value.clone(),
                    observed_at: *at,
                })
                .collect(),
            effects: self
                .effects
                .iter()
                .filter(|(owner, _, live)| owner == subject && *live)
                .map(|(_, effect, _)| effect.clone())
                .collect(),
        }
    }

    /// One decision or one effect; false when there is nothing to do.
    pub(super) fn step(&mut self) -> bool {
        self.decide_while(|_| {}) || self.finish_next() || self.begin_next()
    }

    /// One decision; meanwhile something may happen between reading the world and the commit.
    pub(super) fn decide_while(&mut self, meanwhile: impl FnOnce(&mut Self)) -> bool {
        let now = self.tick();
        let due = |s: &Subject| s.awake || s.wake_at.is_some_and(|at| at <= now);
        let next = self.subjects.iter_mut().find(|(_, s)| due(s));
        let Some((subject, found)) = next else {
            return false;
        };
        if found.wake_at.is_some_and(|at| at <= now) {
            found.hinted_at = now;
        }
        found.awake = false;
        let subject = subject.clone();
        let world = self.world(&subject);
        let plan = self.job.decide(&world);
        self.decisions += 1;
        let checked = !self.sampled || self.decisions.is_multiple_of(5);
        if checked {
            let again = self.job.decide(&world);
            assert_eq!(plan, again, "a decision depends on nothing but its world");
        }
        meanwhile(self);
        let cancelled = |key: &EffectKey| {
            let mut live = self
                .effects
                .iter()
                .filter(|(owner, e, live)| *owner == subject && e.key == *key && *live);
            live.any(|(_, e, _)| !e.intended && e.state == EffectState::Ready)
        };
        if !plan.cancel.iter().all(cancelled) {
            self.wake(&subject, false);
            return true;
        }
        let quiet = checked && self.now == now;
        self.commit(&subject, plan);
        self.check(&subject, quiet);
        true
    }

    fn commit(&mut self, subject: &SubjectId, plan: Plan) {
        let live = |(owner, e, live): &(SubjectId, EffectView, bool), key: &EffectKey| {
            owner == subject && e.key == *key && *live
        };
        for one in &mut self.effects {
            if plan.cancel.iter().any(|key| live(one, key)) {
                (one.1.state, one.2) = (EffectState::Cancelled, false);
            }
            if plan.retire.iter().any(|key| live(one, key)) {
                assert_ne!(one.1.state, EffectState::Ready, "retired what goes on");
                one.2 = false;
            }
        }
        // An observation leaves no row; anything else keeps its key for ever.
        let (live, over) = std::mem::take(&mut self.effects)
            .into_iter()
            .partition(|(_, _, live)| *live);
        self.effects = live;
        let over: Vec<(SubjectId, EffectView, bool)> = over;
        let kept = over
            .into_iter()
            .filter(|(_, e, _)| e.effect.class() != Class::O);
        self.spent.extend(kept.map(|(owner, e, _)| (owner, e.key)));
        for planned in plan.effects {
            let mut live = self.effects.iter();
            let known = live.any(|(owner, e, _)| owner == subject && e.key == planned.key)
                || self.spent.contains(&(subject.clone(), planned.key.clone()));
            assert!(!known, "{:?} was planned before", planned.key);
            let view = EffectView {
                key: planned.key,
                deployment: planned.deployment,
                effect: planned.effect,
                state: EffectState::Ready,
                claimed: false,
                intended: false,
                attempts: 0,
                outcome: None,
                error: None,
                not_before: self.now,
            };
            self.effects.push((subject.clone(), view, true));
        }
        plan.publish.into_iter().for_each(|fact| self.learn(fact));
        for key in plan.forget {
            self.facts.remove(&(subject.clone(), key));
        }
        plan.wake.iter().for_each(|other| self.wake(other, false));
        let entry = self.subjects.entry(subject.clone()).or_default();
        (entry.state, entry.wake_at) = (plan.state, plan.wake_at);
        for row in plan.deployments {
            let before = self.rows.insert(row.id.clone(), row.clone());
            let reopened =
                before.filter(|before| before.state.is_terminal() && before.state != row.state);
            assert_eq!(reopened, None, "what has ended does not begin again");
        }
        for notice in plan.notices {
            assert!(
                self.notices.iter().all(|told| told.id != notice.id),
                "told twice: {notice:?}"
            );
            self.notices.push(notice);
        }
        self.audit
            .extend(plan.audit.into_iter().map(|entry| entry.action));
    }

    /// What must hold after every commit.
    fn check(&self, subject: &SubjectId, quiet: bool) {
        if quiet {
            let again = self.job.decide(&self.world(subject));
            let new = (
                again.effects,
                again.deployments,
                again.notices,
                again.audit,
                again.publish,
            );
            assert_eq!(
                new,
                Default::default(),
                "deciding again without news is no news"
            );
            assert_eq!(again.state, self.subjects[subject].state);
        }
        let lane = self.state_of(subject);
        let under_way = |row: &&Deployment| {
            row.lane.subject() == *subject
                && matches!(
                    row.state,
                    DeploymentState::Running | DeploymentState::Waiting
                )
        };
        let rows: Vec<_> = self.rows.values().filter(under_way).collect();
        assert!(rows.len() <= 1, "one deployment at a time: {rows:?}");
        assert_eq!(
            rows.len(),
            usize::from(lane.running.is_some()),
            "rows tell what is under way"
        );
        let prefix = format!("sendo/{}/", subject.key);
        let open = self
            .outside
            .open()
            .filter(|(_, change)| change.branch.starts_with(&prefix));
        assert!(
            self.chaos.is_some() || open.count() <= 1,
            "one open change request at a time"
        );
    }

    /// A worker claims the next effect and does it; what came of it is not recorded yet.
    pub(super) fn begin_next(&mut self) -> bool {
        let now = self.tick();
        let held = self.held;
        let ready = |(_, e, live): &&mut (SubjectId, EffectView, bool)| {
            let waits = e.intended && held == Some(e.effect.kind());
            *live && e.state == EffectState::Ready && e.not_before <= now && !e.claimed && !waits
        };
        let Some((subject, effect, _)) = self.effects.iter_mut().find(ready) else {
            return false;
        };
        effect.attempts += 1;
        effect.intended |= !matches!(effect.effect.class(), Class::O | Class::N);
        if held == Some(effect.effect.kind()) {
            return true;
        }
        effect.claimed = true;
        let what = effect.effect.clone();
        let fate = self
            .fate
            .as_mut()
            .filter(|fate| fate.kind == what.kind() && fate.times > 0);
        let fate = fate.map(|fate| {
            fate.times -= 1;
            fate.outcome.clone()
        });
        let lie = self
            .chaos
            .as_mut()
            .and_then(|dice| super::random::lie(dice, what.class()));
        let done = match (lie, fate) {
            (Some(lie), _) => lie,
            (None, Some(outcome)) => Ok((outcome, None)),
            (None, None) => self.outside.perform(&what, now),
        };
        let (subject, key) = (subject.clone(), effect.key.clone());
        self.begun.push(Begun {
            subject,
            key,
            done,
            at: now,
        });
        true
    }

    /// What came of the effect that was begun first is recorded.
    pub(super) fn finish_next(&mut self) -> bool {
        if self.begun.is_empty() {
            return false;
        }
        self.tick();
        let Begun {
            subject,
            key,
            done,
            at,
        } = self.begun.remove(0);
        let now = self.now;
        let mine = |(owner, e, live): &&mut (SubjectId, EffectView, bool)| {
            *owner == subject && e.key == key && *live
        };
        let Some((_, effect, _)) = self.effects.iter_mut().find(mine) else {
            return true;
        };
        effect.claimed = false;
        let mut fact = None;
        match done {
            Ok((outcome, left)) => {
                (effect.state, effect.outcome, effect.error) =
                    (EffectState::Done, Some(outcome), None);
                fact = left;
            }
            Err((error, false)) => {
                (effect.error, effect.not_before) = (Some(error), now + Span::from_secs(10));
            }
            Err((error, true)) => (effect.error, effect.state) = (Some(error), EffectState::Failed),
        }
        let gone = |e: &EffectView| e.effect.class() == Class::O && e.state == EffectState::Done;
        self.effects.retain(|(_, e, _)| !gone(e));
        if let Some((key, value)) = fact {
            let value = if self.spoil { Value::Bool(true) } else { value };
            self.learn(Fact {
                subject: subject.clone(),
                key,
                value,
                observed_at: at,
            });
        }
        self.wake(&subject, false);
        true
    }

    /// Works until nothing is left to do; timers that lie ahead do not count.
    pub(super) fn settle(&mut self) {
        let mut steps = 0;
        while self.step() {
            steps += 1;
            assert!(
                steps < HOT,
                "it never comes to rest: {:?}",
                self.effects.iter().rev().take(5).collect::<Vec<_>>()
            );
        }
    }

    pub(super) fn state_of(&self, subject: &SubjectId) -> LaneState {
        LaneState::read(&self.subjects[subject].state).unwrap()
    }

    pub(super) fn waiting(&self) -> Option<Waiting> {
        let mut rows = self.rows.values().filter(|row| !row.state.is_terminal());
        rows.find_map(|row| row.waiting.clone())
    }
}
