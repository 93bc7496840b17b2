//! API tokens: `sendo_ID_SECRET`, of which only a hash is kept.
//!
//! A secret is 256 random bits, so a plain SHA-256 of it can be looked up and tells nothing. The id
//! is derived from the same bits and is public: it names the token in the audit trail.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;
use sendo_core::names::{ApplicationName, Principal};
use sendo_core::time::{Span, Timestamp};
use sendo_store::TokenRow;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What every token starts with, so that scanners find one that leaked.
pub const PREFIX: &str = "sendo_";

/// The longest a token lives: a year.
pub const LONGEST: Span = Span::from_secs(365 * 24 * 60 * 60);

const ID_DIGITS: usize = 12;
const SECRET_DIGITS: usize = 64;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Read everything but tokens.
    Read,
    /// Ask for deployments; cancel, retry and roll back; lock and unlock.
    Deploy,
    /// Agree to deployments.
    Approve,
    /// Report that an image exists.
    ReportImage,
    /// All of it, and tokens.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Deploy,
        Self::Approve,
        Self::ReportImage,
        Self::Admin,
    ];

    /// The scope as the store and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
            Self::Approve => "approve",
            Self::ReportImage => "report-image",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = MintError;

    fn from_str(value: &str) -> Result<Self, MintError> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == value)
            .ok_or_else(|| MintError::UnknownScope(value.chars().take(40).collect()))
    }
}

/// Why a token is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// No scope of that name.
    #[error("unknown scope `{0}`; use `read`, `deploy`, `approve`, `report-image` or `admin`")]
    UnknownScope(String),
    /// A token that may do nothing is a mistake.
    #[error(
        "a token needs at least one scope: `read`, `deploy`, `approve`, `report-image` or `admin`"
    )]
    NoScope,
    /// A token that ends at once, or never.
    #[error("a token lives between a second and 365 days")]
    Lifetime,
    /// Nobody would know what it is for.
    #[error("a token's name says what it is for, in 1 to 100 characters on one line")]
    Name,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct Grant<'a> {
    /// What it is for, in 1 to 100 characters on one line.
    pub name: &'a str,
    /// Who acts by it, so that who asked and who approves can be told to be one; without it the
    /// token itself, as `token:ID`.
    pub principal: Option<Principal>,
    /// What it may do; at least one.
    pub scopes: &'a [Scope],
    /// What it is limited to; empty is all.
    pub applications: &'a [ApplicationName],
    /// How long it lives, from a second to [`LONGEST`].
    pub ttl: Span,
}

/// Makes a token: the row to keep, and the secret to hand over once.
///
/// # Errors
/// [`MintError`] when the name is empty, no scope is given, or it would live longer than a year.
pub fn mint(
    grant: Grant<'_>,
    now: Timestamp,
    random: [u8; 32],
) -> Result<(TokenRow, SecretString), MintError> {
    let Grant {
        name,
        principal,
        scopes,
        applications,
        ttl,
    } = grant;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(MintError::Name);
    }
    if scopes.is_empty() {
        return Err(MintError::NoScope);
    }
    if ttl < Span::from_secs(1) || ttl > LONGEST {
        return Err(MintError::Lifetime);
    }
    let secret = hex(&random);
    let mut id = hex(&Sha256::new()
        .chain_update(b"id\0")
        .chain_update(random)
        .finalize());
    id.truncate(ID_DIGITS);
    let text = format!("{PREFIX}{id}_{secret}");
    let itself = || Principal::new(format!("token:{id}")).map_err(|_| MintError::Name);
    let principal = principal.map_or_else(itself, Ok)?;
    let mut names: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names.dedup();
    let row = TokenRow {
        id,
        name: name.to_owned(),
        principal,
        hash: hash(&secret),
        scopes: names,
        applications: applications.iter().map(ToString::to_string).collect(),
        created_at: now,
        expires_at: now + ttl,
        last_used_at: None,
        revoked_at: None,
    };
    Ok((row, SecretString::from(text)))
}

/// The hash under which the store knows a token, if the text is one.
#[must_use]
pub fn hash_of(text: &str) -> Option<String> {
    parse(text).map(|presented| presented.hash)
}

/// The public id in a token's text; `None` when it cannot be a token.
#[must_use]
pub fn id_of(text: &str) -> Option<&str> {
    parse(text).map(|presented| presented.id)
}

/// A token as a caller presented it, not yet believed.
pub(crate) struct Presented<'a> {
    /// The id it claims.
    pub(crate) id: &'a str,
    /// The hash of its secret.
    pub(crate) hash: String,
}

/// Takes a token apart; `None` when it cannot be one.
pub(crate) fn parse(text: &str) -> Option<Presented<'_>> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let id_fits = digits(id, ID_DIGITS);
    (id_fits && is_secret(secret)).then(|| Presented {
        id,
        hash: hash(secret),
    })
}

/// Whether a text can be a secret: 256 bits in lower-case hexadecimal digits.
pub(crate) fn is_secret(text: &str) -> bool {
    digits(text, SECRET_DIGITS)
}

fn digits(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
}

/// The hash a secret is kept and looked up by.
pub(crate) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| DIGITS.get(usize::from(digit)))
        .collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn minted(ttl: Span) -> Result<(TokenRow, SecretString), MintError> {
        let grant = Grant {
            name: "ci",
            principal: None,
            scopes: &[Scope::Deploy],
            applications: &[],
            ttl,
        };
        mint(grant, Timestamp(7), [5; 32])
    }

    #[test]
    fn a_token_is_found_again_by_its_hash_and_the_row_cannot_give_it_back() {
        let (row, secret) = minted(LONGEST).expect("within limits");
        let presented = parse(secret.expose_secret()).expect("well formed");
        assert_eq!(
            (presented.id, &presented.hash),
            (row.id.as_str(), &row.hash)
        );
        assert!(!secret.expose_secret().contains(&row.hash));
        assert!(!format!("{row:?}").contains(&hex(&[5; 32])));
        assert_eq!(row.expires_at, Timestamp(7) + LONGEST);
    }

    #[test]
    fn a_token_lives_at_most_a_year() {
        let longer = Span::from_secs(365 * 24 * 60 * 60 + 1);
        assert_eq!(minted(longer).map(|_| ()), Err(MintError::Lifetime));
        assert_eq!(
            minted(Span::default()).map(|_| ()),
            Err(MintError::Lifetime)
        );
    }

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        let (_, secret) = minted(LONGEST).expect("within limits");
        let good = secret.expose_secret();
        for wrong in [
            "",
            "sendo_",
            "sendo__",
            good.trim_start_matches("sendo_"),
            &good.to_uppercase(),
            &good[..good.len() - 1],
            &format!("{good}0"),
            &format!("{good} "),
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
        assert!(parse(good).is_some());
    }
}
