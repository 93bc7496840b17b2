//! The loop: wake a subject, load its world, decide, commit.
//!
//! It owns the order of these four and nothing else: what wakes a subject is written by intake and
//! effects, what is decided lives in the jobs. A plan is committed by compare-and-swap on the
//! subject's version; whoever loses decides again.
//!
//! | Module | What it does |
//! |---|---|
//! | [`engine`] | one turn of the loop, and the sweep |
//! | [`pump`] | runs a turn again and again: at once while there is work, else when a bell rings |
//! | [`sealer`] | seals audit lines into the chain behind the transactions that wrote them |

pub mod engine;
pub mod pump;
pub mod sealer;

pub use engine::Engine;
pub use pump::{Bells, Pump};
pub use sealer::Sealer;
