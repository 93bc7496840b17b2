//! Going back: a lane returns to an earlier success, because a person asked or because what it brought
//! does not work.
//!
//! What a lane does by itself differs from what a person does in two ways. It never overwrites what
//! somebody else changed: its publication carries what it undoes, and is refused where the base does not
//! say exactly that any more. And it does not hold the lane: nobody decided that nothing newer shall
//! come, and the next revision may be the repair. The one that failed does not come again by itself,
//! because it was considered.

use serde_json::json;

use super::acts::ROLLED_BACK;
use super::applying::{Standing, Undone};
use super::decide::Draft;
use super::state::{Candidate, LaneState, Running, Success};
use crate::deployment::{DeploymentId, DeploymentState};
use crate::names::{Principal, Revision};
use crate::time::Timestamp;

impl LaneState {
    /// What the base says: the deployment that was merged last, whether or not it became a success.
    fn stands(&self) -> Option<Standing> {
        let applying = self.running.as_ref().filter(|r| r.applying.is_some());
        let applying = applying.map(|running| Standing::of(&running.candidate));
        let succeeded = || {
            let success = self.succeeded.first()?;
            Some(Standing {
                ordinal: success.ordinal,
                revision: success.revision.clone(),
                back_to: success.back_to,
            })
        };
        applying
            .or_else(|| self.standing.clone())
            .or_else(succeeded)
    }

    /// The number of what a rollback leaves: what the base says; 0 when that is unknown.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.stands().map_or(0, |stands| stands.ordinal)
    }

    /// The revision that a rollback leaves.
    #[must_use]
    pub fn left(&self) -> Option<Revision> {
        self.stands().map(|stands| stands.revision)
    }

    /// The success that a rollback goes back to: the one named, else the last with another revision than
    /// what the base says. While that is a rollback and holds the lane, it is the last one before the one
    /// it went back to: going back once more never returns to what was left.
    #[must_use]
    pub fn earlier(&self, to: Option<u64>) -> Option<&Success> {
        if let Some(to) = to {
            return self.succeeded.iter().find(|success| success.ordinal == to);
        }
        let newest = self.stands()?;
        let held = self.held.as_ref();
        let held = held.and_then(|held| held.deployment.number()) == Some(newest.ordinal);
        let from = newest.back_to.filter(|_| held);
        let from = match from {
            Some(back) => self.succeeded.iter().position(|one| one.ordinal == back)?,
            None => 0,
        };
        let mut before = self.succeeded.iter().skip(from);
        before.find(|success| success.revision != newest.revision)
    }
}

impl Draft<'_> {
    /// Puts a rollback to a success next in line, before anything newer; gives its number.
    pub(super) fn line_up_rollback(
        &mut self,
        target: Success,
        requested_by: Option<Principal>,
        undoes: Option<Undone>,
        created_at: Timestamp,
        caused_by: Vec<String>,
    ) -> u64 {
        self.state.ordinal += 1;
        let ordinal = self.state.ordinal;
        let candidate = Candidate {
            ordinal,
            revision: target.revision,
            tree: target.tree,
            reference: target.reference,
            tag: target.tag,
            digest: target.digest,
            included: Vec::new(),
            omitted: 0,
            requested_by,
            backwards: true,
            rollback: true,
            back_to: Some(target.ordinal),
            undoes,
            compared: self.state.last_success(),
            created_at,
            caused_by,
        };
        self.row(candidate.row(&self.rules.lane, DeploymentState::Queued));
        if let Some(passed) = self.state.rollback.replace(candidate) {
            self.row_superseded(&passed, ordinal);
        }
        ordinal
    }

    /// Goes back by itself from a deployment that ends badly; says as a fragment what follows.
    ///
    /// People decided that beforehand, in the configuration, so nobody is asked again: while somebody is
    /// waited for, the environment stays broken. What closes the lane closes it for this rollback as for
    /// any other: locks and freezes do, a hold and soak do not.
    pub(super) fn go_back(&mut self, running: &Running) -> String {
        let lane = &self.rules.lane;
        let failed = &running.candidate;
        if failed.rollback {
            // Returning to what was left would lead round in circles.
            return "it went back already, so nothing more is done by itself".to_owned();
        }
        if let Some(rollback) = &self.state.rollback {
            return format!("{} goes back already", rollback.id(lane));
        }
        // With the same values, going back would change nothing.
        let other = |success: &&Success| {
            (&success.revision, &success.tag, &success.digest)
                != (&failed.revision, &failed.tag, &failed.digest)
        };
        let Some(target) = self.state.succeeded.first().filter(other).cloned() else {
            return "there is no earlier success to go back to".to_owned();
        };
        let back_to = DeploymentId::new(lane, target.ordinal);
        let undoes = Undone {
            ordinal: failed.ordinal,
            edits: running.edits.clone(),
        };
        let now = self.world.now;
        let (undone, to) = (failed.ordinal, target.ordinal);
        let ordinal = self.line_up_rollback(target, None, Some(undoes), now, Vec::new());
        self.audit(
            ROLLED_BACK,
            None,
            json!({"ordinal": ordinal, "undoes": undone, "back_to": to}),
        );
        let id = DeploymentId::new(&self.rules.lane, ordinal);
        format!("{id} goes back to {back_to}")
    }
}
