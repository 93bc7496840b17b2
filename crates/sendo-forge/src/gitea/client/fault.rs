//! Trouble with a Gitea, in words: what was tried, what came back, what to do, whether it may pass.
//!
//! Reads are tried again. A change that broke off may have been made: it is tried again as well, because
//! whoever tries looks first. One that never got there, or was turned away, was not. A token that is
//! refused may be put right while we wait, so it waits, too.

use std::fmt;

use super::{Answer, Ask, Client};
use crate::error::ForgeError;

/// Where a request went, for the sentences.
pub(super) struct Trouble<'a> {
    pub(super) client: &'a Client,
    pub(super) ask: &'a Ask,
    pub(super) writes: bool,
}

impl Trouble<'_> {
    /// No complete answer came.
    pub(super) fn lost(&self, error: reqwest::Error) -> ForgeError {
        let (timed_out, sent) = (error.is_timeout(), !error.is_connect());
        let code = if timed_out {
            "forge_timed_out"
        } else if error.is_connect() {
            "forge_unreachable"
        } else {
            "forge_broke_off"
        };
        let why = if timed_out {
            "no complete answer in time".to_owned()
        } else {
            self.client.clean(&causes(&error.without_url()))
        };
        ForgeError::trouble(
            code,
            self.sentence(
                sent,
                format_args!("{why}; check the address, the network and the server's certificate"),
            ),
        )
    }

    /// The answer, where it is one to go on with: done, or refused for what was asked.
    pub(super) fn of(&self, mut answer: Answer) -> Result<Answer, ForgeError> {
        if !answer.is_success() {
            answer.said = self.client.clean(&answer.message());
        }
        let status = answer.status();
        match status {
            300..=399 => Err(self.redirected(&answer)),
            401 => Err(self.unauthorized(&answer)),
            408 | 429 => Err(self.limited(&answer)),
            500.. => Err(self.broken(&answer)),
            _ => Ok(answer),
        }
    }

    fn redirected(&self, answer: &Answer) -> ForgeError {
        let to = answer.location().unwrap_or_default();
        if let Some(name) = renamed_to(to) {
            let name = self.client.clean(&name);
            return ForgeError::refused(
                "repository_moved",
                self.sentence(
                    false,
                    format_args!("it is `{name}` by now; write that name into the configuration"),
                ),
            );
        }
        // Without its query: what a server appends there may be a secret.
        let to = to.split(['?', '#']).next().unwrap_or_default();
        let to = self.client.clean(to);
        ForgeError::refused(
            "forge_redirected",
            self.sentence(false, format_args!(
                "it sends us to {}, where the token does not go; write the address that answers into the configuration",
                if to.is_empty() { "nowhere" } else { &to }
            )),
        )
    }

    fn unauthorized(&self, answer: &Answer) -> ForgeError {
        let role = self.client.role().name();
        ForgeError::trouble(
            "forge_unauthorized",
            self.sentence(false, format_args!(
                "the token of `{role}` is refused{}; make a new one for that user and put it where `{role}` refers to",
                Said(answer)
            )),
        )
    }

    fn limited(&self, answer: &Answer) -> ForgeError {
        let error = ForgeError::trouble(
            "rate_limited",
            self.sentence(
                answer.status() != 429,
                format_args!("it asks us to wait{}", Said(answer)),
            ),
        );
        match answer.wait() {
            Some(wait) => error.after(wait),
            None => error,
        }
    }

    fn broken(&self, answer: &Answer) -> ForgeError {
        let error = ForgeError::trouble(
            "forge_unavailable",
            self.sentence(
                true,
                format_args!(
                    "it answered {}{}; look into its log when this lasts",
                    answer.status,
                    Said(answer)
                ),
            ),
        );
        match answer.wait() {
            Some(wait) => error.after(wait),
            None => error,
        }
    }

    /// With a warning where a change was asked for and may have been `begun`.
    fn sentence(&self, begun: bool, why: fmt::Arguments<'_>) -> String {
        let after = if self.writes && begun {
            " (it may have been done all the same, which is looked up before it is tried again)"
        } else {
            ""
        };
        let base = self.client.base();
        format!("could not {} on {base}: {why}{after}", self.ask.what)
    }
}

impl Answer {
    /// A refusal of what was asked, in words; final unless the caller knows better.
    pub(in crate::gitea) fn refusal(&self, ask: &Ask) -> ForgeError {
        let what = &ask.what;
        let said = Said(self);
        let (code, helps) = match self.status() {
            403 => (
                "forge_forbidden",
                "give the user the right to it: `sendo doctor` tells which",
            ),
            404 => (
                "forge_not_found",
                "it is not there, or the user may not see it: `sendo doctor` tells which",
            ),
            413 => ("forge_too_large", "let the proxy before it take more"),
            423 => ("repository_archived", "unarchive the repository"),
            _ => ("forge_refused", "change what it names, then retry"),
        };
        ForgeError::refused(
            code,
            format!(
                "could not {what}: it answered {}{said}; {helps}",
                self.status
            ),
        )
    }
}

/// What it said, in brackets where it said anything.
struct Said<'a>(&'a Answer);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.said() {
            "" => Ok(()),
            said => write!(f, " ({said})"),
        }
    }
}

/// An error with what caused it: the client's own words are the least telling.
fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// The name a repository has by now, out of where a Gitea sends those who ask for it by an old one.
fn renamed_to(location: &str) -> Option<String> {
    let (_, path) = location.split_once("/api/v1/repos/")?;
    let mut parts = path.split(['/', '?', '#']);
    let (owner, name) = (parts.next()?, parts.next()?);
    (!owner.is_empty() && !name.is_empty()).then(|| format!("{owner}/{name}"))
}
