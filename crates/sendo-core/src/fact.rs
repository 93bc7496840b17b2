//! What is known about the outside, with the time it was observed.
//!
//! A fact belongs to one subject and has a key; a newer observation replaces an older one. Facts
//! are the only way the outside reaches a decision.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::subject::SubjectId;
use crate::time::Timestamp;

/// One fact about one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Whom it is about.
    pub subject: SubjectId,
    /// What it is, such as `source` or `announced/…`; unique within the subject.
    pub key: String,
    /// Its content; the job that reads it knows the shape.
    pub value: Value,
    /// When looking *began*, so that a change made meanwhile counts as later.
    pub observed_at: Timestamp,
}

/// The facts a decision may see: those of its own subject and of the subjects it reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    entries: BTreeMap<(SubjectId, String), (Value, Timestamp)>,
}

impl Facts {
    /// The fact under a key, when it is there and has the shape asked for.
    #[must_use]
    pub fn get<T: DeserializeOwned>(
        &self,
        subject: &SubjectId,
        key: &str,
    ) -> Option<(T, Timestamp)> {
        let (value, at) = self.entries.get(&(subject.clone(), key.to_owned()))?;
        serde_json::from_value(value.clone())
            .ok()
            .map(|value| (value, *at))
    }

    /// When the fact under a key was observed, whatever its shape.
    #[must_use]
    pub fn observed_at(&self, subject: &SubjectId, key: &str) -> Option<Timestamp> {
        let (_, at) = self.entries.get(&(subject.clone(), key.to_owned()))?;
        Some(*at)
    }

    /// Every key of a subject's facts that starts with `prefix`, whatever the shape of its fact.
    pub fn keys<'a>(
        &'a self,
        subject: &'a SubjectId,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, Timestamp)> {
        self.entries
            .range((subject.clone(), prefix.to_owned())..)
            .take_while(move |((owner, key), _)| owner == subject && key.starts_with(prefix))
            .map(|((_, key), (_, at))| (key.as_str(), *at))
    }

    /// Every fact of a subject whose key starts with `prefix`, in the order of the keys.
    pub fn starting_with<'a, T: DeserializeOwned>(
        &'a self,
        subject: &'a SubjectId,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, T, Timestamp)> {
        self.entries
            .range((subject.clone(), prefix.to_owned())..)
            .take_while(move |((owner, key), _)| owner == subject && key.starts_with(prefix))
            .filter_map(|((_, key), (value, at))| {
                serde_json::from_value(value.clone())
                    .ok()
                    .map(|value| (key.as_str(), value, *at))
            })
    }

    /// Takes one fact away.
    pub fn remove(&mut self, subject: &SubjectId, key: &str) {
        self.entries.remove(&(subject.clone(), key.to_owned()));
    }

    /// Adds or replaces one fact.
    pub fn insert(&mut self, fact: Fact) {
        self.entries
            .insert((fact.subject, fact.key), (fact.value, fact.observed_at));
    }
}

impl FromIterator<Fact> for Facts {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        let mut all = Self::default();
        facts.into_iter().for_each(|fact| all.insert(fact));
        all
    }
}
