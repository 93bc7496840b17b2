//! Slack by the Web API: a bot's messages, of which a deployment's stand in one thread.
//!
//! Every message of a thread carries the notice's id in its metadata. An attempt after an ambiguous
//! one looks for it first, and adopts what is there.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use sendo_core::notice::Notice;
use sendo_core::time::{Span, Timestamp};
use sendo_forge::ForgeError;
use sendo_report::Language;
use serde_json::{Value, json};

/// The type of our metadata.
const EVENT: &str = "sendo_notice";
/// How much of an answer is read, in bytes.
const MOST_READ: usize = 8 << 20;
/// How many pages of messages are looked through for one of ours.
const MOST_PAGES: usize = 10;
/// The clocks of Slack and of the database may differ by this.
const SKEW: Span = Span::from_secs(300);

/// A channel that a bot may write to.
#[derive(Clone)]
pub struct SlackApp {
    /// Where the API is, such as `https://slack.com/api`.
    pub api: String,
    /// The bot's token.
    pub token: SecretString,
    /// The channel's id, such as `C0123456789`.
    pub channel: String,
    /// The readers' language.
    pub language: Language,
}

/// What came of a call.
pub(crate) enum Answer {
    /// It worked.
    Yes(Value),
    /// Slack asks us to wait so long.
    Wait(Duration),
}

/// One message of a deployment's thread.
pub(crate) struct Reply<'a> {
    /// The thread as an earlier message left it, `CHANNEL/TS`.
    pub(crate) thread: Option<&'a str>,
    pub(crate) notice: &'a Notice,
    /// Whether it is shown in the channel as well.
    pub(crate) broadcast: bool,
    /// When it was planned; whether it may have been sent since.
    pub(crate) planned_at: Timestamp,
    pub(crate) again: bool,
}

impl SlackApp {
    /// Posts a message to the channel.
    pub(crate) async fn post(
        &self,
        client: &reqwest::Client,
        mut body: Value,
    ) -> Result<Answer, ForgeError> {
        if let Some(body) = body.as_object_mut() {
            body.insert("channel".to_owned(), json!(self.channel));
            body.insert("unfurl_links".to_owned(), json!(false));
        }
        let request = client
            .post(format!("{}/chat.postMessage", self.api))
            .header("content-type", "application/json; charset=utf-8")
            .body(body.to_string());
        self.call(request).await
    }

    /// Posts to a thread, or begins one; gives the thread in an answer's `thread`.
    pub(crate) async fn reply(
        &self,
        client: &reqwest::Client,
        reply: &Reply<'_>,
        mut body: Value,
    ) -> Result<Answer, ForgeError> {
        // A thread of another channel is none of this one.
        let root = reply
            .thread
            .and_then(|thread| thread.split_once('/'))
            .filter(|(channel, _)| *channel == self.channel)
            .map(|(_, ts)| ts);
        if reply.again {
            match self.find(client, reply, root).await {
                Ok(None) => {}
                Ok(Some(Answer::Yes(ts))) => return Ok(self.thread(root, &ts)),
                Ok(Some(wait)) => return Ok(wait),
                Err(error) if error.reason_code == "missing_scope" => {
                    tracing::warn!(
                        notice.id = %reply.notice.id,
                        "Slack does not let us look whether a message arrived, so it may come twice: give the app the scope channels:history, or groups:history for a private channel"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(body) = body.as_object_mut() {
            let payload = json!({ "id": reply.notice.id });
            let metadata = json!({ "event_type": EVENT, "event_payload": payload });
            body.insert("metadata".to_owned(), metadata);
            if let Some(root) = root {
                body.insert("thread_ts".to_owned(), json!(root));
                body.insert("reply_broadcast".to_owned(), json!(reply.broadcast));
            }
        }
        Ok(match self.post(client, body).await? {
            Answer::Yes(answer) => self.thread(root, &answer["ts"]),
            wait => wait,
        })
    }

    fn thread(&self, root: Option<&str>, ts: &Value) -> Answer {
        let ts = root.or_else(|| ts.as_str()).unwrap_or_default();
        Answer::Yes(json!(format!("{}/{ts}", self.channel)))
    }

    /// Looks for a message of ours; gives its `ts`.
    async fn find(
        &self,
        client: &reqwest::Client,
        reply: &Reply<'_>,
        root: Option<&str>,
    ) -> Result<Option<Answer>, ForgeError> {
        let method = root.map_or("conversations.history", |_| "conversations.replies");
        let oldest = (reply.planned_at - SKEW).as_seconds().to_string();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut query = format!(
                "channel={}&oldest={oldest}&limit=200&include_all_metadata=true",
                self.channel
            );
            if let Some(root) = root {
                query.push_str(&format!("&ts={root}"));
            }
            if !cursor.is_empty() {
                query.push_str(&format!(
                    "&cursor={}",
                    cursor.replace('+', "%2B").replace('=', "%3D")
                ));
            }
            let request = client.get(format!("{}/{method}?{query}", self.api));
            let answer = match self.call(request).await? {
                Answer::Yes(answer) => answer,
                wait => return Ok(Some(wait)),
            };
            let ours = |message: &&Value| {
                message["metadata"]["event_type"] == EVENT
                    && message["metadata"]["event_payload"]["id"] == reply.notice.id.as_str()
            };
            let messages = answer["messages"].as_array();
            if let Some(message) = messages.and_then(|messages| messages.iter().find(ours)) {
                return Ok(Some(Answer::Yes(message["ts"].clone())));
            }
            let next = &answer["response_metadata"]["next_cursor"];
            cursor = next.as_str().unwrap_or_default().to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        Ok(None)
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Answer, ForgeError> {
        let lost = |error: reqwest::Error| {
            let error = error.without_url();
            ForgeError::trouble("unreachable", format!("Slack cannot be reached: {error}"))
        };
        let request = request.bearer_auth(self.token.expose_secret());
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let header = response.headers().get("retry-after");
            let seconds = header.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
            let seconds = seconds.unwrap_or(1).min(3600);
            return Ok(Answer::Wait(Duration::from_secs(seconds)));
        }
        if !status.is_success() {
            let message = format!("Slack answered {status}");
            let passes = status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT;
            return Err(if passes {
                ForgeError::trouble("target_unavailable", message)
            } else {
                ForgeError::refused("target_refused", message)
            });
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(lost)? {
            body.extend_from_slice(&part);
            if body.len() > MOST_READ {
                break;
            }
        }
        let answer: Value = serde_json::from_slice(&body).map_err(|_| {
            ForgeError::trouble("target_unavailable", "Slack's answer cannot be read")
        })?;
        if answer["ok"] == true {
            return Ok(Answer::Yes(answer));
        }
        Err(self.refused(answer["error"].as_str().unwrap_or_default(), &answer))
    }

    /// What Slack says with HTTP 200, and what helps.
    fn refused(&self, code: &str, answer: &Value) -> ForgeError {
        let channel = &self.channel;
        let helps = match code {
            "ratelimited"
            | "rate_limited"
            | "service_unavailable"
            | "internal_error"
            | "fatal_error"
            | "request_timeout" => {
                return ForgeError::trouble(code, format!("Slack says `{code}`"));
            }
            "channel_not_found" => {
                format!(
                    "write the id of the channel, and invite the app where {channel} is private"
                )
            }
            "not_in_channel" => format!("invite the app to {channel}"),
            "is_archived" => format!("open {channel} again, or name another `channel`"),
            "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked"
            | "token_expired" => {
                "install the app again, and put its bot token where `token` refers to".to_owned()
            }
            "missing_scope" => {
                let needed = answer["needed"].as_str().unwrap_or("chat:write");
                format!("give the app the scope {}", clean(needed))
            }
            "msg_too_long" | "msg_blocks_too_long" => "the board has all of it".to_owned(),
            _ => "Slack's documentation of chat.postMessage says more".to_owned(),
        };
        let code = clean(code);
        ForgeError::refused(&code, format!("Slack says `{code}` of {channel}: {helps}"))
    }
}

/// A word of another program, without anything that is none.
fn clean(word: &str) -> String {
    let is = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | ',' | '.');
    let word: String = word.chars().filter(is).take(60).collect();
    if word.is_empty() {
        "unknown_error".to_owned()
    } else {
        word
    }
}
