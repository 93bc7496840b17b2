//! What forges deliver: read within limits, checked by its signature, stored, and answered.
//!
//! Nobody shows a token here. Until its signature was checked a body is only held, so all of them
//! together are held within [`HELD`].

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sendo_intake::gitea::{Arrived, DELIVERY, EVENT, NotTaken, SIGNATURE};
use serde::Deserialize;

use crate::api::accepted;
use crate::body;
use crate::error::{Answer, Refusal};
use crate::query::Params;
use crate::state::App;

/// Where a Gitea delivers to.
pub const GITEA_PATH: &str = "/webhooks/gitea";
/// The largest delivery: GitHub's own limit, which no Gitea sends as much as.
pub(crate) const LARGEST: usize = 25 * MEBIBYTE;
/// Mebibytes of deliveries that are held at the same time; more wait.
pub(crate) const HELD: usize = 64;
const MEBIBYTE: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    forge: Option<String>,
}

/// Takes a delivery of a Gitea.
pub(crate) async fn gitea(
    State(app): State<App>,
    Params(from): Params<From>,
    request: Request,
) -> Answer<Response> {
    let headers = request.headers().clone();
    // Held until it is stored.
    let (body, _seat) = body::delivery(request, &app).await?;
    let header = |name: &str| one(&headers, name);
    let arrived = Arrived {
        forge: from.forge.as_deref(),
        event: header(EVENT),
        id: header(DELIVERY),
        signature: header(SIGNATURE),
    };
    let senders = app.web.senders.borrow().clone();
    let taken = senders.receive(arrived, body).map_err(|why| {
        let status = match &why {
            NotTaken::Unsigned(_) => StatusCode::FORBIDDEN,
            NotTaken::ForgeUnknown { .. } | NotTaken::NoForge => StatusCode::NOT_FOUND,
            NotTaken::ForgeAmbiguous | NotTaken::EventMissing => StatusCode::BAD_REQUEST,
        };
        Refusal::new(status, why.reason_code(), why.to_string(), why.next())
    })?;
    Ok(accepted::answer(app.web.intake.accept(taken).await?))
}

/// A header that is there once; of several nobody knows which counts.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let value = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(value)
}

/// How much of [`HELD`] a delivery takes that says how long it is, or does not.
pub(crate) fn seats(announced: Option<u64>) -> u32 {
    let length = announced.map_or(LARGEST as u64, |length| length.min(LARGEST as u64));
    u32::try_from(length.div_ceil(MEBIBYTE as u64).max(1)).unwrap_or(u32::MAX)
}
