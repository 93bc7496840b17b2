//! Renderings of files in memory, by programs that are scripts: what they are given, and how they end.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod attacks;
mod limits;
mod stage;
