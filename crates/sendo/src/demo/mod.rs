//! The main job on this machine, with no account anywhere.
//!
//! A demo is `serve` on a configuration it generated, plus people who act only through `git push`,
//! `sendo change` and the public API: what they do here, a team does with its own hands.

mod people;
mod stage;
mod story;

pub(crate) use stage::Stage;
pub(crate) use story::{Played, once, until_stopped};
