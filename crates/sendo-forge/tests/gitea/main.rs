//! A real Gitea as the forge: `cargo xtask testbed exec --with gitea -- cargo test -p sendo-forge --test
//! gitea`. Without its variables every test fails, so that a suite that did not run never looks like
//! one that passed.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

#[path = "../loopback/mod.rs"]
mod loopback;

mod approving;
mod closing;
mod looking;
mod meddler;
mod merging;
mod opening;
mod setting_up;
mod world;
