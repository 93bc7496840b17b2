//! The contract on Postgres: `SENDO_TEST_POSTGRES=postgres://user@host:port/db cargo test -p
//! sendo-store --features postgres-tests --test postgres`. Without the variable every test fails,
//! so that a suite that did not run never looks like one that passed.

#[path = "../suite/mod.rs"]
mod suite;

mod place;
mod replicas;
