//! What forges deliver: read within limits, checked by its signature, stored, and answered.
//!
//! Nobody shows a token here. Until its signature was checked a body is only held, so what cannot be
//! right is refused by its head, and large ones are held within [`HELD`].

use std::sync::Arc;

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
/// Mebibytes that are held at the same time of deliveries beyond the length that everybody may send.
pub(crate) const HELD: usize = 64;
pub(crate) const MEBIBYTE: usize = 1024 * 1024;

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
    let senders = Arc::clone(&app.web.senders.borrow());
    senders
        .expect(arrived(&from, &headers))
        .map_err(|why| refused(&app, &why))?;
    // Held until it is stored.
    let (body, _room) = body::delivery(request, &app).await?;
    // Sums over mebibytes take their time, which is not the runtime's.
    let check = move || senders.receive(arrived(&from, &headers), body);
    let checked = tokio::task::spawn_blocking(check).await;
    let checked = checked.map_err(|_| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "not_taken_in",
            "the delivery could not be checked, nothing was done",
            "see the server's log",
        )
    })?;
    let taken = checked.map_err(|why| refused(&app, &why))?;
    Ok(accepted::answer(app.web.intake.accept(taken).await?))
}

fn arrived<'a>(from: &'a From, headers: &'a HeaderMap) -> Arrived<'a> {
    Arrived {
        forge: from.forge.as_deref(),
        event: one(headers, EVENT),
        id: one(headers, DELIVERY),
        signature: one(headers, SIGNATURE),
    }
}

/// Refuses a delivery, and takes note: a key that was changed on one side only shows here.
fn refused(app: &App, why: &NotTaken) -> Refusal {
    let status = match why {
        NotTaken::Unsigned(_) => StatusCode::FORBIDDEN,
        NotTaken::ForgeUnknown { .. } | NotTaken::NoForge => StatusCode::NOT_FOUND,
        NotTaken::ForgeAmbiguous | NotTaken::EventMissing => StatusCode::BAD_REQUEST,
    };
    let refusal = Refusal::new(status, why.reason_code(), why.to_string(), why.next());
    app.web.store.meter().refused();
    app.refusals.note(&refusal, GITEA_PATH);
    refusal
}

/// A header that is there once; of several nobody knows which counts.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let value = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(value)
}
