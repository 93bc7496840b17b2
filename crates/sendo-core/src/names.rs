//! Names that were checked once, at the edge, and can be trusted afterwards.
//!
//! Each type refuses what the platforms behind it would refuse, so that a later step never has to
//! ask again. Names are identifiers, never display text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} `{value}`: {why}")]
pub struct InvalidName {
    /// Which kind of name, such as `revision`.
    pub what: &'static str,
    /// The refused text, cut to 80 characters.
    pub value: String,
    /// What the name must look like.
    pub why: &'static str,
}

fn refuse(what: &'static str, value: &str, why: &'static str) -> InvalidName {
    InvalidName {
        what,
        value: value.chars().take(80).collect(),
        why,
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $why:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a name.
            ///
            /// # Errors
            /// [`InvalidName`] says what the name must look like.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidName> {
                let value = value.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&value) { Ok(Self(value)) } else { Err(refuse($what, &value, $why)) }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(value: String) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(value: &str) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn slug(value: &str) -> bool {
    let inner =
        |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_' | b'.');
    let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let bytes = value.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|c| inner(*c))
        && !value.contains("..")
        && !value.ends_with(".lock")
}

fn engine_application(value: &str) -> bool {
    let is = |name: &str, most: usize, dots: bool| {
        let inner = |c: u8| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || (dots && c == b'.')
        };
        let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let bytes = name.as_bytes();
        bytes.len() <= most
            && edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|c| inner(*c))
    };
    match value.split_once('/') {
        Some((namespace, name)) => is(namespace, 63, false) && is(name, 253, true),
        None => is(value, 253, true),
    }
}

fn object_id(value: &str) -> bool {
    value.len() == 40
        && value
            .bytes()
            .all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
}

fn ref_path(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 244
        && !value.starts_with(['-', '/'])
        && !value.ends_with(['/', '.'])
        && !value.contains("..")
        && !value.contains("//")
        && !value.contains("@{")
        && value != "@"
        && !value
            .chars()
            .any(|c| c.is_control() || " ~^:?*[\\".contains(c))
        && value
            .split('/')
            .all(|part| !part.starts_with('.') && !part.ends_with(".lock"))
}

name!(
    /// What is deployed. At most 63 lower-case letters, digits, `-`, `_` and `.`.
    ApplicationName, "application",
    "use lower-case letters, digits, `-`, `_` or `.`, at most 63, starting and ending with a letter or digit",
    slug
);
name!(
    /// A named place an application runs in, such as `test` or `production`.
    EnvironmentName, "environment",
    "use lower-case letters, digits, `-`, `_` or `.`, at most 63, starting and ending with a letter or digit",
    slug
);
name!(
    /// A forge as the configuration names it.
    ForgeName, "forge",
    "use lower-case letters, digits, `-`, `_` or `.`, at most 63, starting and ending with a letter or digit",
    slug
);
name!(
    /// A cluster as the configuration names it.
    ClusterName, "cluster",
    "use lower-case letters, digits, `-`, `_` or `.`, at most 63, starting and ending with a letter or digit",
    slug
);
name!(
    /// An application of an engine: `NAME`, or `NAMESPACE/NAME` where it is not in the engine's own
    /// namespace. Both are names of Kubernetes' objects (RFC 1123 subdomains, at most 253 characters;
    /// a namespace is a label, at most 63).
    EngineApplication, "application of an engine",
    "use NAME or NAMESPACE/NAME, as Kubernetes names objects: lower-case letters, digits, `-` or `.`",
    engine_application
);
name!(
    /// A full commit SHA-1. Short ones, branches and tags are resolved before they get here.
    Revision, "revision",
    "a revision is the full commit SHA: 40 lower-case hexadecimal digits",
    object_id
);
name!(
    /// The object id of a git tree: 40 lower-case hexadecimal digits.
    TreeId, "tree",
    "a tree id has 40 lower-case hexadecimal digits",
    object_id
);
name!(
    /// A branch name without `refs/heads/`, valid under `git check-ref-format`.
    BranchName, "branch",
    "a branch name follows `git check-ref-format`: no spaces, control characters, `..`, `~^:?*[\\`, at most 244 bytes",
    ref_path
);
name!(
    /// A tag name without `refs/tags/`; it may contain `/`.
    TagName, "tag",
    "a tag name follows `git check-ref-format`: no spaces, control characters, `..`, `~^:?*[\\`, at most 244 bytes",
    ref_path
);
name!(
    /// Who acted, by id and never by display name: `github:ID`, `gitea:FORGE/ID`,
    /// `slack:TEAM/USER`, `local:NAME`, `token:ID`.
    Principal, "principal",
    "a principal is `kind:id`, such as `local:alice` or `github:583231`, at most 200 characters: letters, digits and ASCII punctuation",
    |value| {
        value.len() <= 200
            && value.split_once(':').is_some_and(|(kind, id)| {
                !kind.is_empty()
                    && kind.bytes().all(|c| c.is_ascii_lowercase() || c == b'-')
                    && !id.is_empty()
                    // Nothing that hides or turns text: people must see who it is.
                    && id.chars().all(|c| c.is_alphanumeric() || c.is_ascii_graphic())
            })
    }
);

impl Principal {
    /// A user of a Gitea, which numbers its users from one: without the forge, two of them would be one
    /// person. Lower numbers are nobody, somebody deleted, or the server itself.
    #[must_use]
    pub fn on_gitea(forge: &ForgeName, id: i64) -> Option<Self> {
        (id > 0).then(|| Self(format!("gitea:{forge}/{id}")))
    }
}

impl Revision {
    /// Stands for a revision that was asked for and does not exist: git's own all-zero id.
    #[must_use]
    pub fn nowhere() -> Self {
        Self("0".repeat(40))
    }

    /// Whether this stands for a revision that does not exist.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.0.bytes().all(|c| c == b'0')
    }

    /// The first seven digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

/// A repository on a forge, written `forge:path`, such as `acme:acme/example1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    /// The forge, as the configuration names it.
    pub forge: ForgeName,
    /// The path on that forge, such as `acme/example1`; at most 200 bytes.
    pub path: String,
}

impl Repository {
    /// Checks both halves.
    ///
    /// # Errors
    /// [`InvalidName`] when the path is empty, absolute, too long or leaves its folder.
    pub fn new(forge: ForgeName, path: impl Into<String>) -> Result<Self, InvalidName> {
        let path = path.into();
        let part = |p: &str| {
            !p.is_empty()
                && !p.starts_with(['.', '-'])
                && !p.ends_with(".git")
                && p.bytes()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        };
        if path.len() <= 200 && path.split('/').all(part) {
            Ok(Self { forge, path })
        } else {
            Err(refuse(
                "repository path",
                &path,
                "use parts of letters, digits, `-`, `_` and `.` separated by `/`, without `.git` at the end",
            ))
        }
    }
}

impl FromStr for Repository {
    type Err = InvalidName;
    fn from_str(value: &str) -> Result<Self, InvalidName> {
        let (forge, path) = value.split_once(':').ok_or_else(|| {
            refuse(
                "repository",
                value,
                "write it as `forge:path`, such as `acme:acme/example1`",
            )
        })?;
        Self::new(ForgeName::new(forge)?, path)
    }
}

impl TryFrom<String> for Repository {
    type Error = InvalidName;
    fn try_from(value: String) -> Result<Self, InvalidName> {
        value.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> String {
        repository.to_string()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.forge, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_the_full_lower_case_sha() {
        assert!(Revision::new("0123456789abcdef0123456789abcdef01234567").is_ok());
        for wrong in [
            "",
            "0123456",
            "0123456789ABCDEF0123456789abcdef01234567",
            "main",
        ] {
            assert!(Revision::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tag_may_contain_a_slash_but_not_an_option_or_a_control_character() {
        assert!(TagName::new("release/1.2").is_ok());
        for wrong in [
            "-h", "a b", "a..b", "a\nb", "a.lock", "", "/a", "a//b", "x@{y",
        ] {
            assert!(TagName::new(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_repository_path_cannot_leave_its_folder() {
        assert_eq!(
            "acme:acme/web".parse::<Repository>().map(|r| r.to_string()),
            Ok("acme:acme/web".into())
        );
        for wrong in [
            "acme",
            "acme:",
            "acme:../x",
            "acme:/etc",
            "acme:a//b",
            "acme:a/.git",
            "acme:-x",
            "acme:a.git",
        ] {
            assert!(wrong.parse::<Repository>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn users_of_two_giteas_are_two_people_and_nobody_is_none() {
        let on = |forge: &str, id| Principal::on_gitea(&ForgeName::new(forge).unwrap(), id);
        let one = on("acme", 7).unwrap();
        let other = on(&"a".repeat(63), 7).unwrap();
        assert_eq!(one.as_str(), "gitea:acme/7");
        assert_ne!(one, other);
        assert_eq!(Principal::new(other.as_str()), Ok(other.clone()));
        assert_eq!((on("acme", 0), on("acme", -1)), (None, None));
    }

    #[test]
    fn a_principal_carries_its_kind() {
        assert!(Principal::new("slack:T1/U2").is_ok());
        for wrong in [
            "alice",
            "local:",
            ":x",
            "local:a b",
            "Local:a",
            "local:x\u{202e}evil",
        ] {
            assert!(Principal::new(wrong).is_err(), "{wrong}");
        }
    }
}
