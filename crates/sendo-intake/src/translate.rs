//! Reads a payload into events.
//!
//! A local forge speaks the subset of GitHub's payloads that git itself can tell: `push`, and
//! `pull_request` for tools that send one. Fields nobody asks for are not looked at.

use sendo_core::act::{Act, Asked};
use sendo_core::event::Event;
use sendo_core::freeze::Announced;
use sendo_core::names::{
    ApplicationName, BranchName, EnvironmentName, ForgeName, InvalidName, Principal, Repository,
    Revision, TagName,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::api::{ActRequest, FreezeRequest, LockRequest, UnfreezeRequest, UnlockRequest};
use crate::spool::UNREADABLE;

/// What a payload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Translated {
    /// Typed facts.
    Events(Vec<Event>),
    /// It is understood, and nothing of it can concern a deployment.
    Ignored {
        /// A stable code.
        reason_code: &'static str,
        /// In words.
        message: String,
    },
}

/// A file of a spool that is not what the hook writes.
#[derive(Deserialize)]
struct Unread {
    reason: String,
}

/// Why a payload cannot be read. The delivery is kept in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// A stable code: `invalid_json`, `not_json`, `invalid_name`, `spool_unreadable` or
    /// `unknown_source`.
    pub reason_code: &'static str,
    /// What is wrong, and at which line and column where that is known.
    pub message: String,
}

impl From<InvalidName> for Unreadable {
    fn from(error: InvalidName) -> Self {
        Self {
            reason_code: "invalid_name",
            message: error.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct OnRepository {
    full_name: String,
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
    #[serde(default)]
    deleted: bool,
    head_commit: Option<Head>,
    repository: OnRepository,
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
    number: Option<u64>,
    base: Base,
}

#[derive(Deserialize)]
struct PullRequestEvent {
    action: String,
    number: Option<u64>,
    pull_request: PullRequest,
    repository: OnRepository,
}

#[derive(Deserialize)]
struct ChangeTouched {
    number: u64,
    repository: OnRepository,
}

#[derive(Deserialize)]
struct CheckTouched {
    sha: String,
    repository: OnRepository,
}

#[derive(Deserialize)]
struct Image {
    application: String,
    revision: String,
    tag: Option<String>,
    digest: Option<String>,
}

#[derive(Deserialize)]
struct Deploy {
    application: String,
    environment: String,
    reference: Option<String>,
}

/// Translates a delivery of a forge. `by` is who signed it in, where anybody did.
///
/// # Errors
/// [`Unreadable`] with a stable code and the position of the fault.
pub fn translate(
    forge: &ForgeName,
    name: &str,
    body: &[u8],
    by: Option<&Principal>,
) -> Result<Translated, Unreadable> {
    let repository = |on: OnRepository| Repository::new(forge.clone(), on.full_name);
    match name {
        "push" => push(read::<Push>(body)?, forge, by),
        "pull_request" => pull_request(read(body)?, forge, by),
        UNREADABLE => Err(Unreadable {
            reason_code: "spool_unreadable",
            message: read::<Unread>(body)?.reason,
        }),
        "change" => {
            let touched: ChangeTouched = read(body)?;
            let (repository, number) = (repository(touched.repository)?, touched.number);
            Ok(Translated::Events(vec![Event::ChangeRequestTouched {
                repository,
                number,
            }]))
        }
        "check" => {
            let touched: CheckTouched = read(body)?;
            let (repository, revision) =
                (repository(touched.repository)?, Revision::new(touched.sha)?);
            Ok(Translated::Events(vec![Event::CheckReported {
                repository,
                revision,
            }]))
        }
        "image" | "deploy" => asked(name, body, by),
        other => Ok(Translated::Ignored {
            reason_code: "event_unknown",
            message: format!(
                "no rule listens to `{}` events",
                other.chars().take(60).collect::<String>()
            ),
        }),
    }
}

/// Translates a delivery of the API, where `by` is the token's principal.
///
/// # Errors
/// [`Unreadable`].
pub fn asked(name: &str, body: &[u8], by: Option<&Principal>) -> Result<Translated, Unreadable> {
    let by = match by {
        Some(by) => by.clone(),
        None => Principal::new("local:unknown")?,
    };
    let events = match name {
        "image" => {
            let image: Image = read(body)?;
            vec![Event::ImageReported {
                application: ApplicationName::new(image.application)?,
                revision: Revision::new(image.revision)?,
                tag: image.tag,
                digest: image.digest,
                by,
            }]
        }
        "act" => {
            let ActRequest { lane, act, reason } = read(body)?;
            let asked = Asked { act, by, reason };
            vec![Event::Acted { lane, asked }]
        }
        "lock" => {
            let request: LockRequest = read(body)?;
            vec![Event::LockRequested {
                area: request.area,
                until: request.until,
                by,
                reason: request.reason,
            }]
        }
        "unlock" => unlocked(read(body)?, by),
        "freeze" => {
            let request: FreezeRequest = read(body)?;
            let freeze = Announced {
                area: request.area,
                name: request.name,
                by,
                reason: request.reason,
                from: request.from,
                to: request.to,
            };
            vec![Event::FreezeRequested { freeze }]
        }
        "unfreeze" => {
            let UnfreezeRequest { area, name } = read(body)?;
            vec![Event::UnfreezeRequested { area, name, by }]
        }
        _ => {
            let deploy: Deploy = read(body)?;
            vec![Event::DeployRequested {
                application: ApplicationName::new(deploy.application)?,
                environment: EnvironmentName::new(deploy.environment)?,
                reference: deploy.reference.filter(|reference| !reference.is_empty()),
                by,
            }]
        }
    };
    Ok(Translated::Events(events))
}

/// Opening exactly one lane ends its lock and what a rollback left.
fn unlocked(request: UnlockRequest, by: Principal) -> Vec<Event> {
    let area = request.area;
    let released = area.lane().map(|lane| Event::Acted {
        lane,
        asked: Asked {
            act: Act::Release,
            by: by.clone(),
            reason: None,
        },
    });
    let unlocked = Event::UnlockRequested { area, by };
    std::iter::once(unlocked).chain(released).collect()
}

fn push(push: Push, forge: &ForgeName, by: Option<&Principal>) -> Result<Translated, Unreadable> {
    let repository = Repository::new(forge.clone(), push.repository.full_name)?;
    let before = object(push.before)?;
    let after = if push.deleted {
        None
    } else {
        object(push.after)?
    };
    let by = by.cloned();
    if let Some(branch) = push.r#ref.strip_prefix("refs/heads/") {
        let branch = BranchName::new(branch)?;
        return Ok(Translated::Events(vec![Event::BranchPushed {
            repository,
            branch,
            before,
            after,
            by,
        }]));
    }
    if let Some(tag) = push.r#ref.strip_prefix("refs/tags/") {
        // An annotated tag is an object of its own; the commit it names stands in `head_commit`.
        let commit = object(push.head_commit.map(|head| head.id))?;
        let revision = after.map(|after| commit.unwrap_or(after));
        let tag = TagName::new(tag)?;
        return Ok(Translated::Events(vec![Event::TagPushed {
            repository,
            tag,
            revision,
            by,
        }]));
    }
    Ok(Translated::Ignored {
        reason_code: "ref_unknown",
        message: format!(
            "`{}` is neither a branch nor a tag",
            push.r#ref.chars().take(120).collect::<String>()
        ),
    })
}

fn pull_request(
    event: PullRequestEvent,
    forge: &ForgeName,
    by: Option<&Principal>,
) -> Result<Translated, Unreadable> {
    let repository = Repository::new(forge.clone(), event.repository.full_name)?;
    let request = event.pull_request;
    let number = event.number.or(request.number).unwrap_or_default();
    if event.action != "closed" {
        return Ok(Translated::Ignored {
            reason_code: "action_ignored",
            message: format!(
                "pull request {number} was {}, which starts nothing; a merge does",
                event.action.chars().take(40).collect::<String>()
            ),
        });
    }
    let merged = if request.merged {
        object(request.merge_commit_sha)?
    } else {
        None
    };
    let base = BranchName::new(request.base.r#ref)?;
    let by = by.cloned();
    Ok(Translated::Events(vec![Event::PullRequestClosed {
        repository,
        number,
        base,
        merged,
        by,
    }]))
}

/// The commit an id names; git's all-zero id names none.
pub(crate) fn object(id: Option<String>) -> Result<Option<Revision>, Unreadable> {
    match id {
        Some(id) if !id.is_empty() && id.bytes().any(|c| c != b'0') => Ok(Some(Revision::new(id)?)),
        _ => Ok(None),
    }
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|error| Unreadable {
        reason_code: "invalid_json",
        message: format!("the payload cannot be read: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn events(name: &str, body: &str) -> Result<Vec<String>, &'static str> {
        let forge = ForgeName::new("acme").unwrap();
        match translate(&forge, name, body.as_bytes(), None) {
            Ok(Translated::Events(events)) => {
                Ok(events.iter().map(|e| e.name().to_owned()).collect())
            }
            Ok(Translated::Ignored { reason_code, .. }) => Err(reason_code),
            Err(unreadable) => Err(unreadable.reason_code),
        }
    }

    #[test]
    fn a_push_is_of_a_branch_or_of_a_tag_with_any_slashes() {
        let push = |r: &str| {
            format!(
                r#"{{"ref":"{r}","before":"{}","after":"{SHA}","repository":{{"full_name":"a/b"}}}}"#,
                "0".repeat(40)
            )
        };
        assert_eq!(
            events("push", &push("refs/heads/main")),
            Ok(vec!["BranchPushed".into()])
        );
        assert_eq!(
            events("push", &push("refs/tags/release/1.2")),
            Ok(vec!["TagPushed".into()])
        );
        assert_eq!(events("push", &push("refs/notes/x")), Err("ref_unknown"));
        assert_eq!(events("push", &push("refs/heads/a b")), Err("invalid_name"));
    }

    #[test]
    fn a_pull_request_closed_without_a_merge_is_not_a_merge() {
        let closed = |action: &str, merged: bool| {
            format!(
                r#"{{"action":"{action}","number":7,"pull_request":{{"merged":{merged},"merge_commit_sha":"{SHA}","base":{{"ref":"main"}}}},"repository":{{"full_name":"a/b"}}}}"#
            )
        };
        assert_eq!(
            events("pull_request", &closed("closed", true)),
            Ok(vec!["PullRequestMerged".into()])
        );
        assert_eq!(
            events("pull_request", &closed("closed", false)),
            Ok(vec!["PullRequestClosed".into()])
        );
        assert_eq!(
            events("pull_request", &closed("opened", false)),
            Err("action_ignored")
        );
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        assert_eq!(events("push", "{"), Err("invalid_json"));
        assert_eq!(events("push", r#"{"ref":1}"#), Err("invalid_json"));
        assert_eq!(events("gollum", "{}"), Err("event_unknown"));
        let deep = "[".repeat(10_000);
        assert_eq!(events("push", &deep), Err("invalid_json"));
    }

    proptest::proptest! {
        #[test]
        fn no_payload_makes_it_panic(name in "push|pull_request|change|check|image|deploy|x", body in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let forge = ForgeName::new("acme").unwrap();
            let _ = translate(&forge, &name, &body, None);
        }
    }
}
