//! Notices for machines: the JSON a generic webhook target receives.
//!
//! The envelope follows Standard Webhooks: `id` is the same over every repetition, `type` is
//! `deployment.` and the turn's name, `timestamp` is when it happened, `data` says the rest. Fields
//! are added, never renamed: each name is written here and does not follow the code elsewhere.
//!
//! Every `data` has `deployment`, `application`, `environment` and `revision`; besides them:
//!
//! | `type` | `data` |
//! |---|---|
//! | `deployment.started` | `reference`, `version`, `previous`, `included[]`, `requested_by`; `undoes` where the lane goes back by itself |
//! | `deployment.change_request_opened` | `change_request` with `number`, `url` |
//! | `deployment.waits` | `waiting` with `for` and its details, `change_request` with `number` |
//! | `deployment.approved` | `change_request` with `number`, `head` |
//! | `deployment.person_approved` | `by`, `have`, `needed` |
//! | `deployment.overridden` | `by`, `reason` |
//! | `deployment.act_refused` | `act`, `by`, `reason_code` |
//! | `deployment.merged` | `base`, `by`, `change_request` with `number` |
//! | `deployment.succeeded` | `unchanged`; `healthy` where an engine said so |
//! | `deployment.superseded` | `superseded_by` with `deployment`, `revision` |
//! | `deployment.displaced` | `displaced_by` with `engine_application`, `commit` |
//! | `deployment.cancelled` | `by`, `change_request` with `number`; `merged` where it was |
//! | `deployment.failed` | `failure` with `reason_code`, `message`; `causes[]` where an environment ails |
//!
//! A digest has the `type` `deployment.digest` and no `data` of those: `since`, `latest[]` with the
//! last notice of each deployment in the form above, all of a lane together and newest first,
//! `earlier`, how many turns came before these, and `omitted`, how many older deployments are left out.

use sendo_core::deployment::{Change, Waiting};
use sendo_core::engine::Cause;
use sendo_core::notice::{Digest, Notice, Turn};
use serde_json::{Map, Value, json};

use crate::time;

/// The JSON of a notice.
#[must_use]
pub fn generic(notice: &Notice) -> Value {
    let mut data = Map::new();
    data.insert("deployment".to_owned(), json!(notice.deployment));
    data.insert("application".to_owned(), json!(notice.lane.application));
    data.insert("environment".to_owned(), json!(notice.lane.environment));
    data.insert("revision".to_owned(), json!(notice.revision));
    if let Value::Object(more) = details(&notice.turn) {
        data.extend(more);
    }
    json!({
        "id": notice.id,
        "type": format!("deployment.{}", notice.turn.name()),
        "timestamp": time::iso(notice.at),
        "data": data,
    })
}

/// The JSON of a digest.
#[must_use]
pub fn digest(digest: &Digest) -> Value {
    json!({
        "id": digest.id,
        "type": "deployment.digest",
        "timestamp": time::iso(digest.at),
        "data": {
            "since": time::iso(digest.since),
            "latest": digest.latest.iter().map(generic).collect::<Vec<_>>(),
            "earlier": digest.earlier,
            "omitted": digest.omitted,
        },
    })
}

fn details(turn: &Turn) -> Value {
    match turn {
        Turn::Started {
            reference,
            version,
            previous,
            included,
            requested_by,
            undoes,
            observed,
        } => with(
            "undoes",
            undoes.as_ref().map(|undoes| json!(undoes)),
            json!({
                "reference": reference,
                "version": version,
                "previous": previous,
                "included": included.iter().map(change).collect::<Vec<_>>(),
                "requested_by": requested_by,
                "observed": observed,
            }),
        ),
        Turn::ChangeRequestOpened { number, url } => json!({
            "change_request": { "number": number, "url": url },
        }),
        Turn::Waits { waiting, number } => json!({
            "waiting": reason(waiting),
            "change_request": number.map(|number| json!({ "number": number })),
        }),
        Turn::Approved { number, head } => json!({
            "change_request": { "number": number, "head": head },
        }),
        Turn::PersonApproved { by, have, needed } => json!({
            "by": by,
            "have": have,
            "needed": needed,
        }),
        Turn::Overridden { by, reason } => json!({ "by": by, "reason": reason }),
        Turn::ActRefused { act, by, why } => json!({
            "act": act,
            "by": by,
            "reason_code": why.code(),
        }),
        Turn::Merged {
            number,
            revision,
            by,
        } => json!({
            "base": revision,
            "by": by,
            "change_request": number.map(|number| json!({ "number": number })),
        }),
        Turn::Succeeded { unchanged, healthy } => with(
            "healthy",
            healthy.then(|| json!(true)),
            json!({ "unchanged": unchanged }),
        ),
        Turn::Superseded { by, revision } => json!({
            "superseded_by": { "deployment": by, "revision": revision },
        }),
        Turn::Displaced {
            application,
            revision,
        } => json!({
            "displaced_by": { "engine_application": application, "commit": revision },
        }),
        Turn::Cancelled { by, number, merged } => with(
            "merged",
            merged.then(|| json!(true)),
            json!({
                "by": by,
                "change_request": number.map(|number| json!({ "number": number })),
            }),
        ),
        Turn::Failed { failure, causes } => with(
            "causes",
            (!causes.is_empty()).then(|| causes.iter().map(cause).collect()),
            json!({
                "failure": { "reason_code": failure.reason_code, "message": failure.message },
            }),
        ),
        // Told to nobody; the API's timelines have it.
        Turn::Untold {
            target,
            of,
            failure,
        } => json!({
            "target": target,
            "of": of,
            "failure": { "reason_code": failure.reason_code, "message": failure.message },
        }),
    }
}

/// `data` with one field more, where there is something to say in it.
fn with(name: &str, more: Option<Value>, mut data: Value) -> Value {
    if let (Some(more), Some(data)) = (more, data.as_object_mut()) {
        data.insert(name.to_owned(), more);
    }
    data
}

fn cause(cause: &Cause) -> Value {
    json!({
        "object": cause.object,
        "reason": cause.reason,
        "message": cause.message,
    })
}

fn reason(waiting: &Waiting) -> Value {
    match waiting {
        Waiting::After { environment } => {
            json!({ "for": waiting.name(), "environment": environment })
        }
        Waiting::Checks { pending } => json!({ "for": waiting.name(), "pending": pending }),
        Waiting::ChecksFailed { failed } => json!({ "for": waiting.name(), "failed": failed }),
        Waiting::People {
            needed,
            have,
            from,
            backwards,
        } => json!({
            "for": waiting.name(),
            "needed": needed,
            "have": have,
            "from": from,
            "backwards": backwards,
        }),
        Waiting::Soak { environment, until } => json!({
            "for": waiting.name(),
            "environment": environment,
            "until": time::iso(*until),
        }),
        Waiting::Locked { lock } => json!({
            "for": waiting.name(),
            "area": lock.area,
            "by": lock.by,
            "reason": lock.reason,
            "until": lock.until.map(time::iso),
        }),
        Waiting::Held { held } => json!({
            "for": waiting.name(),
            "deployment": held.deployment,
            "by": held.by,
            "reason": held.reason,
        }),
        Waiting::Frozen {
            name,
            reason,
            until,
            by,
        } => json!({
            "for": waiting.name(),
            "name": name,
            "reason": reason,
            "until": time::iso(*until),
            "by": by,
        }),
        Waiting::ChangesRequested { by } => json!({ "for": waiting.name(), "by": by }),
        Waiting::ForeignCommits { commits } => {
            json!({ "for": waiting.name(), "commits": commits })
        }
        Waiting::TreeMismatch => json!({ "for": waiting.name() }),
        Waiting::Protected { why } => json!({ "for": waiting.name(), "why": why }),
        Waiting::Engine {
            application,
            lacks,
            message,
        } => json!({
            "for": waiting.name(),
            "engine_application": application,
            "lacks": lacks,
            "message": message,
        }),
        Waiting::Retry { effect, error, at } => json!({
            "for": waiting.name(),
            "effect": effect,
            "error": error,
            "at": time::iso(*at),
        }),
        Waiting::Blocked {
            effect,
            reason_code,
            error,
        } => json!({
            "for": waiting.name(),
            "effect": effect,
            "reason_code": reason_code,
            "error": error,
        }),
    }
}

fn change(change: &Change) -> Value {
    json!({
        "revision": change.revision,
        "title": change.title,
        "author": change.author,
        "number": change.number,
    })
}
