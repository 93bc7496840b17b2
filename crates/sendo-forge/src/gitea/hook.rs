//! The webhook of a repository: what it should be, what it is, and putting it right.
//!
//! A Gitea neither shows a hook's secret nor lets it be changed, so a hook is put right by a new one in
//! its place. For a moment there are two, and what is told twice is heard once.

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use sendo_core::names::Repository;
use serde::Deserialize;
use serde_json::json;

use super::client::{Ask, Client};
use crate::error::ForgeError;

/// What has to be told. A `push` tells of new branches and tags as well, and of tags that go; only a
/// branch that goes is told by `delete` alone. `pull_request` stands for all that happens to one.
const EVENTS: [&str; 4] = ["push", "delete", "pull_request", "status"];
/// The events a Gitea counts among those of a pull request, as it lists them.
const WANTED: [&str; 6] = [
    "push",
    "delete",
    "pull_request",
    "pull_request_sync",
    "pull_request_review",
    "status",
];
/// Hooks of one repository read at the most.
const MOST_HOOKS: usize = 200;

/// A webhook as it should be.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Where deliveries go.
    pub url: String,
    /// What they are signed with.
    pub secret: SecretString,
}

/// What was done about a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed {
    /// There was none for this address.
    Created,
    /// This many took its place before, and are gone.
    Replaced(usize),
}

/// A hook as a Gitea shows it.
#[derive(Debug, Clone, Deserialize)]
struct Shown {
    id: i64,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    active: bool,
    config: Option<Config>,
    events: Option<Vec<String>>,
    #[serde(default)]
    branch_filter: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Config {
    url: String,
    content_type: String,
}

impl Shown {
    fn is_for(&self, url: &str) -> bool {
        self.config.as_ref().is_some_and(|config| config.url == url)
    }

    /// What is wrong with it, as far as it can be seen.
    fn faults(&self) -> Vec<&'static str> {
        let config = self.config.clone().unwrap_or_default();
        let events = self.events.as_deref().unwrap_or_default();
        let told = |wanted: &&str| events.iter().any(|event| event == *wanted);
        let filter = self.branch_filter.as_str();
        let faults = [
            (!self.active, "it is switched off"),
            (
                !matches!(self.r#type.as_str(), "gitea" | "forgejo"),
                "it is of another type than `gitea`",
            ),
            (config.content_type != "json", "it does not send JSON"),
            (
                !matches!(filter, "" | "*" | "**"),
                "it tells of some branches only",
            ),
            (!WANTED.iter().all(told), "it does not tell of all we need"),
        ];
        faults
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, fault)| fault)
            .collect()
    }
}

/// Installs a hook, in the place of all that are there for its address.
///
/// Needs a token of a user who administers the repository.
pub(super) async fn install(
    client: &Client,
    repository: &Repository,
    hook: &Hook,
) -> Result<Installed, ForgeError> {
    let before = hooks(client, repository, &hook.url).await?;
    let ask = Ask::repository("install the webhook", repository, &["hooks"])?;
    let body = json!({
        "type": "gitea",
        "active": true,
        "events": EVENTS,
        "branch_filter": "*",
        "config": {
            "url": hook.url,
            "content_type": "json",
            "secret": hook.secret.expose_secret(),
        },
    });
    let answer = client.change(Method::POST, &ask, Some(body)).await?;
    answer.accepted(&ask)?;
    for old in &before {
        let id = old.id.to_string();
        let ask = Ask::repository("remove an old webhook", repository, &["hooks", &id])?;
        let answer = client.change(Method::DELETE, &ask, None).await?;
        if answer.status() != 404 {
            answer.accepted(&ask)?;
        }
    }
    Ok(match before.len() {
        0 => Installed::Created,
        replaced => Installed::Replaced(replaced),
    })
}

/// What is wrong with the hook for an address: nothing, or some of it; `None` where there is no hook.
pub(super) async fn inspect(
    client: &Client,
    repository: &Repository,
    url: &str,
) -> Result<Option<Vec<&'static str>>, ForgeError> {
    let hooks = hooks(client, repository, url).await?;
    let Some(best) = hooks
        .iter()
        .map(Shown::faults)
        .min_by_key(|faults| faults.len())
    else {
        return Ok(None);
    };
    Ok(Some(best))
}

async fn hooks(
    client: &Client,
    repository: &Repository,
    url: &str,
) -> Result<Vec<Shown>, ForgeError> {
    let ask = Ask::repository("read the webhooks", repository, &["hooks"])?;
    let (all, _) = client.list::<Shown>(&ask, MOST_HOOKS).await?;
    Ok(all.into_iter().filter(|shown| shown.is_for(url)).collect())
}
