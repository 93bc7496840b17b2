//! `kind: gitea` of `forges:` a Gitea or a Forgejo, and the two users Sendo is there.

use schemars::JsonSchema;
use sendo_core::names::ForgeName;
use serde::Deserialize;

use super::Reading;
use super::environment::absent;
use super::forges::{ForgeShape, only};
use super::place::Place;
use super::problem::Code;
use super::secret::{Secret, SecretShape};
use super::server::url;

/// The keys of a forge of this kind.
pub(super) const KEYS: [&str; 7] = [
    "kind",
    "url",
    "also_at",
    "webhook_secret",
    "proposer",
    "approver",
    "labels",
];

/// Labels that a change request can be given at the most.
const MOST_LABELS: usize = 20;

/// A Gitea or a Forgejo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gitea {
    /// Its address, such as `https://git.example.com`, without a slash at its end.
    pub url: String,
    /// Other addresses that its repositories are known by.
    pub also_at: Vec<String>,
    /// The keys its deliveries may be signed with, the newest first; at least one.
    pub webhook_secrets: Vec<Secret>,
    /// The token of who publishes and opens.
    pub proposer: Secret,
    /// The token of who approves and merges.
    pub approver: Secret,
    /// Labels that change requests get, where the repository has them.
    pub labels: Vec<String>,
}

impl Gitea {
    /// Every secret of it.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let users = [&self.proposer, &self.approver];
        self.webhook_secrets.iter().chain(users)
    }
}

/// One of the users Sendo is on a forge.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "ForgeUser", extend("additionalProperties" = true))]
pub(crate) struct UserShape {
    /// Its access token: a reference to a secret.
    token: Option<SecretShape>,
}

/// One key, or several while one takes another's place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "WebhookSecret")]
pub(crate) enum SecretsShape {
    /// The key.
    One(SecretShape),
    /// The newest first: `sendo hook install` uses that one.
    Several(Vec<SecretShape>),
}

impl ForgeShape {
    /// The checked Gitea.
    pub(super) fn gitea(
        &self,
        name: &ForgeName,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Gitea> {
        let address = match &self.url {
            Some(text) => url(text, place.key("url"), reading),
            None => absent(
                "url",
                "where the Gitea is, such as \"https://git.example.com\"",
                place,
                reading,
            ),
        };
        let webhook_secrets = self.secrets(place, reading);
        let proposer = user(
            self.proposer.as_ref(),
            "proposer",
            "publishes and opens",
            place,
            reading,
        );
        let approver = user(
            self.approver.as_ref(),
            "approver",
            "approves and merges",
            place,
            reading,
        );
        if let (Some(one), Some(other)) = (&proposer, &approver)
            && one == other
        {
            let problem = place
                .key("approver")
                .problem(
                    Code::Contradiction,
                    format!("both users of the forge `{name}` have one token"),
                )
                .why("nobody approves a change request of their own")
                .fix("make a second user, and give its token to `approver`");
            reading.problems.push(problem);
        }
        Some(Gitea {
            url: address?,
            also_at: self.also_at(place, reading)?,
            webhook_secrets: webhook_secrets?,
            proposer: proposer?,
            approver: approver?,
            labels: self.labels(place, reading),
        })
    }

    fn secrets(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Vec<Secret>> {
        let at = place.key("webhook_secret");
        match &self.webhook_secret {
            Some(SecretsShape::One(one)) => Some(vec![one.resolve(at, reading)?]),
            Some(SecretsShape::Several(several)) if !several.is_empty() => {
                let all = several.iter().enumerate();
                let read: Vec<_> = all
                    .map(|(index, one)| one.resolve(at.index(index), reading))
                    .collect();
                read.into_iter().collect()
            }
            Some(SecretsShape::Several(_)) => {
                let problem = at
                    .problem(Code::InvalidValue, "`webhook_secret` has no key")
                    .why("without one nobody could tell a delivery from a forged one")
                    .fix("write \"${env:NAME}\" or \"${file:PATH}\", or a list of them, the newest first");
                reading.problems.push(problem);
                None
            }
            None => absent(
                "webhook_secret",
                "the key its deliveries are signed with, \"${env:NAME}\" or \"${file:PATH}\"",
                place,
                reading,
            ),
        }
    }

    fn also_at(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Vec<String>> {
        let addresses = self.also_at.clone().unwrap_or_default();
        for (index, address) in addresses.iter().enumerate() {
            let at = place.key("also_at").index(index);
            let odd = |c: char| c.is_whitespace() || c.is_control();
            let host = address.split_once("://").map(|(_, rest)| rest);
            let host = host.and_then(|rest| rest.split('/').next());
            // A user may stand before the host, as in most addresses of SSH; a password may not.
            let user = host.and_then(|host| Some(host.rsplit_once('@')?.0));
            if host.is_none_or(str::is_empty)
                || user.is_some_and(|user| user.contains(':'))
                || address.contains(odd)
            {
                let problem = at
                    .problem(Code::InvalidValue, "this is no address, or one with a password")
                    .fix("write it like \"http://gitea-http.gitea.svc:3000\" or \"ssh://git@git.example.com\"");
                reading.problems.push(problem);
                return None;
            }
        }
        Some(addresses)
    }

    fn labels(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Vec<String> {
        let labels = self.labels.clone().unwrap_or_default();
        let odd = |label: &String| label.trim().is_empty() || label.chars().count() > 50;
        if labels.len() > MOST_LABELS || labels.iter().any(odd) {
            let problem = place
                .key("labels")
                .problem(Code::InvalidValue, "these are no labels")
                .fix(format!(
                    "write at most {MOST_LABELS} names of 1 to 50 characters"
                ));
            reading.problems.push(problem);
        }
        labels
    }
}

fn user(
    shape: Option<&UserShape>,
    key: &'static str,
    does: &str,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<Secret> {
    let at = place.key(key);
    only("a user of a Gitea", &["token"], at, reading);
    let token = shape.and_then(|shape| shape.token.as_ref());
    match token {
        Some(token) => token.resolve(at.key("token"), reading),
        None if at.is_written() => absent(
            "token",
            "a reference to the user's access token, \"${env:NAME}\" or \"${file:PATH}\"",
            at,
            reading,
        ),
        None => absent(
            key,
            &format!("`{{ token: \"${{file:PATH}}\" }}` of the user who {does}"),
            place,
            reading,
        ),
    }
}
