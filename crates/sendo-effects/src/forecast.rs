//! What a lane would do: decides as the loop does, looks as a runner does, and does nothing.
//!
//! Looking changes nothing outside, so a look is carried out for real and its fact goes into the
//! world the next decision sees. The first thing that is more than a look ends it: what would follow
//! depends on what came of that.

use sendo_core::effect::{
    Class, Edit, Effect, EffectState, EffectView, Look, PlannedEffect, Source,
};
use sendo_core::job::Job;
use sendo_core::plan::Plan;
use sendo_core::promotion::{LaneRules, sample_edits};
use sendo_core::time::Span;
use sendo_core::view::{EditPlan, LanePlan};
use sendo_core::world::World;
use sendo_forge::{ForgeError, Forges};
use sendo_report::Language;

use crate::promotion::{Attempt, perform};

/// A lane decides about this many looks at the most before it is at rest.
const ROUNDS: usize = 32;

/// What a lane would do by `job` and `rules` in this world, as after a hint, and whether its edits
/// find their places. A look that fails is trouble of that lane. With the edits of a deployment that
/// would begin.
pub async fn forecast(
    job: &dyn Job,
    rules: &LaneRules,
    mut world: World,
    forges: &Forges,
) -> (LanePlan, Option<Vec<Edit>>) {
    let mut begins = None;
    let mut told = LanePlan {
        lane: rules.lane.clone(),
        is_new: world.state.is_null(),
        notices: Vec::new(),
        effects: Vec::new(),
        edits: Vec::new(),
        trouble: Vec::new(),
        objects: None,
    };
    world.hinted_at = world.now;
    for _ in 0..ROUNDS {
        let plan = job.decide(&world);
        told.notices.extend(plan.notices.iter().cloned());
        let (looks, acts): (Vec<_>, Vec<_>) = plan
            .effects
            .iter()
            .cloned()
            .partition(|planned| planned.effect.class() == Class::O);
        take_in(&mut world, plan);
        let done = acts.iter().map(|act| act.effect.kind().to_owned());
        told.effects.extend(done);
        let published = acts.iter().find_map(|act| match &act.effect {
            Effect::PublishBranch(publish) => Some(publish.edits.clone()),
            _ => None,
        });
        begins = begins.or(published);
        if looks.is_empty() || !acts.is_empty() {
            break;
        }
        for look in looks {
            see(&look, &mut world, forges, &mut told.trouble).await;
        }
    }
    places(rules, forges, &mut told).await;
    (told, begins)
}

/// What a plan changes of the world that its lane sees next.
fn take_in(world: &mut World, plan: Plan) {
    world.state = plan.state;
    world
        .effects
        .retain(|effect| !plan.cancel.contains(&effect.key) && !plan.retire.contains(&effect.key));
    for key in plan.forget {
        world.facts.remove(&world.subject, &key);
    }
    plan.publish
        .into_iter()
        .for_each(|fact| world.facts.insert(fact));
}

async fn see(look: &PlannedEffect, world: &mut World, forges: &Forges, trouble: &mut Vec<String>) {
    let attempt = Attempt {
        subject: &world.subject,
        planned_at: world.now,
        now: world.now,
        again: false,
        language: Language::En,
        may_send: &|| false,
    };
    match perform(forges, &look.effect, attempt).await {
        Some(Ok((_, facts))) => {
            for fact in facts {
                if let Ok(source) = serde_json::from_value::<Source>(fact.value.clone()) {
                    trouble.extend(nothing_there(&source));
                }
                world.facts.insert(fact);
            }
        }
        Some(Err(error)) => {
            trouble.push(error.to_string());
            world.effects.push(failed(look, error, world));
        }
        None => {}
    }
    // A later look begins later.
    world.now = world.now + Span::from_millis(1);
}

fn nothing_there(source: &Source) -> Option<String> {
    match &source.look {
        Look::Branch { branch } if source.found.is_empty() => Some(format!(
            "the application's repository has no branch `{branch}`: nothing starts until it is pushed; correct `on` if it has another name"
        )),
        _ => None,
    }
}

fn failed(look: &PlannedEffect, error: ForgeError, world: &World) -> EffectView {
    EffectView {
        key: look.key.clone(),
        deployment: look.deployment.clone(),
        effect: look.effect.clone(),
        state: EffectState::Failed,
        claimed: false,
        intended: false,
        attempts: 1,
        outcome: None,
        error: Some(error.into()),
        not_before: world.now,
    }
}

/// Whether the lane's edits find their places on the base as it is now.
async fn places(rules: &LaneRules, forges: &Forges, told: &mut LanePlan) {
    let deliver = &rules.deliver;
    let edits = match sample_edits(&deliver.edits) {
        Ok(edits) => edits,
        Err(error) => return told.trouble.push(error.to_string()),
    };
    let found = match forges.of(&deliver.repository) {
        Ok(forge) => {
            forge
                .present(&deliver.repository, &deliver.base, &edits)
                .await
        }
        Err(error) => Err(error),
    };
    match found {
        Ok(found) => {
            for (edit, now) in edits.into_iter().zip(found) {
                match now {
                    Ok(now) => told.edits.push(place(edit, now)),
                    Err(error) => told.trouble.push(error.to_string()),
                }
            }
        }
        Err(error) => told.trouble.push(error.to_string()),
    }
}

fn place(edit: Edit, now: String) -> EditPlan {
    let (file, place) = match edit {
        Edit::Image { path, image, .. } => (path, image),
        Edit::Value { path, at, .. } => (path, at),
    };
    EditPlan { file, place, now }
}
