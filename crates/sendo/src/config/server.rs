//! `server:` where Sendo listens, what it keeps its memory in, and how often it looks by itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use sendo_core::time::Span;
use sendo_report::Language;
use serde::Deserialize;

use super::Reading;
use super::place::Place;
use super::problem::Code;
use super::secret::{OpenShape, SecretOrText};

/// The server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where people and webhooks reach it; `None` is the address it listens on.
    pub url: Option<String>,
    /// What it keeps its memory in.
    pub database: Database,
    /// The language of pages and messages whose reader did not choose one.
    pub language: Language,
    /// How often each lane is looked at without being told.
    pub sweep: Span,
    /// How long a worker may be silent before another takes its effect over.
    pub lease: Span,
}

impl Server {
    /// The keys of `server` in which another one differs.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        [
            ("server.listen", self.listen == other.listen),
            ("server.url", self.url == other.url),
            ("server.database", self.database == other.database),
            ("server.language", self.language == other.language),
            ("server.sweep", self.sweep == other.sweep),
            ("server.lease", self.lease == other.lease),
        ]
        .into_iter()
        .filter_map(|(key, same)| (!same).then_some(key))
        .collect()
    }
}

/// What a server keeps its memory in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file; absolute, or relative to where the configuration's folder is.
    Sqlite(PathBuf),
    /// The URL of a Postgres database.
    Postgres(SecretOrText),
}

/// A language Sendo speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Language")]
pub(crate) enum Speech {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl From<Speech> for Language {
    fn from(speech: Speech) -> Self {
        match speech {
            Speech::En => Self::En,
            Speech::Ja => Self::Ja,
        }
    }
}

/// Where Sendo listens, what it keeps its memory in, and how often it looks by itself.
#[derive(Debug, Deserialize, serde::Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Server")]
pub(crate) struct ServerShape {
    /// Address and port. Only loopback, as this version speaks no TLS: a proxy that does stands before it.
    listen: String,
    /// Where people and webhooks reach the server, when that is not the address it listens on. With
    /// it, reading takes a sign-in or a token, too.
    url: Option<String>,
    /// `sqlite:PATH`, relative to this file, or `postgres://…`; a reference to a secret is read.
    database: OpenShape,
    /// The language of pages and messages whose reader did not choose one.
    language: Speech,
    /// How often each lane is looked at without being told, such as `90s`, `5m` or `1h`.
    sweep: String,
    /// How long a worker may be silent before another takes over what it was doing.
    lease: String,
}

impl Default for ServerShape {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8787".to_owned(),
            url: None,
            database: OpenShape::new("sqlite:sendo.db"),
            language: Speech::En,
            sweep: "5m".to_owned(),
            lease: "60s".to_owned(),
        }
    }
}

impl ServerShape {
    /// The checked section; what is wrong becomes a problem and keeps its default.
    pub(crate) fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Server {
        let sweep = span(&self.sweep, place.key("sweep"), reading);
        let lease = span(&self.lease, place.key("lease"), reading);
        Server {
            listen: listen(&self.listen, place.key("listen"), reading),
            url: self
                .url
                .as_deref()
                .and_then(|text| url(text, place.key("url"), reading)),
            database: database(&self.database, place.key("database"), reading),
            language: self.language.into(),
            sweep: sweep.unwrap_or(Span::from_secs(300)),
            lease: lease.unwrap_or(Span::from_secs(60)),
        }
    }
}

fn listen(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> SocketAddr {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 8787));
    let spelled = text.replacen("localhost:", "127.0.0.1:", 1);
    let Ok(address) = spelled.parse::<SocketAddr>() else {
        reading.problems.push(
            place
                .problem(
                    Code::InvalidValue,
                    format!("`{text}` is not an address and a port"),
                )
                .fix("write it like \"127.0.0.1:8787\" or \"[::1]:8787\""),
        );
        return loopback;
    };
    if !address.ip().is_loopback() {
        reading.problems.push(
            place
                .problem(
                    Code::OpenListener,
                    format!("`{text}` can be reached from other machines, and this version speaks no TLS"),
                )
                .why("tokens and sessions would cross the network for everybody to read")
                .fix("listen on 127.0.0.1 and let a reverse proxy that speaks TLS stand before it"),
        );
        return loopback;
    }
    address
}

/// A checked `http` or `https` URL without its final slash.
pub(crate) fn url(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if host.is_some_and(|host| !host.is_empty() && !host.contains('@')) && !text.contains(odd) {
        return Some(text.trim_end_matches('/').to_owned());
    }
    reading.problems.push(
        place
            .problem(Code::InvalidValue, format!("`{text}` is not a URL"))
            .fix("write it like \"https://sendo.example.com\", without user name and password"),
    );
    None
}

fn database(shape: &OpenShape, place: Place<'_>, reading: &mut Reading<'_>) -> Database {
    let fallback = Database::Sqlite(reading.beside("sendo.db"));
    let text = match shape.resolve(place, reading) {
        None => return fallback,
        Some(SecretOrText::Secret(secret)) => {
            return Database::Postgres(SecretOrText::Secret(secret));
        }
        Some(SecretOrText::Text(text)) => text,
    };
    if let Some(path) = text.strip_prefix("sqlite:") {
        if !path.is_empty() && !path.starts_with("//") && path != ":memory:" {
            return Database::Sqlite(reading.beside(path));
        }
    } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Database::Postgres(SecretOrText::Text(text));
    }
    reading.problems.push(
        place
            .problem(Code::InvalidValue, "this is not a database Sendo can use")
            .fix("write \"sqlite:PATH\" with a path beside this file, or \"postgres://USER@HOST/NAME\""),
    );
    fallback
}

/// A span such as `90s`, of at least a second and at most 30 days.
pub(super) fn span(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Span> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let span = number
        .parse::<u32>()
        .ok()
        .zip(seconds)
        .and_then(|(number, seconds)| number.checked_mul(seconds))
        .filter(|seconds| (1..=30 * 86_400).contains(seconds));
    if span.is_none() {
        reading.problems.push(
            place
                .problem(
                    Code::InvalidValue,
                    format!("`{text}` is not a span of time"),
                )
                .why("it is a whole number and `s`, `m`, `h` or `d`, from one second to 30 days")
                .fix("write it like `90s`, `5m` or `1h`"),
        );
    }
    span.map(Span::from_secs)
}
