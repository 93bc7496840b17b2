//! Freezes that people announce for an area: each has a name, and is forgotten when it is over.

use serde_json::json;

use super::{Draft, Locks};
use crate::act::Area;
use crate::freeze::{Announced, MOST, Unfit, is_name};
use crate::names::Principal;
use crate::promotion::LaneRules;
use crate::time::Timestamp;

impl Locks {
    /// Whether the configuration calls a freeze of a lane in an area so.
    #[must_use]
    pub fn is_configured(lanes: &[LaneRules], area: &Area, name: &str) -> bool {
        let mut within = lanes.iter().filter(|rules| area.covers(&rules.lane));
        within.any(|rules| rules.freezes.iter().any(|freeze| freeze.name == name))
    }
}

impl Draft<'_> {
    /// The same one told twice is announced once.
    pub(super) fn freeze(&mut self, freeze: Announced, at: Timestamp) {
        if self.state.freezes.contains(&freeze) {
            return;
        }
        let detail = match self.unfit(&freeze, at) {
            None => {
                json!({"name": freeze.name, "reason": freeze.reason, "from": freeze.from, "to": freeze.to})
            }
            Some(why) => {
                let detail = json!({"reason_code": why, "name": freeze.name});
                self.audit("freeze.refused", Some(freeze.by), detail);
                return;
            }
        };
        self.audit("freeze.set", Some(freeze.by.clone()), detail);
        self.state.freezes.push(freeze);
    }

    fn unfit(&self, freeze: &Announced, at: Timestamp) -> Option<&'static str> {
        let lanes = &self.locks.lanes;
        let mut others = self.state.freezes.iter();
        if !Locks::allows(lanes, &self.area, &freeze.by) {
            Some("not_allowed")
        } else if !is_name(&freeze.name) {
            Some("name_invalid")
        } else if others.any(|other| other.name == freeze.name)
            || Locks::is_configured(lanes, &self.area, &freeze.name)
        {
            Some("name_taken")
        } else if self.state.freezes.len() >= MOST {
            Some("too_many_freezes")
        } else {
            freeze.check(at).err().map(Unfit::code)
        }
    }

    /// Ends one that holds, and withdraws one that has not begun.
    pub(super) fn unfreeze(&mut self, name: &str, by: Principal) {
        if !self.state.freezes.iter().any(|freeze| freeze.name == name) {
            return;
        }
        if Locks::allows(&self.locks.lanes, &self.area, &by) {
            self.state.freezes.retain(|freeze| freeze.name != name);
            self.audit("freeze.ended", Some(by), json!({"name": name}));
        } else {
            let detail = json!({"reason_code": "not_allowed", "name": name});
            self.audit("unfreeze.refused", Some(by), detail);
        }
    }

    pub(super) fn forget_freezes(&mut self, at: Timestamp) {
        let all = std::mem::take(&mut self.state.freezes);
        let (over, rest) = all.into_iter().partition(|freeze| freeze.to <= at);
        self.state.freezes = rest;
        let over: Vec<Announced> = over;
        for freeze in over {
            self.audit("freeze.expired", None, json!({"name": freeze.name}));
        }
    }
}
