//! Which revision a lane should be at.
//!
//! Announcements only say that something happened; the newest revision is read from an observation
//! that began after the last hint. What an announcement named and the observation no longer calls
//! newest becomes a superseded row, so nothing that was announced disappears.

use serde_json::json;

use super::decide::{ANNOUNCED, Draft, REVISION, SOURCE};
use super::matching::{Announcement, literal_prefix, tag_matches};
use super::rules::{TagOrder, TagPattern, Trigger};
use super::state::{Candidate, Ending};
use crate::deployment::{Change, DeploymentState};
use crate::effect::{Effect, EffectState, Found, Look, Source};
use crate::names::Revision;
use crate::time::Timestamp;

/// At most this many changes are kept for the list of what a deployment carries.
const MOST_CHANGES: usize = 250;

impl Draft<'_> {
    /// Where this lane's trigger is looked up; a reported image or a command needs no look.
    fn look(&self) -> Option<Look> {
        match &self.rules.on {
            Trigger::MergedInto(branch) | Trigger::PushedTo(branch) => Some(Look::Branch {
                branch: branch.clone(),
            }),
            Trigger::Tag { pattern, .. } => Some(Look::Tags {
                prefix: literal_prefix(pattern).to_owned(),
            }),
            Trigger::Image | Trigger::Command => None,
        }
    }

    /// Whether the trigger was looked at since the last hint. If not, plans the look.
    pub(super) fn source_is_fresh(&mut self) -> bool {
        let Some(look) = self.look() else {
            self.state.looked = true;
            return true;
        };
        let seen = self.source(&look).map(|(_, at)| at);
        if seen.is_some_and(|at| at >= self.world.hinted_at) {
            return true;
        }
        self.observe_source(SOURCE, look);
        false
    }

    fn source(&self, look: &Look) -> Option<(Source, Timestamp)> {
        self.world
            .facts
            .get::<Source>(&self.world.subject, SOURCE)
            .filter(|(source, _)| source.look == *look)
    }

    /// Plans an observation unless one that has not begun yet will see the same.
    fn observe_source(&mut self, key: &str, look: Look) {
        let effect = Effect::ObserveSource {
            fact: key.to_owned(),
            repository: self.rules.repository.clone(),
            look,
            since: self.state.considered.clone(),
            succeeded: self
                .state
                .succeeded
                .first()
                .map(|success| success.revision.clone()),
            with_paths: !self.rules.paths.is_empty(),
        };
        self.observe(key, effect);
    }

    /// Plans an observation; one that is planned but not begun, and looks at the same, will do.
    pub(super) fn observe(&mut self, key: &str, effect: Effect) {
        let prefix = format!("look/{key}/");
        let earlier = self
            .world
            .effects
            .iter()
            .filter(|e| e.key.0.starts_with(&prefix));
        let will_do = earlier.clone().any(|e| match e.state {
            EffectState::Ready => e.error.is_some() || (!e.claimed && e.effect == effect),
            // One that failed since the last hint would fail again: the next hint tries anew.
            _ => planned_at(&e.key.0).is_some_and(|at| at >= self.world.hinted_at),
        });
        if !will_do {
            self.plan_effect(format!("{prefix}{}", self.world.now), None, effect);
        }
        self.look_again();
    }

    /// Takes note of what was announced: requests become candidates, the rest must show in a look.
    pub(super) fn consider_announcements(&mut self) {
        let announced: Vec<(String, Announcement, Timestamp)> = self
            .world
            .facts
            .starting_with::<Announcement>(&self.world.subject, ANNOUNCED)
            .map(|(key, announcement, at)| (key.to_owned(), announcement, at))
            .collect();
        let looked_up = matches!(self.rules.on, Trigger::Image | Trigger::Command);
        // Only the newest request or report is followed; the ones before it are superseded by it.
        let followed = announced
            .iter()
            .rposition(|(_, a, _)| looked_up || (a.requested && !a.reference.is_empty()));
        for (place, (key, announcement, at)) in announced.iter().enumerate() {
            if followed == Some(place) {
                if !self.follow(announcement, *at) {
                    continue;
                }
            } else if announcement.requested {
                self.request_newest();
            } else if let Some(revision) = &announcement.revision {
                self.note_passed(revision, announcement, *at);
            }
            self.plan.forget.push(key.clone());
        }
    }

    /// Follows a request or a reported image to its revision. False while it is being looked up.
    fn follow(&mut self, announcement: &Announcement, at: Timestamp) -> bool {
        let reference = announcement
            .revision
            .as_ref()
            .map_or_else(|| announcement.reference.clone(), ToString::to_string);
        let look = Look::Reference { reference };
        let known = self
            .world
            .facts
            .get::<Source>(&self.world.subject, REVISION);
        let Some((source, _)) = known.filter(|(source, seen)| source.look == look && *seen >= at)
        else {
            self.observe_source(REVISION, look);
            return false;
        };
        if let Some(found) = source.found.first() {
            let mut found = found.clone();
            if !announcement.reference.is_empty() && announcement.revision.is_some() {
                found.reference.clone_from(&announcement.reference);
            }
            self.carry(&source);
            self.offer(&found, &source, Some(announcement), at);
        } else {
            self.audit(
                "request.not_found",
                announcement.by.clone(),
                json!({"reference": announcement.reference}),
            );
        }
        true
    }

    /// A request for "the newest" makes the lane decide about it again.
    fn request_newest(&mut self) {
        let running = self.state.running.as_ref().map(|r| &r.candidate.revision);
        let queued = self.state.queued.as_ref().map(|c| &c.revision);
        let considered = self.state.considered.as_ref();
        if considered != running && considered != queued {
            self.state.considered = None;
            self.state.looked = true;
        }
    }

    /// An announced revision that is not the newest any more: it shows as superseded by what is.
    fn note_passed(&mut self, revision: &Revision, announcement: &Announcement, at: Timestamp) {
        let newest = self.newest().map(|found| found.revision);
        let known = self.state.considered.as_ref() == Some(revision)
            || self
                .state
                .succeeded
                .iter()
                .any(|success| success.revision == *revision)
            || newest.as_ref() == Some(revision);
        self.state.looked = true;
        if known || !self.rules.paths.is_empty() {
            return;
        }
        // It takes its place in front of the one that wins.
        self.state.ordinal += 1;
        let candidate = Candidate {
            ordinal: self.state.ordinal,
            revision: revision.clone(),
            tree: empty_tree(),
            reference: announcement.reference.clone(),
            tag: announcement.tag.clone(),
            digest: announcement.digest.clone(),
            included: Vec::new(),
            omitted: 0,
            requested_by: None,
            backwards: false,
            created_at: at,
        };
        let settled = newest.is_none() || newest == self.state.considered;
        let winner = self
            .state
            .queued
            .as_ref()
            .map(|c| c.ordinal)
            .or_else(|| self.state.running.as_ref().map(|r| r.candidate.ordinal))
            .or_else(|| self.state.succeeded.first().map(|s| s.ordinal))
            .filter(|_| settled);
        let by = winner.unwrap_or(self.state.ordinal + 1);
        self.row_superseded(&candidate, by);
    }

    /// The newest revision of the trigger, as last looked up.
    fn newest(&self) -> Option<Found> {
        let (source, _) = self.source(&self.look()?)?;
        match &self.rules.on {
            Trigger::Tag { pattern, order } => self.newest_tag(&source.found, pattern, *order),
            _ => source.found.into_iter().next(),
        }
    }

    fn newest_tag(&self, found: &[Found], pattern: &TagPattern, order: TagOrder) -> Option<Found> {
        let prefix = literal_prefix(pattern);
        let fresh = |f: &Found| {
            f.tag.as_ref().is_some_and(|tag| {
                !self
                    .state
                    .known_tags
                    .iter()
                    .any(|known| known == tag.as_str())
            })
        };
        found
            .iter()
            .filter(|f| f.tag.as_ref().is_some_and(|tag| tag_matches(pattern, tag)))
            .max_by_key(|f| {
                let name = f.tag.as_ref().map_or("", |tag| tag.as_str());
                let version = match order {
                    TagOrder::Semver => version_key(name.strip_prefix(prefix).unwrap_or(name)),
                    TagOrder::Date | TagOrder::Pushed => Vec::new(),
                };
                (
                    order == TagOrder::Pushed && fresh(f),
                    version,
                    f.created_at,
                    name.to_owned(),
                )
            })
            .cloned()
    }

    /// Offers the newest revision as a candidate if it was not decided on before.
    pub(super) fn consider_newest(&mut self) {
        let Some(look) = self.look() else { return };
        let newest = self.newest();
        let first = !std::mem::replace(&mut self.state.looked, true);
        let Some(newest) = newest else { return };
        if first {
            self.state.considered = Some(newest.revision);
            self.remember_tags(&look);
            return;
        }
        if self.state.considered.as_ref() == Some(&newest.revision) {
            return;
        }
        let Some(source) = self.details(&look, &newest) else {
            return;
        };
        self.carry(&source);
        if !self.paths_touched(&source) {
            self.state.considered = Some(newest.revision);
            return;
        }
        self.offer(&newest, &source, None, self.world.now);
        self.remember_tags(&look);
    }

    fn remember_tags(&mut self, look: &Look) {
        if let (
            Trigger::Tag {
                order: TagOrder::Pushed,
                pattern,
            },
            Some((source, _)),
        ) = (&self.rules.on, self.source(look))
        {
            self.state.known_tags = source
                .found
                .iter()
                .filter_map(|f| f.tag.as_ref())
                .filter(|tag| tag_matches(pattern, tag))
                .map(ToString::to_string)
                .collect();
        }
    }

    /// The observation that tells a revision's tree and changes; a tag needs one of its own.
    fn details(&mut self, look: &Look, newest: &Found) -> Option<Source> {
        if matches!(look, Look::Branch { .. }) {
            return self.source(look).map(|(source, _)| source);
        }
        let look = Look::Reference {
            reference: newest.revision.to_string(),
        };
        let known = self
            .world
            .facts
            .get::<Source>(&self.world.subject, REVISION);
        match known.filter(|(source, _)| source.look == look) {
            Some((source, _)) => Some(source),
            None => {
                self.observe_source(REVISION, look);
                None
            }
        }
    }

    /// Adds what lies between the last revision considered and this one to what is carried.
    fn carry(&mut self, source: &Source) {
        let wanted = |change: &&crate::effect::SourceChange| match &change.paths {
            Some(paths) if !self.rules.paths.is_empty() => any_matches(&self.rules.paths, paths),
            _ => true,
        };
        let fresh: Vec<Change> = source
            .changes
            .iter()
            .filter(wanted)
            .map(|change| change.change.clone())
            .filter(|change| {
                self.state
                    .pending
                    .iter()
                    .all(|known| known.revision != change.revision)
            })
            .collect();
        self.state.pending.extend(fresh);
        self.state.omitted += source.omitted;
        let excess = self.state.pending.len().saturating_sub(MOST_CHANGES);
        self.state.pending.drain(..excess);
        self.state.omitted += excess as u64;
    }

    fn paths_touched(&self, source: &Source) -> bool {
        self.rules.paths.is_empty()
            || source.diverged
            || source.omitted > 0
            || source.changes.iter().any(|change| {
                change
                    .paths
                    .as_ref()
                    .is_none_or(|paths| any_matches(&self.rules.paths, paths))
            })
    }

    /// Puts a revision next in line; whoever stood there is superseded.
    fn offer(
        &mut self,
        found: &Found,
        source: &Source,
        asked: Option<&Announcement>,
        at: Timestamp,
    ) {
        let Some(tree) = source.found.first().and_then(|f| f.tree.clone()) else {
            return;
        };
        self.state.considered = Some(found.revision.clone());
        self.state.ordinal += 1;
        let tag = asked
            .and_then(|a| a.tag.clone())
            .or_else(|| found.tag.as_ref().map(ToString::to_string));
        let candidate = Candidate {
            ordinal: self.state.ordinal,
            revision: found.revision.clone(),
            tree,
            reference: found.reference.clone(),
            tag,
            digest: asked.and_then(|a| a.digest.clone()),
            included: self.state.pending.clone(),
            omitted: self.state.omitted,
            requested_by: asked.filter(|a| a.requested).and_then(|a| a.by.clone()),
            backwards: source.backwards,
            created_at: at,
        };
        if let Some(passed) = self.state.queued.replace(candidate.clone()) {
            self.row_superseded(&passed, candidate.ordinal);
        }
        let row = candidate.row(&self.rules.lane, DeploymentState::Queued);
        self.row(row);
    }

    /// Lets the next in line take the place of the running one while that can still be taken back.
    pub(super) fn replace_running(&mut self) {
        let Some(next) = self.state.queued.as_ref().map(|c| c.ordinal) else {
            return;
        };
        let Some(running) = &self.state.running else {
            return;
        };
        let stopped = matches!(
            running.waiting,
            Some(crate::deployment::Waiting::ForeignCommits { .. })
        );
        let committed = running.merged.is_some()
            || self.under_way(running.candidate.ordinal).any(|effect| {
                effect.intended
                    && matches!(
                        effect.effect,
                        Effect::MergeChangeRequest { .. } | Effect::PublishCommit(_)
                    )
            });
        if !stopped && !committed {
            self.end(Ending::Superseded { by: next });
        }
    }
}

/// The time in an observation's key.
pub(super) fn planned_at(key: &str) -> Option<Timestamp> {
    key.rsplit('/').next()?.parse().ok().map(Timestamp)
}

fn any_matches(globs: &[String], paths: &[String]) -> bool {
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

/// Numbers compare as numbers, a pre-release comes before its release.
fn version_key(text: &str) -> Vec<(u8, u64, String)> {
    let text = text.split('+').next().unwrap_or(text);
    let (core, pre) = text
        .split_once('-')
        .map_or((text, None), |(core, pre)| (core, Some(pre)));
    let part = |p: &str| {
        p.parse::<u64>()
            .map_or_else(|_| (1, 0, p.to_owned()), |n| (0, n, String::new()))
    };
    let mut core: Vec<_> = core.split('.').map(part).collect();
    core.resize(core.len().max(3), (0, 0, String::new()));
    core.push(if pre.is_some() {
        (0, 0, String::new())
    } else {
        (2, 0, String::new())
    });
    core.extend(
        pre.into_iter()
            .flat_map(|pre| pre.split('.').map(part).collect::<Vec<_>>()),
    );
    core
}

/// The tree of a revision that was never looked up; it is never compared.
fn empty_tree() -> crate::names::TreeId {
    const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    #[expect(clippy::expect_used, reason = "a constant that the unit tests check")]
    crate::names::TreeId::new(EMPTY).expect("should be a valid tree id")
}
