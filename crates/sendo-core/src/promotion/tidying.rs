//! Forgets what was seen and is not needed any more, so that a lane's world stays small.

use super::decide::{Draft, REQUESTED, REVISION, SOURCE, TOUCHED};
use super::seeing::{ENGINE, engine_fact};
use super::state::Running;
use crate::effect::EffectState;

impl Draft<'_> {
    /// Forgets what was seen and is not needed any more, and stops looking for it.
    pub(super) fn tidy(&mut self) {
        let running = self.state.running.as_ref();
        let change = running
            .and_then(|r| r.change.as_ref())
            .map(|c| format!("change/{}", c.number));
        let newest = self.source.as_ref();
        let newest = newest.map(|seen| format!("{SOURCE}/{}", seen.compared));
        let applied = running.filter(|r| r.applying.is_some()).map(engine_fact);
        let needless = |key: &str| {
            if key.starts_with(TOUCHED) {
                running.is_none_or(|running| !concerns(key, running))
            } else if key.starts_with("change/") {
                change.as_deref() != Some(key)
            } else if key.starts_with(ENGINE) {
                applied.as_deref() != Some(key)
            } else if key.starts_with(SOURCE) {
                newest.as_deref() != Some(key)
            } else {
                (key.starts_with(REVISION) || key.starts_with(REQUESTED))
                    && !self.used.iter().any(|used| key.starts_with(used))
            }
        };
        let facts = self.world.facts.keys(&self.world.subject, "");
        let forget: Vec<String> = facts
            .map(|(key, _)| key)
            .filter(|key| needless(key))
            .map(str::to_owned)
            .collect();
        let stop: Vec<_> = self
            .world
            .effects
            .iter()
            .filter(|e| e.state == EffectState::Ready && !e.claimed && !e.intended)
            .filter(|e| {
                let look = e
                    .key
                    .0
                    .strip_prefix("look/")
                    .and_then(|key| key.rsplit_once('/'));
                look.is_some_and(|(key, _)| !key.starts_with(SOURCE) && needless(key))
            })
            .map(|e| e.key.clone())
            .collect();
        self.plan.forget.extend(forget);
        stop.into_iter().for_each(|key| self.withdraw(key));
    }
}

/// Whether a touch is one in an engine.
pub(super) fn of_engine(key: &str) -> bool {
    let touched = key.strip_prefix(TOUCHED);
    touched.is_some_and(|touched| touched.starts_with(ENGINE))
}

/// Whether a touch in the manifests repository may have changed the running change request, or one in
/// an engine how it is applied.
pub(super) fn concerns(key: &str, running: &Running) -> bool {
    let Some(touched) = key.strip_prefix(TOUCHED) else {
        return false;
    };
    if of_engine(key) {
        return running.applying.is_some();
    }
    let is = |what: Option<&str>| what == Some(touched);
    is(Some(&format!("branch/{}", running.base)))
        || is(Some(&format!("branch/{}", running.branch)))
        || is(running
            .published
            .as_ref()
            .map(|p| format!("commit/{}", p.commit))
            .as_deref())
        || is(running
            .change
            .as_ref()
            .map(|c| format!("number/{}", c.number))
            .as_deref())
}
