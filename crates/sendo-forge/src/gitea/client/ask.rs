//! A question, before it is asked: what for, where, with which query.

use std::fmt;

use sendo_core::names::Repository;

use crate::error::ForgeError;

/// What is asked: where, as what words of a path, with which query.
#[derive(Debug, Clone)]
pub(in crate::gitea) struct Ask {
    /// What is tried on what, as a fragment: `read change request 7 of acme:acme/web`.
    pub(in crate::gitea) what: String,
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) counted: bool,
    /// What is asked of an entry that is too long by itself.
    lightly: Option<(&'static str, &'static str)>,
}

impl Ask {
    /// Asks about the server itself.
    pub(in crate::gitea) fn server(what: impl Into<String>, path: &[&str]) -> Self {
        Self {
            what: what.into(),
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            query: Vec::new(),
            counted: true,
            lightly: None,
        }
    }

    /// Asks about a repository: `path` goes on below it.
    pub(in crate::gitea) fn repository(
        what: impl fmt::Display,
        repository: &Repository,
        path: &[&str],
    ) -> Result<Self, ForgeError> {
        let Some((owner, name)) = repository
            .path
            .split_once('/')
            .filter(|(_, name)| !name.contains('/'))
        else {
            return Err(ForgeError::refused(
                "repository_path",
                format!("`{repository}` cannot be on a Gitea: write it as `FORGE:OWNER/NAME`"),
            ));
        };
        let mut ask = Self::server(format!("{what} of {repository}"), &["repos", owner, name]);
        ask.path.extend(path.iter().map(|part| (*part).to_owned()));
        Ok(ask)
    }

    /// Adds words of the query.
    pub(in crate::gitea) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// For a list whose entries can be had with less: a word of the query, and what it says then.
    pub(in crate::gitea) fn or_lightly(mut self, key: &'static str, value: &'static str) -> Self {
        self.lightly = Some((key, value));
        self
    }

    /// The same, asking for less where that is possible.
    pub(super) fn lightened(mut self) -> Option<Self> {
        let (key, value) = self.lightly.take()?;
        self.query.retain(|(word, _)| *word != key);
        Some(self.with(key, value))
    }

    /// For a list whose `X-Total-Count` is of one page only.
    pub(in crate::gitea) fn uncounted(mut self) -> Self {
        self.counted = false;
        self
    }
}
