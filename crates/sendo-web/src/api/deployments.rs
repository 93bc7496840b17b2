//! Deployments: asking for one, listing them, one with its timeline.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sendo_core::deployment::{Deployment, DeploymentId, DeploymentState};
use sendo_core::names::TagName;
use sendo_core::promotion::may_ask;
use sendo_core::view::{Cause, DeploymentView};
use sendo_intake::DeployRequest;
use sendo_report::wording::refusal::Refused;
use sendo_store::{DeliveryRow, DeploymentFilter};
use serde::{Deserialize, Serialize};

use super::accepted::{self, Sent};
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::{Answer, Refusal};
use crate::names;
use crate::path::InPath;
use crate::query::{self, Params};
use crate::state::{App, Shared};

const STATES: [DeploymentState; 7] = [
    DeploymentState::Queued,
    DeploymentState::Running,
    DeploymentState::Waiting,
    DeploymentState::Succeeded,
    DeploymentState::Superseded,
    DeploymentState::Cancelled,
    DeploymentState::Failed,
];

/// Takes a request for a deployment.
pub(crate) async fn ask(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(request): JsonBody<DeployRequest>,
) -> Answer<Response> {
    let by = caller.principal()?;
    let rules = names::lane(&app, &caller, &request.application, &request.environment)?;
    may_ask(&rules, &by).map_err(|why| super::acts::refused(why, &rules))?;
    // A tag, a branch and a full SHA are all written as one path of a reference.
    if let Some(reference) = &request.reference {
        TagName::new(reference.as_str()).map_err(|error| {
            Refusal::bad(
                "reference_invalid",
                error.to_string(),
                "give a branch, a tag or a full commit SHA, or leave `reference` out for the newest",
            )
        })?;
    }
    let dedup = match accepted::sent(&app, "deploy", &by, &headers, &request).await? {
        Sent::New(key) => key,
        Sent::Before(answer) => return Ok(answer),
    };
    let accepted = app.web.intake.deploy(request, by, dedup).await?;
    Ok(accepted::answer(accepted))
}

/// What can be asked of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    application: Option<String>,
    environment: Option<String>,
    state: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Listed {
    deployments: Vec<Deployment>,
}

/// Lists deployments, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Answer<Json<Listed>> {
    if let Some(application) = &asked.application {
        caller.require(application)?;
    }
    let filter = DeploymentFilter {
        states: states(asked.state.as_deref())?,
        limit: query::limit(asked.limit)?,
        application: asked.application,
        environment: asked.environment,
    };
    let deployments = match caller.limited_to() {
        Some(covered) if filter.application.is_none() => of_each(&app, covered, &filter).await?,
        _ => app.web.store.deployments(&filter).await?,
    };
    // A lane that is no longer configured keeps its history; one that never was is a mistake.
    if deployments.is_empty() && filter.states.is_empty() {
        match (&filter.application, &filter.environment) {
            (Some(application), Some(environment)) => {
                names::lane(&app, &caller, application, environment)?;
            }
            (Some(application), None) => names::application(&app, &caller, application)?,
            (None, _) => {}
        }
    }
    Ok(Json(Listed { deployments }))
}

/// The newest of several applications together.
async fn of_each(
    app: &Shared,
    applications: &[String],
    filter: &DeploymentFilter,
) -> Answer<Vec<Deployment>> {
    let mut all = Vec::new();
    for application in applications {
        let only = DeploymentFilter {
            application: Some(application.clone()),
            ..filter.clone()
        };
        all.extend(app.web.store.deployments(&only).await?);
    }
    all.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    all.truncate(filter.limit as usize);
    Ok(all)
}

fn states(asked: Option<&str>) -> Answer<Vec<DeploymentState>> {
    asked
        .unwrap_or_default()
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| {
            STATES
                .into_iter()
                .find(|state| state.as_str() == name)
                .ok_or_else(|| {
                    let known = STATES.iter().map(|state| state.as_str());
                    Refusal::bad(
                        "state_unknown",
                        format!("there is no state `{name}`"),
                        names::suggestion(name, known),
                    )
                })
        })
        .collect()
}

/// One deployment with its timeline.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    InPath(place): InPath<(String, String, String)>,
) -> Answer<Json<DeploymentView>> {
    view(&app, &caller, &place).await.map(Json)
}

/// Loads a deployment with its timeline, for the API and for its page. A lane that is no longer
/// configured keeps its history.
pub(crate) async fn view(
    app: &Shared,
    caller: &Caller,
    place: &(String, String, String),
) -> Answer<DeploymentView> {
    let deployment = row(app, caller, place).await?;
    let timeline = app.web.store.timeline(&deployment.id).await?;
    let causes = app.web.store.deliveries_of(&deployment.caused_by).await?;
    let cause = |row: DeliveryRow| Cause {
        id: row.id,
        source: row.source,
        name: row.name,
        at: row.received_at,
    };
    Ok(DeploymentView {
        deployment,
        timeline,
        causes: causes.into_iter().map(cause).collect(),
    })
}

/// Loads one deployment, if the caller's token covers it.
pub(crate) async fn row(
    app: &Shared,
    caller: &Caller,
    (application, environment, number): &(String, String, String),
) -> Answer<Deployment> {
    caller.require(application)?;
    let unknown = || {
        let why = Refused::DeploymentUnknown {
            lane: format!("{application}/{environment}"),
            number: number.clone(),
        };
        Refusal::told(StatusCode::NOT_FOUND, why)
    };
    if let Some(ordinal) = names::ordinal(number) {
        let id = DeploymentId(format!("{application}/{environment}/{ordinal}"));
        if let Some(row) = app.web.store.deployment(&id).await? {
            return Ok(row);
        }
    }
    // Of a lane that never was there is no history to look at.
    let filter = DeploymentFilter {
        application: Some(application.clone()),
        environment: Some(environment.clone()),
        states: Vec::new(),
        limit: 1,
    };
    if app.web.store.deployments(&filter).await?.is_empty() {
        names::lane(app, caller, application, environment)?;
    }
    Err(unknown())
}
