//! A Gitea that fails: every act, broken off before and after it was done, is done once.
//!
//! What a Gitea answers when all is well is judged by a real one, in `tests/gitea`.

mod faults;
mod model;
mod trouble;
