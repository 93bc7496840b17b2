//! Sees a deployment through: from its change in the base to a healthy environment.
//!
//! An engine applies the base some time after the merge, and what it applies may not work. So where the
//! lane names one, a deployment whose change was merged goes on: the engine is asked to look, told to
//! apply where that is our task, and looked at until the environment is healthy, or ails for a while, or
//! has something else, or its time is over. Somebody's news make the lane look earlier; what it goes by
//! is only what it saw itself.
//!
//! What a newer candidate does meanwhile is told at [`Draft::gives_way`].

use super::advance::Step;
use super::applying::{Applying, Sight, in_words};
use super::decide::{Draft, TOUCHED};
use super::rules::Mode;
use super::state::{Ending, Running};
use crate::deployment::{Failure, Waiting};
use crate::effect::{Effect, EffectView};
use crate::engine::{Cause, Engine, Lacks, OnDegraded, Phase, Report, Verdict, judge};
use crate::notice::Turn;
use crate::time::{Span, Timestamp};

/// What keys of observations of an engine start with; the rest is the deployment's number.
pub(super) const ENGINE: &str = "engine/";

/// How soon a lane looks again by itself while the engine is at work.
const LOOK_SOON: Span = Span::from_secs(10);
/// How soon it does while somebody else has to act first.
const LOOK_LATER: Span = Span::from_secs(60);

impl Draft<'_> {
    /// The base has what was to be set. Without an engine that is success; with one it begins to be
    /// seen through. So does a deployment that found its values there already: they may be the ones that
    /// did not work, and are tried again.
    pub(super) fn arrive(&mut self, running: &Running, unchanged: bool) -> Step {
        let merged = running.merged.clone().filter(|_| !unchanged);
        let head = merged.as_ref().map(|(revision, _)| revision.clone());
        let head = head.or_else(|| running.said_by.clone());
        let (Some(_), Some(head)) = (&self.rules.engine, head) else {
            return self.succeed(running, unchanged);
        };
        self.tell_merged(running);
        if let Some(running) = &mut self.state.running {
            running.applying = Some(Applying::new(head, self.world.now));
            (running.waiting, running.told) = (None, None);
        }
        self.delete_branch(running);
        self.step()
    }

    /// Takes a deployment that is being applied one step on.
    pub(super) fn see_through(&mut self, running: &Running, applying: &Applying) -> Step {
        let rules = self.rules;
        let Some(engine) = &rules.engine else {
            // The configuration names none any more.
            return self.succeed(running, running.merged.is_none());
        };
        if self.refreshes(running, applying, engine) {
            return Step::Works;
        }
        let Some((report, at)) = self.look_at_engine(running, applying, engine) else {
            return self.overdue_in_the_dark(engine, applying);
        };
        let blame = report.blames_only(&applying.revision);
        let mut verdict = judge(&as_told(report, applying, engine), &running.edits);
        if let Verdict::Lacks {
            application,
            lacks: lacks @ Lacks::Person,
            ..
        } = &mut verdict
            && engine.sync
            && !applying.told.contains(application)
        {
            // That person is us, once.
            *lacks = Lacks::Sync;
            let effect = Effect::SyncEngine {
                cluster: engine.cluster.clone(),
                application: application.clone(),
                repository: running.repository.clone(),
                revision: applying.revision.clone(),
                deployment: running.candidate.id(&self.rules.lane),
            };
            self.ask(running, &format!("sync/{application}"), effect);
        }
        let Some(applying) = self.applying() else {
            return Step::Works;
        };
        let Some(sight) = applying.take(verdict, at).cloned() else {
            return self.succeed(running, running.merged.is_none());
        };
        let applying = applying.clone();
        if self.refreshes(running, &applying, engine) {
            return Step::Works;
        }
        let engine = Engine {
            degraded: if blame {
                engine.degraded
            } else {
                OnDegraded::Report
            },
            ..engine.clone()
        };
        self.follow_sight(running, &engine, &applying, &sight, at)
    }

    fn follow_sight(
        &mut self,
        running: &Running,
        engine: &Engine,
        applying: &Applying,
        sight: &Sight,
        at: Timestamp,
    ) -> Step {
        match sight {
            Sight::Ails { causes, .. } if sight.has_settled(at, engine.settle) => {
                let message = in_words(causes);
                self.ends_badly(running, engine, "degraded", message, causes.clone());
                return Step::Works;
            }
            Sight::Displaced {
                application,
                revision,
                ..
            } if sight.has_settled(at, engine.settle) => {
                self.end(Ending::Displaced {
                    application: application.clone(),
                    revision: revision.clone(),
                });
                return Step::Works;
            }
            _ => {}
        }
        if !self.applies(running) && applying.is_overdue(at, engine) {
            let message = format!(
                "not healthy within {}: {}",
                spelled(engine.deadline),
                sight.fragment()
            );
            let causes = match sight {
                Sight::Ails { causes, .. } => causes.clone(),
                _ => Vec::new(),
            };
            self.ends_badly(running, engine, "stuck", message, causes);
            return Step::Works;
        }
        let later = applying.gives_way() && !matches!(sight, Sight::Ails { .. });
        let by_itself = at + if later { LOOK_LATER } else { LOOK_SOON };
        self.wake_by(sight.shown_at().unwrap_or(by_itself));
        if self.trouble().is_some() && self.applies(running) {
            return Step::Looks;
        }
        Step::Waits(sight.waiting())
    }

    /// Asks the engine to look, and again where that was in vain; true until it was asked. One that cannot be asked looks by itself,
    /// sooner or later, so nothing waits for that.
    fn refreshes(&mut self, running: &Running, applying: &Applying, engine: &Engine) -> bool {
        if applying.asked {
            return false;
        }
        let effect = Effect::RefreshEngine {
            cluster: engine.cluster.clone(),
            applications: engine.applications.clone(),
        };
        self.ask(running, "refresh", effect);
        let asks = |effect: &&EffectView| matches!(effect.effect, Effect::RefreshEngine { .. });
        let mut under_way = self.under_way(running.candidate.ordinal).filter(asks);
        under_way.all(|effect| effect.error.is_none())
    }

    /// Whether the engine is being told to apply. Until it is known what came of that nothing else may
    /// begin, or it could be applied over what comes after it; so this has no end before.
    fn applies(&self, running: &Running) -> bool {
        let applies = |effect: &EffectView| matches!(effect.effect, Effect::SyncEngine { .. });
        let mut under_way = self.under_way(running.candidate.ordinal);
        under_way.any(applies)
    }

    /// Asks the engine for something, unless that is under way.
    fn ask(&mut self, running: &Running, what: &str, effect: Effect) {
        let ordinal = running.candidate.ordinal;
        let asked = self.under_way(ordinal).any(|one| one.effect == effect);
        if !asked {
            let key = format!("{ordinal}/{what}/{}", running.writes);
            self.plan_effect(key, Some(ordinal), effect);
        }
    }

    /// What the engine said after all we asked of it. If it was touched or hinted at since that look
    /// began, plans another; one that was not taken in yet is taken in all the same, or an engine that is
    /// touched all the time would never be seen.
    fn look_at_engine(
        &mut self,
        running: &Running,
        applying: &Applying,
        engine: &Engine,
    ) -> Option<(Report, Timestamp)> {
        let key = engine_fact(running);
        let touched = self.engine_touched_at(engine).unwrap_or_default();
        let since = self.world.hinted_at.max(running.wrote_at).max(touched);
        let subject = &self.world.subject;
        let seen = self.world.facts.get::<Report>(subject, &key);
        let whole = |report: &Report| {
            let said = report.applications.iter().map(|one| &one.application);
            said.eq(&engine.applications)
        };
        let seen = seen.filter(|(report, at)| *at >= running.wrote_at && whole(report));
        if seen.as_ref().is_some_and(|(_, at)| *at >= since) {
            return seen;
        }
        let effect = Effect::ObserveEngine {
            fact: key.clone(),
            cluster: engine.cluster.clone(),
            applications: engine.applications.clone(),
            repository: running.repository.clone(),
            revision: applying.revision.clone(),
        };
        self.observe(&key, &key, since, effect);
        seen.filter(|(_, at)| applying.looked_at.is_none_or(|taken| *at > taken))
    }

    /// When one of the engine's applications was last touched, as far as anybody told.
    fn engine_touched_at(&self, engine: &Engine) -> Option<Timestamp> {
        let keys = engine.applications.iter().map(|application| {
            let key = format!("{TOUCHED}{ENGINE}{}/{application}", engine.cluster);
            self.world.facts.observed_at(&self.world.subject, &key)
        });
        keys.flatten().max()
    }

    /// What cannot be looked at for a whole deadline is given up. Nothing is undone for it: the
    /// environment may be as healthy as ever, and every other lane sees as little.
    fn overdue_in_the_dark(&mut self, engine: &Engine, applying: &Applying) -> Step {
        let Some(running) = self.state.running.clone() else {
            return Step::Works;
        };
        if applying.is_stopped() || self.applies(&running) {
            return Step::Looks;
        }
        let looks = |effect: &EffectView| matches!(effect.effect, Effect::ObserveEngine { .. });
        let trouble = self.trouble_of(looks);
        let Some(Waiting::Retry { error, .. } | Waiting::Blocked { error, .. }) = trouble else {
            // The look is on its way.
            return Step::Looks;
        };
        let now = self.world.now;
        let dark = self.applying().map(|it| *it.dark.get_or_insert(now));
        let until = dark.unwrap_or(now) + engine.deadline;
        if now < until {
            self.wake_by(until);
            return Step::Looks;
        }
        let follows = match engine.degraded {
            OnDegraded::Report => "",
            OnDegraded::RollBack => "; nothing was seen, so nothing is undone",
        };
        let message = format!(
            "not seen to be healthy within {}: {error}{follows}",
            spelled(engine.deadline)
        );
        self.fail("stuck", message);
        Step::Works
    }

    /// The environment is not healthy and will not be by itself: the deployment fails, and the lane goes
    /// back to its last success where it shall.
    fn ends_badly(
        &mut self,
        running: &Running,
        engine: &Engine,
        reason_code: &str,
        message: String,
        causes: Vec<Cause>,
    ) {
        let follows = match engine.degraded {
            OnDegraded::Report => String::new(),
            OnDegraded::RollBack => format!("; {}", self.go_back(running)),
        };
        let failure = Failure {
            reason_code: reason_code.to_owned(),
            message: message + &follows,
        };
        self.end(Ending::Failed { failure, causes });
    }

    /// Whether what is being seen through gives way to the next in line.
    ///
    /// A merge cannot be taken back, and a newer one on top of it makes nobody wait: the engine applies
    /// what is newest anyway. Still, as long as the engine is at work (it looks, applies, or its objects
    /// are on their way) a newer candidate waits: otherwise, where merges come often, no deployment
    /// would ever be seen to be healthy, what fails could not be told from what came next, and the
    /// environments after this one would never have a success to go by. Where somebody has to act first
    /// there is nothing to wait for: the newer one takes its place, and the person finds one thing to
    /// apply instead of two. Where something ails, the newer one may be the repair. A rollback never
    /// waits, because it is what people do when they have seen enough.
    pub(super) fn gives_way(&self, running: &Running, applying: &Applying, back: bool) -> bool {
        // What a person went back to stays until they release the lane.
        let kept = running.candidate.rollback && self.state.held.is_some();
        back || (applying.gives_way() && !kept)
    }

    fn applying(&mut self) -> Option<&mut Applying> {
        self.state.running.as_mut()?.applying.as_mut()
    }

    /// Tells that the change was merged, where it was. What people merged began with that.
    pub(super) fn tell_merged(&mut self, running: &Running) {
        let merged = running.merged.clone();
        if let Some((revision, by)) = merged.filter(|_| running.mode != Mode::Observe) {
            let number = running.change.as_ref().map(|change| change.number);
            self.notice(Turn::Merged {
                number,
                revision,
                by,
            });
        }
    }
}

/// What was told to apply does so as if it did by itself, until it has: it is not asked a second time,
/// nor is anybody else. Of what comes after that, such as a later commit, we said nothing.
fn as_told(mut report: Report, applying: &Applying, engine: &Engine) -> Report {
    for one in &mut report.applications {
        let attempt = one.attempt.as_ref();
        let ours = attempt.is_none_or(|it| {
            it.phase == Phase::Running || it.revision.is_none() || it.revision == one.revision
        });
        one.automated |= engine.sync && ours && applying.told.contains(&one.application);
    }
    report
}

/// The key of what is seen of an engine for a deployment.
pub(super) fn engine_fact(running: &Running) -> String {
    format!("{ENGINE}{}", running.candidate.ordinal)
}

/// A span in the largest unit that has no remainder.
fn spelled(span: Span) -> String {
    let seconds = span.as_micros() / 1_000_000;
    match seconds {
        0 => "0 s".to_owned(),
        _ if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        _ if seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}
