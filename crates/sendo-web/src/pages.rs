//! Pages for people, and the files they need. What they say is rendered in `sendo-report`.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use sendo_report::page;
use sha2::{Digest as _, Sha256};

use crate::api;
use crate::auth::Caller;
use crate::error::Answer;
use crate::guard::language;
use crate::path::InPath;
use crate::state::App;
use crate::token::hex;

/// The board.
pub(crate) async fn board(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<Response> {
    let view = api::board::view(&app, &caller).await?;
    Ok(shown(page::board(&view, language(&app, &headers))))
}

/// One deployment.
pub(crate) async fn deployment(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): InPath<(String, String, String)>,
) -> Answer<Response> {
    let view = api::deployments::view(&app, &caller, &place).await?;
    Ok(shown(page::deployment(&view, language(&app, &headers))))
}

fn shown(html: String) -> Response {
    ([(VARY, "accept-language, accept")], Html(html)).into_response()
}

/// The style sheet.
pub(crate) async fn style(headers: HeaderMap) -> Response {
    static TAG: LazyLock<String> = LazyLock::new(|| tag(page::STYLE));
    file(&headers, &TAG, "text/css; charset=utf-8", page::STYLE)
}

/// The script.
pub(crate) async fn script(headers: HeaderMap) -> Response {
    static TAG: LazyLock<String> = LazyLock::new(|| tag(page::SCRIPT));
    file(
        &headers,
        &TAG,
        "text/javascript; charset=utf-8",
        page::SCRIPT,
    )
}

/// The icon.
pub(crate) async fn icon(headers: HeaderMap) -> Response {
    static TAG: LazyLock<String> = LazyLock::new(|| tag(page::ICON));
    file(&headers, &TAG, "image/svg+xml", page::ICON)
}

/// A file that browsers keep and ask about, so that an upgrade is seen at once.
fn file(headers: &HeaderMap, tag: &str, kind: &'static str, text: &'static str) -> Response {
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains(tag));
    let kept = [(ETAG, tag), (CACHE_CONTROL, "no-cache")];
    if known {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, kind)], text).into_response()
}

fn tag(text: &str) -> String {
    let mut digits = hex(&Sha256::digest(text.as_bytes()));
    digits.truncate(16);
    format!("\"{digits}\"")
}
