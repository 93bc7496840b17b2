//! What another configuration would do.

use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sendo_core::view::PlanView;
use sendo_store::StoreError;
use serde::Deserialize;

use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::{Answer, Refusal};
use crate::state::App;

/// A file of a configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Its name, for messages: the first of several is the one that the others stand beside.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// What is wrong with the configuration, place by place.
    #[error("{0}")]
    Invalid(String),
    /// What the server remembers cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Says what the lanes of a configuration would do at once.
pub type Planner = Arc<
    dyn Fn(PlanRequest) -> Pin<Box<dyn Future<Output = Result<PlanView, PlanError>> + Send>>
        + Send
        + Sync,
>;

/// A configuration to plan by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// Its files.
    pub files: Vec<ConfigFile>,
    /// Whether to say what deployments that would begin do to objects, too.
    #[serde(default)]
    pub objects: bool,
}

/// Says what a configuration would do. Does nothing. A plan looks into whatever repository the
/// configuration names, so a token that is limited to some applications does not do.
pub(crate) async fn plan(
    State(app): State<App>,
    caller: Caller,
    JsonBody(request): JsonBody<PlanRequest>,
) -> Answer<Json<PlanView>> {
    caller.require_all()?;
    let Ok(alone) = Arc::clone(&app.planning).try_acquire_owned() else {
        return Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "busy",
            "another plan is being made",
            "try again in a moment",
        ));
    };
    // It goes on although nobody waits for it any more: until then there is no other.
    let planned = (app.web.planner)(request);
    let planned = tokio::spawn(async move {
        let _alone = alone;
        planned.await
    });
    let planned = planned.await.map_err(|failed| {
        tracing::error!(
            error = &failed as &dyn std::error::Error,
            "a plan ended in the middle"
        );
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "plan_broken",
            "the plan ended in the middle, which is our fault and not the configuration's",
            "the server's log says where; `sendo plan --offline` may do meanwhile",
        )
    })?;
    let plan = planned.map_err(|error| match error {
        PlanError::Store(error) => error.into(),
        PlanError::Invalid(problems) => Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "configuration_invalid",
            problems,
            "sendo validate --config FILE shows all of it",
        ),
    })?;
    Ok(Json(plan))
}
