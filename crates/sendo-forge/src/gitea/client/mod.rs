//! Asking a Gitea: one request, one answer, one deadline.
//!
//! Owns addresses, the token and limits; [`pages`] reads lists. A redirect is never followed: the token
//! was meant for the address in the configuration and for no other. What an answer means is told by
//! [`fault`] where it is trouble, and by the caller where it is a refusal.

mod answer;
mod ask;
mod fault;
mod pages;

use std::fmt;
use std::time::Duration;

use reqwest::{Method, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

pub(super) use answer::Answer;
pub(super) use ask::Ask;

use crate::error::ForgeError;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long reading may take, in all.
const READ_DEADLINE: Duration = Duration::from_secs(20);
/// How long a change may take: a merge runs git and its hooks.
const WRITE_DEADLINE: Duration = Duration::from_secs(60);

/// How much of what somebody else says is looked at, in bytes.
const MOST_HEARD: usize = 4_096;

/// The client that a Gitea is reached with: it follows no redirect, as a token is meant for one address.
///
/// # Errors
/// When the TLS roots of this machine cannot be read.
pub fn http() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .user_agent(concat!("sendo/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// As whom we ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Who publishes and opens.
    Proposer,
    /// Who approves and merges.
    Approver,
}

impl Role {
    /// As the configuration calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposer => "proposer",
            Self::Approver => "approver",
        }
    }
}

/// A Gitea, asked as one user.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    token: SecretString,
    role: Role,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} as {})", self.base, self.role.name())
    }
}

impl Client {
    /// Asks the Gitea at `base` as the user of `token`.
    ///
    /// # Errors
    /// `forge_url` when the address is none, or carries credentials.
    pub(super) fn new(
        http: reqwest::Client,
        base: &str,
        token: SecretString,
        role: Role,
    ) -> Result<Self, ForgeError> {
        let url = address(base)?;
        Ok(Self {
            http,
            base: url,
            token,
            role,
        })
    }

    /// The address as people know it, without a slash at its end.
    pub(super) fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// As whom it asks.
    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// Reads.
    ///
    /// # Errors
    /// Trouble on the way, as [`fault`] tells it; refusals are answers.
    pub(super) async fn get(&self, ask: &Ask) -> Result<Answer, ForgeError> {
        self.send(Method::GET, ask, None).await
    }

    /// Changes something. Trouble may have come after the change: look before trying again.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(super) async fn change(
        &self,
        method: Method,
        ask: &Ask,
        body: Option<Value>,
    ) -> Result<Answer, ForgeError> {
        self.send(method, ask, body).await
    }

    async fn send(
        &self,
        method: Method,
        ask: &Ask,
        body: Option<Value>,
    ) -> Result<Answer, ForgeError> {
        let writes = method != Method::GET;
        let trouble = fault::Trouble {
            client: self,
            ask,
            writes,
        };
        let deadline = if writes {
            WRITE_DEADLINE
        } else {
            READ_DEADLINE
        };
        let authorization = format!("token {}", self.token.expose_secret());
        let mut request = self
            .http
            .request(method, self.url(ask))
            .timeout(deadline)
            .header("accept", "application/json")
            .header("authorization", authorization);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|error| trouble.lost(error))?;
        let answer = Answer::read(response)
            .await
            .map_err(|error| trouble.lost(error))?;
        trouble.of(answer)
    }

    fn url(&self, ask: &Ask) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1"]).extend(&ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        url
    }

    /// What somebody else said, fit to be shown: one line, short, without our token. That goes first, as
    /// half of it would not be known again; where it may be cut is where nothing is shown of.
    fn clean(&self, said: &str) -> String {
        let token = self.token.expose_secret();
        let heard = &said[..said.floor_char_boundary(MOST_HEARD)];
        let mut shown = match token {
            "" => heard.to_owned(),
            token => heard.replace(token, "…"),
        };
        if heard.len() < said.len() {
            shown.truncate(shown.floor_char_boundary(shown.len().saturating_sub(token.len())));
        }
        let words = shown.split(|c: char| c.is_whitespace() || c.is_control());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ").chars().take(300).collect()
    }
}

fn address(base: &str) -> Result<Url, ForgeError> {
    let refused = |why: &str| {
        Err(ForgeError::refused(
            "forge_url",
            format!("the `url` of the Gitea {why}; write it as `https://git.example.com`"),
        ))
    };
    let Ok(url) = Url::parse(base) else {
        return refused("is no address");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refused("carries credentials, which belong to `proposer` and `approver`");
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return refused("is not one of http or https");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refused("has a query or a fragment");
    }
    Ok(url)
}
