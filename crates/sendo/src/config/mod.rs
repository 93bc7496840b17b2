//! The configuration: one file and its companions become checked values, or a list of problems.
//!
//! The story in files: `source` reads them, `tree` parses each with the place of every value,
//! `combine` joins them and lays the defaults under each application, `check` holds the result
//! against the schema, and one file per section (`server`, `forges`, `applications` with
//! `environment`, `trigger`, `approval`, `promotion` and `edits`, `observe`, `access`, `freezes`, `notices`, `slack`, `waiting`) turns it into what the rest of Sendo uses.
//! `lanes` looks at what only shows with several lanes in view. Every step collects its problems;
//! `problem` shows them.

mod access;
mod applications;
mod approval;
mod check;
mod clusters;
mod combine;
mod document;
mod edits;
mod engine;
mod environment;
mod forges;
mod freezes;
mod gitea;
mod glob;
mod lanes;
pub(crate) mod moments;
mod notices;
mod observe;
mod place;
mod problem;
mod promotion;
mod reading;
mod render;
mod secret;
mod server;
mod slack;
mod source;
pub(crate) mod suggest;
mod tree;
mod trigger;
mod waiting;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sendo_core::mailbox::Mailbox;
use sendo_core::names::{ClusterName, ForgeName};
use sendo_core::promotion::LaneRules;
use sendo_core::routing::Route;

pub use applications::Lane;
pub use clusters::Cluster;
pub use document::schema;
pub use environment::Tier;
pub use forges::{Forge, ForgeKind};
pub use gitea::Gitea;
pub use notices::{Channel, NoticeTarget, TURNS};
pub use problem::{Code, ConfigError, ConfigErrors};
pub use secret::{Secret, SecretError, SecretOrText};
pub use server::{Database, Server};
pub use source::{Mark, Marks, marks};

pub(crate) use check::SECRET;
pub(crate) use reading::Reading;
pub(crate) use server::Speech;

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// Where Sendo listens and keeps its memory.
    pub server: Server,
    /// The forges, by name.
    pub forges: BTreeMap<ForgeName, Forge>,
    /// Kubernetes clusters, by name.
    pub clusters: BTreeMap<ClusterName, Cluster>,
    /// Who is told what.
    pub notices: Vec<NoticeTarget>,
    /// The files it was read from, with their marks from right before that.
    pub read: Marks,
    lanes: Vec<Lane>,
}

/// What a configuration is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To run on: secrets must be there, and every forge must be one this version serves.
    Serve,
    /// To say what it would do: every forge must be one this version serves.
    Plan,
    /// To explain offline: neither is needed.
    Explain,
}

impl Config {
    /// Reads a configuration to run on.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        Self::load_for(path, Purpose::Serve)
    }

    /// Reads a configuration for a purpose.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load_for(path: &Path, purpose: Purpose) -> Result<Self, ConfigErrors> {
        let (sources, problems) = source::Sources::read(path);
        document::read(&sources, problems, purpose)
            .map_err(|problems| ConfigErrors::from_problems(problems, &sources))
    }

    /// Reads a configuration from texts, the first of them the file that relative paths start at.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn of_texts(files: Vec<(PathBuf, String)>, purpose: Purpose) -> Result<Self, ConfigErrors> {
        let (sources, problems) = source::Sources::of_texts(files);
        document::read(&sources, problems, purpose)
            .map_err(|problems| ConfigErrors::from_problems(problems, &sources))
    }

    /// The files of a configuration as they are on disk, for whoever reads them elsewhere.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn texts(path: &Path) -> Result<Vec<(PathBuf, String)>, ConfigErrors> {
        let (sources, problems) = source::Sources::read(path);
        if !problems.is_empty() {
            return Err(ConfigErrors::from_problems(problems, &sources));
        }
        Ok(sources
            .files
            .into_iter()
            .map(|file| (file.path, file.text))
            .collect())
    }

    /// The rules of every lane: by application, then in the order a revision travels.
    #[must_use]
    pub fn lanes(&self) -> Vec<LaneRules> {
        self.lanes.iter().map(|lane| lane.rules.clone()).collect()
    }

    /// Every lane with what the configuration says besides its rules.
    #[must_use]
    pub fn lanes_with_tiers(&self) -> &[Lane] {
        &self.lanes
    }

    /// Which notices go where. A route's target is the name of a [`NoticeTarget`].
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        self.notices.iter().map(NoticeTarget::route).collect()
    }

    /// The files its secrets are kept in, so that a rotated one is noticed.
    #[must_use]
    pub fn secret_files(&self) -> Vec<PathBuf> {
        let of_notices = self.notices.iter().flat_map(|notice| {
            let secrets = match &notice.channel {
                Channel::Slack { webhook } => [Some(webhook), None],
                Channel::SlackApp { token, .. } => [Some(token), None],
                Channel::Webhook { url, secret } => [url.secret(), secret.as_ref()],
                Channel::Terminal => [None, None],
            };
            secrets.into_iter().flatten()
        });
        let giteas = self.forges.values().filter_map(Forge::gitea);
        let clusters = self.clusters.values();
        let clusters = clusters.filter_map(|cluster| cluster.kubeconfig.as_ref());
        of_notices
            .chain(giteas.flat_map(Gitea::secrets))
            .chain(clusters.map(|(kubeconfig, _)| kubeconfig))
            .filter_map(|secret| match secret {
                Secret::File(path) => Some(path.clone()),
                Secret::Env(_) => None,
            })
            .collect()
    }

    /// The mailbox of every target. One in which nothing waits any more passes on at once what an
    /// earlier configuration left in it.
    #[must_use]
    pub fn mailboxes(&self) -> Vec<Mailbox> {
        let of = |target: &NoticeTarget| {
            target.mailbox.clone().unwrap_or_else(|| Mailbox {
                target: target.name.clone(),
                ..Mailbox::default()
            })
        };
        self.notices.iter().map(of).collect()
    }

    /// The folder relative paths start at.
    #[must_use]
    pub fn folder(&self) -> &Path {
        folder_of(&self.path)
    }
}

/// The file and, where it is written, the line (from 1) in which a configuration names its database.
#[must_use]
pub fn line_of_database(path: &Path) -> (PathBuf, Option<usize>) {
    let (sources, _) = source::Sources::read(path);
    for (n, file) in sources.files.iter().enumerate() {
        let root = tree::parse(&file.text, source::FileId(n));
        let place = root.as_ref().ok().and_then(|root| {
            let server = root.get("server")?;
            server.node.get("database")
        });
        if let Some(entry) = place {
            return (file.path.clone(), Some(entry.key_at.line));
        }
    }
    (path.to_owned(), None)
}

/// The folder a configuration file lies in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
