//! The contract on SQLite, and what only a file can show: hand-over, power cuts, boundaries.

#![expect(
    clippy::unwrap_used,
    reason = "a test helper that cannot go on says so by panicking"
)]

#[path = "../suite/mod.rs"]
mod suite;

mod boundaries;
mod crash;
mod file;
mod place;
mod plans;
mod together;
