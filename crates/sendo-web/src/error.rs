//! Refusals: a status, a stable code, what happened, and what to do next.
//!
//! Programs get `{"error": {"reason_code", "message", "next"}}`; a browser that asked for a page
//! gets the same three in one. An error of the store is logged here, once, and told without its
//! cause.

use std::borrow::Cow;

use axum::Json;
use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use sendo_intake::IntakeError;
use sendo_report::Language;
use sendo_report::page::{self, Reader};
use sendo_report::wording::refusal::Refused;
use sendo_store::StoreError;
use serde::Serialize;

/// Characters of a message that are told; the rest repeats what was sent.
const LONGEST: usize = 400;

/// The code of a refusal because nothing has the address.
pub(crate) const NOTHING_HERE: &str = "route_unknown";

/// A request that is not done.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}; {next}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable code for programs.
    pub reason_code: &'static str,
    /// What happened, as a fragment.
    pub message: String,
    /// What to do next, as a fragment.
    pub next: Cow<'static, str>,
    /// The same in every language, for what people meet on pages.
    told: Option<Box<Refused>>,
}

/// What a refused request asked for, as its page needs to know.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) language: Language,
    /// Whether it asked to be shown something, and did not ask for something to be done.
    pub(crate) reads: bool,
    /// The page of ours that it came from.
    pub(crate) back: Option<&'a str>,
}

/// The result of a handler.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        reason_code: &'static str,
        message: impl Into<String>,
        next: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message = message.into();
        Self {
            status,
            reason_code,
            message: cut(message),
            next: next.into(),
            told: None,
        }
    }

    /// One that is worded in every language.
    pub(crate) fn told(status: StatusCode, why: Refused) -> Self {
        let (message, next) = (why.message(Language::En), why.next(Language::En));
        let mut refusal = Self::new(status, why.code(), message, next);
        refusal.told = Some(Box::new(why));
        refusal
    }

    pub(crate) fn bad(
        reason_code: &'static str,
        message: impl Into<String>,
        next: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason_code, message, next)
    }

    pub(crate) fn not_found(
        reason_code: &'static str,
        message: impl Into<String>,
        next: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, reason_code, message, next)
    }

    /// The same refusal as a page: where nothing is at the address itself, the one that says so.
    pub(crate) fn page(&self, asked: &Asked<'_>, reader: Reader<'_>) -> Response {
        let language = asked.language;
        let (message, next) = match &self.told {
            Some(why) => (cut(why.message(language)), why.next(language).into()),
            None => (self.message.clone(), self.next.clone()),
        };
        let nothing = self.reason_code == NOTHING_HERE;
        let page = if nothing || (asked.reads && self.status == StatusCode::NOT_FOUND) {
            let told = (!nothing).then_some((message.as_str(), &*next));
            page::missing(told, reader, language)
        } else {
            let refusal = page::Refusal {
                status: self.status.as_u16(),
                message: &message,
                next: &next,
                reason_code: self.reason_code,
                back: asked.back,
            };
            page::refused(&refusal, reader, language)
        };
        (self.status, self.headers(), Html(page)).into_response()
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut add = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        match self.status {
            StatusCode::UNAUTHORIZED => add(WWW_AUTHENTICATE, "Bearer realm=\"sendo\""),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                add(RETRY_AFTER, "1");
            }
            _ => {}
        }
        headers
    }
}

fn cut(message: String) -> String {
    if message.chars().count() <= LONGEST {
        return message;
    }
    message.chars().take(LONGEST).chain(['…']).collect()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(Body {
            error: Told {
                reason_code: self.reason_code,
                message: &self.message,
                next: &self.next,
            },
        });
        let mut response = (self.status, self.headers(), body).into_response();
        // The guard makes a page of it where one was asked for.
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    reason_code: &'static str,
    message: &'a str,
    next: &'a str,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            error.reason_code = error.reason_code(),
            "the store did not answer a request"
        );
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            error.reason_code(),
            "the store did not answer, so what was asked may not have been done",
            "try again, with the same idempotency key if you sent one; if it lasts, the server's log tells more",
        )
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Store(error) => error.into(),
            error => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a request could not be taken in"
                );
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "not_taken_in",
                    "the request could not be taken in, nothing was done",
                    "see the server's log",
                )
            }
        }
    }
}
