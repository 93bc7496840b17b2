//! Reading a body, JSON or a form: within its limits, strictly, and with errors that point at the place.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use futures_util::StreamExt as _;
use sendo_report::wording::refusal::Refused;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use crate::error::{Answer, Refusal};
use crate::state::App;
use crate::webhooks::{self, MEBIBYTE};

/// A body that was read whole and is what the route expects.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// A form that was read whole and is what the route expects.
pub(crate) struct FormBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Answer<Self> {
        if !is(&request, "application/json") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "the body is not marked as JSON",
                "send `Content-Type: application/json`",
            ));
        }
        let bytes = whole(request, app).await?;
        let read = match named(&bytes) {
            Ok(()) => serde_json::from_slice(&bytes),
            Err(error) => Err(error),
        };
        read.map(Self).map_err(|error| malformed(&error))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for FormBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Answer<Self> {
        if !is(&request, "application/x-www-form-urlencoded") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_a_form",
                "the body is not marked as a form",
                "send `Content-Type: application/x-www-form-urlencoded`",
            ));
        }
        // What is wrong with a form may repeat what was typed, so it is not told.
        serde_urlencoded::from_bytes(&whole(request, app).await?)
            .map(Self)
            .map_err(|_| Refusal::told(StatusCode::BAD_REQUEST, Refused::FormInvalid))
    }
}

fn is(request: &Request, kind: &str) -> bool {
    request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|given| given.trim().eq_ignore_ascii_case(kind))
}

async fn whole(request: Request, app: &App) -> Answer<Vec<u8>> {
    let limits = &app.web.limits;
    timeout(limits.body, read(request, limits.body_bytes, |_| Ok(())))
        .await
        .map_err(|_| too_slow(limits.body))?
}

/// What a forge delivers, and the room it takes while it is held. Nobody knows yet whether it is signed,
/// so what is longer than any request of the API takes room that only such bodies share.
pub(crate) async fn delivery(
    request: Request,
    app: &App,
) -> Answer<(Vec<u8>, Option<SemaphorePermit<'_>>)> {
    let limits = &app.web.limits;
    let mut room: Option<SemaphorePermit<'_>> = None;
    let grown = |bytes: usize| {
        let wanted = bytes.saturating_sub(limits.body_bytes).div_ceil(MEBIBYTE);
        let held = room.as_ref().map_or(0, SemaphorePermit::num_permits);
        let more = u32::try_from(wanted.saturating_sub(held)).unwrap_or(u32::MAX);
        if more > 0 {
            let more = app.arriving.try_acquire_many(more);
            let more = more.map_err(|_| no_room())?;
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
        }
        Ok(())
    };
    let body = timeout(limits.body, read(request, webhooks::LARGEST, grown))
        .await
        .map_err(|_| too_slow(limits.body))??;
    Ok((body, room))
}

fn no_room() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "deliveries_too_large",
        "too many large deliveries arrive at the same time",
        "send it again later; what is lost is found by the next sweep",
    )
}

fn too_slow(within: Duration) -> Refusal {
    Refusal::new(
        StatusCode::REQUEST_TIMEOUT,
        "body_too_slow",
        format!("the body did not arrive within {} s", within.as_secs()),
        "send it in one go",
    )
}

/// How long a body says it is.
fn announced(request: &Request) -> Option<u64> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Reads a body; `grown` is told before each of its pieces how long it becomes.
async fn read(
    request: Request,
    limit: usize,
    mut grown: impl FnMut(usize) -> Answer<()>,
) -> Answer<Vec<u8>> {
    if announced(&request).is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let mut chunks = request.into_body().into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            Refusal::bad(
                "body_incomplete",
                "the body ended before it was complete",
                "send the whole body",
            )
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        grown(bytes.len() + chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!("the body is larger than {limit} bytes"),
        "send less; nothing needs as much",
    )
}

/// Refuses a list: serde takes one for the fields in their order, which nobody wrote down.
fn named(bytes: &[u8]) -> serde_json::Result<()> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice::<Map<String, Value>>(bytes)?;
    }
    Ok(())
}

fn malformed(error: &serde_json::Error) -> Refusal {
    let told = error.to_string();
    let code = match error.classify() {
        Category::Data if told.starts_with("unknown field") => "field_unknown",
        Category::Data => "field_invalid",
        Category::Syntax | Category::Eof | Category::Io => "json_malformed",
    };
    Refusal::bad(
        code,
        told,
        "see `/api/v1/openapi.json` for what this route takes",
    )
}
