//! Which revision a lane should be at.
//!
//! The newest revision is read from an observation that began after the last hint, never taken from
//! an announcement.
//!
//! Size: one question, from what was seen to what starts; its steps hand each other too much to part.

use serde_json::json;

use super::announced::Heard;
use super::decide::Draft;
use super::looks::Seen;
use super::matching::Announcement;
use super::rules::{TagOrder, TagPattern, Trigger};
use super::state::{Candidate, Ending};
use super::tags;
use crate::deployment::{Change, DeploymentState, MOST_CAUSES};
use crate::effect::{ChangeState, Effect, Found, Look, Source, SourceChange};
use crate::names::{Revision, TreeId};
use crate::time::Timestamp;

/// At most this many changes are kept for the list of what a deployment carries.
const MOST_CHANGES: usize = 250;

/// A revision that shall be next in line.
pub(super) struct Offer<'o> {
    pub(super) found: Found,
    pub(super) tree: TreeId,
    /// The look that told about it.
    pub(super) seen: &'o Seen,
    /// The request or report it came by.
    pub(super) asked: Option<&'o Heard>,
    /// Whether it is what the trigger calls newest; a person may ask for another one.
    pub(super) newest: bool,
    pub(super) at: Timestamp,
}

impl Draft<'_> {
    /// Offers the newest revision as a candidate if it was not decided on before, or if a person
    /// asks for it again.
    pub(super) fn consider_newest(&mut self) {
        let Some(look) = self.look() else { return };
        let Some(seen) = self.source(&look) else {
            return;
        };
        let heard = self.asked.is_some() || !self.passed.is_empty();
        let first = !std::mem::replace(&mut self.state.looked, true) && !heard;
        let Some(newest) = self.newest(&seen.source) else {
            if let Some(asked) = self.asked.take() {
                self.not_found(&asked);
            }
            return;
        };
        if first {
            self.note(&newest.revision);
            self.state.baseline = Some(newest.revision.clone());
            self.state.considered = Some(newest.revision);
            self.remember_tags(&seen.source);
            return;
        }
        let decided = self.state.considered.as_ref() == Some(&newest.revision)
            && !self.is_heard_late(&newest.revision);
        if decided && self.asked.is_none() {
            self.remember_tags(&seen.source);
            return;
        }
        let looked = matches!(look, Look::Tags { .. }).then_some(seen.at);
        let told = looked.map(|since| self.revision(&newest.revision, since));
        let details = match &told {
            Some(None) => {
                self.unsettled = true;
                return;
            }
            Some(Some(details)) => details,
            None => &seen,
        };
        let tree = details.source.found.first().and_then(|f| f.tree.clone());
        if let Some(tree) = tree {
            self.offer_newest(newest, tree, details, decided);
        }
        self.remember_tags(&seen.source);
    }

    /// Whether the news of a revision came in after the lane's very first look had seen it already:
    /// what was there before that look is no news, what was pushed meanwhile is.
    fn is_heard_late(&self, newest: &Revision) -> bool {
        let first = self.state.ordinal == 0 && self.state.succeeded.is_empty();
        let first = first && self.state.baseline.as_ref() == Some(newest);
        let heard = |heard: &Heard| heard.announcement.revision.as_ref() == Some(newest);
        first && self.passed.iter().any(heard)
    }

    fn offer_newest(&mut self, found: Found, tree: TreeId, seen: &Seen, decided: bool) {
        let asked = self.asked.clone();
        self.answer_newest();
        if !decided {
            self.carry(&seen.source);
            // What a push carried that was in the first look already cannot be seen any more.
            let late = self.is_heard_late(&found.revision);
            if asked.is_none() && !late && !self.paths_touched(&seen.source) {
                self.state.considered = Some(found.revision);
                return;
            }
        }
        let tag = found.tag.as_ref().map(ToString::to_string);
        let asked = asked.map(|heard| Heard {
            announcement: Announcement {
                tag,
                ..heard.announcement.clone()
            },
            ..heard
        });
        self.offer(Offer {
            found,
            tree,
            seen,
            asked: asked.as_ref(),
            newest: true,
            at: self.world.now,
        });
    }

    /// The newest revision of the trigger, as last looked up.
    fn newest(&self, source: &Source) -> Option<Found> {
        let Trigger::Tag { pattern, order } = &self.rules.on else {
            return source.found.first().cloned();
        };
        let known = &self.state.known_tags;
        tags::newest(
            &source.found,
            pattern,
            *order,
            known,
            self.state.considered.as_ref(),
        )
    }

    fn remember_tags(&mut self, source: &Source) {
        if let Trigger::Tag {
            order: TagOrder::Pushed,
            pattern,
        } = &self.rules.on
        {
            self.state.known_tags = known_tags(source, pattern);
        }
    }

    /// Adds what lies between the last revision considered and this one to what is carried.
    pub(super) fn carry(&mut self, source: &Source) {
        let fresh: Vec<Change> = self
            .changes(source)
            .filter(|change| !self.state.pending.contains(change))
            .collect();
        self.state.pending.extend(fresh);
        self.state.omitted += source.omitted;
        let excess = self.state.pending.len().saturating_sub(MOST_CHANGES);
        self.state.pending.drain(..excess);
        self.state.omitted += excess as u64;
    }

    /// The changes of a look that this lane is about, after the revision last considered.
    fn changes<'s>(&'s self, source: &'s Source) -> impl Iterator<Item = Change> + 's {
        let considered = self.state.considered.as_ref();
        let known = source
            .changes
            .iter()
            .position(|change| Some(&change.change.revision) == considered);
        source.changes[known.map_or(0, |place| place + 1)..]
            .iter()
            .filter(|change| touches(&self.rules.paths, change))
            .map(|change| change.change.clone())
    }

    fn paths_touched(&self, source: &Source) -> bool {
        self.rules.paths.is_empty()
            || self.state.considered.is_none()
            || source.diverged
            || source.omitted > 0
            || source
                .changes
                .iter()
                .any(|change| touches(&self.rules.paths, change))
    }

    /// What a candidate carries, and how many changes more.
    fn included(&self, offer: &Offer<'_>, backwards: bool) -> (Vec<Change>, u64) {
        if backwards {
            return (Vec::new(), 0);
        }
        let mut included = self.state.pending.clone();
        if !offer.newest {
            included.extend(self.changes(&offer.seen.source));
            let excess = included.len().saturating_sub(MOST_CHANGES);
            included.drain(..excess);
        }
        (included, self.state.omitted)
    }

    /// Puts a revision next in line; whoever stood there is superseded.
    pub(super) fn offer(&mut self, offer: Offer<'_>) {
        let Offer { found, seen, .. } = &offer;
        let asked = offer.asked.map(|heard| &heard.announcement);
        let caused_by = self.causes(&offer);
        let backwards = self.goes_backwards(found, seen);
        let (included, omitted) = self.included(&offer, backwards);
        if offer.newest {
            self.state.considered = Some(found.revision.clone());
        }
        // What else was announced is passed over by the newest alone.
        let passed = self.number_passed(Some(&found.revision), offer.newest);
        self.note(&found.revision);
        let tag = match asked {
            Some(asked) if asked.tag.is_some() => asked.tag.clone(),
            _ => found.tag.as_ref().map(ToString::to_string),
        };
        let mut candidate = Candidate {
            ordinal: self.state.ordinal + 1,
            revision: found.revision.clone(),
            tree: offer.tree.clone(),
            reference: found.reference.clone(),
            tag,
            digest: asked.and_then(|a| a.digest.clone()),
            included,
            omitted,
            requested_by: asked.filter(|a| a.requested).and_then(|a| a.by.clone()),
            backwards,
            rollback: false,
            undoes: None,
            back_to: None,
            compared: seen.compared,
            created_at: offer.at,
            caused_by,
        };
        let under_way = self.state.running.as_ref().filter(|running| {
            let on_its_way = &running.candidate;
            running.ending.is_none()
                && on_its_way.revision == candidate.revision
                && on_its_way.tag == candidate.tag
                && on_its_way.digest == candidate.digest
        });
        // What is on its way already is not started a second time.
        let by = under_way.map(|running| running.candidate.ordinal);
        let by = by.unwrap_or_else(|| {
            self.state.ordinal += 1;
            self.state.ordinal
        });
        candidate.ordinal = by;
        for (ordinal, heard) in passed {
            self.row_passed(ordinal, &heard, Some(by));
        }
        if let Some(passed) = self.state.queued.take() {
            self.row_superseded(&passed, by);
        }
        if let Some(running) = self
            .state
            .running
            .as_mut()
            .filter(|r| r.candidate.ordinal == by)
        {
            // What asked for it as well belongs to its causes.
            let causes = &mut running.candidate.caused_by;
            let more = candidate.caused_by.iter();
            let more = more
                .filter(|id| !causes.contains(id))
                .cloned()
                .collect::<Vec<_>>();
            causes.extend(more);
            causes.truncate(MOST_CAUSES);
            // Who asks for it does not approve it, whoever started it.
            let asked = &mut running.candidate.requested_by;
            *asked = asked.take().or_else(|| candidate.requested_by.clone());
            self.audit(
                "request.joined",
                candidate.requested_by,
                json!({"ordinal": by, "revision": candidate.revision}),
            );
            return;
        }
        let row = candidate.row(&self.rules.lane, DeploymentState::Queued);
        self.state.queued = Some(candidate);
        self.row(row);
    }

    /// Whether a revision lies behind what the environment has, as far as anybody knows.
    fn goes_backwards(&self, found: &Found, seen: &Seen) -> bool {
        match self.state.succeeded.first() {
            Some(success) => seen.source.backwards && success.revision != found.revision,
            // Nothing was deployed from here yet: the baseline stands for it.
            None => self.state.considered.as_ref() != Some(&found.revision) && behind(&seen.source),
        }
    }

    /// The next in line, compared with what the environment has now. `None` while that is looked up.
    pub(super) fn next_in_line(&mut self) -> Option<Candidate> {
        if let Some(rollback) = self.state.rollback.take() {
            return Some(rollback);
        }
        let mut candidate = self.state.queued.clone()?;
        if candidate.compared != self.state.last_success() {
            let seen = self.compared(&candidate.revision)?;
            let succeeded = self
                .state
                .succeeded
                .first()
                .map(|success| &success.revision);
            candidate.backwards = seen.source.backwards && succeeded != Some(&candidate.revision);
            candidate.compared = seen.compared;
            if candidate.backwards {
                (candidate.included, candidate.omitted) = (Vec::new(), 0);
            }
        }
        let delivered = |change: &Change| {
            self.state
                .succeeded
                .iter()
                .any(|success| success.revision == change.revision)
        };
        // What the one before it brought meanwhile is not news any more.
        if let Some(last) = candidate.included.iter().rposition(delivered) {
            candidate.included.drain(..=last);
            candidate.omitted = 0;
        }
        self.state.queued = None;
        if candidate.ordinal < self.state.last_success() {
            // A rollback went before it. Deployments succeed in the order of their numbers, by which
            // everybody tells what runs.
            self.state.ordinal += 1;
            self.row_superseded(&candidate, self.state.ordinal);
            candidate.ordinal = self.state.ordinal;
            candidate.created_at = self.world.now;
        }
        Some(candidate)
    }

    /// Lets the next in line take the place of the running one while that can still be taken back.
    pub(super) fn replace_running(&mut self) {
        let Some((next, back)) = self.state.next().map(|c| (c.ordinal, c.rollback)) else {
            return;
        };
        let Some(running) = self.state.running.clone().filter(|r| r.ending.is_none()) else {
            return;
        };
        if let Some(applying) = &running.applying {
            if self.gives_way(&running, applying, back) {
                self.end(Ending::Superseded { by: next });
            }
            return;
        }
        if running.candidate.rollback && !back {
            return;
        }
        let committed = running.merged.is_some()
            || self.under_way(running.candidate.ordinal).any(|effect| {
                effect.intended
                    && matches!(
                        effect.effect,
                        Effect::MergeChangeRequest { .. } | Effect::PublishCommit(_)
                    )
            });
        if committed {
            return;
        }
        if running.change.is_some() {
            // First it has to be seen whether people took it over, merged or closed it.
            let Some(seen) = self.change_request(&running) else {
                return;
            };
            let ours = running
                .published
                .as_ref()
                .map(|published| &published.commit);
            if seen.state != ChangeState::Open || seen.head.as_ref() != ours {
                return;
            }
        }
        self.end(Ending::Superseded { by: next });
    }
}

/// Whether what was found lies behind the revision the look started from.
pub(super) fn behind(source: &Source) -> bool {
    source.diverged && source.changes.is_empty() && source.omitted == 0
}

fn known_tags(source: &Source, pattern: &TagPattern) -> Vec<String> {
    let means = tags::matcher(pattern);
    let meant = |f: &&Found| f.tag.as_ref().is_some_and(|tag| means(tag.as_str()));
    let mut known: Vec<String> = source
        .found
        .iter()
        .filter(meant)
        .filter_map(tags::remembered)
        .collect();
    known.sort();
    known
}

/// Whether a change touches one of the globs; without globs, or not known, it does.
fn touches(globs: &[String], change: &SourceChange) -> bool {
    let Some(paths) = change.paths.as_ref().filter(|_| !globs.is_empty()) else {
        return true;
    };
    globs.iter().any(|glob| {
        globset::GlobBuilder::new(glob)
            .literal_separator(true)
            .build()
            .is_ok_and(|glob| {
                let glob = glob.compile_matcher();
                paths.iter().any(|path| glob.is_match(path))
            })
    })
}
