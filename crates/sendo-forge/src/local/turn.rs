//! The documents in a change request's log: one JSON object per turn.
//!
//! Owns their shape and limits. A document this version does not know is an error, never skipped: a
//! log half understood could show a closed change request as open.

use sendo_core::effect::Verdict;
use sendo_core::names::{BranchName, Principal};
use sendo_core::time::Timestamp;
use sendo_git::Oid;
use serde::{Deserialize, Serialize};

use super::error::LocalError;

/// Longest title, in characters.
const MAX_TITLE: usize = 300;
/// Longest body, comment or reason, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// One thing that happened to a change request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The version of the format: 1.
    pub sendo: u32,
    /// Who did it, by their own account.
    pub by: Principal,
    /// When, in microseconds since 1970.
    pub at: Timestamp,
    /// What they did.
    #[serde(flatten)]
    pub what: What,
}

/// What happened in a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "snake_case")]
pub enum What {
    /// It was opened: always the first turn, and only the first.
    Opened {
        /// One line.
        title: String,
        /// The description.
        body: String,
        /// The branch it shall reach.
        base: BranchName,
        /// The branch that carries it.
        branch: BranchName,
        /// The branch's head then.
        head: Oid,
        /// Whose it is, by the opener's own key; what makes opening it twice harmless.
        marker: Option<String>,
    },
    /// Somebody reviewed exactly this head.
    Reviewed {
        /// What they said.
        verdict: Verdict,
        /// The head they saw.
        head: Oid,
        /// What they wrote.
        body: String,
    },
    /// Somebody commented.
    Commented {
        /// What they wrote.
        body: String,
        /// A later comment with the same marker takes the place of the earlier.
        marker: Option<String>,
    },
    /// Title and body were replaced.
    Retitled {
        /// The new title.
        title: String,
        /// The new description.
        body: String,
    },
    /// It was closed without a merge.
    Closed {
        /// Why.
        reason: String,
    },
    /// It was opened again.
    Reopened,
    /// It was merged: who did it and what came of it. That it is merged, the base says.
    Merged {
        /// The head that was merged.
        head: Oid,
        /// The base's head after the merge.
        merge: Oid,
    },
}

impl Turn {
    pub(super) fn new(by: &Principal, at: Timestamp, what: What) -> Self {
        Self {
            sendo: 1,
            by: by.clone(),
            at,
            what,
        }
    }
}

pub(super) fn check_title(title: &str) -> Result<(), LocalError> {
    let why = if title.trim().is_empty() {
        "it is empty"
    } else if title.chars().count() > MAX_TITLE {
        "it is longer than 300 characters"
    } else if title.chars().any(char::is_control) {
        "it has a line break or another control character"
    } else {
        return Ok(());
    };
    Err(LocalError::Invalid { what: "title", why })
}

pub(super) fn check_body(what: &'static str, body: &str) -> Result<(), LocalError> {
    let why = "it is longer than 256 KiB";
    if body.len() > MAX_BODY {
        Err(LocalError::Invalid { what, why })
    } else {
        Ok(())
    }
}
