//! Brings a deployment that will not succeed to its end.
//!
//! What was planned but not begun is withdrawn; what is under way is waited for; then our change
//! request is closed and our branch deleted, unless a person's commits are on it. Only then does
//! the next one start, so a lane never has two change requests open.

use serde_json::json;

use super::decide::Draft;
use super::state::{Ending, Running};
use crate::deployment::DeploymentId;
use crate::effect::{CloseReason, Effect};
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
        let ordinal = running.candidate.ordinal;
        let under_way: Vec<_> = self
            .under_way(ordinal)
            .filter(|e| {
                !matches!(
                    e.effect,
                    Effect::DeleteBranch { .. } | Effect::PostNotice { .. }
                )
            })
            .collect();
        self.plan
            .effects
            .retain(|planned| !planned.key.0.starts_with(&format!("{ordinal}/")));
        let closing = |effect: &Effect| matches!(effect, Effect::CloseChangeRequest { .. });
        if under_way.iter().any(|e| e.intended || closing(&e.effect)) {
            return;
        }
        self.plan
            .cancel
            .extend(under_way.iter().map(|e| e.key.clone()));
        if running.merged.is_some() {
            // The merge went through before the end did: the environment has the revision.
            if let Some(running) = &mut self.state.running {
                running.ending = None;
            }
            self.advance_running();
            return;
        }
        if let (Some(change), false, Some(why)) =
            (&running.change, running.closed, self.why(&ending))
        {
            let effect = Effect::CloseChangeRequest {
                repository: self.rules.deliver.repository.clone(),
                number: change.number,
                why,
            };
            self.plan_effect(format!("{ordinal}/close"), Some(ordinal), effect);
            return;
        }
        self.finish(&running, ending);
    }

    fn why(&self, ending: &Ending) -> Option<CloseReason> {
        match ending {
            Ending::Superseded { by } => Some(CloseReason::Superseded {
                by: DeploymentId::new(&self.rules.lane, *by),
            }),
            Ending::Failed { failure } => Some(CloseReason::Failed {
                failure: failure.clone(),
            }),
            Ending::Cancelled { .. } => None,
        }
    }

    fn finish(&mut self, running: &Running, ending: Ending) {
        let action = match &ending {
            Ending::Superseded { .. } => "deployment.superseded",
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
        let turn = match ending {
            Ending::Superseded { by } => Turn::Superseded {
                by: DeploymentId::new(&self.rules.lane, by),
                revision: self.state.queued.as_ref().map_or_else(
                    || running.candidate.revision.clone(),
                    |next| next.revision.clone(),
                ),
            },
            Ending::Cancelled { by } => Turn::Cancelled {
                by,
                number: running.change.as_ref().map(|change| change.number),
            },
            Ending::Failed { failure } => Turn::Failed { failure },
        };
        self.notice(turn);
        let row = running.row(&self.rules.lane, self.world.now);
        self.row(row);
        self.delete_branch(running);
        self.forget_change(running);
        self.state.running = None;
    }

    /// Deletes our branch if its head is still our commit.
    pub(super) fn delete_branch(&mut self, running: &Running) {
        if let (Some(published), true) = (
            &running.published,
            running.branch != self.rules.deliver.base,
        ) {
            let effect = Effect::DeleteBranch {
                repository: self.rules.deliver.repository.clone(),
                branch: running.branch.clone(),
                head: published.commit.clone(),
            };
            let ordinal = running.candidate.ordinal;
            self.plan_effect(format!("{ordinal}/delete"), Some(ordinal), effect);
        }
    }

    /// What was seen of the change request is not needed any more.
    pub(super) fn forget_change(&mut self, running: &Running) {
        if let Some(change) = &running.change {
            self.plan.forget.push(format!("change/{}", change.number));
        }
    }
}
