//! Reading the parameters of a path, with the refusal that every other part of a request has.

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Answer, Refusal};

/// Parameters that were all understood.
pub(crate) struct InPath<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned + Send + 'static> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let Path(params) = parts.extract::<Path<T>>().await.map_err(|rejection| {
            Refusal::bad(
                "path_invalid",
                rejection.body_text(),
                "see `/api/v1/openapi.json` for the parameters of this route",
            )
        })?;
        Ok(Self(params))
    }
}
