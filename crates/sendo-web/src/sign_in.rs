//! Signing in and out: with a token typed into a form, or by a link that is good once.
//!
//! Works without scripts. What was typed wrong, and codes of links, are never told back or logged.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use sendo_report::page;
use serde::Deserialize;

use crate::auth::believe;
use crate::body::FormBody;
use crate::error::{Answer, Refusal};
use crate::guard::language;
use crate::path::InPath;
use crate::query::Params;
use crate::session::{self, local};
use crate::state::App;
use crate::token::{hash, is_secret};

/// Who guesses waits; nobody else does. A secret has 256 bits, so more is not needed.
const PAUSE: Duration = Duration::from_millis(500);

/// Where to go afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    next: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typed {
    token: String,
    #[serde(default)]
    next: String,
}

/// The form.
pub(crate) async fn form(
    State(app): State<App>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Response {
    let next = asked.next.or_else(|| session::page_before(&headers));
    let next = next.as_deref().and_then(local).unwrap_or("/");
    Html(page::sign_in(next, false, language(&app, &headers))).into_response()
}

/// Signs in with a token.
pub(crate) async fn with_token(
    State(app): State<App>,
    headers: HeaderMap,
    FormBody(typed): FormBody<Typed>,
) -> Answer<Response> {
    let next = local(&typed.next).unwrap_or("/");
    let token = match believe(&app, typed.token.trim()).await {
        Ok(token) => token,
        Err(refusal) if refusal.status == StatusCode::UNAUTHORIZED => {
            app.web.store.meter().refused();
            app.refusals.note(&refusal, page::SIGN_IN_PATH);
            tokio::time::sleep(PAUSE).await;
            let html = page::sign_in(next, true, language(&app, &headers));
            return Ok((StatusCode::UNAUTHORIZED, Html(html)).into_response());
        }
        Err(refusal) => return Err(refusal),
    };
    session::open(&app, &headers, &token, None, next)
        .await?
        .ok_or_else(over)
}

/// The page of a link. Looking at it uses nothing up.
pub(crate) async fn button(
    State(app): State<App>,
    headers: HeaderMap,
    InPath(code): InPath<String>,
) -> Answer<Response> {
    let token = app
        .web
        .store
        .sign_in_link(&hash_of(&code)?)
        .await?
        .ok_or_else(over)?;
    let language = language(&app, &headers);
    let html = page::sign_in_once(&code, token.principal.as_str(), language);
    Ok(Html(html).into_response())
}

/// Signs in by a link, which is used up.
pub(crate) async fn by_link(
    State(app): State<App>,
    headers: HeaderMap,
    InPath(code): InPath<String>,
) -> Answer<Response> {
    let link = hash_of(&code)?;
    let token = app.web.store.sign_in_link(&link).await?.ok_or_else(over)?;
    session::open(&app, &headers, &token, Some(link), "/")
        .await?
        .ok_or_else(over)
}

/// Signs out.
pub(crate) async fn out(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    session::end(&app, &headers).await?;
    session::forget("/")
}

fn hash_of(code: &str) -> Answer<String> {
    is_secret(code).then(|| hash(code)).ok_or_else(over)
}

fn over() -> Refusal {
    Refusal::new(
        StatusCode::GONE,
        "link_over",
        "this link was used, or is older than five minutes",
        "make a new one: `sendo login`",
    )
}
