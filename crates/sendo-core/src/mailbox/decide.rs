//! What a target is told now, and until when the rest waits.

use super::state::MailboxState;
use super::{LEFT, Mailbox};
use crate::audit::AuditEntry;
use crate::effect::{Effect, EffectKey, PlannedEffect};
use crate::notice::{Digest, Notice};
use crate::plan::Plan;
use crate::routing::delivery;
use crate::time::Timestamp;
use crate::world::World;

/// Decides about one mailbox; without rules whatever waits is due.
pub(super) fn decide(rules: Option<&Mailbox>, world: &World) -> Plan {
    let Some(state) = MailboxState::read(&world.state) else {
        // A newer Sendo wrote it: what is left stays where it is.
        return Plan {
            state: world.state.clone(),
            ..Plan::default()
        };
    };
    let mut draft = Draft {
        rules,
        world,
        state,
        plan: Plan::default(),
    };
    draft.plan.retire = draft.state.threads.settle(&world.effects);
    draft.take_in();
    draft.tell_what_is_due();
    let next = draft.state.threads.next(&world.subject.key);
    draft.plan.effects.extend(next);
    draft.plan.state = draft.state.written();
    draft.plan
}

struct Draft<'a> {
    rules: Option<&'a Mailbox>,
    world: &'a World,
    state: MailboxState,
    plan: Plan,
}

impl Draft<'_> {
    /// Takes what was left, in the order in which it happened.
    fn take_in(&mut self) {
        let passes = self.passes();
        for notice in self.left() {
            let urgent = self.rules.is_some_and(|rules| {
                let turn = notice.turn.name();
                rules.urgent.iter().any(|urgent| urgent == turn)
            });
            if passes || urgent {
                self.state.overtake(&notice.deployment);
                self.pass(notice);
            } else {
                self.state.keep(notice, self.world.now);
            }
        }
        if self.state.waiting.is_empty() {
            self.state.take();
        }
    }

    fn pass(&mut self, notice: Notice) {
        if self.rules.is_some_and(|rules| rules.threads) && !self.state.threads.are_full() {
            self.state.threads.push(notice);
        } else {
            let delivery = delivery(&self.world.subject.key, &notice);
            self.plan.effects.push(delivery);
        }
    }

    /// Whether a notice passes as it came: nothing waits that it would overtake, it is not
    /// collected, and nobody sleeps.
    fn passes(&self) -> bool {
        let collects = self.rules.is_some_and(|rules| rules.digest.is_some());
        self.state.waiting.is_empty() && !collects && self.quiet_until().is_none()
    }

    fn left(&mut self) -> Vec<Notice> {
        let (facts, subject) = (&self.world.facts, &self.world.subject);
        let left = facts.starting_with::<Notice>(subject, LEFT);
        let mut left: Vec<Notice> = left.map(|(_, notice, _)| notice).collect();
        left.sort_by_key(|notice| (notice.at, ordinal(notice)));
        for (key, _) in facts.keys(subject, LEFT) {
            if facts.get::<Notice>(subject, key).is_none() {
                self.plan.audit.push(AuditEntry {
                    action: "notice.unreadable".to_owned(),
                    subject: Some(subject.clone()),
                    actor: None,
                    cause: format!("decided at {}", self.world.now),
                    detail: serde_json::json!({ "notice": key.strip_prefix(LEFT) }),
                });
            }
            self.plan.forget.push(key.to_owned());
        }
        left
    }

    fn quiet_until(&self) -> Option<Timestamp> {
        let quiet = self.rules?.quiet.as_ref()?;
        quiet.closed_until(self.world.now)
    }

    /// Tells what waited long enough, as one message; otherwise looks again when it will have.
    fn tell_what_is_due(&mut self) {
        let Some(since) = self.state.since else {
            return;
        };
        let digest = self.rules.and_then(|rules| rules.digest);
        let collected = since + digest.unwrap_or_default();
        if self.rules.is_some() && collected > self.world.now {
            self.plan.wake_at = Some(collected);
        } else if let Some(end) = self.quiet_until() {
            self.plan.wake_at = Some(end);
        } else {
            self.tell(since);
        }
    }

    fn tell(&mut self, since: Timestamp) {
        let waited = self.state.take();
        let target = self.world.subject.key.clone();
        let key = format!("digest/{target}/{}", self.world.now);
        let digest = Digest {
            id: key.clone(),
            at: self.world.now,
            since,
            latest: by_lane(waited.waiting),
            earlier: waited.earlier,
            omitted: waited.omitted,
        };
        self.plan.effects.push(PlannedEffect {
            key: EffectKey(key),
            deployment: None,
            effect: Effect::PostDigest { target, digest },
        });
    }
}

/// Newest first, with all of a lane together.
fn by_lane(mut waiting: Vec<Notice>) -> Vec<Notice> {
    waiting.reverse();
    let mut lanes = Vec::new();
    for notice in &waiting {
        if !lanes.contains(&notice.lane) {
            lanes.push(notice.lane.clone());
        }
    }
    waiting.sort_by_cached_key(|notice| lanes.iter().position(|lane| *lane == notice.lane));
    waiting
}

/// The number at the end of a notice's id.
fn ordinal(notice: &Notice) -> u64 {
    let number = notice.id.rsplit_once('#').map(|(_, number)| number);
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}
