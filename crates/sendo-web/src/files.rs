//! The files that pages need: style sheet, script and icon, as `sendo-report` carries them.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sendo_report::page;
use sha2::{Digest as _, Sha256};

use crate::token::hex;

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
