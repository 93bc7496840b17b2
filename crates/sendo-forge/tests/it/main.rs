//! The local forge against real git: every verb, twice, and while others push. A Gitea that fails.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod acts;
mod checks;
mod files;
mod garbage;
mod gitea;
#[path = "../loopback/mod.rs"]
mod loopback;
mod merging;
mod opening;
mod races;
mod reviewing;
mod world;
