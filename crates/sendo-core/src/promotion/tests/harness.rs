//! The loop, played by hand: facts, effects and states in memory, committed as the store commits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::convergence::Dice;
use super::outside::Outside;
use super::perform::Done;
use crate::deployment::{Deployment, DeploymentId, Waiting};
use crate::effect::{EffectKey, EffectState, EffectView, Outcome};
use crate::event::Event;
use crate::fact::Fact;
use crate::job::Job;
use crate::lock::Locks;
use crate::notice::Notice;
use crate::promotion::state::LaneState;
use crate::promotion::{LaneRules, Promotions};
use crate::subject::{SubjectId, SubjectKind};
use crate::time::{Span, Timestamp};
use crate::world::World;

/// More steps than any story takes: what goes on longer is a hot loop.
const HOT: usize = 3_000;

#[derive(Clone, Default)]
pub(super) struct Subject {
    pub(super) state: Value,
    pub(super) hinted_at: Timestamp,
    pub(super) awake: bool,
    pub(super) wake_at: Option<Timestamp>,
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
pub(super) struct Begun {
    pub(super) subject: SubjectId,
    pub(super) key: EffectKey,
    pub(super) done: Done,
    pub(super) at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Harness {
    pub(super) job: Promotions,
    pub(super) locks: Locks,
    pub(super) outside: Outside,
    pub(super) now: Timestamp,
    pub(super) subjects: BTreeMap<SubjectId, Subject>,
    pub(super) facts: BTreeMap<(SubjectId, String), (Value, Timestamp)>,
    pub(super) effects: Vec<(SubjectId, EffectView, bool)>,
    pub(super) begun: Vec<Begun>,
    /// Keys of writes that are over.
    pub(super) spent: BTreeSet<(SubjectId, EffectKey)>,
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
            locks: Locks::new(lanes.clone()),
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

    /// The job that decides about a subject.
    pub(super) fn job_of(&self, subject: &SubjectId) -> &dyn Job {
        match subject.kind {
            SubjectKind::Lane => &self.job,
            SubjectKind::Lock => &self.locks,
            SubjectKind::Target => unreachable!("no lane decides about a target"),
        }
    }

    /// Time goes on with everything that happens.
    pub(super) fn tick(&mut self) -> Timestamp {
        self.now = self.now + Span::from_millis(1);
        self.now
    }

    pub(super) fn wake(&mut self, subject: &SubjectId, hint: bool) {
        let now = self.now;
        let subject = self.subjects.entry(subject.clone()).or_default();
        subject.awake = true;
        if hint {
            subject.hinted_at = now;
        }
    }

    pub(super) fn learn(&mut self, fact: Fact) {
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
        let id = format!("{:06}/0", self.events);
        let locks = self.locks.wakes(&id, event, at);
        for wake in self.job.wakes(&id, event, at).into_iter().chain(locks) {
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
        let mut readable = self.job_of(subject).reads(subject);
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
        let plan = self.job_of(&subject).decide(&world);
        self.decisions += 1;
        let checked = !self.sampled || self.decisions.is_multiple_of(5);
        if checked {
            let again = self.job_of(&subject).decide(&world);
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
