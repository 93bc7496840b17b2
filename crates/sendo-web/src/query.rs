//! Reading a query string: unknown parameters are refused, not ignored.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Answer, Refusal};

/// The most rows a list gives.
pub(crate) const MOST: u32 = 1_000;

/// The rows a list gives when nobody says.
pub(crate) const USUAL: u32 = 100;

/// Parameters that were all understood.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        Query::<T>::try_from_uri(&parts.uri)
            .map(|Query(params)| Self(params))
            .map_err(|rejection| {
                Refusal::bad(
                    "query_invalid",
                    rejection.body_text(),
                    "see `/api/v1/openapi.json` for the parameters of this route",
                )
            })
    }
}

/// How many rows to give.
pub(crate) fn limit(asked: Option<u32>) -> Answer<u32> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(Refusal::bad(
            "limit_invalid",
            format!("`limit` is between 1 and {MOST}"),
            "ask for fewer at a time",
        )),
    }
}
