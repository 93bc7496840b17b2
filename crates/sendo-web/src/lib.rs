//! Routes: API, server-sent events, pages, and the server that carries them.
//!
//! This crate decides nothing and words nothing but its refusals: a request is admitted, its caller
//! is identified, the store or the intake is asked, and what `sendo-report` renders is sent back.
//!
//! | Module | What it does |
//! |---|---|
//! | [`server`] | accepts connections within limits, and ends them in order |
//! | [`routes`] | every route in one table, each with who may use it |
//! | `guard` | what every request and every answer goes through |
//! | `auth`, [`token`] | who calls, and the tokens they call with |
//! | `session`, `sign_in` | browsers that are signed in, and how they get there |
//! | `body`, `query`, `names` | reading what was sent, strictly, with errors that help |
//! | [`error`] | refusals: a status, a stable code, what happened and what to do next |
//! | `api` | `/api/v1`, one file for each kind of thing |
//! | `pages`, `files`, [`feed`] | pages for people, the files they need, and the feed that tells them to look again |
//! | `webhooks` | what forges deliver |
//! | `probes`, `metrics` | what keeps an eye on the process |

pub mod error;
pub mod feed;
mod forms;
pub mod routes;
pub mod server;
pub mod state;
pub mod token;

mod api;
mod auth;
mod body;
mod files;
mod guard;
mod metrics;
mod names;
mod pages;
mod path;
mod probes;
mod query;
mod session;
mod sign_in;
mod webhooks;

pub use api::diff::{DiffError, Differ, ObjectDiffer};
pub use api::plan::{ConfigFile, PlanError, PlanRequest, Planner};
pub use feed::Feed;
pub use routes::router;
pub use server::{serve, serve_within};
pub use state::{Limits, Readiness, Reads, WebState};
pub use webhooks::GITEA_PATH;
