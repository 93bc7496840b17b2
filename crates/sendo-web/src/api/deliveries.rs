//! Deliveries: what came in and what became of it, how much is still under way, and having one that
//! was quarantined translated once more.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sendo_report::wording::refusal::Refused;
use sendo_store::{Accepted, Backlog, DeliveryRow, Replayed};
use serde::{Deserialize, Serialize};

use super::accepted;
use crate::auth::Caller;
use crate::error::{Answer, Refusal};
use crate::names;
use crate::path::InPath;
use crate::query::{self, Params};
use crate::state::{App, Shared};
use crate::token::Scope;

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

/// Has a quarantined delivery translated once more. One that waits for it already is left alone, so
/// the same request twice does it once.
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Answer<Response> {
    again(&app, &caller, &id).await
}

/// Has it translated once more, for a program or for a page's form.
pub(crate) async fn again(app: &Shared, caller: &Caller, id: &str) -> Answer<Response> {
    caller.require_all()?;
    let conflict = |why| Err(Refusal::told(StatusCode::CONFLICT, why));
    let id = id.to_owned();
    match app.web.intake.replay(&id, caller.principal()?).await? {
        Replayed::Yes => Ok(accepted::answer(Accepted::New(id))),
        Replayed::Waiting => Ok(accepted::answer(Accepted::Duplicate(id))),
        Replayed::Settled => conflict(Refused::NotQuarantined { id }),
        Replayed::Bodiless => conflict(Refused::BodyDeleted { id }),
        Replayed::Unknown => Err(Refusal::told(
            StatusCode::NOT_FOUND,
            Refused::DeliveryUnknown { id },
        )),
    }
}

/// Whether a caller may have deliveries translated once more, for the buttons of their page.
pub(crate) fn may_replay(caller: &Caller) -> bool {
    caller.principal().is_ok() && caller.may(Scope::Deploy) && caller.require_all().is_ok()
}

/// What is still under way.
pub(crate) async fn backlog(State(app): State<App>) -> Answer<Json<Backlog>> {
    Ok(Json(app.web.store.backlog().await?))
}
