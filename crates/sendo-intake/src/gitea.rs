//! What a Gitea (or Forgejo) delivers: whether it is signed, and what it says.
//!
//! Owns the signature and the shapes of the payloads. A delivery says where to look, never what is
//! true: of a push only the names and heads are read, of a pull request only its number and how it
//! ended. Fields nobody asks for are not looked at.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sendo_core::event::Event;
use sendo_core::names::{BranchName, ForgeName, Principal, Repository, Revision, TagName};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::translate::{Translated, Unreadable, object, read};

/// The header that carries the signature: HMAC-SHA256 of the body as it came, in hexadecimal.
pub const SIGNATURE: &str = "X-Gitea-Signature";
/// The header that names the event.
pub const EVENT: &str = "X-Gitea-Event";
/// The header that names the delivery, the same when it is sent again.
pub const DELIVERY: &str = "X-Gitea-Delivery";

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
    // An empty secret signs for everybody.
    let secrets = secrets
        .iter()
        .map(|secret| secret.expose_secret().as_bytes())
        .filter(|secret| !secret.is_empty());
    let secrets: Vec<&[u8]> = secrets.collect();
    if secrets.is_empty() {
        return Err(Unsigned::NoSecret);
    }
    let signature = match signature.map(str::trim) {
        None | Some("") => return Err(Unsigned::Missing),
        Some(signature) => bytes(signature).ok_or(Unsigned::Malformed)?,
    };
    // Each is tried, whichever fits: the time taken tells nothing.
    let fits = secrets.iter().fold(false, |fits, secret| {
        fits | signed_with(secret, body, &signature)
    });
    fits.then_some(()).ok_or(Unsigned::Mismatch)
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

#[derive(Deserialize)]
struct OnRepository {
    full_name: String,
}

#[derive(Deserialize)]
struct User {
    id: i64,
}

#[derive(Deserialize)]
struct Head {
    id: String,
}

#[derive(Deserialize)]
struct Push {
    r#ref: String,
    before: Option<String>,
    after: Option<String>,
    head_commit: Option<Head>,
    repository: OnRepository,
    sender: Option<User>,
}

#[derive(Deserialize)]
struct Reference {
    r#ref: String,
    ref_type: String,
    sha: Option<String>,
    repository: OnRepository,
    sender: Option<User>,
}

#[derive(Deserialize)]
struct Base {
    r#ref: String,
}

#[derive(Deserialize)]
struct PullRequest {
    #[serde(default)]
    merged: bool,
    merge_commit_sha: Option<String>,
    base: Option<Base>,
}

#[derive(Deserialize)]
struct OnPullRequest {
    action: String,
    number: u64,
    pull_request: Option<PullRequest>,
    repository: OnRepository,
    sender: Option<User>,
}

#[derive(Deserialize)]
struct Status {
    sha: String,
    repository: OnRepository,
}

/// Translates a delivery whose signature was checked; `name` is what its header [`EVENT`] said.
///
/// # Errors
/// [`Unreadable`] with a stable code and the position of the fault.
pub fn translate(forge: &ForgeName, name: &str, body: &[u8]) -> Result<Translated, Unreadable> {
    let on = |repository: OnRepository| Repository::new(forge.clone(), repository.full_name);
    let event = match name {
        "push" => {
            let push: Push = payload(body)?;
            let moved = Moved {
                before: object(push.before)?,
                after: object(push.after)?,
                commit: object(push.head_commit.map(|head| head.id))?,
                by: principal(push.sender.as_ref()),
                repository: on(push.repository)?,
            };
            match full_name(&push.r#ref) {
                Some((kind, name)) => moved.event(kind, name)?,
                None => return Ok(no_such_ref(&push.r#ref)),
            }
        }
        "create" | "delete" => {
            let reference: Reference = payload(body)?;
            let moved = Moved {
                before: None,
                after: object(reference.sha.filter(|_| name == "create"))?,
                commit: None,
                by: principal(reference.sender.as_ref()),
                repository: on(reference.repository)?,
            };
            match Kind::of_word(&reference.ref_type) {
                Some(kind) => moved.event(kind, &reference.r#ref)?,
                None => return Ok(no_such_ref(&reference.ref_type)),
            }
        }
        "status" => {
            let status: Status = payload(body)?;
            Event::CheckReported {
                revision: Revision::new(status.sha)?,
                repository: on(status.repository)?,
            }
        }
        // A review is told of under three names, and a comment on the way is a fourth.
        "pull_request"
        | "pull_request_approved"
        | "pull_request_rejected"
        | "pull_request_comment"
        | "pull_request_review" => {
            return pull_request(payload(body)?, forge);
        }
        other => {
            return Ok(Translated::Ignored {
                reason_code: "event_unknown",
                message: format!("no rule listens to `{}` events of Gitea", cut(other)),
            });
        }
    };
    Ok(Translated::Events(vec![event]))
}

/// Our own change requests are followed by every turn they take; a merge may also begin something.
fn pull_request(event: OnPullRequest, forge: &ForgeName) -> Result<Translated, Unreadable> {
    let repository = Repository::new(forge.clone(), event.repository.full_name)?;
    let number = event.number;
    let mut events = vec![Event::ChangeRequestTouched {
        repository: repository.clone(),
        number,
    }];
    let closed = event
        .pull_request
        .filter(|_| event.action == "closed")
        .and_then(|request| Some((request.merged, request.merge_commit_sha, request.base?)));
    if let Some((merged, commit, base)) = closed {
        events.push(Event::PullRequestClosed {
            repository,
            number,
            base: BranchName::new(base.r#ref)?,
            merged: object(commit.filter(|_| merged))?,
            by: principal(event.sender.as_ref()),
        });
    }
    Ok(Translated::Events(events))
}

#[derive(Clone, Copy)]
enum Kind {
    Branch,
    Tag,
}

impl Kind {
    fn of_word(word: &str) -> Option<Self> {
        match word {
            "branch" => Some(Self::Branch),
            "tag" => Some(Self::Tag),
            _ => None,
        }
    }
}

/// A ref that went from somewhere to somewhere.
struct Moved {
    repository: Repository,
    before: Option<Revision>,
    after: Option<Revision>,
    /// What a tag names, where `after` may be the tag itself.
    commit: Option<Revision>,
    by: Option<Principal>,
}

impl Moved {
    fn event(self, kind: Kind, name: &str) -> Result<Event, Unreadable> {
        let Self {
            repository,
            before,
            after,
            commit,
            by,
        } = self;
        Ok(match kind {
            Kind::Branch => Event::BranchPushed {
                repository,
                branch: BranchName::new(name)?,
                before,
                after,
                by,
            },
            Kind::Tag => Event::TagPushed {
                repository,
                tag: TagName::new(name)?,
                revision: after.map(|after| commit.unwrap_or(after)),
                by,
            },
        })
    }
}

fn full_name(reference: &str) -> Option<(Kind, &str)> {
    let branch = reference.strip_prefix("refs/heads/");
    let tag = || reference.strip_prefix("refs/tags/");
    branch
        .map(|name| (Kind::Branch, name))
        .or_else(|| tag().map(|name| (Kind::Tag, name)))
}

fn no_such_ref(reference: &str) -> Translated {
    Translated::Ignored {
        reason_code: "ref_unknown",
        message: format!("`{}` is neither a branch nor a tag", cut(reference)),
    }
}

/// By number, never by name: a name can be given to somebody else. Numbers below one are not people.
fn principal(user: Option<&User>) -> Option<Principal> {
    let id = user.map(|user| user.id).filter(|id| *id > 0)?;
    Principal::new(format!("gitea:{id}")).ok()
}

fn payload<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    if body.starts_with(b"payload=") {
        return Err(Unreadable {
            reason_code: "not_json",
            message: "the hook sends forms; give it the content type application/json: `sendo hook install`".to_owned(),
        });
    }
    read(body)
}

fn cut(word: &str) -> String {
    word.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
