//! What a deployment changes in the files of its manifests repository.

use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sendo_core::deployment::{Brings, DeploymentId};
use sendo_core::view::{DiffView, Patch};

use super::deployments;
use crate::auth::Caller;
use crate::error::{Answer, Refusal};
use crate::path::InPath;
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

/// Shows what a deployment changes, or would change.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    InPath(place): InPath<(String, String, String)>,
) -> Answer<Json<DiffView>> {
    view(&app, &caller, &place).await.map(Json)
}

/// Loads a deployment's change, for the API and for its page.
pub(crate) async fn view(
    app: &Shared,
    caller: &Caller,
    place: &(String, String, String),
) -> Answer<DiffView> {
    let row = deployments::row(app, caller, place).await?;
    let Some(brings) = row.brings else {
        return Err(nothing(&row.id));
    };
    // Each starts a process; the rest wait their turn, as long as an answer may take.
    let _turn = app.diffing.acquire().await;
    let patch = (app.web.differ)(brings.clone()).await;
    Ok(DiffView {
        patch: patch.map_err(|error| refused(&error, &row.id))?,
        deployment: row.id,
        state: row.state,
        brings,
    })
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
