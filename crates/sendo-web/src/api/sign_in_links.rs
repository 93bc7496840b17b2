//! Links that sign a browser in once, as the caller. Only a hash of the code is kept.
//!
//! A session makes none: one that did could outlive its day for ever.

use axum::Json;
use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sendo_report::page::sign_in_once_path;
use serde_json::json;

use super::accepted;
use crate::auth::Caller;
use crate::error::Answer;
use crate::state::App;
use crate::token::{hash, hex};

/// Makes a link.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<Response> {
    let code = hex(&accepted::random::<32>()?);
    let store = &app.web.store;
    let until = store
        .add_sign_in_link(&hash(&code), caller.token_id()?)
        .await?;
    // Without a public address people reach it as the caller does; the guard knows the name.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let direct = || format!("http://{}", host.unwrap_or_default());
    let base = app.web.public_url.clone().unwrap_or_else(direct);
    let url = format!("{}{}", base.trim_end_matches('/'), sign_in_once_path(&code));
    let told = json!({
        "url": url,
        "principal": caller.principal()?,
        "expires_at": until,
    });
    Ok((StatusCode::CREATED, Json(told)).into_response())
}
