//! What a deployment changes in the files of its manifests repository.

use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sendo_core::deployment::{Brings, DeploymentId};
use sendo_core::rendering::{Objects, Rendering};
use sendo_core::view::{DiffView, Patch};
use serde::Deserialize;

use super::deployments;
use crate::auth::Caller;
use crate::error::{Answer, Refusal};
use crate::path::InPath;
use crate::query::Params;
use crate::state::{App, Shared};

/// Why a change cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// The forge does not have it, or not there any more; in its words.
    #[error("{0}")]
    Refused(String),
    /// The forge cannot be asked now; in its words.
    #[error("{0}")]
    Trouble(String),
}

/// Reads what a deployment's commit changes.
pub type Differ = Arc<
    dyn Fn(Brings) -> Pin<Box<dyn Future<Output = Result<Patch, DiffError>> + Send>> + Send + Sync,
>;

/// Says what a deployment's commit does to the objects of some renderings. What cannot be rendered is
/// told in its place.
pub type ObjectDiffer = Arc<
    dyn Fn(Brings, Vec<Rendering>) -> Pin<Box<dyn Future<Output = Vec<Objects>> + Send>>
        + Send
        + Sync,
>;

/// What of a change is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The objects, too, which takes programs and time.
    objects: Option<bool>,
}

/// Shows what a deployment changes, or would change.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    InPath(place): InPath<(String, String, String)>,
    Params(asked): Params<Asked>,
) -> Answer<Json<DiffView>> {
    let objects = asked.objects.unwrap_or(true);
    view(&app, &caller, &place, objects).await.map(Json)
}

/// Loads a deployment's change, for the API and for its page.
pub(crate) async fn view(
    app: &Shared,
    caller: &Caller,
    place: &(String, String, String),
    objects: bool,
) -> Answer<DiffView> {
    let row = deployments::row(app, caller, place).await?;
    let Some(brings) = row.brings else {
        return Err(nothing(&row.id));
    };
    // Each starts a process; the rest wait their turn, as long as an answer may take.
    let turn = app.diffing.acquire().await;
    let patch = (app.web.differ)(brings.clone()).await;
    drop(turn);
    let patch = patch.map_err(|error| refused(&error, &row.id))?;
    let objects = if objects {
        let asked = renderings(app, row.id.lane(), &brings);
        Some((app.web.object_differ)(brings.clone(), asked).await)
    } else {
        None
    };
    Ok(DiffView {
        patch,
        objects,
        deployment: row.id,
        state: row.state,
        brings,
    })
}

/// What the lane renders by the rules that count now, if it still delivers into that repository.
fn renderings(app: &Shared, lane: &str, brings: &Brings) -> Vec<Rendering> {
    let lanes = (app.web.lanes)();
    let rules = lanes.iter().find(|rules| {
        rules.lane.to_string() == lane && rules.deliver.repository == brings.repository
    });
    rules.map_or_else(Vec::new, |rules| rules.deliver.renderings())
}

fn nothing(id: &DeploymentId) -> Refusal {
    Refusal::new(
        StatusCode::CONFLICT,
        "no_change",
        format!("`{id}` has proposed no change"),
        format!("`sendo history {id}` shows what became of it"),
    )
}

fn refused(error: &DiffError, id: &DeploymentId) -> Refusal {
    let message = error.to_string();
    match error {
        DiffError::Refused(_) => Refusal::new(
            StatusCode::CONFLICT,
            "diff_unreadable",
            message,
            format!("`sendo history {id}` shows what became of it"),
        ),
        DiffError::Trouble(_) => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "forge_trouble",
            message,
            "try again in a moment",
        ),
    }
}
