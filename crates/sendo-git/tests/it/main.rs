//! The crate against real git: every test makes its own repository, and ends with `git fsck`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail by panicking"
)]

mod diffs;
mod files;
mod history;
mod hostile;
mod publish;
mod refs;
mod speed;
mod spool;
mod support;
mod wire;
