//! The workers of the loop: they claim an effect, do it, and record what came of it.

use serde_json::Value;

use super::harness::{Begun, Harness};
use crate::effect::{Class, EffectState, EffectView};
use crate::fact::Fact;
use crate::subject::SubjectId;
use crate::time::Span;

impl Harness {
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
}
