//! Reading and publishing over git's smart HTTP, without a clone and without the git program.
//!
//! A [`RemoteRepository`] reads just the folders on the way to a file (protocol version 2 with
//! filters), makes new trees in memory, and publishes with one `git-receive-pack` request that carries
//! its own compare-and-swap. A folder of thousands of files travels as the twenty bytes that differ in
//! it, and nothing here grows with the repository.
//!
//! From below: [`pkt`] and [`http`] carry, [`service`] asks and is answered, [`refs`], [`fetch`] and
//! [`push`] are the three questions; [`pack_spool`], [`pack_read`], [`pack_write`], [`delta`] and [`listing`] are git's
//! formats, which [`heavy`] keeps off the runtime's threads; [`walk`], [`read`] and [`draft`] are what callers see. Decisions 0011 has the reasons.

mod address;
mod delta;
mod draft;
mod fault;
mod fetch;
mod heavy;
mod http;
mod known;
mod listing;
mod pack_read;
mod pack_spool;
mod pack_write;
mod pkt;
mod push;
mod read;
mod refs;
mod report;
mod service;
#[cfg(test)]
mod tests;
mod walk;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use address::Credentials;
pub use draft::{DraftCommit, DraftTree};
pub use fault::{RemoteError, RemoteFault, Said};

use crate::error::GitError;
use crate::oid::Oid;
use crate::queue::Turn;
use crate::ref_name::RefName;
use http::Line;
use known::Known;
use service::Habits;

/// How long one request may take unless [`RemoteRepository::with_time_limit`] says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A SHA-1 repository that is reached over HTTP. Cheap to clone; clones share what is remembered: where
/// 4,096 branches were, and objects, which take 64 MiB at the most in a whole process.
///
/// The client is the caller's, so that a process has one. It must not follow redirects: they are
/// reported, so that credentials go nowhere else.
#[derive(Clone)]
pub struct RemoteRepository {
    line: Line,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    known: Known,
    habits: Habits,
}

impl RemoteRepository {
    /// Takes the URL of a repository, as `git clone` would. Nothing is sent yet.
    ///
    /// # Errors
    /// `invalid_address` for anything but `http` and `https`, and for a URL with a secret in it.
    pub fn new(
        client: reqwest::Client,
        url: &str,
        credentials: Option<Credentials>,
    ) -> Result<Self, GitError> {
        Ok(Self {
            line: Line {
                client,
                url: address::parse(url)?,
                credentials,
                time_limit: TIME_LIMIT,
            },
            shared: Arc::default(),
        })
    }

    /// The same repository, asked with other credentials: tokens are exchanged every hour, and what is
    /// remembered stays true.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Option<Credentials>) -> Self {
        self.line.credentials = credentials;
        self
    }

    /// The same repository with another limit for each request.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.line.time_limit = limit;
        self
    }

    /// Its URL, without a secret.
    #[must_use]
    pub fn url(&self) -> &str {
        self.line.url.as_str()
    }

    /// Notes where a branch is said to be: by an event, or after a push of our own.
    ///
    /// A hint and no more: [`RemoteRepository::head`] repeats it, and the compare-and-swap of a push to
    /// that branch proves it.
    pub fn told(&self, name: &RefName, head: Option<Oid>) {
        self.known().told(name, head);
    }

    /// Where a branch was when we last heard of it, else where it is now.
    ///
    /// Enough to edit this very branch, since a push is refused when it has moved. Not enough as the
    /// base of another branch, which nothing would refuse: [`RemoteRepository::resolve`] that.
    ///
    /// # Errors
    /// As [`RemoteRepository::resolve`].
    pub async fn head(&self, name: &RefName) -> Result<Option<Oid>, GitError> {
        match self.known().head(name) {
            Some(head) => Ok(head),
            None => self.resolve(name).await,
        }
    }

    /// Waits for a turn at a ref: first come, first served among all of this process, so that they do
    /// not lose the compare-and-swap to each other. Take it before reading the base, and hold no other
    /// turn meanwhile.
    pub async fn turn(&self, name: &RefName) -> Turn {
        Turn::at(self.url().to_owned(), name).await
    }

    /// The same where nobody else has it; `None` at once where somebody does.
    pub fn turn_now(&self, name: &RefName) -> Option<Turn> {
        Turn::now_at(self.url().to_owned(), name)
    }

    fn known(&self) -> &Known {
        &self.shared.known
    }

    fn habits(&self) -> &Habits {
        &self.shared.habits
    }

    fn failed_to_read(&self, action: &'static str, fault: RemoteFault) -> GitError {
        self.failed(action, fault, false)
    }

    fn failed(
        &self,
        action: &'static str,
        fault: RemoteFault,
        may_have_happened: bool,
    ) -> GitError {
        GitError::Remote(Box::new(RemoteError {
            action,
            url: self.url().to_owned(),
            fault,
            may_have_happened,
        }))
    }
}

impl fmt::Debug for RemoteRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteRepository")
            .field("url", &self.url())
            .field("credentials", &self.line.credentials)
            .finish_non_exhaustive()
    }
}
