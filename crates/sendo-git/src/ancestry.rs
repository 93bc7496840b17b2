//! What git said about how commits relate, so that it need not be asked again.
//!
//! A commit's name stands for its whole history, so an answer stays true. In a shallow repository it does
//! not: its history may be completed. Nothing that was said there is remembered.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::oid::Oid;

/// Answers remembered before all are forgotten.
const MOST: usize = 1_000;
/// Longest list that is remembered.
const MAX_LIST: usize = 300;

/// A question about commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// Whether the first is reachable from the second.
    IsAncestor(Oid, Oid),
    /// What both have in common.
    MergeBase(Oid, Oid),
    /// What is reachable from the first and not from the second, how much of it, by first parents only.
    Between(Oid, Option<Oid>, usize, bool),
}

/// Answers, by their questions: yes is the commit that was asked about, no is none.
#[derive(Debug, Default)]
pub(crate) struct Ancestry(Mutex<HashMap<Question, Vec<Oid>>>);

impl Ancestry {
    pub(crate) fn recall(&self, question: &Question) -> Option<Vec<Oid>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(question).cloned()
    }

    pub(crate) fn note(&self, repository: &Path, question: Question, answer: &[Oid]) {
        if answer.len() > MAX_LIST || repository.join("shallow").exists() {
            return;
        }
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(question, answer.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shallow_repository_says_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (known, question) = (
            Ancestry::default(),
            Question::IsAncestor(Oid::ZERO, Oid::EMPTY_TREE),
        );
        std::fs::write(folder.path().join("shallow"), "").unwrap();
        known.note(folder.path(), question, &[]);
        assert_eq!(known.recall(&question), None);
        std::fs::remove_file(folder.path().join("shallow")).unwrap();
        known.note(folder.path(), question, &[]);
        assert_eq!(known.recall(&question), Some(Vec::new()));
    }
}
