//! One request to a git server, and its answer frame by frame.
//!
//! Owns headers, statuses and limits; every answer is read within a number of bytes and a time. Does
//! not know what is asked or answered.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, LOCATION, USER_AGENT};
use reqwest::{Client, Response, StatusCode, Url};

use super::address::{Credentials, below};
use super::fault::{RemoteFault, Said};
use super::pkt::{Pkt, PktBuffer};

/// What git servers know us as. Some want this to start with `git/`.
pub(crate) const AGENT: &str = concat!("git/sendo-", env!("CARGO_PKG_VERSION"));
/// Most that is listened to of what a server says for people, in bytes. Who collects it takes one more
/// to tell that there was more.
pub(crate) const MAX_HEARD: usize = 4_096;
/// Most that is kept of it.
const MAX_SAID: usize = 600;
const GIT_PROTOCOL: HeaderName = HeaderName::from_static("git-protocol");

/// One of the two services of git's HTTP protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Refs and objects, from there.
    Upload,
    /// Refs and objects, to there.
    Receive,
}

impl Service {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Upload => "git-upload-pack",
            Self::Receive => "git-receive-pack",
        }
    }
}

/// Where requests go, and how.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) client: Client,
    pub(crate) url: Url,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) time_limit: Duration,
}

impl Line {
    /// Asks a service something.
    pub(crate) async fn post(
        &self,
        service: Service,
        body: Vec<u8>,
        limit: u64,
    ) -> Result<Answer, RemoteFault> {
        let name = service.name();
        let url = below(&self.url, name);
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, format!("application/x-{name}-request"))
            .header(ACCEPT, format!("application/x-{name}-result"))
            .body(body);
        self.send(request, service, "result", limit).await
    }

    /// Asks what a service offers.
    pub(crate) async fn get(&self, service: Service, limit: u64) -> Result<Answer, RemoteFault> {
        let url = below(&self.url, &format!("info/refs?service={}", service.name()));
        let request = self.client.get(url);
        self.send(request, service, "advertisement", limit).await
    }

    async fn send(
        &self,
        mut request: reqwest::RequestBuilder,
        service: Service,
        what: &str,
        limit: u64,
    ) -> Result<Answer, RemoteFault> {
        request = request.timeout(self.time_limit).header(USER_AGENT, AGENT);
        if service == Service::Upload {
            request = request.header(GIT_PROTOCOL, "version=2");
        }
        if let Some(header) = self.credentials.as_ref().and_then(Credentials::header) {
            request = request.header(AUTHORIZATION, header);
        }
        let sent = request.send().await;
        let mut response = sent.map_err(|error| self.broken(error))?;
        let expected = format!("application/x-{}-{what}", service.name());
        let kind = header(&response, &CONTENT_TYPE);
        if response.status() == StatusCode::OK && kind == expected {
            return Ok(Answer {
                line: self.clone(),
                response,
                buffer: PktBuffer::default(),
                left: limit,
                limit,
            });
        }
        let said = self.said(&mut response, &kind).await;
        Err(match response.status().as_u16() {
            200 => RemoteFault::NotGit {
                content_type: match kind.as_str() {
                    "" => "no content type".to_owned(),
                    kind => self.words(kind.as_bytes()).0,
                },
                said,
            },
            300..=399 => RemoteFault::Redirected {
                to: self.words(elsewhere(&response).as_bytes()).0,
            },
            401 => RemoteFault::Unauthorized {
                given: self.credentials.is_some(),
                said,
            },
            403 => RemoteFault::Forbidden { said },
            404 => RemoteFault::NotFound { said },
            status => RemoteFault::Status { status, said },
        })
    }

    /// The start of an answer that is not git's, if it is text.
    async fn said(&self, response: &mut Response, kind: &str) -> Said {
        let mut start = Vec::new();
        if kind.starts_with("text/plain") || kind.starts_with("application/json") {
            while start.len() <= MAX_HEARD {
                match response.chunk().await {
                    Ok(Some(chunk)) => start.extend_from_slice(&chunk),
                    Ok(None) => break,
                    // Cut who knows where: nothing of it is shown.
                    Err(_) => return Said::default(),
                }
            }
        }
        self.words(&start)
    }

    /// Words of a server without our credentials, stripped and cut. Those go first, as half of them would
    /// not be known again.
    pub(crate) fn words(&self, bytes: &[u8]) -> Said {
        let heard = &bytes[..bytes.len().min(MAX_HEARD)];
        let text = String::from_utf8_lossy(heard).into_owned();
        let text = match &self.credentials {
            Some(credentials) => credentials.redact(text, heard.len() < bytes.len()),
            None => text,
        };
        Said(readable(&text))
    }

    fn broken(&self, error: reqwest::Error) -> RemoteFault {
        if error.is_timeout() && !error.is_connect() {
            return RemoteFault::TimedOut {
                after: self.time_limit,
            };
        }
        let connecting = error.is_connect() || error.is_builder();
        let error = error.without_url();
        let mut why = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            why = cause.to_string();
            source = cause.source();
        }
        let why = self.words(why.as_bytes()).0;
        if connecting {
            RemoteFault::NotReached { why }
        } else {
            RemoteFault::Broken { why }
        }
    }
}

/// An answer while it comes in.
#[derive(Debug)]
pub(crate) struct Answer {
    line: Line,
    response: Response,
    buffer: PktBuffer,
    left: u64,
    limit: u64,
}

impl Answer {
    /// The next frame; `None` at the end.
    pub(crate) async fn pkt(&mut self) -> Result<Option<Pkt>, RemoteFault> {
        loop {
            if let Some(pkt) = self.buffer.next()? {
                return Ok(Some(pkt));
            }
            let chunk = self.response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| self.line.broken(error))? else {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(RemoteFault::Garbled {
                        what: "it ends within a frame".to_owned(),
                    }),
                };
            };
            let left = self.left.checked_sub(chunk.len() as u64);
            self.left = left.ok_or(RemoteFault::TooLarge { limit: self.limit })?;
            self.buffer.feed(&chunk);
        }
    }
}

fn header(response: &Response, name: &HeaderName) -> String {
    let value = response.headers().get(name);
    let text = value.and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
}

/// Where a redirect leads: scheme, host, port and path, as anything else may be a secret.
fn elsewhere(response: &Response) -> String {
    let to = header(response, &LOCATION);
    let Some(url) = response.url().join(&to).ok().filter(|_| !to.is_empty()) else {
        return "a place it does not name".to_owned();
    };
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let services = ["/info/refs", "/git-upload-pack", "/git-receive-pack"];
    let mut path = url.path();
    for service in services {
        path = path.trim_end_matches(service);
    }
    let host = url.host_str().unwrap_or_default();
    format!("{}://{host}{port}{path}", url.scheme())
}

/// One line of text: control characters as spaces, and cut.
fn readable(text: &str) -> String {
    let plain = text.replace(char::is_control, " ");
    let mut line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    line.truncate(line.floor_char_boundary(MAX_SAID));
    line
}
