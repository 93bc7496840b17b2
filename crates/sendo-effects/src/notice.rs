//! Delivering notices.
//!
//! A notice has no read-back: it is delivered at least once and carries a stable id, so a receiver
//! can tell a repetition. It never holds up a deployment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use sendo_core::effect::Outcome;
use sendo_core::notice::{Digest, Notice};
use sendo_core::time::Timestamp;
use sendo_forge::ForgeError;
use sendo_report::wording::Context;
use sendo_report::{Language, slack, terminal, webhook};
use serde_json::Value;
use sha2::Sha256;

use crate::slack_app::{Answer, Reply, SlackApp};

/// Where notices go.
#[derive(Clone)]
pub enum Target {
    /// A Slack incoming webhook.
    Slack {
        /// Its address, which is a secret.
        webhook: SecretString,
        /// The readers' language.
        language: Language,
    },
    /// Slack by its Web API.
    SlackApp(SlackApp),
    /// Any receiver of the Standard Webhooks shape.
    Webhook {
        /// Its address.
        url: String,
        /// The key its signature is made with, if any: `whsec_` and base64, or plain text.
        secret: Option<SecretString>,
    },
    /// This process's own output.
    Terminal {
        /// The reader's language.
        language: Language,
        /// Takes each line.
        print: Arc<dyn Fn(&str) + Send + Sync>,
    },
}

/// What is brought to a target in one message.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// One notice.
    Notice(&'a Notice),
    /// What waited for the target.
    Digest(&'a Digest),
}

impl Message<'_> {
    /// The same over every repetition.
    fn id(&self) -> &str {
        match self {
            Self::Notice(notice) => &notice.id,
            Self::Digest(digest) => &digest.id,
        }
    }

    fn line(&self, server: Option<&str>, language: Language) -> String {
        match self {
            Self::Notice(notice) => {
                terminal::turn_in(notice, &context(notice, server), language, false)
            }
            Self::Digest(digest) => terminal::digest(digest, server, language, false),
        }
    }

    fn slack(&self, server: Option<&str>, language: Language) -> Value {
        match self {
            Self::Notice(notice) => slack::webhook(notice, &context(notice, server), language),
            Self::Digest(digest) => slack::digest(digest, server, language),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Notice(notice) => webhook::generic(notice),
            Self::Digest(digest) => webhook::digest(digest),
        }
    }
}

fn context<'a>(notice: &'a Notice, server: Option<&'a str>) -> Context<'a> {
    Context {
        server,
        ..Context::of_notice(notice)
    }
}

/// The targets by name, and the client that reaches them.
#[derive(Clone)]
pub struct Targets {
    client: reqwest::Client,
    targets: BTreeMap<String, Target>,
    pages: Option<String>,
}

impl Targets {
    /// Names the targets. `pages` is the address of this server's pages, for links.
    #[must_use]
    pub const fn new(
        client: reqwest::Client,
        targets: BTreeMap<String, Target>,
        pages: Option<String>,
    ) -> Self {
        Self {
            client,
            targets,
            pages,
        }
    }

    /// Delivers a message to the target of that name.
    ///
    /// # Errors
    /// [`ForgeError`]-shaped refusals: transient for time-outs, 429 and 5xx, final otherwise.
    pub async fn post(
        &self,
        name: &str,
        message: Message<'_>,
        now: Timestamp,
    ) -> Result<Option<Duration>, ForgeError> {
        let Some(target) = self.targets.get(name) else {
            return Err(ForgeError::refused(
                "target_unknown",
                format!("no notice target is called `{name}` any more"),
            ));
        };
        let server = self.pages.as_deref();
        match target {
            Target::Terminal { language, print } => {
                print(&message.line(server, *language));
                Ok(None)
            }
            Target::Slack { webhook, language } => {
                let body = message.slack(server, *language).to_string();
                self.send(name, self.client.post(webhook.expose_secret()), body)
                    .await
            }
            Target::SlackApp(app) => {
                let body = message.slack(server, app.language);
                Ok(match app.post(&self.client, body).await? {
                    Answer::Yes(_) => None,
                    Answer::Wait(wait) => Some(wait),
                })
            }
            Target::Webhook { url, secret } => {
                let body = message.json().to_string();
                let at = now.as_seconds().to_string();
                let mut request = self
                    .client
                    .post(url)
                    .header("webhook-id", message.id())
                    .header("webhook-timestamp", &at);
                if let Some(secret) = secret {
                    request = request.header(
                        "webhook-signature",
                        signature(secret, message.id(), &at, &body),
                    );
                }
                self.send(name, request, body).await
            }
        }
    }

    /// Delivers a notice to the thread of its deployment; a target without threads takes it as any
    /// other. Gives the thread, or how long the other side asks us to wait.
    pub(crate) async fn reply(
        &self,
        name: &str,
        reply: &Reply<'_>,
        now: Timestamp,
    ) -> Result<Result<Outcome, Duration>, ForgeError> {
        let message = Message::Notice(reply.notice);
        let Some(Target::SlackApp(app)) = self.targets.get(name) else {
            let waits = self.post(name, message, now).await?;
            return Ok(waits.map_or(Ok(Outcome::Posted), Err));
        };
        let body = message.slack(self.pages.as_deref(), app.language);
        Ok(match app.reply(&self.client, reply, body).await? {
            Answer::Yes(thread) => Ok(Outcome::Told {
                thread: thread.as_str().unwrap_or_default().to_owned(),
            }),
            Answer::Wait(wait) => Err(wait),
        })
    }

    /// Sends; `Ok(Some)` is how long the other side asks us to wait before trying again.
    async fn send(
        &self,
        name: &str,
        request: reqwest::RequestBuilder,
        body: String,
    ) -> Result<Option<Duration>, ForgeError> {
        let answer = request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        // The address may be a secret: it never appears in a message.
        let response = answer.map_err(|error| {
            let error = error.without_url();
            ForgeError::trouble(
                "unreachable",
                format!("the notice target `{name}` cannot be reached: {error}"),
            )
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(None);
        }
        let wait = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse::<u64>().ok())
            .map(|seconds| Duration::from_secs(seconds.min(3600)));
        let passes = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT;
        if passes && wait.is_some() {
            return Ok(wait);
        }
        // Error pages quote the address that was asked for, and the address may be a secret.
        let message = format!("the notice target `{name}` answered {status}");
        Err(if passes {
            ForgeError::trouble("target_unavailable", message)
        } else {
            ForgeError::refused("target_refused", message)
        })
    }
}

fn signature(secret: &SecretString, id: &str, at: &str, body: &str) -> String {
    let text = secret.expose_secret();
    let key = text
        .strip_prefix("whsec_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .unwrap_or_else(|| text.as_bytes().to_vec());
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return String::new();
    };
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_standard() {
        // The example of the Standard Webhooks specification.
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = r#"{"test": 2432232314}"#;
        let got = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(got, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
