//! `/api/v1`: JSON for programs, one file for each kind of thing.
//!
//! Times are microseconds since 1970, as everywhere in Sendo. Fields are added, never renamed.

pub(crate) mod acts;
pub(crate) mod audit;
pub(crate) mod board;
pub(crate) mod deliveries;
pub(crate) mod deployments;
pub(crate) mod diff;
pub(crate) mod freezes;
pub(crate) mod images;
pub(crate) mod locks;
pub(crate) mod me;
pub(crate) mod plan;
pub(crate) mod sign_in_links;
pub(crate) mod tokens;

pub(crate) mod accepted;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// The description of the API, as published; a test holds it against the routes.
pub(crate) const DESCRIPTION: &str = include_str!("../../assets/openapi.json");

/// Gives the description of the API.
pub(crate) async fn description() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DESCRIPTION)
}
