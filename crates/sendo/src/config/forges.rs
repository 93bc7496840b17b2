//! `forges:` where repositories live.
//!
//! This version serves local forges and Gitea. The other kinds are words it knows, so that `explain`
//! can read payloads of theirs and `validate` can say what is missing.

use std::path::PathBuf;

use schemars::JsonSchema;
use sendo_core::names::{ForgeName, Principal};
use sendo_forge::local::acts::{APPROVER, PROPOSER};
use serde::Deserialize;

use super::check::unknown_key;
use super::gitea::{self, Gitea, SecretsShape, UserShape};
use super::place::Place;
use super::problem::Code;
use super::{Purpose, Reading};

/// The keys of a local forge.
const LOCAL_KEYS: [&str; 2] = ["kind", "root"];

/// A forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forge {
    /// Bare repositories in a folder of this machine: `acme:acme/web` is `ROOT/acme/web.git`.
    Local {
        /// The folder.
        root: PathBuf,
    },
    /// A Gitea or a Forgejo.
    Gitea(Gitea),
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
            Self::Gitea(_) | Self::Foreign { .. } => None,
        }
    }

    /// What is configured of a Gitea.
    #[must_use]
    pub const fn gitea(&self) -> Option<&Gitea> {
        match self {
            Self::Gitea(gitea) => Some(gitea),
            Self::Local { .. } | Self::Foreign { .. } => None,
        }
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> ForgeKind {
        match self {
            Self::Local { .. } => ForgeKind::Local,
            Self::Gitea(_) => ForgeKind::Gitea,
            Self::Foreign { kind } => *kind,
        }
    }

    /// Our own identities there, who are no people: who proposes and who approves.
    pub(super) fn ours(&self, name: &ForgeName) -> Vec<Principal> {
        match self {
            Self::Local { .. } => [PROPOSER, APPROVER]
                .into_iter()
                .filter_map(|name| Principal::new(name).ok())
                .collect(),
            Self::Gitea(_) => sendo_forge::gitea::ours(name),
            Self::Foreign { .. } => Vec::new(),
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
    /// Gitea or Forgejo.
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

/// A forge. `kind: local` has a `root`; `kind: gitea` has everything else.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Forge", extend("additionalProperties" = true))]
pub(crate) struct ForgeShape {
    /// What it is. This version serves `local` and `gitea`, which is Forgejo as well.
    kind: Option<ForgeKind>,
    /// Of a local forge: the folder that holds the bare repositories, relative to this file. The
    /// repository `NAME:acme/web` is `ROOT/acme/web.git`.
    root: Option<String>,
    /// Where a Gitea is, such as `https://git.example.com`.
    pub(super) url: Option<String>,
    /// Other addresses that its repositories are known by, so that an engine that reaches them there is
    /// seen to follow them, such as `http://gitea-http.gitea.svc:3000` or `ssh://git@git.example.com`.
    pub(super) also_at: Option<Vec<String>>,
    /// The key that deliveries are signed with, or several while one takes another's place: references
    /// to secrets.
    pub(super) webhook_secret: Option<SecretsShape>,
    /// The user who publishes and opens change requests.
    pub(super) proposer: Option<UserShape>,
    /// The user who approves and merges them: another one.
    pub(super) approver: Option<UserShape>,
    /// Labels that change requests get, where the repository has them.
    pub(super) labels: Option<Vec<String>>,
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
                        .fix("add `kind: local` and `root: DIR`, or `kind: gitea` and its keys"),
                );
            }
            return None;
        };
        match kind {
            ForgeKind::Local => {
                only("a forge of kind `local`", &LOCAL_KEYS, place, reading);
                self.local(name, place, reading)
            }
            ForgeKind::Gitea => {
                only("a forge of kind `gitea`", &gitea::KEYS, place, reading);
                self.gitea(name, place, reading).map(Forge::Gitea)
            }
            ForgeKind::Github | ForgeKind::Gitlab => {
                if reading.purpose != Purpose::Explain {
                    reading.problems.push(
                        place
                            .key("kind")
                            .problem(
                                Code::Unsupported,
                                format!("this version cannot serve a forge of kind `{}`", kind.as_str()),
                            )
                            .why("it serves `kind: local`, bare repositories in a folder of this machine, and `kind: gitea`")
                            .fix("use `kind: local` with `root: DIR`, or `kind: gitea`; `sendo explain` reads this configuration as it is"),
                    );
                }
                Some(Forge::Foreign { kind })
            }
        }
    }

    fn local(
        &self,
        name: &ForgeName,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Forge> {
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

/// Refuses keys that something does not have, where the schema lets every kind of it have its own.
pub(super) fn only(what: &str, known: &[&str], place: Place<'_>, reading: &mut Reading<'_>) {
    for (key, at) in place.keys().filter(|(key, _)| !known.contains(key)) {
        let problem = unknown_key(key, at, what, known);
        reading.problems.push(problem);
    }
}
