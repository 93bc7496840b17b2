//! A forge that is a Gitea or a Forgejo, which speak the same API.
//!
//! Objects and refs travel by git's own protocol, by which also the compare-and-swap of a branch is
//! done; change requests, reviews, checks and histories by the API. Two users act: whoever proposes
//! cannot approve. What an earlier attempt may have done is looked for before anything is done, because
//! an answer that did not come says nothing.
//!
//! | Module | What it does |
//! |---|---|
//! | [`acts`] | what the loop asks, in its words |
//! | [`client`] | one request, one answer; trouble in words |
//! | [`shapes`] | what is read of the answers |
//! | [`observe`], [`pulls`], [`history`], [`commits`] | looks |
//! | [`open`], [`approve`], [`merge`], [`close`] | acts, each of which adopts what is done already |
//! | [`people`] | who is who, and which two are ours |
//! | [`hook`], [`rights`] | the webhook, and what our users may do |

mod acts;
mod approve;
mod client;
mod close;
mod commits;
mod crowd;
mod history;
mod hook;
mod merge;
mod observe;
mod open;
mod people;
mod pulls;
mod rights;
mod shapes;
#[cfg(test)]
mod tests;

pub use acts::{Access, GiteaActs};
pub use client::{Role, http};
pub(crate) use history::History;
pub use hook::{Hook, Installed};
pub use people::ours;
pub use rights::Finding;
