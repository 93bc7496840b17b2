//! The forms of pages: what people do without a script. Each does what its counterpart of the API
//! does, and leads back to the page it stands on.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use sendo_core::act::ActKind;
use sendo_core::deployment::DeploymentId;
use sendo_report::page;
use sendo_report::wording::refusal::Refused;
use serde::Deserialize;

use crate::api::{acts, deliveries, freezes, locks};
use crate::auth::Caller;
use crate::body::FormBody;
use crate::error::{Answer, Refusal};
use crate::path::InPath;
use crate::state::App;

/// What may be said with an act. Which page it came from does not matter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    #[serde(default)]
    reason: Option<String>,
}

macro_rules! on_deployment {
    ($($(#[$doc:meta])* $name:ident = $kind:ident,)*) => {$(
        $(#[$doc])*
        pub(crate) async fn $name(
            State(app): State<App>,
            caller: Caller,
            headers: HeaderMap,
            InPath(place): acts::Place,
            FormBody(said): FormBody<Said>,
        ) -> Answer<Response> {
            acts::on_deployment(&app, &caller, &headers, &place, ActKind::$kind, said.reason).await?;
            let (application, environment, number) = place;
            let id = DeploymentId(format!("{application}/{environment}/{number}"));
            Ok(Redirect::to(&page::deployment_path(&id)).into_response())
        }
    )*};
}

on_deployment! {
    /// Agrees to a deployment.
    approve = Approve,
    /// Ends a deployment.
    cancel = Cancel,
    /// Starts a deployment again.
    retry = Retry,
    /// Carries a deployment past its gates.
    break_glass = Override,
}

/// Goes back to the last success of a lane with another revision.
pub(crate) async fn rollback(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(lane): InPath<(String, String)>,
    FormBody(said): FormBody<Said>,
) -> Answer<Response> {
    acts::roll_back(&app, &caller, &headers, &lane, None, said.reason).await?;
    Ok(Redirect::to(&page::application_path(&lane.0)).into_response())
}

/// A form that says nothing but where it was sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Has a quarantined delivery translated once more.
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller,
    InPath(id): InPath<String>,
    FormBody(Nothing {}): FormBody<Nothing>,
) -> Answer<Response> {
    deliveries::again(&app, &caller, &id).await?;
    Ok(Redirect::to(page::DELIVERIES_PATH).into_response())
}

/// The longest lock that ends by itself: a year.
const MOST_HOURS: u32 = 365 * 24;

/// What is to be closed, as the page asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToLock {
    area: String,
    reason: String,
    /// Hours; empty until somebody unlocks it.
    #[serde(default)]
    hours: String,
}

/// Closes an area.
pub(crate) async fn lock(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    FormBody(asked): FormBody<ToLock>,
) -> Answer<Response> {
    let seconds = match asked.hours.trim() {
        "" => None,
        hours => Some(seconds_of(hours)?),
    };
    let asked = locks::ToLock {
        area: asked.area,
        reason: asked.reason,
        seconds,
    };
    locks::close(&app, &caller, &headers, asked).await?;
    Ok(Redirect::to(page::LOCKS_PATH).into_response())
}

fn seconds_of(hours: &str) -> Answer<u32> {
    let most = MOST_HOURS;
    let whole: Option<u32> = hours.parse().ok();
    let whole = whole.filter(|hours| (1..=most).contains(hours));
    let refused = || Refusal::told(StatusCode::BAD_REQUEST, Refused::HoursInvalid { most });
    whole.map(|hours| hours * 3_600).ok_or_else(refused)
}

/// Opens an area.
pub(crate) async fn unlock(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    FormBody(asked): FormBody<locks::ToUnlock>,
) -> Answer<Response> {
    locks::open(&app, &caller, &headers, asked).await?;
    Ok(Redirect::to(page::LOCKS_PATH).into_response())
}

/// What is to be announced, as the page asks. What was left empty counts as not said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToFreeze {
    area: String,
    reason: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    zone: String,
}

/// Announces a freeze.
pub(crate) async fn freeze(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    FormBody(asked): FormBody<ToFreeze>,
) -> Answer<Response> {
    let said = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if asked.to.trim().is_empty() {
        return Err(Refusal::told(StatusCode::BAD_REQUEST, Refused::EndEmpty));
    }
    let asked = freezes::ToFreeze {
        area: asked.area,
        reason: asked.reason,
        name: said(asked.name),
        from: said(asked.from),
        to: said(asked.to),
        seconds: None,
        zone: said(asked.zone),
    };
    freezes::announce(&app, &caller, &headers, asked).await?;
    Ok(Redirect::to(page::LOCKS_PATH).into_response())
}

/// Ends a freeze that was announced.
pub(crate) async fn unfreeze(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    FormBody(asked): FormBody<freezes::ToUnfreeze>,
) -> Answer<Response> {
    freezes::end(&app, &caller, &headers, asked).await?;
    Ok(Redirect::to(page::LOCKS_PATH).into_response())
}
