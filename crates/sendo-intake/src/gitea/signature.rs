//! Whether a delivery is signed with one of our secrets.
//!
//! Owns the comparison, which takes the same time wherever a signature differs and whichever secret fits.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// The bytes of an HMAC-SHA256.
const SIGNATURE_BYTES: usize = 32;

/// Why a delivery is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// There is no secret here to check it with.
    #[error(
        "this forge has no `webhook_secret`, so no delivery of it can be told from a forged one; configure one"
    )]
    NoSecret,
    /// It has no signature.
    #[error("the delivery has no X-Gitea-Signature; give the hook a secret: `sendo hook install`")]
    Missing,
    /// Its signature cannot be one.
    #[error("the X-Gitea-Signature of the delivery is not 64 hexadecimal digits")]
    Malformed,
    /// Its signature is another's.
    #[error(
        "the X-Gitea-Signature of the delivery was made with another secret; run `sendo hook install`, or correct `webhook_secret`"
    )]
    Mismatch,
}

impl Unsigned {
    /// A stable code.
    #[must_use]
    pub const fn reason_code(self) -> &'static str {
        match self {
            Self::NoSecret => "signature_unchecked",
            Self::Missing => "signature_missing",
            Self::Malformed => "signature_malformed",
            Self::Mismatch => "signature_mismatch",
        }
    }
}

/// Whether one of `secrets` signed `body`. Several are in force while one takes another's place.
///
/// # Errors
/// [`Unsigned`].
pub fn verify(
    signature: Option<&str>,
    body: &[u8],
    secrets: &[SecretString],
) -> Result<(), Unsigned> {
    let signature = can_be_signed(signature, secrets)?;
    // Each is tried, whichever fits: the time taken tells nothing.
    let fits = keys(secrets).fold(false, |fits, secret| {
        fits | signed_with(secret, body, &signature)
    });
    fits.then_some(()).ok_or(Unsigned::Mismatch)
}

/// The bytes of a signature that one of `secrets` may have made.
///
/// # Errors
/// [`Unsigned`], but for a mismatch.
pub(super) fn can_be_signed(
    signature: Option<&str>,
    secrets: &[SecretString],
) -> Result<[u8; SIGNATURE_BYTES], Unsigned> {
    if keys(secrets).next().is_none() {
        return Err(Unsigned::NoSecret);
    }
    match signature.map(str::trim) {
        None | Some("") => Err(Unsigned::Missing),
        Some(signature) => bytes(signature).ok_or(Unsigned::Malformed),
    }
}

/// The keys that count: an empty one signs for everybody.
fn keys(secrets: &[SecretString]) -> impl Iterator<Item = &[u8]> {
    let bytes = secrets
        .iter()
        .map(|secret| secret.expose_secret().as_bytes());
    bytes.filter(|secret| !secret.is_empty())
}

fn signed_with(secret: &[u8], body: &[u8], signature: &[u8]) -> bool {
    // A key of any length makes a MAC; the comparison takes the same time wherever it differs.
    Hmac::<Sha256>::new_from_slice(secret)
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
}

fn bytes(signature: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let digits = signature.as_bytes();
    let mut bytes = [0; SIGNATURE_BYTES];
    if digits.len() != 2 * SIGNATURE_BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(bytes)
}
