//! What a configuration would do, before it counts: by what a server remembers, or by nothing.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use sendo_core::job::Job as _;
use sendo_core::promotion::{LaneRules, Promotions};
use sendo_core::subject::LaneId;
use sendo_core::view::{LanePlan, PlanView};
use sendo_effects::Reach;
use sendo_effects::forecast::forecast;
use sendo_forge::Forges;
use sendo_store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::{Config, Purpose};
use crate::rendering::{self, Renderings};

/// Lanes that are looked at the same time.
const TOGETHER: usize = 8;

/// What the lanes of a configuration would do at once, by what `store` remembers: an empty one plans
/// as at the first start. `known` are the lanes the server has now. With `renderings`, what a deployment
/// that would begin does to objects, too.
///
/// # Errors
/// [`StoreError`] when what the server remembers cannot be read.
pub(crate) async fn plan(
    config: &Config,
    known: &[LaneRules],
    forges: &Forges,
    store: &dyn Store,
    renderings: Option<&Renderings>,
) -> Result<PlanView, StoreError> {
    let until = rendering::deadline();
    let objects = renderings.map(|renderings| (renderings, until));
    let lanes = config.lanes();
    let job = Promotions::new(lanes.clone());
    let each: Vec<Planned<'_>> = lanes
        .iter()
        .map(|rules| -> Planned<'_> { Box::pin(of_lane(rules, &job, forges, store, objects)) })
        .collect();
    let planned: Vec<Result<LanePlan, StoreError>> =
        stream::iter(each).buffered(TOGETHER).collect().await;
    let stays = |lane: &LaneId| lanes.iter().any(|rules| rules.lane == *lane);
    let gone = known.iter().map(|rules| &rules.lane);
    Ok(PlanView {
        gone: gone.filter(|lane| !stays(lane)).cloned().collect(),
        lanes: planned.into_iter().collect::<Result<_, _>>()?,
    })
}

type Planned<'a> = Pin<Box<dyn Future<Output = Result<LanePlan, StoreError>> + Send + 'a>>;

async fn of_lane(
    rules: &LaneRules,
    job: &Promotions,
    forges: &Forges,
    store: &dyn Store,
    objects: Option<(&Renderings, Instant)>,
) -> Result<LanePlan, StoreError> {
    let subject = rules.lane.subject();
    let world = store.world(&subject, &|subject| job.reads(subject)).await?;
    if let Some(stranger) = stranger(rules, forges, world.state.is_null()) {
        return Ok(stranger);
    }
    let (mut planned, begins) = forecast(job, rules, world, forges).await;
    if let (Some((renderings, until)), Some(edits)) = (objects, begins) {
        let foreseen = renderings.foreseen(&rules.deliver, &edits, forges, until);
        planned.objects = Some(foreseen.await);
    }
    Ok(planned)
}

/// A lane on a forge that the server does not know yet is not looked at: whoever may plan names
/// folders and addresses there, and those are trusted once they are in the server's own files.
fn stranger(rules: &LaneRules, forges: &Forges, is_new: bool) -> Option<LanePlan> {
    let both = [&rules.repository, &rules.deliver.repository];
    let new = both.into_iter().find(|on| forges.of(on).is_err())?;
    Some(LanePlan {
        lane: rules.lane.clone(),
        is_new,
        notices: Vec::new(),
        effects: Vec::new(),
        edits: Vec::new(),
        objects: None,
        trouble: vec![format!(
            "the server does not know the forge `{}` yet: nothing there is looked at before the configuration counts",
            new.forge
        )],
    })
}

/// What stands in a repository that no lane of the server delivers into is nobody's to read here.
fn keep_quiet(planned: &mut PlanView, config: &Config, known: &[LaneRules]) {
    let asked = config.lanes();
    for (plan, rules) in planned.lanes.iter_mut().zip(&asked) {
        let on = &rules.deliver.repository;
        if known.iter().all(|rules| rules.deliver.repository != *on) {
            plan.edits.clear();
            plan.objects = None;
        }
    }
}

/// Answers plans that are asked for over HTTP: on the server's own memory and forges.
#[must_use]
pub(crate) fn planner(
    path: PathBuf,
    store: Arc<dyn Store>,
    lanes: watch::Receiver<Arc<[LaneRules]>>,
    reach: watch::Receiver<Arc<Reach>>,
    renderings: Arc<Renderings>,
) -> sendo_web::Planner {
    Arc::new(move |asked| {
        let (store, path) = (Arc::clone(&store), path.clone());
        let renderings = Arc::clone(&renderings);
        let (known, reach) = (Arc::clone(&lanes.borrow()), Arc::clone(&reach.borrow()));
        Box::pin(async move {
            // Relative paths start where the server's own configuration lies.
            let folder = path.parent().unwrap_or_else(|| std::path::Path::new("."));
            let files = asked
                .files
                .into_iter()
                .map(|file| (folder.join(file.name), file.text));
            let files = files.collect();
            // A large one takes seconds, in which others are answered.
            let config =
                tokio::task::spawn_blocking(move || Config::of_texts(files, Purpose::Plan))
                    .await
                    .map_err(|error| sendo_web::PlanError::Invalid(error.to_string()))?
                    .map_err(|errors| sendo_web::PlanError::Invalid(errors.to_string()))?;
            let mut planned = {
                let objects = asked.objects.then_some(renderings.as_ref());
                plan(&config, &known, &reach.forges, store.as_ref(), objects).await?
            };
            keep_quiet(&mut planned, &config, &known);
            Ok(planned)
        })
    })
}
