//! Decides about a lane: the steps, in order.
//!
//! 1. what came of our effects becomes evidence (`evidence`);
//! 2. what people asked for is done, as far as it still holds (`acts`);
//! 3. the trigger is looked at again if something hinted at a change (`looks`);
//! 4. what was announced is followed, and what is newest is put next in line (`announced`, `newest`);
//! 5. it takes the place of the running one, unless that can no longer be taken back;
//! 6. the running deployment goes one step on (`advance`, `change`) or comes to its end (`ending`);
//! 7. people are told what is news (`telling`), and what is not needed any more goes.
//!
//! Every step only adds to the plan. Nothing here knows how an effect is carried out.

use std::rc::Rc;

use serde_json::json;

use super::announced::Heard;
use super::looks::Seen;
use super::matching::announce;
use super::rules::LaneRules;
use super::seeing::ENGINE;
use super::state::{Ending, LaneState, VERSION};
use crate::act::{Act, Area, Asked};
use crate::deployment::{DeploymentId, Failure};
use crate::effect::{Class, Effect, EffectKey, EffectState, EffectView, PlannedEffect};
use crate::event::Event;
use crate::fact::Fact;
use crate::job::{Job, Wake};
use crate::lock;
use crate::names::EnvironmentName;
use crate::plan::Plan;
use crate::subject::{LaneId, SubjectId, SubjectKind};
use crate::time::Timestamp;
use crate::world::World;

/// The key under which a lane tells its last successes.
pub const SUCCEEDED: &str = "succeeded";
/// What observations of the trigger start with; the rest is the success they were compared with.
pub const SOURCE: &str = "source";
/// What observations of one revision start with; then that success and the revision.
pub const REVISION: &str = "revision";
/// What observations of a request start with; then that success and the event's id.
pub const REQUESTED: &str = "requested";
/// What the keys of people's acts start with; the rest is the event's id.
pub const ACTED: &str = "acted/";
/// The key under which a lane tells why it cannot look at its trigger, while it cannot.
pub const BLIND: &str = "blind";
/// What announcements' keys start with; the rest is the event's id.
pub const ANNOUNCED: &str = "announced/";
/// What touches in the manifests repository, and in an engine, start with; the rest is what was touched.
pub const TOUCHED: &str = "touched/";

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
        let Some(rules) = self.rules(subject) else {
            return Vec::new();
        };
        let before = rules.after.as_ref().map(|after| {
            LaneId::new(rules.lane.application.clone(), after.environment.clone()).subject()
        });
        let locks = Area::around(&rules.lane).map(|area| lock::subject(&area));
        before.into_iter().chain(locks).collect()
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
        let touched = self.lanes.iter().filter_map(|rules| {
            let key = format!("{TOUCHED}{}", touched(rules, event)?);
            Some(Wake {
                subject: rules.lane.subject(),
                hint: false,
                facts: vec![fact(&rules.lane, key, json!(true), at)],
            })
        });
        let acted = self.lanes.iter().filter_map(|rules| {
            let (asked, hint) = acted(rules, event)?;
            let key = format!("{ACTED}{id}");
            Some(Wake {
                subject: rules.lane.subject(),
                hint,
                facts: vec![fact(&rules.lane, key, json!(asked), at)],
            })
        });
        announced.chain(touched).chain(acted).collect()
    }

    fn decide(&self, world: &World) -> Plan {
        // A lane that left the configuration, or whose state is not for this binary to read, keeps
        // its state, and nothing moves. `LaneState::read` tells people why.
        let stays = || Plan {
            state: world.state.clone(),
            ..Plan::default()
        };
        let Some(rules) = self.rules(&world.subject) else {
            return stays();
        };
        LaneState::read(&world.state).map_or_else(
            |_| stays(),
            |state| Draft::new(world, rules, self.after(&rules.lane), state).decide(),
        )
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

/// What a person asked of a lane, and whether it has to look again for it: only a retry has.
fn acted(rules: &LaneRules, event: &Event) -> Option<(Asked, bool)> {
    match event {
        Event::Acted { lane, asked } if *lane == rules.lane => {
            Some((asked.clone(), matches!(asked.act, Act::Retry { .. })))
        }
        _ => None,
    }
}

/// What an event touched that may concern a lane's change request, or what an engine makes of it.
fn touched(rules: &LaneRules, event: &Event) -> Option<String> {
    let deliver = &rules.deliver;
    match event {
        Event::BranchPushed {
            repository, branch, ..
        } if *repository == deliver.repository => {
            let ours = format!("sendo/{}/", rules.lane);
            (*branch == deliver.base || branch.as_str().starts_with(&ours))
                .then(|| format!("branch/{branch}"))
        }
        Event::ChangeRequestTouched { repository, number }
        | Event::PullRequestClosed {
            repository, number, ..
        } => (*repository == deliver.repository).then(|| format!("number/{number}")),
        Event::CheckReported {
            repository,
            revision,
        } => (*repository == deliver.repository).then(|| format!("commit/{revision}")),
        Event::EngineTouched {
            cluster,
            application,
        } => {
            let engine = rules.engine.as_ref().filter(|it| it.cluster == *cluster)?;
            let named = engine.applications.contains(application);
            named.then(|| format!("{ENGINE}{cluster}/{application}"))
        }
        _ => None,
    }
}

/// A decision being taken.
pub(super) struct Draft<'a> {
    pub(super) world: &'a World,
    pub(super) rules: &'a LaneRules,
    pub(super) followers: Vec<SubjectId>,
    pub(super) state: LaneState,
    pub(super) plan: Plan,
    /// Announcements that are not followed; they get their rows once the newest is known.
    pub(super) passed: Vec<Heard>,
    /// A person asked for the newest.
    pub(super) asked: Option<Heard>,
    /// The newest request or report was dealt with.
    pub(super) answered: bool,
    /// Something has to be looked up before it is known what is newest.
    pub(super) unsettled: bool,
    /// The newest observation of the trigger, once it was read.
    pub(super) source: Option<Rc<Seen>>,
    /// The keys of the facts about revisions that this decision needs.
    pub(super) used: Vec<String>,
}

impl<'a> Draft<'a> {
    fn new(
        world: &'a World,
        rules: &'a LaneRules,
        followers: Vec<SubjectId>,
        mut state: LaneState,
    ) -> Self {
        state.version = VERSION;
        Self {
            world,
            rules,
            followers,
            state,
            plan: Plan::default(),
            passed: Vec::new(),
            asked: None,
            answered: false,
            unsettled: false,
            source: None,
            used: Vec::new(),
        }
    }

    fn decide(mut self) -> Plan {
        let before = self.state.running.clone();
        let blind = self.state.blind.clone();
        self.absorb();
        self.take_acts();
        self.conclude();
        if self.source_is_fresh() {
            self.consider_announcements();
            self.consider_newest();
            self.settle_passed();
            self.replace_running();
            self.advance_running();
            while self.start_next() {
                self.advance_running();
            }
            self.tidy();
        } else {
            self.look_on();
        }
        self.tell_running(before.as_ref());
        self.tell_blind(blind.as_ref());
        self.plan.state = json!(self.state);
        self.plan
    }

    /// Effects of one deployment that are not finished yet.
    pub(super) fn under_way(&self, ordinal: u64) -> impl Iterator<Item = &'a EffectView> {
        let prefix = format!("{ordinal}/");
        self.world.effects.iter().filter(move |effect| {
            effect.outcome.is_none()
                && effect.state == EffectState::Ready
                && effect.effect.class() != Class::N
                // Whatever becomes of the branch, its deployment goes on.
                && !matches!(effect.effect, Effect::DeleteBranch { .. })
                && effect.key.0.starts_with(&prefix)
        })
    }

    /// Plans an effect under a key, unless that is planned already.
    pub(super) fn plan_effect(&mut self, key: String, ordinal: Option<u64>, effect: Effect) {
        let known = self.world.effects.iter().map(|e| &e.key.0);
        let planned = self.plan.effects.iter().map(|e| &e.key.0);
        if known.chain(planned).any(|known| *known == key) {
            return;
        }
        let deployment = ordinal.map(|ordinal| DeploymentId::new(&self.rules.lane, ordinal));
        self.plan.effects.push(PlannedEffect {
            key: EffectKey(key),
            deployment,
            effect,
        });
    }

    /// Withdraws an effect that was not begun.
    pub(super) fn withdraw(&mut self, key: EffectKey) {
        if !self.plan.cancel.contains(&key) {
            self.plan.cancel.push(key);
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
        self.end(Ending::Failed {
            failure,
            causes: Vec::new(),
        });
    }
}
