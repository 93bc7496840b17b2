//! Looking at the outside: what was seen, whether that is recent enough, and looking again if not.
//!
//! A look that failed for good is not repeated before something hints again or a minute went by;
//! neither is one whose fact cannot be used. So nothing here can turn into a hot loop, and nothing
//! stays blind for ever.

use std::rc::Rc;

use super::decide::{Draft, REQUESTED, REVISION, SOURCE, TOUCHED};
use super::rules::Trigger;
use super::seeing::engine_fact;
use super::state::Running;
use super::tags::literal_prefix;
use super::tidying::{concerns, of_engine};
use crate::deployment::Waiting;
use crate::effect::{ChangeRequest, Effect, EffectState, EffectView, Look, Source};
use crate::names::Revision;
use crate::time::{Span, Timestamp};

/// How soon a lane that waits for the outside looks again by itself.
pub(super) const LOOK_AGAIN: Span = Span::from_secs(60);
/// How long it waits at the most; the longer nothing happened, the longer it waits.
const LOOK_AGAIN_MOST: Span = Span::from_secs(900);

/// What a look at the application's repository saw.
pub(super) struct Seen {
    pub(super) source: Source,
    pub(super) at: Timestamp,
    /// The ordinal of the success it was compared with.
    pub(super) compared: u64,
}

impl Draft<'_> {
    /// Where this lane's trigger is looked up; a reported image or a command needs no look.
    pub(super) fn look(&self) -> Option<Look> {
        match &self.rules.on {
            Trigger::MergedInto(branch) | Trigger::PushedTo(branch) => Some(Look::Branch {
                branch: branch.clone(),
            }),
            Trigger::Tag { pattern, .. } => Some(Look::Tags {
                prefix: literal_prefix(pattern).to_owned(),
            }),
            Trigger::Image | Trigger::Command => None,
        }
    }

    /// Whether the trigger was looked at since the last hint. If not, plans the look.
    pub(super) fn source_is_fresh(&mut self) -> bool {
        let Some(look) = self.look() else {
            self.state.looked = true;
            return true;
        };
        // A merge must not overlook a newer revision whose news is late, so whatever touches the
        // change request makes the lane look here as well, at the same time.
        let running = self.state.running.as_ref();
        let touched = running.and_then(|running| self.touched_at(running));
        let since = self.world.hinted_at.max(touched.unwrap_or_default());
        if self.source(&look).is_some_and(|seen| seen.at >= since) {
            self.state.blind = None;
            return true;
        }
        self.observe_source(&format!("{SOURCE}/"), since, look);
        false
    }

    /// The newest observation of the trigger.
    pub(super) fn source(&mut self, look: &Look) -> Option<Rc<Seen>> {
        if self.source.is_none() {
            let seen = self.seen(&format!("{SOURCE}/"), look, Timestamp::default());
            self.source = seen.map(Rc::new);
        }
        self.source.clone()
    }

    /// What one revision is: its tree, what it carries, and whether it lies behind a success.
    /// `None` while it is being looked up.
    pub(super) fn revision(&mut self, revision: &Revision, since: Timestamp) -> Option<Seen> {
        self.reference(
            &format!("{REVISION}/{revision}/"),
            revision.to_string(),
            since,
        )
    }

    /// The same, compared with the last success.
    pub(super) fn compared(&mut self, revision: &Revision) -> Option<Seen> {
        let what = format!("{REVISION}/{revision}/{}", self.state.last_success());
        self.reference(&what, revision.to_string(), Timestamp::default())
    }

    /// What somebody named. `None` while it is being looked up.
    pub(super) fn requested(
        &mut self,
        event: &str,
        reference: String,
        since: Timestamp,
    ) -> Option<Seen> {
        self.reference(&format!("{REQUESTED}/{event}/"), reference, since)
    }

    fn reference(&mut self, what: &str, reference: String, since: Timestamp) -> Option<Seen> {
        self.used.push(what.to_owned());
        let look = Look::Reference { reference };
        let seen = self.seen(what, &look, since);
        if seen.is_none() {
            self.observe_source(what, since, look);
        }
        seen
    }

    /// The newest usable fact among those whose key starts with `what`; the rest of its key is the
    /// success it was compared with.
    fn seen(&self, what: &str, look: &Look, since: Timestamp) -> Option<Seen> {
        let compared = |key: &str| key.rsplit('/').next()?.parse().ok();
        self.world
            .facts
            .starting_with::<Source>(&self.world.subject, what)
            .filter(|(_, source, at)| source.look == *look && *at >= since)
            .filter_map(|(key, source, at)| {
                let compared = compared(key)?;
                Some(Seen {
                    source,
                    at,
                    compared,
                })
            })
            .max_by_key(|seen| (seen.at, seen.compared))
    }

    fn observe_source(&mut self, what: &str, since: Timestamp, look: Look) {
        let compared = self.state.last_success();
        let key = if what.ends_with('/') {
            format!("{what}{compared}")
        } else {
            what.to_owned()
        };
        let effect = Effect::ObserveSource {
            fact: key.clone(),
            repository: self.rules.repository.clone(),
            look,
            since: self.state.considered.clone(),
            succeeded: self
                .state
                .succeeded
                .first()
                .map(|success| success.revision.clone()),
            with_paths: !self.rules.paths.is_empty(),
        };
        self.observe(what, &key, since, effect);
    }

    /// The change request as seen after the last hint and after our own last write. If it was not,
    /// plans the look.
    pub(super) fn change_request(&mut self, running: &Running) -> Option<ChangeRequest> {
        let number = running.change.as_ref()?.number;
        let since = self.change_since(running);
        let key = format!("change/{number}");
        match self
            .world
            .facts
            .get::<ChangeRequest>(&self.world.subject, &key)
        {
            Some((seen, at)) if at >= since => Some(seen),
            _ => {
                let effect = Effect::ObserveChange {
                    fact: key.clone(),
                    repository: running.repository.clone(),
                    number,
                    edits: running.edits.clone(),
                };
                self.observe(&key, &key, since, effect);
                None
            }
        }
    }

    /// A look at the change request that began earlier is stale.
    fn change_since(&self, running: &Running) -> Timestamp {
        let touched = self.touched_at(running).unwrap_or_default();
        self.world.hinted_at.max(running.wrote_at).max(touched)
    }

    /// When the running change request was last touched, as far as anybody told.
    pub(super) fn touched_at(&self, running: &Running) -> Option<Timestamp> {
        self.world
            .facts
            .keys(&self.world.subject, TOUCHED)
            .filter(|(key, _)| {
                running.change.is_some() && !of_engine(key) && concerns(key, running)
            })
            .map(|(_, at)| at)
            .max()
    }

    /// Whether looking at the change request failed for good since it last could have changed.
    pub(super) fn change_is_out_of_sight(&self, running: &Running) -> bool {
        let since = self.change_since(running);
        running.change.as_ref().is_some_and(|change| {
            let prefix = format!("look/change/{}/", change.number);
            self.world.effects.iter().any(|e| {
                e.key.0.starts_with(&prefix)
                    && e.state != EffectState::Ready
                    && planned_at(&e.key.0).is_some_and(|at| at >= since)
            })
        })
    }

    /// Plans a look that begins after `since`, unless one is on its way or failed just now.
    pub(super) fn observe(&mut self, what: &str, key: &str, since: Timestamp, effect: Effect) {
        // With a `/` at its end, it does not matter which success it is compared with.
        let any = what.ends_with('/');
        let prefix = format!("look/{what}{}", if any { "" } else { "/" });
        let now = self.world.now;
        let facts = self.world.facts.keys(&self.world.subject, what);
        let unusable = facts
            .filter(|(found, at)| (any || *found == key) && *at >= since)
            .map(|(_, at)| at)
            .max();
        let mut on_its_way = false;
        let mut in_vain = unusable;
        let mut outdated = Vec::new();
        for earlier in self
            .world
            .effects
            .iter()
            .filter(|e| e.key.0.starts_with(&prefix))
        {
            let planned = planned_at(&earlier.key.0).unwrap_or_default();
            let waits = !earlier.claimed || planned >= since || earlier.error.is_some();
            match earlier.state {
                EffectState::Ready if waits && alike(&earlier.effect, &effect) => {
                    on_its_way = true;
                }
                EffectState::Ready if !earlier.claimed && !earlier.intended => {
                    outdated.push(earlier.key.clone())
                }
                EffectState::Ready => {}
                _ if planned >= since.max(self.world.hinted_at) => {
                    in_vain = in_vain.max(Some(planned))
                }
                _ => {}
            }
        }
        let patient = in_vain.filter(|at| now < *at + LOOK_AGAIN);
        if let Some(at) = patient {
            self.wake_by(at + LOOK_AGAIN);
        } else if !on_its_way {
            let key = format!("look/{key}/{now}");
            outdated.retain(|old| old.0 != key);
            outdated.into_iter().for_each(|old| self.withdraw(old));
            self.plan_effect(key, None, effect);
        }
        self.wake_by(now + LOOK_AGAIN);
    }

    /// Looks again by itself after a while, in case nobody tells.
    pub(super) fn look_again(&mut self) {
        let since = self.state.running.as_ref().map(|running| running.wrote_at);
        let waited = since.map_or_else(Span::default, |since| self.world.now - since);
        let patience = waited.fraction(8).max(LOOK_AGAIN).min(LOOK_AGAIN_MOST);
        self.wake_by(self.world.now + patience);
    }

    /// Wakes this lane again by itself, at the earliest of all times asked for.
    pub(super) fn wake_by(&mut self, at: Timestamp) {
        self.plan.wake_at = Some(self.plan.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// What keeps the running deployment from going on although it is its turn: a call that is
    /// tried again, or a look that failed for good.
    pub(super) fn trouble(&self) -> Option<Waiting> {
        self.trouble_of(|_| true)
    }

    /// The same of some calls alone.
    pub(super) fn trouble_of(&self, is: impl Fn(&EffectView) -> bool) -> Option<Waiting> {
        let running = self.state.running.as_ref()?;
        let looks = || {
            let looks = self.world.effects.iter();
            looks.filter(|e| e.key.0.starts_with("look/") && self.looks_for(e, running))
        };
        // What is withdrawn in this decision keeps nothing from going on.
        let retried = self
            .under_way(running.candidate.ordinal)
            .chain(looks().filter(|e| e.state == EffectState::Ready))
            .filter(|e| is(e) && !self.plan.cancel.contains(&e.key))
            .find_map(|e| Some((e, e.error.as_ref()?)));
        if let Some((effect, error)) = retried {
            return Some(Waiting::Retry {
                effect: effect.effect.kind().to_owned(),
                error: error.message.clone(),
                at: effect.not_before,
            });
        }
        let since = self.world.hinted_at;
        looks()
            .filter(|e| e.state != EffectState::Ready && planned_at(&e.key.0) >= Some(since))
            .filter(|e| is(e))
            .find_map(|e| Some((e, e.error.as_ref()?)))
            .map(|(effect, error)| Waiting::Blocked {
                effect: effect.effect.kind().to_owned(),
                reason_code: error.reason_code.clone(),
                error: error.message.clone(),
            })
    }

    /// Whether the running deployment needs what an observation looks for.
    fn looks_for(&self, effect: &EffectView, running: &Running) -> bool {
        match &effect.effect {
            Effect::ObserveSource { fact, .. } => fact.starts_with(SOURCE),
            Effect::ObserveChange { number, .. } => running
                .change
                .as_ref()
                .is_some_and(|change| change.number == *number),
            Effect::ObserveEngine { fact, .. } => {
                running.applying.is_some() && *fact == engine_fact(running)
            }
            _ => false,
        }
    }
}

/// The time in an observation's key.
pub(super) fn planned_at(key: &str) -> Option<Timestamp> {
    key.rsplit('/').next()?.parse().ok().map(Timestamp)
}

/// Whether two looks look at the same thing, whatever they compare it with.
fn alike(one: &Effect, other: &Effect) -> bool {
    match (one, other) {
        (
            Effect::ObserveSource {
                repository: a,
                look: b,
                ..
            },
            Effect::ObserveSource {
                repository: c,
                look: d,
                ..
            },
        ) => a == c && b == d,
        (
            Effect::ObserveChange {
                repository: a,
                number: b,
                ..
            },
            Effect::ObserveChange {
                repository: c,
                number: d,
                ..
            },
        ) => a == c && b == d,
        (Effect::ObserveEngine { .. }, Effect::ObserveEngine { .. }) => one == other,
        _ => false,
    }
}
