//! Promotion: a revision of an application travels into a manifests repository.
//!
//! A lane hears that its trigger may have moved, observes what is newest, edits the manifests on a
//! branch of its own, opens a change request, waits for its checks on the exact head, approves it
//! with a second identity if the head's tree is the one we would generate, waits for people where
//! asked, merges pinned to that head, sees the environment become healthy where an engine can tell, and
//! tells the lanes after it.
//!
//! The story in files: [`matching`] says which lanes an event concerns and why not the others;
//! `evidence` takes in what came of our effects; `looks` looks at the outside; `acts` does what people asked for; `announced` and
//! `newest` find the revision a lane should be at; `advance` takes the running deployment one step
//! on, through its `gates` and its `change` request; where an engine applies what was merged, `seeing`
//! follows it until the environment is healthy, by what it knows of that ([`applying`]); `ending` brings
//! it to its end; `undoing` goes back; `telling` says so; [`decide`] reads as their list. What they remember is in [`state`], what they go by in
//! [`rules`].

pub mod applying;
pub mod decide;
pub mod matching;
pub mod rules;
pub mod state;

mod acts;
mod advance;
mod announced;
mod change;
mod ending;
mod evidence;
mod gates;
mod looks;
mod newest;
mod render;
mod seeing;
mod tags;
mod telling;
mod tidying;
mod undoing;

pub use acts::{HELD, ROLLED_BACK, goes_back, has_a_chance, is_remembered, may_ask};
pub use decide::Promotions;
pub use render::sample_edits;
pub use rules::{
    After, Approval, EditRule, LaneRules, Mode, Promotion, TagOrder, TagPattern, Trigger,
};

#[cfg(test)]
mod tests;
