//! What was taken in: the delivery's id, and whether it was there before.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sendo_core::freeze::Announced;
use sendo_core::names::Principal;
use sendo_intake::api::SOURCE;
use sendo_store::{Accepted, NewDelivery};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::locks::Stays;
use crate::error::{Answer, Refusal};
use crate::state::Shared;
use crate::token::hex;

/// The header under which a caller may send the same request again.
const KEY: &str = "idempotency-key";

#[derive(Serialize)]
struct Taken {
    delivery: String,
    duplicate: bool,
}

#[derive(Serialize)]
struct Frozen {
    #[serde(flatten)]
    taken: Taken,
    #[serde(skip_serializing_if = "Option::is_none")]
    freeze: Option<Announced>,
}

#[derive(Serialize)]
struct Opened {
    #[serde(flatten)]
    taken: Taken,
    stays: Stays,
}

impl From<Accepted> for Taken {
    fn from(accepted: Accepted) -> Self {
        let (delivery, duplicate) = match accepted {
            Accepted::New(id) => (id, false),
            Accepted::Duplicate(id) => (id, true),
        };
        Self {
            delivery,
            duplicate,
        }
    }
}

/// The answer to what was taken in: stored, and not yet done.
pub(crate) fn answer(accepted: Accepted) -> Response {
    (StatusCode::ACCEPTED, Json(Taken::from(accepted))).into_response()
}

/// The same for a freeze, with what it came to; what came of one that was sent before, `sendo freezes`
/// says.
pub(super) fn frozen(accepted: Accepted, freeze: Announced) -> Response {
    let taken = Taken::from(accepted);
    let freeze = (!taken.duplicate).then_some(freeze);
    (StatusCode::ACCEPTED, Json(Frozen { taken, freeze })).into_response()
}

/// The same for the opening of an area, with what stays closed.
pub(super) fn opened(accepted: Accepted, stays: Stays) -> Response {
    let taken = Taken::from(accepted);
    (StatusCode::ACCEPTED, Json(Opened { taken, stays })).into_response()
}

/// What makes a request the same as one before, if the caller gave an idempotency key: the kind, the
/// caller, the key and what is asked. So nobody can guess away the requests of others, and a key used
/// again for something else loses nothing.
pub(super) fn dedup<T: Serialize>(
    kind: &str,
    by: &Principal,
    headers: &HeaderMap,
    request: &T,
) -> Answer<Option<String>> {
    let Some(value) = headers.get(KEY) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .filter(|key| (1..=200).contains(&key.len()) && key.bytes().all(|c| c.is_ascii_graphic()))
        .and_then(|key| serde_json::to_string(&(by, key, request)).ok())
        .map(|whole| Some(format!("{kind}:{}", hex(&Sha256::digest(whole)))))
        .ok_or_else(|| {
            Refusal::bad(
                "idempotency_key_invalid",
                "an idempotency key is 1 to 200 visible ASCII characters",
                "send a UUID",
            )
        })
}

/// Under which key a request is stored, or the answer to it when it was taken in before.
pub(super) enum Sent {
    /// It is new, as far as anybody can tell.
    New(String),
    /// The caller sent it before under its idempotency key. Whatever has become of it since, it is not
    /// looked at again: what would be refused now may be what it did then.
    Before(Response),
}

/// Looks up what was asked before, for a caller who may ask for it.
pub(super) async fn sent<T: Serialize>(
    app: &Shared,
    kind: &str,
    by: &Principal,
    headers: &HeaderMap,
    request: &T,
) -> Answer<Sent> {
    let Some(key) = dedup(kind, by, headers, request)? else {
        // One that nobody else has, for a request that is meant each time it is sent.
        return Ok(Sent::New(format!("{kind}:{}", hex(&random::<16>()?))));
    };
    if app.web.store.delivered(SOURCE, &key).await?.is_none() {
        return Ok(Sent::New(key));
    }
    // It adds nothing but its count: what was stored first stays.
    let again = NewDelivery {
        source: SOURCE.to_owned(),
        dedup: key,
        name: kind.to_owned(),
        body: Vec::new(),
        by: Some(by.to_string()),
    };
    Ok(Sent::Before(answer(app.web.intake.accept(again).await?)))
}

/// Bytes nobody can guess.
pub(crate) fn random<const N: usize>() -> Answer<[u8; N]> {
    use rand::TryRng as _;

    let mut bytes = [0; N];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the system gives no random bytes"
            );
            Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "no_randomness",
                "the system gives no random bytes",
                "try again; see the server's log",
            )
        })?;
    Ok(bytes)
}
