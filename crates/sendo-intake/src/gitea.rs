//! What a Gitea (or Forgejo) delivers: whether it is signed, and what it says.
//!
//! Owns the shapes of the payloads; [`verify`] the signature. A delivery says where to look, never what is
//! true: of a push only the names and heads are read, of a pull request only its number and how it
//! ended. Fields nobody asks for are not looked at.

mod signature;

use sendo_core::event::Event;
use sendo_core::names::{BranchName, ForgeName, Principal, Repository, Revision, TagName};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use signature::{Unsigned, verify};

use crate::translate::{Translated, Unreadable, object, read};

/// The header that carries the signature: HMAC-SHA256 of the body as it came, in hexadecimal.
pub const SIGNATURE: &str = "X-Gitea-Signature";
/// The header that names the event.
pub const EVENT: &str = "X-Gitea-Event";
/// The header that names the delivery, the same when it is sent again.
pub const DELIVERY: &str = "X-Gitea-Delivery";

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
                by: principal(forge, push.sender.as_ref()),
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
                by: principal(forge, reference.sender.as_ref()),
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
            by: principal(forge, event.sender.as_ref()),
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

/// By number, never by name: a name can be given to somebody else.
fn principal(forge: &ForgeName, user: Option<&User>) -> Option<Principal> {
    Principal::on_gitea(forge, user?.id)
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
