//! What a Gitea answered: a status, a few headers, and a body of bounded size.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{self, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Ask;
use crate::error::ForgeError;

/// How much of a body is read, in bytes.
const MOST_READ: usize = 1 << 20;
/// The longest we let ourselves be told to wait.
const LONGEST_WAIT: u64 = 3_600;

/// An answer that came whole, or was cut because it is too long.
pub(in crate::gitea) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    cut: bool,
    /// What it says for people, once [`super::Client`] has cleaned it.
    pub(super) said: String,
}

/// The words of a refusal.
#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
}

impl Answer {
    /// Reads an answer, at most [`MOST_READ`] bytes of it.
    pub(super) async fn read(mut response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let status = response.status();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        let mut cut = false;
        while let Some(part) = response.chunk().await? {
            let room = MOST_READ - body.len();
            cut = part.len() > room;
            body.extend_from_slice(&part[..part.len().min(room)]);
            if cut {
                break;
            }
        }
        Ok(Self {
            status,
            headers,
            body,
            cut,
            said: String::new(),
        })
    }

    /// The status, as a number.
    pub(in crate::gitea) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Whether it did what was asked.
    pub(in crate::gitea) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Whether it is longer than what is read of one.
    pub(in crate::gitea) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether it is what was asked for, and longer than what is read of one.
    pub(super) fn is_too_long(&self) -> bool {
        self.cut && self.is_json()
    }

    /// What it says for people, in one line.
    pub(in crate::gitea) fn said(&self) -> &str {
        &self.said
    }

    /// Itself where it did what was asked.
    ///
    /// # Errors
    /// The refusal, in words.
    pub(in crate::gitea) fn accepted(self, ask: &Ask) -> Result<Self, ForgeError> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(self.refusal(ask))
        }
    }

    /// What it holds. The words of a refusal can be read as well as those of an answer.
    ///
    /// # Errors
    /// `answer_unreadable`, which may pass: a proxy's page, an answer that broke off. `answer_too_long`,
    /// which will not.
    pub(in crate::gitea) fn json<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, ForgeError> {
        let unreadable = |why: String| {
            let message = format!("could not {}: the answer ({}) {why}", ask.what, self.status);
            Err(ForgeError::trouble("answer_unreadable", message))
        };
        if self.is_too_long() {
            return Err(ForgeError::refused(
                "answer_too_long",
                format!(
                    "could not {}: the answer is longer than {MOST_READ} bytes; shorten what it tells of",
                    ask.what
                ),
            ));
        }
        match serde_json::from_slice(&self.body) {
            Ok(read) => Ok(read),
            Err(_) if !self.is_json() => unreadable(format!(
                "is {} and not JSON; look whether the address is a Gitea's and no sign-in page stands before it",
                self.content_type()
            )),
            Err(error) => unreadable(format!("cannot be read: {error}")),
        }
    }

    /// Its text, at most `limit` bytes of it and then whole lines only, and whether that cut it.
    pub(in crate::gitea) fn text(&self, limit: u64) -> (String, bool) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let cut = self.cut || self.body.len() > limit;
        let mut bytes = &self.body[..self.body.len().min(limit)];
        if cut {
            let whole = bytes.iter().rposition(|byte| *byte == b'\n');
            bytes = &bytes[..whole.map_or(0, |last| last + 1)];
        }
        (String::from_utf8_lossy(bytes).into_owned(), cut)
    }

    /// The message of a refusal, not cleaned yet.
    pub(super) fn message(&self) -> String {
        let refusal: Option<Refusal> = serde_json::from_slice(&self.body).ok();
        let message = refusal.map(|refusal| refusal.message).unwrap_or_default();
        if message.is_empty() && self.is_json() {
            // Conflicts are told with other fields: who reads this knows what to look for.
            String::from_utf8_lossy(&self.body).into_owned()
        } else {
            message
        }
    }

    /// Where it sends us.
    pub(super) fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }

    /// How long it asks us to wait.
    pub(super) fn wait(&self) -> Option<Duration> {
        let header = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
        let seconds: u64 = header.trim().parse().ok()?;
        Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
    }

    /// Whether `seen` entries are all there are. Where nothing tells, the next page will.
    pub(super) fn is_last_page(&self, seen: usize, counted: bool) -> bool {
        let text = |name: &str| self.headers.get(name)?.to_str().ok();
        if let Some(link) = text("link") {
            return !link.contains("rel=\"next\"");
        }
        let total = text("x-total-count").and_then(|total| total.parse().ok());
        counted && total.is_some_and(|total: usize| seen >= total)
    }

    fn is_json(&self) -> bool {
        self.content_type().contains("json")
    }

    fn content_type(&self) -> &str {
        let header = self.headers.get(header::CONTENT_TYPE);
        header
            .and_then(|value| value.to_str().ok())
            .unwrap_or("of no type")
    }
}
