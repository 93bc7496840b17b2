//! Locks: an area is closed to deployments until somebody opens it, or its time is over; and the freezes
//! that people announce for it.
//!
//! Each area is a subject of its own, so two people who lock the same one are decided about one
//! after the other: the first has it. Its lock and its freezes are facts that the lanes in the area read
//! as gates.

mod freezing;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::act::{Area, Verb};
use crate::audit::AuditEntry;
use crate::deployment::Lock;
use crate::event::Event;
use crate::fact::Fact;
use crate::freeze::Announced;
use crate::job::{Job, Wake};
use crate::names::Principal;
use crate::plan::Plan;
use crate::promotion::LaneRules;
use crate::subject::{SubjectId, SubjectKind};
use crate::time::Timestamp;
use crate::world::World;

/// The key of the fact that tells an area's lock; `null` while it is open.
pub const LOCK: &str = "lock";
/// The key of the fact that tells the freezes announced for an area.
pub const FREEZES: &str = "freezes";
/// What the keys of requests start with; the rest is the event's id.
const ASKED: &str = "asked/";

/// The job that keeps locks and announced freezes.
#[derive(Debug, Clone, Default)]
pub struct Locks {
    lanes: Vec<LaneRules>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Lock {
        by: Principal,
        reason: String,
        until: Option<Timestamp>,
    },
    Unlock {
        by: Principal,
    },
    Freeze {
        freeze: Announced,
    },
    Unfreeze {
        name: String,
        by: Principal,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct LockState {
    lock: Option<Lock>,
    /// In the order in which they were announced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    freezes: Vec<Announced>,
}

/// The subject of an area.
#[must_use]
pub fn subject(area: &Area) -> SubjectId {
    SubjectId {
        kind: SubjectKind::Lock,
        key: area.to_string(),
    }
}

impl Locks {
    /// Keeps the locks of these lanes.
    #[must_use]
    pub const fn new(lanes: Vec<LaneRules>) -> Self {
        Self { lanes }
    }

    fn within<'a>(&'a self, area: &'a Area) -> impl Iterator<Item = &'a LaneRules> {
        self.lanes.iter().filter(|rules| area.covers(&rules.lane))
    }

    /// Whether somebody may lock every lane of an area. One without lanes is nobody's.
    #[must_use]
    pub fn allows(lanes: &[LaneRules], area: &Area, who: &Principal) -> bool {
        let mut within = lanes
            .iter()
            .filter(|rules| area.covers(&rules.lane))
            .peekable();
        within.peek().is_some() && within.all(|rules| rules.access.allows(who, Verb::Lock))
    }
}

impl Job for Locks {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Lock
    }

    fn subjects(&self) -> Vec<SubjectId> {
        Vec::new()
    }

    fn reads(&self, _: &SubjectId) -> Vec<SubjectId> {
        Vec::new()
    }

    fn wakes(&self, id: &str, event: &Event, at: Timestamp) -> Vec<Wake> {
        let (area, request) = match event.clone() {
            Event::LockRequested {
                area,
                until,
                by,
                reason,
            } => (area, Request::Lock { by, reason, until }),
            Event::UnlockRequested { area, by } => (area, Request::Unlock { by }),
            Event::FreezeRequested { freeze } => (freeze.area.clone(), Request::Freeze { freeze }),
            Event::UnfreezeRequested { area, name, by } => (area, Request::Unfreeze { name, by }),
            _ => return Vec::new(),
        };
        if self.within(&area).next().is_none() {
            return Vec::new();
        }
        let subject = subject(&area);
        let fact = Fact {
            subject: subject.clone(),
            key: format!("{ASKED}{id}"),
            value: json!(request),
            observed_at: at,
        };
        vec![Wake {
            subject,
            hint: true,
            facts: vec![fact],
        }]
    }

    fn decide(&self, world: &World) -> Plan {
        let Ok(area) = world.subject.key.parse::<Area>() else {
            return Plan {
                state: world.state.clone(),
                ..Plan::default()
            };
        };
        let state: LockState = serde_json::from_value(world.state.clone()).unwrap_or_default();
        let mut draft = Draft {
            locks: self,
            world,
            area,
            state: state.clone(),
            plan: Plan::default(),
        };
        draft.take_requests();
        draft.expire();
        draft.finish(&state)
    }
}

struct Draft<'a> {
    locks: &'a Locks,
    world: &'a World,
    area: Area,
    state: LockState,
    plan: Plan,
}

impl Draft<'_> {
    /// Requests in the order in which they arrived.
    fn take_requests(&mut self) {
        let facts = &self.world.facts;
        let mut asked: Vec<(Timestamp, String, Request)> = facts
            .starting_with::<Request>(&self.world.subject, ASKED)
            .map(|(key, request, at)| (at, key.to_owned(), request))
            .collect();
        asked.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        for (at, _, request) in asked {
            self.expire_at(at);
            match request {
                Request::Lock { by, reason, until } => self.lock(by, reason, until, at),
                Request::Unlock { by } => self.unlock(&by),
                Request::Freeze { freeze } => self.freeze(freeze, at),
                Request::Unfreeze { name, by } => self.unfreeze(&name, by),
            }
        }
        let read = facts.keys(&self.world.subject, ASKED);
        self.plan.forget.extend(read.map(|(key, _)| key.to_owned()));
    }

    /// Who has the lock may change its reason and its end; anybody else comes too late.
    fn lock(&mut self, by: Principal, reason: String, until: Option<Timestamp>, at: Timestamp) {
        let allowed = Locks::allows(&self.locks.lanes, &self.area, &by);
        let taken = self.state.lock.as_ref().filter(|lock| lock.by != by);
        if !allowed || taken.is_some() {
            let why = if allowed {
                "already_locked"
            } else {
                "not_allowed"
            };
            self.audit("lock.refused", Some(by), json!({"reason_code": why}));
            return;
        }
        let since = self.state.lock.as_ref().map_or(at, |lock| lock.at);
        self.audit(
            "lock.set",
            Some(by.clone()),
            json!({"reason": reason, "until": until}),
        );
        let area = self.area.clone();
        self.state.lock = Some(Lock {
            area,
            by,
            reason,
            at: since,
            until,
        });
    }

    fn unlock(&mut self, by: &Principal) {
        let allowed = Locks::allows(&self.locks.lanes, &self.area, by);
        if self.state.lock.is_none() {
            return;
        }
        if allowed {
            self.state.lock = None;
            self.audit("lock.released", Some(by.clone()), Value::Null);
        } else {
            let detail = json!({"reason_code": "not_allowed"});
            self.audit("unlock.refused", Some(by.clone()), detail);
        }
    }

    fn expire(&mut self) {
        self.expire_at(self.world.now);
    }

    fn expire_at(&mut self, at: Timestamp) {
        let over = |lock: &Lock| lock.until.is_some_and(|until| until <= at);
        if self.state.lock.as_ref().is_some_and(over) {
            self.state.lock = None;
            self.audit("lock.expired", None, Value::Null);
        }
        self.forget_freezes(at);
    }

    fn finish(mut self, before: &LockState) -> Plan {
        if self.state.lock != before.lock {
            self.publish(LOCK, json!(self.state.lock));
        }
        if self.state.freezes != before.freezes {
            self.publish(FREEZES, json!(self.state.freezes));
        }
        if self.state != *before {
            let within = self.locks.within(&self.area);
            self.plan.wake = within.map(|rules| rules.lane.subject()).collect();
        }
        let ends = self.state.freezes.iter().map(|freeze| freeze.to);
        let opens = self.state.lock.as_ref().and_then(|lock| lock.until);
        self.plan.wake_at = ends.chain(opens).min();
        self.plan.state = json!(self.state);
        self.plan
    }

    fn publish(&mut self, key: &str, value: Value) {
        self.plan.publish.push(Fact {
            subject: self.world.subject.clone(),
            key: key.to_owned(),
            value,
            observed_at: self.world.now,
        });
    }

    fn audit(&mut self, action: &str, actor: Option<Principal>, detail: Value) {
        self.plan.audit.push(AuditEntry {
            action: action.to_owned(),
            subject: Some(self.world.subject.clone()),
            actor,
            cause: format!("decided at {}", self.world.now),
            detail,
        });
    }
}
