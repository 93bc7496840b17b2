//! The contract on Postgres: `SENDO_TEST_POSTGRES=postgres://user@host:port/db cargo test -p
//! sendo-store --test postgres`. Without the variable every test fails,
//! so that a suite that did not run never looks like one that passed.

#![expect(
    clippy::unwrap_used,
    reason = "a test helper that cannot go on says so by panicking"
)]

#[path = "../suite/mod.rs"]
mod suite;

mod place;
mod replicas;
