//! Images: CI's report that one exists.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use sendo_core::names::Revision;
use sendo_intake::ImageReport;
use sha2::{Digest as _, Sha256};

use super::accepted;
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::{Answer, Refusal};
use crate::names;
use crate::state::App;
use crate::token::hex;

/// Takes an image report. The same report twice is one delivery, with an idempotency key or without.
pub(crate) async fn report(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(report): JsonBody<ImageReport>,
) -> Answer<Response> {
    let by = caller.principal()?;
    names::application(&app, &caller, &report.application)?;
    check(&report)?;
    let dedup = accepted::dedup("image", &by, &headers, &report)?.unwrap_or_else(|| same(&report));
    let accepted = app.web.intake.image(report, by, dedup).await?;
    Ok(accepted::answer(accepted))
}

fn check(report: &ImageReport) -> Answer<()> {
    Revision::new(report.revision.as_str()).map_err(|error| {
        Refusal::bad(
            "revision_invalid",
            error.to_string(),
            "send the full commit SHA the image was built from",
        )
    })?;
    if report.tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
        return Err(Refusal::bad(
            "tag_invalid",
            "an image's tag has 1 to 128 letters, digits, `_`, `.` and `-`, and does not start with `.` or `-`",
            "send the tag alone, without the image's name",
        ));
    }
    if report
        .digest
        .as_deref()
        .is_some_and(|digest| !is_digest(digest))
    {
        return Err(Refusal::bad(
            "digest_invalid",
            "an image's digest is `sha256:` and 64 lower-case hexadecimal digits",
            "send the digest the registry gave for the push",
        ));
    }
    Ok(())
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= 128
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && tag
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    digest.strip_prefix("sha256:").is_some_and(|digits| {
        digits.len() == 64
            && digits
                .bytes()
                .all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
    })
}

/// A key for what the report says; no field can run into the next.
fn same(report: &ImageReport) -> String {
    let fields = [
        Some(report.application.as_str()),
        Some(report.revision.as_str()),
        report.tag.as_deref(),
        report.digest.as_deref(),
    ];
    let mut hash = Sha256::new();
    for field in fields {
        hash.update(field.unwrap_or("\0"));
        hash.update(b"\n");
    }
    format!("image:{}", hex(&hash.finalize()))
}
