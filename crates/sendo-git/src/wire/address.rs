//! Where a remote repository is, and as whom it is asked.
//!
//! Owns the rule that a URL has no secret in it and that credentials are never printed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::GitError;

/// A user and a password or token, sent as HTTP basic. `Debug` shows the user only.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    secret: SecretString,
}

impl Credentials {
    /// For a token, most forges take any user; GitHub's Apps want `x-access-token`, GitLab `oauth2`.
    #[must_use]
    pub fn basic(user: impl Into<String>, secret: SecretString) -> Self {
        Self {
            user: user.into(),
            secret,
        }
    }

    /// The header, marked as not to be shown. Base64 is always a valid value.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let value = format!("Basic {}", self.encoded());
        let mut header = HeaderValue::from_str(&value).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// What a server said, should it have repeated what it was told. Where it was `cut`, nothing is left
    /// of its end, which may be half a secret.
    pub(crate) fn redact(&self, text: String, cut: bool) -> String {
        let (secret, encoded) = (self.secret.expose_secret(), self.encoded());
        if secret.is_empty() {
            return text;
        }
        let mut text = text.replace(secret, "…").replace(&encoded, "…");
        if cut {
            let edge = secret.len().max(encoded.len());
            text.truncate(text.floor_char_boundary(text.len().saturating_sub(edge)));
        }
        text
    }

    fn encoded(&self) -> String {
        STANDARD.encode(format!("{}:{}", self.user, self.secret.expose_secret()))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Takes the URL of a repository, as `git clone` would.
///
/// # Errors
/// `invalid_address`. The text is not repeated, as it may hold a secret.
pub(crate) fn parse(url: &str) -> Result<Url, GitError> {
    let refuse = |why| Err(GitError::InvalidAddress { why });
    let Ok(mut parsed) = Url::parse(url) else {
        return refuse("it is not a URL");
    };
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
        return refuse("it does not start with https:// and a host");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return refuse("it has a user or secret in it; give them as credentials");
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return refuse("it has a ? or # in it");
    }
    let path = parsed.path().trim_end_matches('/').to_owned();
    parsed.set_path(&path);
    Ok(parsed)
}

/// The URL of one of the repository's services.
pub(crate) fn below(repository: &Url, path: &str) -> Url {
    let mut url = repository.clone();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    url.set_path(&format!(
        "{}/{path}",
        repository.path().trim_end_matches('/')
    ));
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_secret_is_refused_and_not_repeated() {
        let secret = "hunter2";
        for url in [
            format!("https://bob:{secret}@example.com/r.git"),
            format!("https://{secret}@example.com/r.git"),
            format!("https://example.com/r.git?token={secret}"),
            format!("git@example.com:{secret}/r.git"),
            format!("file:///{secret}"),
        ] {
            let said = parse(&url).unwrap_err().to_string();
            assert!(!said.contains(secret), "{said}");
        }
    }

    #[test]
    fn services_lie_below_the_repository() {
        for url in [
            "https://example.com/a/r.git",
            "https://example.com/a/r.git//",
        ] {
            let url = below(&parse(url).unwrap(), "info/refs?service=git-upload-pack");
            let expected = "https://example.com/a/r.git/info/refs?service=git-upload-pack";
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn credentials_are_not_shown_even_when_a_server_repeats_them() {
        let credentials = Credentials::basic("bob", "hunter2".into());
        let header = credentials.header().unwrap();
        let echoed = format!("{} hunter2", header.to_str().unwrap());
        assert_eq!(credentials.redact(echoed, false), "Basic … …");
        let shown = format!("{credentials:?} {header:?}");
        assert!(
            shown.contains("bob") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
