//! Names of refs, checked before git ever sees them.
//!
//! Owns git's `check-ref-format` rules in Rust, and two of our own: a name is always full (it starts
//! with `refs/`, so it can never be read as an option) and short enough for any file system. Does not
//! know which refs exist.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::GitError;

/// Longest name taken, in bytes; git allows more, file systems may not.
const MAX_NAME: usize = 1000;
/// Longest part between slashes, in bytes: 255 less room for git's `.lock`.
const MAX_COMPONENT: usize = 250;

/// A full, valid ref name such as `refs/heads/main`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefName(String);

impl RefName {
    /// Takes a full name.
    ///
    /// # Errors
    /// [`GitError::InvalidRefName`] with the rule it breaks.
    pub fn new(name: impl Into<String>) -> Result<Self, GitError> {
        let name = name.into();
        match broken_rule(&name) {
            None => Ok(Self(name)),
            Some(why) => Err(GitError::InvalidRefName { name, why }),
        }
    }

    /// Takes a branch's short name: `main` becomes `refs/heads/main`.
    ///
    /// # Errors
    /// As [`RefName::new`]; also refuses what `git branch` refuses: a leading dash, and `HEAD`.
    pub fn branch(short: &str) -> Result<Self, GitError> {
        let why = match short {
            "HEAD" => "HEAD is not a branch name",
            _ if short.starts_with('-') => "a branch name cannot start with a dash",
            _ => return Self::new(format!("refs/heads/{short}")),
        };
        Err(GitError::InvalidRefName {
            name: short.to_owned(),
            why,
        })
    }

    /// Takes a tag's short name: `v1` becomes `refs/tags/v1`.
    ///
    /// # Errors
    /// As [`RefName::branch`].
    pub fn tag(short: &str) -> Result<Self, GitError> {
        if short.starts_with('-') {
            let why = "a tag name cannot start with a dash";
            return Err(GitError::InvalidRefName {
                name: short.to_owned(),
                why,
            });
        }
        Self::new(format!("refs/tags/{short}"))
    }

    /// The full name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch's or tag's own name, or the full name of any other ref.
    #[must_use]
    pub fn short(&self) -> &str {
        let name = &self.0;
        name.strip_prefix("refs/heads/")
            .or_else(|| name.strip_prefix("refs/tags/"))
            .unwrap_or(name)
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    let Some(rest) = name.strip_prefix("refs/") else {
        return Some("a full name starts with refs/");
    };
    let forbidden = |byte: u8| byte < b' ' || byte == 0x7f || b" ~^:?*[\\".contains(&byte);
    if name.len() > MAX_NAME {
        return Some("it is longer than 1000 bytes");
    }
    if name.bytes().any(forbidden) {
        return Some("it has a control character, a space or one of ~ ^ : ? * [ \\");
    }
    if name.contains("..") || name.contains("@{") {
        return Some("it has .. or @{");
    }
    if name.ends_with('.') {
        return Some("it ends with a dot");
    }
    rest.split('/').find_map(|part| match part {
        "" => Some("a part between slashes is empty"),
        _ if part.starts_with('.') => Some("a part starts with a dot"),
        _ if part.ends_with(".lock") => Some("a part ends with .lock"),
        _ if part.len() > MAX_COMPONENT => Some("a part is longer than 250 bytes"),
        _ => None,
    })
}

impl FromStr for RefName {
    type Err = GitError;

    fn from_str(name: &str) -> Result<Self, GitError> {
        Self::new(name)
    }
}

impl TryFrom<String> for RefName {
    type Error = GitError;

    fn try_from(name: String) -> Result<Self, GitError> {
        Self::new(name)
    }
}

impl From<RefName> for String {
    fn from(name: RefName) -> Self {
        name.0
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefName({})", self.0)
    }
}
