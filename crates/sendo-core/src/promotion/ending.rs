//! Brings a deployment that will not succeed to its end.
//!
//! What was planned but not begun is withdrawn; what is under way is waited for; then our change
//! request is closed and our branch deleted, unless a person's commits are on it. Only then does
//! the next one start, so a lane never has two change requests open.

use serde_json::json;

use super::applying::Standing;
use super::decide::Draft;
use super::state::{Ending, Running};
use crate::deployment::DeploymentId;
use crate::effect::{ChangeState, CloseReason, Effect, EffectView};
use crate::notice::Turn;

impl Draft<'_> {
    /// Clears away after the running deployment, and ends it once nothing is left.
    pub(super) fn clear_away(&mut self) {
        let Some(running) = self.state.running.clone() else {
            return;
        };
        let Some(ending) = running.ending.clone() else {
            return;
        };
        let prefix = format!("{}/", running.candidate.ordinal);
        let under_way: Vec<_> = self.under_way(running.candidate.ordinal).collect();
        let deletes = |effect: &Effect| matches!(effect, Effect::DeleteBranch { .. });
        self.plan
            .effects
            .retain(|planned| !planned.key.0.starts_with(&prefix) || deletes(&planned.effect));
        let closing = |effect: &Effect| matches!(effect, Effect::CloseChangeRequest { .. });
        // Having an engine look harms nobody, however late it does.
        let harmless = |effect: &Effect| matches!(effect, Effect::RefreshEngine { .. });
        let waits = |e: &&EffectView| e.intended && !harmless(&e.effect) || closing(&e.effect);
        if under_way.iter().any(waits) {
            return;
        }
        for effect in under_way.into_iter().filter(|e| !e.intended) {
            self.withdraw(effect.key.clone());
        }
        if running.applying.is_some() {
            // What was merged stays; nothing of ours is left to clear away.
            self.finish(&running, ending);
        } else if running.merged.is_some() {
            self.went_through();
        } else if running.change.is_some() {
            self.close(&running, ending);
        } else {
            self.finish(&running, ending);
        }
    }

    /// Closes the change request, if it is still open, and sees what became of it: a person may
    /// merge it at any time until then.
    fn close(&mut self, running: &Running, ending: Ending) {
        let Some(seen) = self.change_request(running) else {
            // What cannot be seen cannot be waited for, once it was closed or given up.
            if running.closed && self.change_is_out_of_sight(running) {
                self.finish(running, ending);
            }
            return;
        };
        if seen.state == ChangeState::Merged {
            self.take_merge(&seen);
            self.went_through();
        } else if seen.state == ChangeState::Closed || running.closed {
            self.finish(running, ending);
        } else {
            let effect = Effect::CloseChangeRequest {
                repository: running.repository.clone(),
                number: seen.number,
                why: self.why(&ending),
            };
            self.write(running, "close", effect);
        }
    }

    /// The merge went through before the end did: the environment has the revision.
    fn went_through(&mut self) {
        if let Some(running) = &mut self.state.running {
            running.ending = None;
        }
        self.advance_running();
    }

    fn why(&self, ending: &Ending) -> CloseReason {
        match ending {
            Ending::Superseded { by } => CloseReason::Superseded {
                by: DeploymentId::new(&self.rules.lane, *by),
            },
            Ending::Failed { failure, .. } => CloseReason::Failed {
                failure: failure.clone(),
            },
            Ending::Cancelled { by: Some(by) } => CloseReason::Cancelled { by: by.clone() },
            // Nobody closed it, so they deleted its branch. What is displaced is merged.
            Ending::Displaced { .. } | Ending::Cancelled { by: None } => CloseReason::BranchDeleted,
        }
    }

    fn finish(&mut self, running: &Running, mut ending: Ending) {
        if let (Ending::Superseded { by }, Some(next)) = (&mut ending, self.state.next()) {
            // The one that took its place may have been replaced meanwhile.
            *by = next.ordinal;
        }
        let action = match &ending {
            Ending::Superseded { .. } | Ending::Displaced { .. } => "deployment.superseded",
            Ending::Cancelled { .. } => "deployment.cancelled",
            Ending::Failed { .. } => "deployment.failed",
        };
        let actor = match &ending {
            Ending::Cancelled { by } => by.clone(),
            _ => None,
        };
        self.audit(
            action,
            actor,
            json!({"ordinal": running.candidate.ordinal, "ending": ending}),
        );
        let row = running.ended(&self.rules.lane, &ending, self.world.now);
        self.row(row);
        let turn = match ending {
            Ending::Superseded { by } => Turn::Superseded {
                by: DeploymentId::new(&self.rules.lane, by),
                revision: self.state.next().map_or_else(
                    || running.candidate.revision.clone(),
                    |next| next.revision.clone(),
                ),
            },
            Ending::Displaced {
                application,
                revision,
            } => Turn::Displaced {
                application,
                revision,
            },
            Ending::Cancelled { by } => Turn::Cancelled {
                by,
                number: running.change.as_ref().map(|change| change.number),
                merged: running.applying.is_some(),
            },
            Ending::Failed { failure, causes } => Turn::Failed { failure, causes },
        };
        self.notice(turn);
        if running.applying.is_some() {
            self.state.standing = Some(Standing::of(&running.candidate));
        } else {
            self.delete_branch(running);
        }
        self.remember_ended(running.candidate.clone());
        self.state.running = None;
    }

    /// Deletes our branch if its head is still our commit.
    pub(super) fn delete_branch(&mut self, running: &Running) {
        if let (Some(published), true) = (&running.published, running.branch != running.base) {
            let effect = Effect::DeleteBranch {
                repository: running.repository.clone(),
                branch: running.branch.clone(),
                head: published.commit.clone(),
            };
            let ordinal = running.candidate.ordinal;
            self.plan_effect(format!("{ordinal}/delete"), Some(ordinal), effect);
        }
    }
}
