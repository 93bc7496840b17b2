//! What the loop wakes and decides about.
//!
//! A subject is a kind and a key. The store keeps its state as versioned JSON and knows nothing
//! else of it, so a new job adds a kind here and no table there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::{ApplicationName, EnvironmentName, InvalidName};

/// The kinds of subject, one for each job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// (application, environment): one deployment at a time, newest wins.
    Lane,
    /// An area that can be locked and frozen: everything, an application, an environment, or one lane.
    Lock,
    /// A place that notices go to, and what waits for it.
    Target,
}

impl SubjectKind {
    /// The kind as it stands in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lane => "lane",
            Self::Lock => "lock",
            Self::Target => "target",
        }
    }
}

/// A subject: `(kind, key)`, written `lane:example1/test`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubjectId {
    /// Which job decides about it.
    pub kind: SubjectKind,
    /// Unique among the subjects of that kind.
    pub key: String,
}

/// The lane of an application in an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaneId {
    /// What is deployed.
    pub application: ApplicationName,
    /// Where.
    pub environment: EnvironmentName,
}

impl LaneId {
    /// Names a lane.
    #[must_use]
    pub const fn new(application: ApplicationName, environment: EnvironmentName) -> Self {
        Self {
            application,
            environment,
        }
    }

    /// The subject the loop wakes for this lane.
    #[must_use]
    pub fn subject(&self) -> SubjectId {
        SubjectId {
            kind: SubjectKind::Lane,
            key: self.to_string(),
        }
    }
}

impl fmt::Display for LaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.application, self.environment)
    }
}

impl FromStr for LaneId {
    type Err = InvalidName;
    fn from_str(value: &str) -> Result<Self, InvalidName> {
        let (application, environment) = value.split_once('/').unwrap_or((value, ""));
        Ok(Self::new(
            ApplicationName::new(application)?,
            EnvironmentName::new(environment)?,
        ))
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.key)
    }
}

impl From<SubjectId> for String {
    fn from(subject: SubjectId) -> Self {
        subject.to_string()
    }
}

impl TryFrom<String> for SubjectId {
    type Error = String;
    fn try_from(value: String) -> Result<Self, String> {
        let of = |kind, key: &str| {
            let key = key.to_owned();
            Ok(Self { kind, key })
        };
        match value.split_once(':') {
            Some(("lane", key)) => of(SubjectKind::Lane, key),
            Some(("lock", key)) => of(SubjectKind::Lock, key),
            Some(("target", key)) => of(SubjectKind::Target, key),
            _ => Err(format!(
                "unknown subject `{value}`: this database was written by a newer Sendo"
            )),
        }
    }
}
