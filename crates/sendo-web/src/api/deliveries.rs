//! Deliveries: what came in and what became of it, and how much is still under way.

use axum::Json;
use axum::extract::State;
use sendo_store::{Backlog, DeliveryRow};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::{Answer, Refusal};
use crate::names;
use crate::query::{self, Params};
use crate::state::{App, Shared};

/// The outcomes a delivery can have.
pub(crate) const OUTCOMES: [&str; 3] = ["done", "ignored", "quarantined"];

/// What can be asked of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    pub(crate) outcome: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Listed {
    deliveries: Vec<DeliveryRow>,
}

/// Lists deliveries without their bodies, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Answer<Json<Listed>> {
    let deliveries = rows(&app, &caller, &asked).await?;
    Ok(Json(Listed { deliveries }))
}

/// Loads deliveries, for the API and for their page.
pub(crate) async fn rows(app: &Shared, caller: &Caller, asked: &Asked) -> Answer<Vec<DeliveryRow>> {
    caller.require_all()?;
    let outcome = asked.outcome.as_deref();
    if let Some(name) = outcome.filter(|name| !OUTCOMES.contains(name)) {
        return Err(Refusal::bad(
            "outcome_unknown",
            format!("there is no outcome `{name}`"),
            names::suggestion(name, OUTCOMES.into_iter()),
        ));
    }
    let limit = query::limit(asked.limit)?;
    Ok(app.web.store.deliveries(outcome, limit).await?)
}

/// What is still under way.
pub(crate) async fn backlog(State(app): State<App>) -> Answer<Json<Backlog>> {
    Ok(Json(app.web.store.backlog().await?))
}
