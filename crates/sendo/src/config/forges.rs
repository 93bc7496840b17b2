//! `forges:` where repositories live.
//!
//! This version serves local forges only. The other kinds are words it knows, so that `explain`
//! can read payloads of theirs and `validate` can say what is missing.

use std::path::PathBuf;

use schemars::JsonSchema;
use sendo_core::names::{ForgeName, Principal};
use sendo_forge::local::acts::{APPROVER, PROPOSER};
use serde::Deserialize;

use super::check::unknown_key;
use super::place::Place;
use super::problem::Code;
use super::{Purpose, Reading};

/// A forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forge {
    /// Bare repositories in a folder of this machine: `acme:acme/web` is `ROOT/acme/web.git`.
    Local {
        /// The folder.
        root: PathBuf,
    },
    /// A kind this version reads payloads of, and cannot act on. Never there on a server.
    Foreign {
        /// Which kind.
        kind: ForgeKind,
    },
}

impl Forge {
    /// The folder of a local forge.
    #[must_use]
    pub fn root(&self) -> Option<&std::path::Path> {
        match self {
            Self::Local { root } => Some(root),
            Self::Foreign { .. } => None,
        }
    }
}

/// What a forge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ForgeKind {
    /// Bare repositories in a folder of this machine.
    Local,
    /// GitHub: `explain` reads its payloads, this version does not serve it.
    Github,
    /// GitLab: known as a word, not served by this version.
    Gitlab,
    /// Gitea or Forgejo: known as a word, not served by this version.
    Gitea,
}

impl ForgeKind {
    /// The kind a word says.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Local, Self::Github, Self::Gitlab, Self::Gitea]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
        }
    }
}

/// A forge. `kind: local` has a `root` and nothing else.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Forge", extend("additionalProperties" = true))]
pub(crate) struct ForgeShape {
    /// What it is. This version serves `local`.
    kind: Option<ForgeKind>,
    /// The folder that holds the bare repositories, relative to this file: the repository
    /// `NAME:acme/web` is `ROOT/acme/web.git`.
    root: Option<String>,
}

/// Our own identities on a local forge: who proposes and who approves.
pub(crate) fn ours() -> Vec<Principal> {
    [PROPOSER, APPROVER]
        .into_iter()
        .filter_map(|name| Principal::new(name).ok())
        .collect()
}

impl ForgeShape {
    /// The checked forge.
    pub(crate) fn resolve(
        &self,
        name: &ForgeName,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Forge> {
        let Some(kind) = self.kind else {
            if !place.key("kind").is_written() {
                reading.problems.push(
                    place
                        .problem(
                            Code::MissingKey,
                            format!("the forge `{name}` has no `kind`"),
                        )
                        .fix("add `kind: local` and `root: DIR`"),
                );
            }
            return None;
        };
        if kind != ForgeKind::Local {
            if reading.purpose != Purpose::Explain {
                reading.problems.push(
                    place
                        .key("kind")
                        .problem(
                            Code::Unsupported,
                            format!("this version cannot serve a forge of kind `{}`", kind.as_str()),
                        )
                        .why("it serves `kind: local`: bare repositories in a folder of this machine")
                        .fix("use `kind: local` with `root: DIR`; `sendo explain` reads this configuration as it is"),
                );
            }
            return Some(Forge::Foreign { kind });
        }
        for (key, at) in place
            .keys()
            .filter(|(key, _)| !["kind", "root"].contains(key))
        {
            let problem = unknown_key(key, at, "a forge of kind `local`", &["kind", "root"]);
            reading.problems.push(problem);
        }
        let Some(root) = self.root.as_deref().filter(|root| !root.is_empty()) else {
            reading.problems.push(
                place
                    .problem(
                        Code::MissingKey,
                        format!("the local forge `{name}` has no `root`"),
                    )
                    .fix("add `root: DIR`, the folder that holds the bare repositories"),
            );
            return None;
        };
        Some(Forge::Local {
            root: reading.beside(root),
        })
    }
}
