//! Every sentence and page a person reads, rendered purely, in English and Japanese.
//!
//! Callers bring data from `sendo-core`; what comes back is text, HTML or JSON, ready to send. A
//! sentence is worded once, as a [`Sentence`], and each surface escapes it in its own way. Nothing
//! here reads a clock, a file or an environment variable.
//!
//! | Module | Surface |
//! |---|---|
//! | [`wording`] | the sentences themselves, one file per topic |
//! | [`change_request`] | titles, bodies, comments and commit messages on a forge |
//! | [`slack`], [`webhook`] | notices for chat and for machines |
//! | [`terminal`] | the timeline, the river of `sendo status`, histories |
//! | [`page`] | server-rendered HTML with its style sheet and script |
//! | [`explain`] | why a lane did not react to an event |

pub mod change_request;
pub mod explain;
pub mod language;
mod objects;
pub mod page;
pub mod sentence;
pub mod slack;
pub mod terminal;
pub mod time;
pub mod webhook;
pub mod wording;

mod board;
mod diff;
mod escape;

pub use language::Language;
pub use sentence::Sentence;
pub use wording::Context;
