//! Turns what came of our effects into evidence in the lane's state.
//!
//! An outcome is taken once: the effect is retired in the same commit. A write that failed for good
//! ends the deployment; a look that failed leaves the lane blind until something hints again.

use serde_json::json;

use super::decide::{Draft, SOURCE};
use super::looks::planned_at;
use super::state::{Ending, Protected};
use super::telling::ATTEMPTS_BEFORE_TELLING;
use crate::deployment::ChangeLink;
use crate::effect::{ChangeRequest, Class, Effect, EffectState, EffectView, Outcome};
use crate::notice::Turn;

/// After so many attempts in vain, each of them long, a change request is left open.
const CLOSES: u32 = 3;

impl Draft<'_> {
    /// Turns what came of our effects into evidence.
    pub(super) fn absorb(&mut self) {
        for effect in &self.world.effects {
            let looks = effect.key.0.starts_with(&format!("look/{SOURCE}"));
            if effect.state == EffectState::Ready {
                // A look that works at its second or third attempt is nobody's trouble.
                if looks && effect.attempts >= ATTEMPTS_BEFORE_TELLING {
                    self.state.blind = effect.error.as_ref().map(|error| error.message.clone());
                }
                continue;
            }
            match effect.effect.class() {
                Class::O => {
                    if let Some(error) = effect.error.as_ref().filter(|_| self.is_recent(effect)) {
                        if looks {
                            self.state.blind = Some(error.message.clone());
                        }
                        // It stays, so that it is not planned again at once.
                        continue;
                    }
                }
                // Whether a notice arrives never changes what is decided.
                Class::N => {}
                // Nor does what becomes of a branch whose change is in the base.
                _ if matches!(effect.effect, Effect::DeleteBranch { .. }) => {}
                _ => self.absorb_write(effect),
            }
            self.plan.retire.push(effect.key.clone());
        }
    }

    fn is_recent(&self, effect: &EffectView) -> bool {
        planned_at(&effect.key.0).is_some_and(|at| at >= self.world.hinted_at)
    }

    fn absorb_write(&mut self, effect: &EffectView) {
        let lane = &self.rules.lane;
        let Some(running) = &mut self.state.running else {
            return;
        };
        if effect.deployment.as_ref() != Some(&running.candidate.id(lane))
            || effect.state == EffectState::Cancelled
        {
            return;
        }
        running.wrote_at = self.world.now;
        running.writes += 1;
        match &effect.outcome {
            Some(outcome) => self.absorb_outcome(effect, outcome),
            None => self.absorb_failure(effect),
        }
    }

    /// A write was refused for good, or all its attempts were in vain.
    fn absorb_failure(&mut self, effect: &EffectView) {
        let (code, message) = effect.error.clone().map_or_else(
            || ("unknown".to_owned(), String::new()),
            |error| (error.reason_code, error.message),
        );
        let number = match &effect.effect {
            // It looks by itself, only later.
            Effect::RefreshEngine { .. } => return self.absorb_asked(effect),
            Effect::CloseChangeRequest { number, .. } => *number,
            _ => return self.fail(&code, message),
        };
        let gives_up = self.state.running.as_mut().is_some_and(|running| {
            running.unclosed += 1;
            running.closed = running.unclosed >= CLOSES;
            running.closed
        });
        if gives_up {
            let detail = json!({"number": number, "reason_code": code, "message": message});
            self.audit("change_request.left_open", None, detail);
        }
    }

    /// The engine was asked, or cannot be: either way it is not asked again, or not soon.
    fn absorb_asked(&mut self, effect: &EffectView) {
        let now = self.world.now;
        let running = self.state.running.as_mut();
        let Some(applying) = running.and_then(|running| running.applying.as_mut()) else {
            return;
        };
        match &effect.effect {
            Effect::SyncEngine { application, .. } if !applying.told.contains(application) => {
                applying.told.push(application.clone());
            }
            Effect::RefreshEngine { .. } => {
                (applying.asked, applying.asked_at) = (true, Some(now));
            }
            _ => {}
        }
    }

    fn absorb_outcome(&mut self, effect: &EffectView, outcome: &Outcome) {
        let Some(running) = &mut self.state.running else {
            return;
        };
        match (outcome, &effect.effect) {
            (_, Effect::RefreshEngine { .. } | Effect::SyncEngine { .. }) => {
                self.absorb_asked(effect);
            }
            (
                Outcome::Published(published),
                Effect::PublishBranch(_) | Effect::PublishCommit(_),
            ) => {
                running
                    .first_old
                    .get_or_insert_with(|| published.old.clone());
                running.published = Some(published.clone());
                running.rebuild = false;
                running.approved = None;
                running.protected = None;
                // A new head needs everything again, so waiting for it is news.
                running.told = None;
                if matches!(effect.effect, Effect::PublishCommit(_)) {
                    running.merged = Some((published.commit.clone(), None));
                }
            }
            (Outcome::Unchanged { base }, Effect::PublishBranch(_) | Effect::PublishCommit(_)) => {
                running.said_by = Some(base.clone()).filter(|_| self.rules.engine.is_some());
                running.unchanged = true;
                running.rebuild = false;
            }
            (Outcome::ValueChanged { from, now }, _) => {
                let message = format!(
                    "the value was `{from}` when the deployment started and is `{now}` now: somebody else changed it"
                );
                self.fail("value_changed", message);
            }
            (Outcome::HeadMoved, Effect::PublishBranch(_)) if running.change.is_none() => {
                let message = format!("the branch `{}` exists and is not ours", running.branch);
                self.fail("branch_taken", message);
            }
            // People's commits are on it: the next look shows them.
            (Outcome::HeadMoved, Effect::PublishBranch(_)) => running.rebuild = false,
            // Somebody deleted the branch, or took our commit from it.
            (Outcome::Closed, Effect::OpenChangeRequest { .. }) => {
                self.end(Ending::Cancelled { by: None });
            }
            (Outcome::Opened { number, url }, Effect::OpenChangeRequest { .. }) => {
                let (number, url) = (*number, url.clone());
                running.change = Some(ChangeLink {
                    number,
                    url: url.clone(),
                });
                self.notice(Turn::ChangeRequestOpened { number, url });
            }
            (Outcome::Approved, Effect::ApproveChangeRequest { number, head, .. }) => {
                running.approved = Some(head.clone());
                // Approving the same head once more, after a look, is no news.
                if running.told_approved.as_ref() != Some(head) {
                    running.told_approved = Some(head.clone());
                    let (number, head) = (*number, head.clone());
                    self.notice(Turn::Approved { number, head });
                }
            }
            (
                Outcome::Merged { revision },
                Effect::OpenChangeRequest { .. }
                | Effect::MergeChangeRequest { .. }
                | Effect::CloseChangeRequest { .. },
            ) => {
                running.merged = Some((revision.clone(), None));
            }
            (Outcome::Closed, Effect::CloseChangeRequest { .. }) => running.closed = true,
            (Outcome::Conflict, Effect::MergeChangeRequest { .. }) => {
                running.rebuild = true;
                running.setbacks += 1;
            }
            (Outcome::NotReady { why }, Effect::MergeChangeRequest { number, .. }) => {
                let facts = &self.world.facts;
                let seen =
                    facts.get::<ChangeRequest>(&self.world.subject, &format!("change/{number}"));
                running.protected = Some(Protected {
                    why: why.clone(),
                    seen_at: seen.map(|(_, at)| at).unwrap_or_default(),
                });
            }
            // Anything else says that the outside is not what we took it for: look again.
            _ => {
                running.approved = None;
                running.setbacks += 1;
            }
        }
    }
}
