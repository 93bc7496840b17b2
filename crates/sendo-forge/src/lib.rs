//! Change requests and checks on a forge; the local one lives on plain bare repositories.
//!
//! A forge is where a team's repositories, change requests and checks are. This crate reads them and
//! acts on them, and decides nothing: what to open, approve or merge comes in from above, pinned to a
//! commit. [`local`] is the forge that needs no account: bare repositories under one folder; [`gitea`] is
//! a Gitea or a Forgejo, asked over HTTP.

mod error;
mod forge;
mod git;
pub mod gitea;
pub mod local;

pub use error::ForgeError;
pub use forge::{Forge, Forges, MaySend, Open};
pub use git::Files;
