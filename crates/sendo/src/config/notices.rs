//! `notices:` who is told what.

use schemars::JsonSchema;
use sendo_core::mailbox::Mailbox;
use sendo_core::routing::Route;
use sendo_report::Language;
use serde::Deserialize;

use super::glob::Known;
use super::place::Place;
use super::problem::Code;
use super::secret::{OpenShape, Secret, SecretOrText, SecretShape};
use super::server::url;
use super::slack::SlackShape;
use super::waiting::{self, QuietShape, authors};
use super::{Reading, Speech};

/// The turns of a deployment that can be told; every one when none is named.
pub const TURNS: [&str; 13] = [
    "started",
    "change_request_opened",
    "waits",
    "approved",
    "person_approved",
    "overridden",
    "act_refused",
    "merged",
    "succeeded",
    "superseded",
    "displaced",
    "cancelled",
    "failed",
];

/// What does not wait when nobody says.
const URGENT: [TurnShape; 3] = [
    TurnShape::Failed,
    TurnShape::Overridden,
    TurnShape::ActRefused,
];

/// A target of notices.
#[derive(Debug, Clone)]
pub struct NoticeTarget {
    /// Its name; `slack-1` for the first one when none is given.
    pub name: String,
    /// How it is reached.
    pub channel: Channel,
    /// Patterns over applications; empty is all.
    pub applications: Vec<String>,
    /// Patterns over environments; empty is all.
    pub environments: Vec<String>,
    /// Names of turns; empty is all.
    pub turns: Vec<String>,
    /// Patterns over addresses of who wrote the changes; empty is all.
    pub authors: Vec<String>,
    /// When it is told, if not of each notice by itself; named like the target.
    pub mailbox: Option<Mailbox>,
    /// Its language; the server's when `None`.
    pub language: Option<Language>,
}

impl NoticeTarget {
    /// What it wants to hear.
    #[must_use]
    pub fn route(&self) -> Route {
        Route {
            target: self.name.clone(),
            applications: self.applications.clone(),
            environments: self.environments.clone(),
            turns: self.turns.clone(),
            authors: self.authors.clone(),
            mailbox: self.mailbox.is_some(),
        }
    }
}

/// How a target is reached.
#[derive(Debug, Clone)]
pub enum Channel {
    /// A Slack incoming webhook.
    Slack {
        /// Its URL, which is a secret.
        webhook: Secret,
    },
    /// A channel, by Slack's Web API.
    SlackApp {
        /// The bot's token.
        token: Secret,
        /// The channel's id.
        channel: String,
        /// Where the API is.
        api: String,
    },
    /// A POST of JSON.
    Webhook {
        /// Where to.
        url: SecretOrText,
        /// The key of its signature.
        secret: Option<Secret>,
    },
    /// The terminal the server runs in.
    Terminal,
}

/// A target of notices: exactly one of `slack`, `webhook` and `terminal`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Notice")]
pub(crate) struct NoticeShape {
    /// Its name in tables and logs; `slack-1` for the first one when it is left out.
    name: Option<String>,
    /// A Slack incoming webhook.
    slack: Option<SlackShape>,
    /// A POST of JSON, signed when it has a secret.
    webhook: Option<WebhookShape>,
    /// The terminal the server runs in.
    terminal: Option<bool>,
    /// Globs over names of applications; all of them when left out.
    applications: Option<Vec<String>>,
    /// Globs over names of environments; all of them when left out.
    environments: Option<Vec<String>>,
    /// What to tell; everything when left out.
    turns: Option<Vec<TurnShape>>,
    /// Addresses of people, or globs such as `*@shop.example`: only deployments that carry a change
    /// by one of them; all deployments when left out.
    authors: Option<Vec<String>>,
    /// Collects notices for so long, from the first on, and tells them in one message: from `1m` to
    /// `24h`.
    digest: Option<String>,
    /// When only what is urgent is told; the rest comes as one message at the end.
    quiet: Option<QuietShape>,
    /// What neither a digest nor quiet hours hold back: `failed`, `overridden` and `act_refused`
    /// when left out.
    urgent: Option<Vec<TurnShape>>,
    /// Its language; the server's when left out.
    language: Option<Speech>,
}

/// A POST of JSON.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Webhook")]
pub(crate) struct WebhookShape {
    /// Where to; may be a reference to a secret.
    url: Option<OpenShape>,
    /// The key of its HMAC-SHA256 signature: a reference to a secret.
    secret: Option<SecretShape>,
}

/// A turn of a deployment.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Turn")]
pub(crate) enum TurnShape {
    /// It began.
    Started,
    /// Its change request is open.
    ChangeRequestOpened,
    /// It waits.
    Waits,
    /// Our second identity approved it.
    Approved,
    /// A person agreed to it with Sendo.
    PersonApproved,
    /// A person broke the glass.
    Overridden,
    /// What a person asked for could not be done any more.
    ActRefused,
    /// Its change request is merged.
    Merged,
    /// The environment is at the revision.
    Succeeded,
    /// A newer one took its place.
    Superseded,
    /// It was merged, and somebody applied something else before the environment was healthy.
    Displaced,
    /// A person ended it.
    Cancelled,
    /// It cannot go on.
    Failed,
}

/// The checked targets.
pub(crate) fn resolve(
    shapes: &[NoticeShape],
    known: &Known<'_>,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Vec<NoticeTarget> {
    let mut targets: Vec<NoticeTarget> = Vec::new();
    for (index, shape) in shapes.iter().enumerate() {
        let place = place.index(index);
        let Some(target) = shape.resolve(index, known, place, reading) else {
            continue;
        };
        if targets.iter().any(|other| other.name == target.name) {
            reading.problems.push(
                place
                    .key("name")
                    .problem(
                        Code::DuplicateKey,
                        format!("a second notice is named `{}`", target.name),
                    )
                    .why("what is still to be told is kept under that name")
                    .fix("give one of them another `name`"),
            );
            continue;
        }
        targets.push(target);
    }
    targets
}

impl NoticeShape {
    fn resolve(
        &self,
        index: usize,
        known: &Known<'_>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<NoticeTarget> {
        let kinds: Vec<&str> = ["slack", "webhook", "terminal"]
            .into_iter()
            .filter(|kind| place.key(kind).is_written())
            .collect();
        let [kind] = kinds.as_slice() else {
            reading.problems.push(
                place
                    .problem(
                        Code::InvalidValue,
                        match kinds.len() {
                            0 => "this notice goes nowhere".to_owned(),
                            places => format!("this notice goes to {places} places"),
                        },
                    )
                    .fix("give it exactly one of `slack`, `webhook` and `terminal`"),
            );
            return None;
        };
        let channel = self.channel(place, reading);
        let authors = authors(self.authors.as_deref(), place.key("authors"), reading);
        let mailbox = self.waits(place, reading);
        let applications = known.applications(self.applications.as_deref(), place, reading);
        let environments = known.environments(self.environments.as_deref(), place, reading);
        let name = self.name.clone();
        let name = name.unwrap_or_else(|| format!("{kind}-{}", index + 1));
        Some(NoticeTarget {
            mailbox: mailbox.map(|mailbox| Mailbox {
                target: name.clone(),
                ..mailbox
            }),
            name,
            authors,
            channel: channel?,
            applications,
            environments,
            turns: names(self.turns.iter().flatten()),
            language: self.language.map(Language::from),
        })
    }

    /// When it is told what; `None` when each notice is told by itself.
    fn waits(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Mailbox> {
        let digest = self.digest.as_deref();
        let digest = digest.and_then(|text| waiting::digest(text, place.key("digest"), reading));
        let quiet = self.quiet.as_ref();
        let quiet = quiet.and_then(|shape| shape.resolve(place.key("quiet"), reading));
        let holds = |key: &str| place.key(key).is_written();
        let threads = place.key("slack").key("token").is_written();
        if threads && !holds("digest") && !holds("quiet") && !holds("urgent") {
            return Some(Mailbox {
                threads,
                ..Mailbox::default()
            });
        }
        if !holds("digest") && !holds("quiet") {
            if holds("urgent") {
                reading.problems.push(
                    place
                        .key("urgent")
                        .problem(Code::Contradiction, "nothing waits that this would hurry")
                        .why("without `digest` and `quiet` everything is told at once")
                        .fix("leave `urgent` out, or add `digest: 15m`"),
                );
            }
            return None;
        }
        Some(Mailbox {
            target: String::new(),
            digest,
            quiet,
            threads,
            urgent: match &self.urgent {
                Some(turns) => names(turns.iter()),
                None => names(URGENT.iter()),
            },
        })
    }

    fn channel(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Channel> {
        if let Some(slack) = &self.slack {
            return slack.resolve(place.key("slack"), reading);
        }
        if let Some(webhook) = &self.webhook {
            let at = place.key("webhook");
            let Some(shape) = &webhook.url else {
                return super::environment::absent("url", "where to send it", at, reading);
            };
            let target = match shape.resolve(at.key("url"), reading)? {
                SecretOrText::Text(text) => SecretOrText::Text(url(&text, at.key("url"), reading)?),
                secret => secret,
            };
            let secret = match &webhook.secret {
                Some(secret) => Some(secret.resolve(at.key("secret"), reading)?),
                None => None,
            };
            return Some(Channel::Webhook {
                url: target,
                secret,
            });
        }
        match self.terminal {
            Some(true) => Some(Channel::Terminal),
            Some(false) => {
                reading.problems.push(
                    place
                        .key("terminal")
                        .problem(
                            Code::InvalidValue,
                            "`terminal` is false: this notice goes nowhere",
                        )
                        .fix("write `terminal: true`, or leave the notice out"),
                );
                None
            }
            None => None,
        }
    }
}

fn names<'a>(turns: impl Iterator<Item = &'a TurnShape>) -> Vec<String> {
    turns.map(|turn| turn.name().to_owned()).collect()
}

impl TurnShape {
    const fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::ChangeRequestOpened => "change_request_opened",
            Self::Waits => "waits",
            Self::Approved => "approved",
            Self::PersonApproved => "person_approved",
            Self::Overridden => "overridden",
            Self::ActRefused => "act_refused",
            Self::Merged => "merged",
            Self::Succeeded => "succeeded",
            Self::Superseded => "superseded",
            Self::Displaced => "displaced",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}
