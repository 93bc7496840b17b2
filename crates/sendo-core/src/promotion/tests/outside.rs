//! The outside in memory: commits, branches and tags of an application's and a manifests
//! repository, change requests with their checks and reviews.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::cluster::Application;
use crate::effect::{ChangeState, CheckState, EffectError, Review};
use crate::names::{Principal, Revision, TreeId};
use crate::time::Timestamp;

/// What a tree says: each place and its value.
pub(super) type Content = BTreeMap<String, String>;

#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) parents: Vec<Revision>,
    pub(super) content: Content,
    pub(super) title: String,
    pub(super) paths: Vec<String>,
    pub(super) at: Timestamp,
    /// In the order of their making, so that a walk is oldest first.
    pub(super) seq: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) branch: String,
    pub(super) base: String,
    pub(super) head: Revision,
    pub(super) state: ChangeState,
    pub(super) ended_by: Option<Principal>,
    pub(super) merged: Option<Revision>,
    pub(super) reviews: Vec<Review>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Outside {
    pub(super) commits: BTreeMap<Revision, Commit>,
    /// Of the application's repository.
    pub(super) branches: BTreeMap<String, Revision>,
    pub(super) tags: BTreeMap<String, (Revision, Timestamp)>,
    /// Of the manifests repository.
    pub(super) refs: BTreeMap<String, Revision>,
    pub(super) changes: Vec<Change>,
    pub(super) checks: BTreeMap<(Revision, String), CheckState>,
    /// Commits that were made by publishing, so that their tree is the promised one.
    pub(super) ours: BTreeSet<Revision>,
    /// Kinds of effect that do not work, and whether for good.
    pub(super) broken: BTreeMap<&'static str, (EffectError, bool)>,
    /// A tree that is not what it seems: observations report another one.
    pub(super) forged: bool,
    /// What an engine applies, by the name of its application.
    pub(super) cluster: BTreeMap<String, Application>,
    /// How many effects did something, by kind.
    pub(super) done: BTreeMap<&'static str, usize>,
}

/// Forty digits made from anything.
fn digits(seed: &impl Hash) -> String {
    let part = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, seed).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    };
    let mut digits = part(0) + &part(1) + &part(2);
    digits.truncate(40);
    digits
}

pub(super) fn tree(content: &Content, paths: &[String]) -> TreeId {
    TreeId::new(digits(&("tree", content, paths))).unwrap()
}

impl Outside {
    /// Makes a commit; the same one made twice is one.
    pub(super) fn commit(
        &mut self,
        parents: Vec<Revision>,
        content: Content,
        title: &str,
        paths: &[&str],
        at: Timestamp,
    ) -> Revision {
        let revision =
            Revision::new(digits(&(&parents, &content, title, paths, at.as_seconds()))).unwrap();
        let seq = self.commits.len();
        self.commits.entry(revision.clone()).or_insert(Commit {
            parents,
            content,
            title: title.to_owned(),
            paths: paths.iter().map(|&path| path.to_owned()).collect(),
            at,
            seq,
        });
        revision
    }

    pub(super) fn tree_of(&self, revision: &Revision) -> TreeId {
        let commit = &self.commits[revision];
        // In an application a tree is what its title says; in manifests, what they set.
        let of = if commit.content.is_empty() {
            vec![commit.title.clone()]
        } else {
            Vec::new()
        };
        tree(&commit.content, &of)
    }

    /// Everything a commit contains, itself included.
    pub(super) fn history(&self, of: &Revision) -> BTreeSet<Revision> {
        let mut seen = BTreeSet::new();
        let mut next = vec![of.clone()];
        while let Some(revision) = next.pop() {
            if let Some(commit) = self.commits.get(&revision)
                && seen.insert(revision)
            {
                next.extend(commit.parents.clone());
            }
        }
        seen
    }

    pub(super) fn contains(&self, head: &Revision, one: &Revision) -> bool {
        self.history(head).contains(one)
    }

    /// What `head` has and `base` has not, oldest first.
    pub(super) fn between(&self, base: Option<&Revision>, head: &Revision) -> Vec<Revision> {
        let known = base.map(|base| self.history(base)).unwrap_or_default();
        let mut new: Vec<Revision> = self.history(head).difference(&known).cloned().collect();
        new.sort_by_key(|revision| self.commits[revision].seq);
        new
    }

    /// The newest commit both contain.
    pub(super) fn fork(&self, one: &Revision, other: &Revision) -> Option<Revision> {
        let both = self.history(one);
        let shared = self.history(other);
        both.intersection(&shared)
            .max_by_key(|revision| self.commits[*revision].seq)
            .cloned()
    }

    pub(super) fn value(&self, base: &str, place: &str) -> Option<String> {
        self.commits
            .get(self.refs.get(base)?)?
            .content
            .get(place)
            .cloned()
    }

    pub(super) fn open(&self) -> impl Iterator<Item = (u64, &Change)> {
        let numbered = (1..).zip(&self.changes);
        numbered.filter(|(_, change)| change.state == ChangeState::Open)
    }

    pub(super) fn change(&mut self, number: u64) -> &mut Change {
        &mut self.changes[usize::try_from(number).unwrap() - 1]
    }

    /// Where the head of a change request is now; an ended one keeps its last.
    pub(super) fn head_of(&self, change: &Change) -> Option<Revision> {
        match change.state {
            ChangeState::Open => self.refs.get(&change.branch).cloned(),
            _ => Some(change.head.clone()),
        }
    }

    /// Merges what a change request has now; `None` on a conflict.
    pub(super) fn merge(&mut self, number: u64, by: &Principal, at: Timestamp) -> Option<Revision> {
        let change = self.change(number).clone();
        let head = self.head_of(&change)?;
        let base = self.refs[&change.base].clone();
        let fork = self.fork(&base, &head)?;
        let was = self.commits[&fork].content.clone();
        let mut content = self.commits[&base].content.clone();
        for (place, value) in self.commits[&head].content.clone() {
            if was.get(&place) == Some(&value) || content.get(&place) == Some(&value) {
                continue;
            }
            if content.get(&place) != was.get(&place) {
                return None;
            }
            content.insert(place, value);
        }
        let title = format!("merge #{number}");
        let merged = self.commit(vec![base, head.clone()], content, &title, &[], at);
        self.refs.insert(change.base, merged.clone());
        let change = self.change(number);
        change.state = ChangeState::Merged;
        change.head = head;
        change.merged = Some(merged.clone());
        change.ended_by = Some(by.clone());
        Some(merged)
    }
}
