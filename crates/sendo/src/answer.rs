//! What a server's silence and its refusals mean to whoever typed a command: the cause in words, whether
//! it may have been done, and what to type next.

use std::error::Error;
use std::io::{self, ErrorKind};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::cli::Failure;
use crate::exit::Exit;

/// No answer came from the server at `base`.
pub(crate) fn none(base: &str, method: &Method, path: &str, error: &reqwest::Error) -> Failure {
    let failure = |code, what: String| Failure::new(Exit::Unreachable, code, what);
    let failure = if error.is_connect() {
        failure(
            "unreachable",
            format!("the server at {base} cannot be reached"),
        )
        .next("sendo serve --config FILE, or name another with --server URL or --context NAME")
    } else if method == Method::GET {
        failure("unanswered", format!("no answer came from {base}"))
            .next("try again; the server's log tells more")
    } else {
        // It left here, so the server may have stored it and died before it could say so.
        failure(
            "answer_lost",
            format!("no answer came from {base}: what was asked for may have been done"),
        )
        .next(format!(
            "before asking again, look whether it was: {}",
            shown_by(path)
        ))
    };
    failure.why(cause(error))
}

/// The command that shows what a request came to.
fn shown_by(path: &str) -> &'static str {
    let kind = path.trim_start_matches("/api/v1/").split('/').next();
    match kind.unwrap_or_default() {
        "deployments" | "lanes" => "sendo history",
        "locks" | "unlocks" => "sendo locks",
        "freezes" | "unfreezes" => "sendo freezes",
        "tokens" => "sendo token list",
        _ => "sendo delivery list",
    }
}

/// The innermost error: those around it only say that a request was sent.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &(dyn Error + 'static) = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let kind = inner.downcast_ref::<io::Error>().map(io::Error::kind);
    match kind {
        Some(ErrorKind::ConnectionRefused) => "connection refused: nobody listens there".to_owned(),
        Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
            "the connection was reset".to_owned()
        }
        _ if error.is_timeout() => "it took too long".to_owned(),
        _ => inner.to_string(),
    }
}

/// The server refused, in its own words where they are meant for who types.
pub(crate) fn refused(status: StatusCode, body: &[u8]) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| body["error"][field].as_str().map(ToOwned::to_owned);
    let exit = match status.as_u16() {
        401 | 403 => Exit::Denied,
        404 => Exit::NotFound,
        409 => Exit::Conflict,
        423 => Exit::Refused,
        429 => Exit::RateLimited,
        400 | 413 | 415 | 422 => Exit::Usage,
        503 => Exit::Unreachable,
        _ => Exit::Failed,
    };
    let what = text("message").unwrap_or_else(|| format!("the server answered {status}"));
    let code = text("reason_code").unwrap_or_else(|| "refused".to_owned());
    let next = if code == "token_missing" {
        // Programs are told of a header there, and nobody types one.
        Some("give one by SENDO_TOKEN, or sendo context set NAME --server URL --token-file FILE; who runs the server makes one: sendo token create NAME --scope deploy".to_owned())
    } else {
        text("next")
    };
    let failure = Failure::new(exit, code, what);
    match next {
        Some(next) => failure.next(next),
        None => failure,
    }
}
