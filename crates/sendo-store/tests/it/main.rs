//! The contract on SQLite, and what only a file can show: hand-over, power cuts, odd addresses.

#[path = "../suite/mod.rs"]
mod suite;

mod crash;
mod file;
mod place;
