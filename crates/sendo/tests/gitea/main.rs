//! The real program on a real Gitea: `cargo xtask test --only gitea`. Without the variables of the
//! testbed every story fails, so that a suite that did not run never looks like one that passed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail by panicking"
)]

mod many;
mod promoting;
mod setting_up;
mod trouble;
mod world;
