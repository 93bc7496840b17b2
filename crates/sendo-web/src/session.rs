//! Sessions of browsers: a cookie with a secret, of which only a hash is kept, and where a browser
//! goes that has none.
//!
//! A secret is drawn at every sign-in and never taken from a request, so nobody can plant one. The
//! cookie's prefix keeps other hosts and paths from setting it; scripts cannot read it.

use axum::extract::Request;
use axum::http::header::{COOKIE, HOST, HeaderValue, REFERER, SET_COOKIE};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use sendo_core::audit::AuditEntry;
use sendo_report::page::SIGN_IN_PATH;
use sendo_store::{NewSession, SESSION_LIFE, TokenRow};
use serde_json::json;

use crate::api::accepted::random;
use crate::error::{Answer, Refusal};
use crate::state::Shared;
use crate::token::{hash, hex, is_secret};

const NAME: &str = "__Host-sendo";

/// Bytes of an address to come back to.
const LONGEST: usize = 2_000;

/// Whether a session is shown, good or not.
pub(crate) fn is_shown(headers: &HeaderMap) -> bool {
    secrets(headers).next().is_some()
}

/// The hash of the secret that is shown; none where it cannot be one, or two are shown.
pub(crate) fn shown(headers: &HeaderMap) -> Option<String> {
    let mut secrets = secrets(headers);
    let first = secrets.next()?;
    (secrets.next().is_none() && is_secret(first)).then(|| hash(first))
}

fn secrets(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == NAME)
        .map(|(_, value)| value)
}

/// Opens a session of a token and leads to `next`. The session that was shown ends: a browser has
/// one at a time. Without a session, because `link` was used meanwhile, there is `None`.
pub(crate) async fn open(
    app: &Shared,
    headers: &HeaderMap,
    token: &TokenRow,
    link: Option<String>,
    next: &str,
) -> Answer<Option<Response>> {
    let secret = hex(&random::<32>()?);
    let cause = if link.is_some() { "link" } else { "token" };
    let session = NewSession {
        hash: hash(&secret),
        token: token.id.clone(),
        link,
    };
    let entry = entry("session.opened", token, cause);
    if !app.web.store.open_session(session, entry).await? {
        return Ok(None);
    }
    end(app, headers).await?;
    let seconds = SESSION_LIFE.as_micros() / 1_000_000;
    Ok(Some(leading(next, &secret, seconds)?))
}

/// Ends the session that is shown, if any.
pub(crate) async fn end(app: &Shared, headers: &HeaderMap) -> Answer<()> {
    let Some(hash) = shown(headers) else {
        return Ok(());
    };
    let store = &app.web.store;
    if let Some(token) = store.session_by_hash(&hash).await? {
        let entry = entry("session.ended", &token, "sign-out");
        store.end_session(&hash, entry).await?;
        app.web.feed.end(&hash);
    }
    Ok(())
}

/// Leads to `next` without a cookie.
pub(crate) fn forget(next: &str) -> Answer<Response> {
    leading(next, "", 0)
}

fn leading(next: &str, secret: &str, seconds: i64) -> Answer<Response> {
    let cookie =
        format!("{NAME}={secret}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax");
    let mut cookie = HeaderValue::from_str(&cookie).map_err(|_| {
        Refusal::bad(
            "cookie_invalid",
            "the cookie cannot be written",
            "try again",
        )
    })?;
    cookie.set_sensitive(true);
    let mut answer = Redirect::to(next).into_response();
    answer.headers_mut().insert(SET_COOKIE, cookie);
    Ok(answer)
}

fn entry(action: &str, token: &TokenRow, cause: &str) -> AuditEntry {
    AuditEntry {
        action: action.to_owned(),
        subject: None,
        actor: Some(token.principal.clone()),
        cause: cause.to_owned(),
        detail: json!({ "token": token.id }),
    }
}

/// Where the reader of a page signs in and comes back from: to this page, or to the one whose form
/// this request is.
pub(crate) fn sign_in_address(request: &Request) -> String {
    let here = request.uri().path_and_query().map(ToString::to_string);
    let next = if reads(request) {
        here
    } else {
        page_before(request.headers())
    };
    match next.as_deref().and_then(local).filter(|next| *next != "/") {
        Some(next) => serde_urlencoded::to_string([("next", next)]).map_or_else(
            |_| SIGN_IN_PATH.to_owned(),
            |query| format!("{SIGN_IN_PATH}?{query}"),
        ),
        None => SIGN_IN_PATH.to_owned(),
    }
}

/// Whether a request asks to be shown something.
pub(crate) fn reads(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Where somebody goes back to who is refused: the page of ours that the request was made from.
pub(crate) fn came_from(request: &Request) -> Option<String> {
    let before = page_before(request.headers())?;
    let here = request.uri().path_and_query().map(ToString::to_string);
    let is_elsewhere = !reads(request) || here.as_ref() != Some(&before);
    (is_elsewhere && local(&before).is_some()).then_some(before)
}

/// The page of ours that a request was made from.
pub(crate) fn page_before(headers: &HeaderMap) -> Option<String> {
    let before: Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    let host = headers.get(HOST)?.to_str().ok()?;
    let is_ours = before
        .authority()
        .is_some_and(|authority| authority == host);
    is_ours.then(|| before.path_and_query().map(ToString::to_string))?
}

/// The same address if a browser that is led there stays on this server and lands on a page.
pub(crate) fn local(next: &str) -> Option<&str> {
    let stays = next.len() <= LONGEST
        && next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|c| c.is_ascii_graphic() && c != b'\\')
        && !next.starts_with(SIGN_IN_PATH);
    stays.then_some(next)
}
