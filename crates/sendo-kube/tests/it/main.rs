//! Answers that no real API server gives on demand: cut, huge, late, of another kind.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod answers;
mod server;
mod watching;
