//! Promotion: a revision of an application travels into a manifests repository.
//!
//! A lane hears that its trigger may have moved, observes what is newest, edits the manifests on a
//! branch of its own, opens a change request, waits for its checks on the exact head, approves it
//! with a second identity if the head's tree is the one we would generate, waits for people where
//! asked, merges pinned to that head, and tells the lanes after it.

pub mod rules;

pub use rules::{Approval, EditRule, LaneRules, Mode, Promotion, TagOrder, TagPattern, Trigger};
