//! Decides about a lane: the steps, in order.
//!
//! 1. what came of our effects becomes evidence (`absorb`);
//! 2. the trigger is looked at again if something hinted at a change (`newest`);
//! 3. a newer revision takes the place of the running one, unless that can no longer be taken back;
//! 4. the running deployment goes one step on (`advance`) or comes to its end (`ending`).
//!
//! Every step only adds to the plan. Nothing here knows how an effect is carried out.

use serde_json::json;

use super::matching::announce;
use super::rules::LaneRules;
use super::state::{Candidate, Ending, LaneState, Running, VERSION};
use crate::audit::AuditEntry;
use crate::deployment::{Deployment, DeploymentId, DeploymentState, Failure, Waiting};
use crate::effect::{Effect, EffectKey, EffectView, PlannedEffect};
use crate::event::Event;
use crate::fact::Fact;
use crate::job::{Job, Wake};
use crate::names::{EnvironmentName, Principal};
use crate::notice::{Notice, Turn};
use crate::plan::Plan;
use crate::subject::{LaneId, SubjectId, SubjectKind};
use crate::time::{Span, Timestamp};
use crate::world::World;

/// The key under which a lane tells its last successes.
pub const SUCCEEDED: &str = "succeeded";
/// The key under which an observation of the trigger stands.
pub const SOURCE: &str = "source";
/// The key under which an observation of one revision stands.
pub const REVISION: &str = "revision";
/// What announcements' keys start with; the rest is the event's id.
pub const ANNOUNCED: &str = "announced/";
/// The key that says when the change request was last touched.
pub const TOUCHED: &str = "touched";

/// How soon a deployment that waits for the outside looks again by itself.
const LOOK_AGAIN: Span = Span::from_secs(60);

/// The promotion job: the rules of every lane that promotes.
#[derive(Debug, Clone, Default)]
pub struct Promotions {
    lanes: Vec<LaneRules>,
}

impl Promotions {
    /// Makes the job from the configuration's lanes, in their order.
    #[must_use]
    pub const fn new(lanes: Vec<LaneRules>) -> Self {
        Self { lanes }
    }

    /// The rules of every lane.
    #[must_use]
    pub fn lanes(&self) -> &[LaneRules] {
        &self.lanes
    }

    fn rules(&self, subject: &SubjectId) -> Option<&LaneRules> {
        self.lanes
            .iter()
            .find(|rules| rules.lane.subject() == *subject)
    }

    fn after(&self, lane: &LaneId) -> Vec<SubjectId> {
        let follows = |environment: &EnvironmentName| environment == &lane.environment;
        self.lanes
            .iter()
            .filter(|r| r.lane.application == lane.application)
            .filter(|r| {
                r.after
                    .as_ref()
                    .is_some_and(|after| follows(&after.environment))
            })
            .map(|r| r.lane.subject())
            .collect()
    }
}

impl Job for Promotions {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Lane
    }

    fn subjects(&self) -> Vec<SubjectId> {
        self.lanes
            .iter()
            .map(|rules| rules.lane.subject())
            .collect()
    }

    fn reads(&self, subject: &SubjectId) -> Vec<SubjectId> {
        let before = self.rules(subject).and_then(|rules| {
            let after = rules.after.as_ref()?;
            Some(LaneId::new(rules.lane.application.clone(), after.environment.clone()).subject())
        });
        before.into_iter().collect()
    }

    fn wakes(&self, id: &str, event: &Event, at: Timestamp) -> Vec<Wake> {
        let announced = self.lanes.iter().filter_map(|rules| {
            let announcement = announce(rules, event).ok()?;
            let fact = fact(
                &rules.lane,
                format!("{ANNOUNCED}{id}"),
                json!(announcement),
                at,
            );
            Some(Wake {
                subject: rules.lane.subject(),
                hint: true,
                facts: vec![fact],
            })
        });
        let touched = self
            .lanes
            .iter()
            .filter(|rules| touches(rules, event))
            .map(|rules| Wake {
                subject: rules.lane.subject(),
                hint: false,
                facts: vec![fact(&rules.lane, TOUCHED.to_owned(), json!(true), at)],
            });
        announced.chain(touched).collect()
    }

    fn decide(&self, world: &World) -> Plan {
        match self.rules(&world.subject) {
            Some(rules) => Draft::new(world, rules, self.after(&rules.lane)).decide(),
            // The lane left the configuration: its state stays, nothing moves.
            None => Plan {
                state: world.state.clone(),
                ..Plan::default()
            },
        }
    }
}

fn fact(lane: &LaneId, key: String, value: serde_json::Value, observed_at: Timestamp) -> Fact {
    Fact {
        subject: lane.subject(),
        key,
        value,
        observed_at,
    }
}

/// Whether an event in the manifests repository may concern a lane's change request.
fn touches(rules: &LaneRules, event: &Event) -> bool {
    let deliver = &rules.deliver;
    match event {
        Event::BranchPushed {
            repository, branch, ..
        } if *repository == deliver.repository => {
            *branch == deliver.base
                || branch
                    .as_str()
                    .starts_with(&format!("sendo/{}/", rules.lane))
        }
        Event::ChangeRequestTouched { repository, .. }
        | Event::CheckReported { repository, .. }
        | Event::PullRequestClosed { repository, .. } => *repository == deliver.repository,
        _ => false,
    }
}

/// A decision being taken.
pub(super) struct Draft<'a> {
    pub(super) world: &'a World,
    pub(super) rules: &'a LaneRules,
    pub(super) followers: Vec<SubjectId>,
    pub(super) state: LaneState,
    pub(super) plan: Plan,
}

impl<'a> Draft<'a> {
    fn new(world: &'a World, rules: &'a LaneRules, followers: Vec<SubjectId>) -> Self {
        let mut state: LaneState = serde_json::from_value(world.state.clone()).unwrap_or_default();
        state.version = VERSION;
        Self {
            world,
            rules,
            followers,
            state,
            plan: Plan::default(),
        }
    }

    fn decide(mut self) -> Plan {
        let before = self.state.running.clone();
        self.absorb();
        if self.source_is_fresh() {
            self.consider_announcements();
            self.consider_newest();
            self.replace_running();
            loop {
                self.start_queued();
                self.advance_running();
                if self.state.running.is_some() || self.state.queued.is_none() {
                    break;
                }
            }
        } else {
            self.look_on();
        }
        self.tell_running(before.as_ref());
        self.plan.state = json!(self.state);
        self.plan
    }

    /// Effects of one deployment that are not finished yet.
    pub(super) fn under_way(&self, ordinal: u64) -> impl Iterator<Item = &'a EffectView> {
        let prefix = format!("{ordinal}/");
        self.world.effects.iter().filter(move |effect| {
            effect.outcome.is_none()
                && effect.state == crate::effect::EffectState::Ready
                && effect.key.0.starts_with(&prefix)
        })
    }

    /// Plans an effect under a key; a key that exists is not planned again.
    pub(super) fn plan_effect(&mut self, key: String, ordinal: Option<u64>, effect: Effect) {
        let deployment = ordinal.map(|ordinal| DeploymentId::new(&self.rules.lane, ordinal));
        self.plan.effects.push(PlannedEffect {
            key: EffectKey(key),
            deployment,
            effect,
        });
    }

    /// Wakes this lane again by itself, at the earliest of all times asked for.
    pub(super) fn look_again(&mut self) {
        let at = self.world.now + LOOK_AGAIN;
        self.plan.wake_at = Some(self.plan.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    pub(super) fn audit(
        &mut self,
        action: &str,
        actor: Option<Principal>,
        detail: serde_json::Value,
    ) {
        self.plan.audit.push(AuditEntry {
            action: action.to_owned(),
            subject: Some(self.world.subject.clone()),
            actor,
            cause: format!(
                "decided at {} on what was hinted at {}",
                self.world.now, self.world.hinted_at
            ),
            detail,
        });
    }

    /// Gives notice of a turn of the running deployment.
    pub(super) fn notice(&mut self, turn: Turn) {
        if let Some(running) = &mut self.state.running {
            running.turns += 1;
            let deployment = running.candidate.id(&self.rules.lane);
            self.plan.notices.push(Notice {
                id: format!("{deployment}#{}", running.turns),
                deployment,
                lane: self.rules.lane.clone(),
                revision: running.candidate.revision.clone(),
                at: self.world.now,
                turn,
            });
        }
    }

    /// Writes the row of a candidate that never ran.
    pub(super) fn row_superseded(&mut self, candidate: &Candidate, by: u64) {
        let mut row = candidate.row(&self.rules.lane, DeploymentState::Superseded);
        row.superseded_by = Some(DeploymentId::new(&self.rules.lane, by));
        row.finished_at = Some(self.world.now);
        self.plan.deployments.push(row);
        self.audit(
            "deployment.superseded",
            None,
            json!({"ordinal": candidate.ordinal, "by": by}),
        );
    }

    pub(super) fn row(&mut self, row: Deployment) {
        self.plan.deployments.push(row);
    }

    /// Says what the running deployment waits for; the notice is given once, where it changes.
    fn tell_running(&mut self, before: Option<&Running>) {
        let Some(running) = &self.state.running else {
            return;
        };
        let now = &running.waiting;
        let earlier = before
            .filter(|b| b.candidate.ordinal == running.candidate.ordinal)
            .and_then(|b| b.waiting.as_ref());
        let number = running.change.as_ref().map(|change| change.number);
        if let Some(waiting) = now.clone().filter(|waiting| tells(earlier, waiting)) {
            self.notice(Turn::Waits { waiting, number });
        }
        if let Some(running) = &self.state.running
            && (before != Some(running) || !self.plan.notices.is_empty())
        {
            self.plan
                .deployments
                .push(running.row(&self.rules.lane, self.world.now));
        }
    }

    /// Marks the running deployment as ending, if it is not ending already.
    pub(super) fn end(&mut self, ending: Ending) {
        if let Some(running) = &mut self.state.running
            && running.ending.is_none()
        {
            running.waiting = None;
            running.ending = Some(ending);
        }
    }

    /// Ends the running deployment because it cannot go on.
    pub(super) fn fail(&mut self, reason_code: &str, message: impl Into<String>) {
        let failure = Failure {
            reason_code: reason_code.to_owned(),
            message: message.into(),
        };
        self.end(Ending::Failed { failure });
    }
}

/// Whether a wait is news. A retry is told once, not at each of its attempts; a shorter list of
/// pending checks is progress, not news.
fn tells(earlier: Option<&Waiting>, now: &Waiting) -> bool {
    match (earlier, now) {
        (None, Waiting::Retry { .. }) => false,
        (Some(Waiting::Retry { effect: a, .. }), Waiting::Retry { effect: b, .. }) => a != b,
        (Some(Waiting::Checks { .. }), Waiting::Checks { .. }) => false,
        (Some(earlier), now) => earlier != now,
        (None, _) => true,
    }
}
