//! Turns what came of our effects into evidence in the lane's state.
//!
//! An outcome is taken once: the effect is retired in the same commit. A write that failed for good
//! ends the deployment; a look that failed leaves the lane blind until something hints again.

use super::decide::Draft;
use crate::effect::{Effect, EffectState, Outcome};
use crate::notice::Turn;

impl Draft<'_> {
    /// Turns what came of our effects into evidence.
    pub(super) fn absorb(&mut self) {
        for effect in &self.world.effects {
            if effect.state == EffectState::Ready {
                continue;
            }
            if effect.key.0.starts_with("look/") {
                let stale = super::newest::planned_at(&effect.key.0)
                    .is_none_or(|at| at < self.world.hinted_at);
                if let Some(error) = effect.error.as_ref().filter(|_| !stale) {
                    self.state.blind = Some(error.message.clone());
                    continue;
                }
            } else {
                self.absorb_write(effect);
            }
            self.plan.retire.push(effect.key.clone());
        }
    }

    fn absorb_write(&mut self, effect: &crate::effect::EffectView) {
        let now = self.world.now;
        let Some(running) = &mut self.state.running else {
            return;
        };
        if effect.deployment.as_ref() != Some(&running.candidate.id(&self.rules.lane)) {
            return;
        }
        running.wrote_at = now;
        let Some(outcome) = &effect.outcome else {
            let cleaning = matches!(
                effect.effect,
                Effect::CloseChangeRequest { .. } | Effect::DeleteBranch { .. }
            );
            running.closed |= cleaning;
            if !cleaning && effect.state != EffectState::Cancelled {
                let error = effect.error.clone();
                let (code, message) = error.map_or_else(
                    || ("unknown".into(), String::new()),
                    |e| (e.reason_code, e.message),
                );
                self.fail(&code, message);
            }
            return;
        };
        match (outcome, &effect.effect) {
            (Outcome::Published(published), _) => {
                running
                    .first_old
                    .get_or_insert_with(|| published.old.clone());
                running.published = Some(published.clone());
                running.builds += 1;
                running.rebuild = false;
                running.approved = None;
                if matches!(effect.effect, Effect::PublishCommit(_)) {
                    running.merged = Some((published.commit.clone(), None));
                }
            }
            (Outcome::Unchanged { .. }, _) => {
                running.unchanged = true;
                running.rebuild = false;
            }
            (Outcome::ValueChanged { from, now }, _) => {
                let message = format!(
                    "the value was `{from}` when the deployment started and is `{now}` now: somebody else changed it"
                );
                self.fail("value_changed", message);
            }
            (Outcome::HeadMoved, Effect::PublishBranch(_)) if running.published.is_none() => {
                let message = format!("the branch `{}` exists and is not ours", running.branch);
                self.fail("branch_taken", message);
            }
            (Outcome::HeadMoved, Effect::PublishBranch(_)) => running.rebuild = false,
            (Outcome::Opened { number, url }, _) => {
                running.change = Some(crate::deployment::ChangeLink {
                    number: *number,
                    url: url.clone(),
                });
                let (number, url) = (*number, url.clone());
                self.notice(Turn::ChangeRequestOpened { number, url });
            }
            (Outcome::Approved, Effect::ApproveChangeRequest { number, head, .. }) => {
                running.approved = Some(head.clone());
                let (number, head) = (*number, head.clone());
                self.notice(Turn::Approved { number, head });
            }
            (Outcome::Merged { revision }, _) => running.merged = Some((revision.clone(), None)),
            (Outcome::Conflict, _) => {
                running.rebuild = true;
                running.merges += 1;
            }
            (Outcome::HeadMoved, _) => {
                running.merges += 1;
                running.approved = None;
            }
            (Outcome::Closed, _) => running.closed = true,
            _ => {}
        }
    }
}
