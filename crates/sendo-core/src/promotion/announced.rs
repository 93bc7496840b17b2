//! What was announced to a lane, and what becomes of it.
//!
//! Announcements only say that something happened. A request or a reported image is followed to
//! its revision; anything else must show in a look at the trigger. What was announced and is not
//! the newest becomes a superseded row, so nothing that was announced disappears.

use serde_json::json;

use super::acts::may_ask;
use super::decide::{ANNOUNCED, Draft};
use super::looks::Seen;
use super::matching::Announcement;
use super::newest::{Offer, behind};
use super::rules::Trigger;
use crate::deployment::{
    Deployment, DeploymentId, DeploymentState, Failure, MOST_CAUSES, Strategy,
};
use crate::names::Revision;
use crate::notice::{Notice, Turn};
use crate::time::Timestamp;

/// At most this many revisions are remembered as known.
const MOST_NOTED: usize = 250;

/// An announcement that was not decided on yet.
#[derive(Clone)]
pub(super) struct Heard {
    /// The key of its fact.
    pub(super) key: String,
    pub(super) announcement: Announcement,
    pub(super) at: Timestamp,
}

impl Heard {
    /// The event that announced it.
    fn event(&self) -> &str {
        self.key.strip_prefix(ANNOUNCED).unwrap_or(&self.key)
    }

    /// The delivery that told it.
    pub(super) fn delivery(&self) -> String {
        delivery(self.event())
    }
}

/// The delivery an event was read from: an event's id is the delivery's and its place in it.
pub(super) fn delivery(event: &str) -> String {
    let id = event.rsplit_once('/').map_or(event, |(id, _)| id);
    id.to_owned()
}

impl Draft<'_> {
    /// The deliveries that tell of an offer: what it came by, and what announced the same revision.
    pub(super) fn causes(&self, offer: &Offer<'_>) -> Vec<String> {
        let same =
            |heard: &&Heard| heard.announcement.revision.as_ref() == Some(&offer.found.revision);
        let announced = self.passed.iter().filter(same);
        let mut causes: Vec<String> = Vec::new();
        for heard in offer.asked.into_iter().chain(announced) {
            let id = heard.delivery();
            if causes.len() < MOST_CAUSES && !causes.contains(&id) {
                causes.push(id);
            }
        }
        causes
    }

    /// Whether only announcements tell this lane what is newest.
    fn is_told(&self) -> bool {
        matches!(self.rules.on, Trigger::Image | Trigger::Command)
    }

    /// Follows the newest request or reported image; everything else waits in `passed` until it is
    /// known what the newest is.
    pub(super) fn consider_announcements(&mut self) {
        let mut heard: Vec<Heard> = self
            .world
            .facts
            .starting_with::<Announcement>(&self.world.subject, ANNOUNCED)
            .map(|(key, announcement, at)| Heard {
                key: key.to_owned(),
                announcement,
                at,
            })
            .collect();
        heard.sort_by_key(|heard| heard.at);
        let told = self.is_told();
        heard.retain(|heard| {
            let repeated = !heard.announcement.requested && self.is_repeated(&heard.announcement);
            if repeated {
                self.plan.forget.push(heard.key.clone());
            }
            !repeated
        });
        heard.retain(|heard| {
            let asker = heard.announcement.by.as_ref();
            let asker = asker.filter(|_| heard.announcement.requested);
            let refused = asker.and_then(|by| may_ask(self.rules, by).err());
            if let Some(why) = refused {
                self.plan.forget.push(heard.key.clone());
                let detail = json!({"reason_code": why.code()});
                self.audit("request.refused", asker.cloned(), detail);
            }
            refused.is_none()
        });
        let followed = heard
            .iter()
            .rposition(|heard| told || heard.announcement.requested)
            .map(|place| heard.remove(place));
        self.passed = heard;
        let Some(followed) = followed else { return };
        if followed.announcement.requested && followed.announcement.reference.is_empty() {
            self.request_newest(followed);
        } else {
            self.follow(&followed);
        }
    }

    /// A request for "the newest" makes the lane decide about it again.
    fn request_newest(&mut self, heard: Heard) {
        if !self.is_told() {
            self.asked = Some(heard);
        } else if let Some(reported) = self.state.reported.clone() {
            let announcement = Announcement {
                by: heard.announcement.by.clone(),
                requested: true,
                ..reported
            };
            self.follow(&Heard {
                announcement,
                ..heard
            });
        } else {
            self.not_found(&heard);
        }
    }

    /// Says that there is nothing to be had for a request: a deployment that failed at once, so
    /// that whoever asked finds the answer where they look.
    pub(super) fn not_found(&mut self, heard: &Heard) {
        let announcement = &heard.announcement;
        let (lane, now) = (self.rules.lane.clone(), self.world.now);
        let reference = match (&announcement.revision, announcement.reference.as_str()) {
            (Some(revision), _) => revision.to_string(),
            (None, "") => "the newest".to_owned(),
            (None, reference) => reference.to_owned(),
        };
        let failure = Failure {
            reason_code: "revision_not_found".to_owned(),
            message: format!(
                "{} has no branch, tag or commit `{reference}`; push it first, or give a full commit SHA",
                self.rules.repository
            ),
        };
        self.state.ordinal += 1;
        let id = DeploymentId::new(&lane, self.state.ordinal);
        let revision = announcement
            .revision
            .clone()
            .unwrap_or_else(Revision::nowhere);
        self.plan.notices.push(Notice {
            id: format!("{id}#1"),
            deployment: id.clone(),
            lane: lane.clone(),
            revision: revision.clone(),
            at: now,
            change: None,
            authors: Vec::new(),
            turn: Turn::Failed {
                failure: failure.clone(),
                causes: Vec::new(),
            },
        });
        self.plan.deployments.push(Deployment {
            id,
            lane,
            strategy: Strategy::Promotion,
            revision,
            reference: reference.clone(),
            version: None,
            state: DeploymentState::Failed,
            waiting: None,
            created_at: heard.at,
            finished_at: Some(now),
            requested_by: announcement.by.clone().filter(|_| announcement.requested),
            superseded_by: None,
            change: None,
            included: Vec::new(),
            error: Some(failure),
            caused_by: vec![heard.delivery()],
            brings: None,
        });
        self.audit(
            "request.not_found",
            announcement.by.clone(),
            json!({"ordinal": self.state.ordinal, "reference": reference}),
        );
        self.answer(heard);
    }

    /// Follows a request or a reported image to its revision.
    fn follow(&mut self, heard: &Heard) {
        let announcement = &heard.announcement;
        let reference = announcement
            .revision
            .as_ref()
            .map_or_else(|| announcement.reference.clone(), ToString::to_string);
        let Some(seen) = self.requested(heard.event(), reference, heard.at) else {
            self.unsettled = true;
            return;
        };
        let tree = seen.source.found.first().and_then(|f| f.tree.clone());
        let (Some(found), Some(tree)) = (seen.source.found.first(), tree) else {
            self.not_found(heard);
            return;
        };
        let mut found = found.clone();
        if !announcement.reference.is_empty() && announcement.revision.is_some() {
            found.reference.clone_from(&announcement.reference);
        }
        self.answer(heard);
        let told = self.is_told();
        let late = !announcement.requested && self.came_late(&found.revision, &seen);
        if late {
            self.passed.push(heard.clone());
            return;
        }
        if told && !announcement.requested {
            self.state.reported = Some(announcement.clone());
        }
        if told {
            self.carry(&seen.source);
        }
        self.offer(Offer {
            found,
            tree,
            seen: &seen,
            asked: Some(heard),
            newest: told,
            at: heard.at,
        });
    }

    /// The same image was reported before, as when CI tries again.
    fn is_repeated(&self, announcement: &Announcement) -> bool {
        self.state.reported.as_ref().is_some_and(|reported| {
            reported.revision == announcement.revision
                && reported.tag == announcement.tag
                && reported.digest == announcement.digest
        })
    }

    /// An image of a revision behind the one already decided on: its CI was slower.
    fn came_late(&self, revision: &Revision, seen: &Seen) -> bool {
        self.state.considered.as_ref() != Some(revision) && behind(&seen.source)
    }

    /// Gives the announcements that were passed over their rows, once it is known by what.
    pub(super) fn settle_passed(&mut self) {
        let winner = self
            .state
            .queued
            .as_ref()
            .map(|c| c.ordinal)
            .or_else(|| self.state.running.as_ref().map(|r| r.candidate.ordinal))
            .or_else(|| self.state.succeeded.first().map(|s| s.ordinal));
        let settled = !self.unsettled;
        let passed = self.number_passed(None, settled);
        for (ordinal, heard) in passed {
            self.row_passed(ordinal, &heard, winner);
        }
    }

    /// Takes the announcements passed over and numbers those that are news. A request is passed
    /// over as soon as a later one was answered, or it would be followed after it; the others only
    /// when it is `settled` what the newest is.
    pub(super) fn number_passed(
        &mut self,
        newest: Option<&Revision>,
        settled: bool,
    ) -> Vec<(u64, Heard)> {
        let mut numbered = Vec::new();
        let answered = self.answered;
        let (passed, kept) = std::mem::take(&mut self.passed)
            .into_iter()
            .partition(|heard| settled || (answered && heard.announcement.requested));
        self.passed = kept;
        let passed: Vec<Heard> = passed;
        for heard in passed {
            self.plan.forget.push(heard.key.clone());
            let announcement = &heard.announcement;
            let named = Revision::new(announcement.reference.clone()).ok();
            let revision = announcement.revision.clone().or(named);
            let news = revision.filter(|revision| {
                newest != Some(revision)
                    && self.state.considered.as_ref() != Some(revision)
                    && !self.state.noted.contains(revision)
            });
            // Whether a change touches the lane's paths is not known from an announcement.
            let shows = announcement.requested || self.rules.paths.is_empty();
            let Some(revision) = news.filter(|_| shows) else {
                if announcement.requested {
                    let detail = json!({"reference": announcement.reference});
                    self.audit("request.superseded", announcement.by.clone(), detail);
                }
                continue;
            };
            self.note(&revision);
            self.state.ordinal += 1;
            numbered.push((self.state.ordinal, heard));
        }
        numbered
    }

    /// Remembers that a revision has its row.
    pub(super) fn note(&mut self, revision: &Revision) {
        self.state.noted.retain(|known| known != revision);
        self.state.noted.push(revision.clone());
        let excess = self.state.noted.len().saturating_sub(MOST_NOTED);
        self.state.noted.drain(..excess);
    }

    /// Writes the row of an announcement that never became a candidate.
    pub(super) fn row_passed(&mut self, ordinal: u64, heard: &Heard, by: Option<u64>) {
        let announcement = &heard.announcement;
        let named = Revision::new(announcement.reference.clone()).ok();
        let Some(revision) = announcement.revision.clone().or(named) else {
            return;
        };
        let lane = &self.rules.lane;
        let row = Deployment {
            id: DeploymentId::new(lane, ordinal),
            lane: lane.clone(),
            strategy: Strategy::Promotion,
            revision,
            reference: announcement.reference.clone(),
            version: None,
            state: DeploymentState::Superseded,
            waiting: None,
            created_at: heard.at,
            finished_at: Some(self.world.now),
            requested_by: announcement.by.clone().filter(|_| announcement.requested),
            superseded_by: by.map(|by| DeploymentId::new(lane, by)),
            change: None,
            included: Vec::new(),
            error: None,
            caused_by: vec![heard.delivery()],
            brings: None,
        };
        self.row(row);
        self.audit(
            "deployment.superseded",
            None,
            json!({"ordinal": ordinal, "by": by}),
        );
    }

    /// The request for the newest was taken up.
    pub(super) fn answer_newest(&mut self) {
        if let Some(heard) = self.asked.take() {
            self.answer(&heard);
        }
    }

    /// An announcement was dealt with.
    fn answer(&mut self, heard: &Heard) {
        self.answered = true;
        self.plan.forget.push(heard.key.clone());
    }
}
