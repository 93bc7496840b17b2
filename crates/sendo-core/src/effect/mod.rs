//! What shall be done outside, as data, and what became of it.
//!
//! An effect has a class, and the class decides what happens after an ambiguous outcome: classes
//! A to D can be repeated or adopted, E stops and asks, a notice (N) is delivered at least once,
//! and an observation (O) has no outside effect at all.
//!
//! `kinds` says what can be done, `publish` what a published commit is, `standing` how far it is and what came of it, `observed` what an
//! observation leaves as a fact.

mod kinds;
mod observed;
mod publish;
mod standing;

pub use kinds::{Class, CloseReason, Effect, Look};
pub use observed::{
    Ahead, ChangeRequest, ChangeState, Check, CheckState, Found, Review, Source, SourceChange,
    Verdict,
};
pub use publish::{Edit, Publish, Story};
pub use standing::{
    EffectError, EffectKey, EffectState, EffectView, Outcome, PlannedEffect, Published,
};
