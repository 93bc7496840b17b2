//! The real binary, run as a person or a script runs it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail by panicking"
)]

mod acting;
mod answers;
mod bad_input;
mod canaries;
mod config_accepts;
mod config_merges;
mod config_refuses;
mod contexts;
mod copies_cli;
mod demo;
mod diffing;
mod doctor;
mod documents;
mod example_configuration;
mod explain_cli;
mod first_day;
mod freezing;
mod logs;
mod manifest_cli;
mod metrics;
mod notices;
mod observing;
mod outputs;
mod planning;
mod program;
mod reference_cli;
mod reloading;
mod restoring;
mod seed_stories;
mod sendo;
mod serving;
mod starting;
mod tutorial;
mod typed;
mod watching;
