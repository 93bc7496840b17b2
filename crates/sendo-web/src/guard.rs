//! What every request and every answer goes through.
//!
//! In: the name it was sent to (a page elsewhere must not reach us by rebinding a name), and where
//! an unsafe request came from. Out: the headers that keep browsers strict, and a page instead of
//! JSON where a browser asked for one, or the way to sign in.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue,
    ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use sendo_report::Language;
use tokio::time::timeout;

use crate::auth::{MISSING, identify};
use crate::error::{Answer, Asked, Refusal};
use crate::session;
use crate::state::{App, Shared};

const POLICY: &str = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'";

/// Names of this machine, by which a listener on loopback is always reached.
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Admits a request, runs it within its time, and finishes the answer.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let page = wants_page(&request).then(|| Wish {
        language: language(&app, request.headers()),
        sign_in: session::sign_in_address(&request),
        back: session::came_from(&request),
        reads: session::reads(&request),
        headers: request.headers().clone(),
    });
    let answer = match admit(&app, &request) {
        Err(refusal) => refusal.into_response(),
        Ok(()) => timeout(app.web.limits.answer, next.run(request))
            .await
            .unwrap_or_else(|_| too_slow().into_response()),
    };
    let meter = app.web.store.meter();
    meter.answered(answer.status().as_u16());
    finish(&app, answer, page).await
}

/// A request that asked for a page.
struct Wish {
    language: Language,
    /// Where its reader signs in, and comes back from.
    sign_in: String,
    /// The page of ours that its reader came from.
    back: Option<String>,
    reads: bool,
    headers: HeaderMap,
}

/// The reader's language.
pub(crate) fn language(app: &Shared, headers: &HeaderMap) -> Language {
    headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map_or(app.web.language, Language::from_accept)
}

fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    !path.starts_with("/api/")
        && request
            .headers()
            .get(ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
}

fn admit(app: &Shared, request: &Request) -> Answer<()> {
    // Probes come by whatever address the scheduler knows, and tell nothing.
    if matches!(request.uri().path(), "/livez" | "/readyz") {
        return Ok(());
    }
    let host = host(request)?;
    if !is_ours(app, &host) {
        return Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host_not_allowed",
            format!("this server is not `{host}`"),
            "reach it as localhost, or set `server.url` to the name people use",
        ));
    }
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return Ok(());
    }
    same_site(app, request, &host)
}

/// The one name the request was sent to.
fn host(request: &Request) -> Answer<Authority> {
    let refused = |message: &str| {
        Refusal::bad(
            "host_invalid",
            message,
            "send one `Host` header with the name of this server",
        )
    };
    let mut hosts = request.headers().get_all(HOST).iter();
    let host: Authority = hosts
        .next()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| refused("the request does not say which server it is for"))?;
    let agrees = request
        .uri()
        .authority()
        .is_none_or(|authority| authority == &host);
    if hosts.next().is_some() || !agrees || host.as_str().contains('@') {
        return Err(refused("the request names more than one server"));
    }
    Ok(host)
}

fn is_ours(app: &Shared, host: &Authority) -> bool {
    let public = app.public.as_ref().and_then(Uri::host);
    HERE.into_iter()
        .chain(public)
        .any(|name| host.host().eq_ignore_ascii_case(name))
}

/// Refuses an unsafe request that a page of another origin caused.
fn same_site(app: &Shared, request: &Request, host: &Authority) -> Answer<()> {
    let headers = request.headers();
    let origin = headers
        .get(ORIGIN)
        .map(|value| value.to_str().unwrap_or("null"));
    let ours = origin.is_some_and(|origin| is_our_origin(app, origin, host));
    let admitted = match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(b"same-origin" | b"none") => true,
        Some(_) => ours,
        // A browser from before fetch metadata says its origin. A program says neither, but shows no
        // session and sends no form.
        None => ours || (origin.is_none() && is_of_a_program(request)),
    };
    if admitted {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "cross_origin",
        "a page of another origin may not do this",
        "do it from this server's own pages, or with the `sendo` command",
    ))
}

fn is_of_a_program(request: &Request) -> bool {
    let path = request.uri().path();
    let is_for_programs = path.starts_with("/api/") || path.starts_with("/webhooks/");
    is_for_programs && !session::is_shown(request.headers())
}

fn is_our_origin(app: &Shared, origin: &str, host: &Authority) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else {
        return false;
    };
    let (scheme, authority) = (origin.scheme_str(), origin.authority());
    let public = app.public.as_ref().is_some_and(|public| {
        scheme == public.scheme_str() && authority.is_some() && authority == public.authority()
    });
    let direct = scheme == Some("http") && authority == Some(host);
    public || direct
}

fn too_slow() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "answer_too_slow",
        "the answer took too long and was given up",
        "try again; what was accepted before is not accepted twice under the same idempotency key",
    )
}

async fn finish(app: &Shared, answer: Response, wish: Option<Wish>) -> Response {
    let mut answer = match (wish, answer.extensions().get::<Refusal>()) {
        (Some(wish), Some(refusal)) if refusal.reason_code == MISSING => {
            Redirect::to(&wish.sign_in).into_response()
        }
        (Some(wish), Some(refusal)) => {
            // Trouble with the store must not hide the refusal.
            let caller = identify(app, &wish.headers).await.unwrap_or_default();
            let asked = Asked {
                language: wish.language,
                reads: wish.reads,
                back: wish.back.as_deref(),
            };
            refusal.page(&asked, caller.reader())
        }
        _ => answer,
    };
    let headers = answer.headers_mut();
    let fixed: [(HeaderName, &'static str); 4] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // `no-referrer` would send our own forms with `Origin: null`.
        (REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    answer
}
