//! One thread for each deployment, where a target allows it: its notices in order, one at a time.

use serde::{Deserialize, Serialize};

use crate::deployment::DeploymentId;
use crate::effect::{Effect, EffectKey, EffectState, EffectView, Outcome, PlannedEffect};
use crate::notice::{Notice, Turn};

/// So many threads are remembered; of more, the oldest in which nothing is under way are forgotten.
const MOST_THREADS: usize = 200;

/// So many notices wait for their turn, in all threads together, while a target takes none.
pub(super) const MOST_QUEUED: usize = 500;

/// The thread of one deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thread {
    deployment: DeploymentId,
    /// Where it begins, in the words of the target; `None` until its first notice stands there.
    root: Option<String>,
    /// What is still to be told, oldest first.
    queue: Vec<Notice>,
    /// The delivery under way.
    sending: Option<EffectKey>,
}

/// The threads of a target, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Threads(Vec<Thread>);

impl Threads {
    /// Whether so much waits for its turn that the next notice goes on its own, outside of a thread.
    pub(super) fn are_full(&self) -> bool {
        let waiting: usize = self.0.iter().map(|thread| thread.queue.len()).sum();
        waiting >= MOST_QUEUED
    }

    /// Puts a notice at the end of its deployment's thread.
    pub(super) fn push(&mut self, notice: Notice) {
        let of = |thread: &&mut Thread| thread.deployment == notice.deployment;
        if let Some(thread) = self.0.iter_mut().find(of) {
            thread.queue.push(notice);
            return;
        }
        self.0.push(Thread {
            deployment: notice.deployment.clone(),
            root: None,
            queue: vec![notice],
            sending: None,
        });
    }

    /// Takes up what became of deliveries; gives those that are over. One that was given up stands
    /// in its deployment's timeline, and the next notice goes on without it.
    pub(super) fn settle(&mut self, effects: &[EffectView]) -> Vec<EffectKey> {
        let over = effects.iter().filter(|effect| {
            matches!(effect.effect, Effect::PostToThread { .. })
                && effect.state != EffectState::Ready
        });
        over.map(|effect| {
            let sends = |thread: &&mut Thread| thread.sending.as_ref() == Some(&effect.key);
            if let Some(thread) = self.0.iter_mut().find(sends) {
                thread.sending = None;
                if let Some(Outcome::Told { thread: root }) = &effect.outcome {
                    thread.root = Some(root.clone());
                }
            }
            effect.key.clone()
        })
        .collect()
    }

    /// The next delivery of every thread in which none is under way.
    pub(super) fn next(&mut self, target: &str) -> Vec<PlannedEffect> {
        let idle = self.0.iter_mut();
        let idle = idle.filter(|thread| thread.sending.is_none() && !thread.queue.is_empty());
        let next = idle
            .map(|thread| {
                let notice = thread.queue.remove(0);
                let planned = PlannedEffect {
                    key: EffectKey(format!("thread/{}", notice.id)),
                    deployment: Some(notice.deployment.clone()),
                    effect: Effect::PostToThread {
                        target: target.to_owned(),
                        thread: thread.root.clone(),
                        // Whoever follows only the channel hears of a failure too.
                        broadcast: matches!(notice.turn, Turn::Failed { .. }),
                        notice,
                    },
                };
                thread.sending = Some(planned.key.clone());
                planned
            })
            .collect();
        self.forget();
        next
    }

    fn forget(&mut self) {
        let mut excess = self.0.len().saturating_sub(MOST_THREADS);
        self.0.retain(|thread| {
            let idle = thread.sending.is_none() && thread.queue.is_empty();
            let forgotten = idle && excess > 0;
            excess -= usize::from(forgotten);
            !forgotten
        });
    }
}
