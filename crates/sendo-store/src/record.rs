//! What an effect is about to do, and what became of it; both fenced by the claim.
//!
//! An intent is written before anything is sent, with who caused it and why. An outcome wakes the
//! subject without hinting that the outside changed. An observation that is done leaves only its
//! facts; a notice wakes nobody.

use sendo_core::audit::AuditEntry;
use sendo_core::deployment::Deployment;
use sendo_core::effect::{Class, EffectState};
use sendo_core::names::Principal;
use serde_json::{Value, json};

use crate::audit::append;
use crate::boundary::place;
use crate::codec::{self, seq};
use crate::commit::put_notices;
use crate::db::statement::{DELETE_EFFECT, DEPLOYMENT, FINISH_EFFECT, INTEND_EFFECT};
use crate::db::{Db, Kind, Tx, args, transact};
use crate::store::{ClaimedEffect, Record, Result};
use crate::subjects::{put_fact, wake};

pub(crate) async fn intend(db: &Db, effect: &ClaimedEffect, intent: &Value) -> Result<bool> {
    transact!(db, Kind::Write(place::INTEND), tx => {
        let text = codec::json("intent", intent)?;
        let now = tx.now;
        let held = tx
            .run(&INTEND_EFFECT, args![seq(&effect.id)?, effect.fence, now, text])
            .await?;
        if held != 1 {
            tx.abandon();
            return Ok(false);
        }
        // One that comes back because others were served first was noted the first time.
        let returns = effect.error.as_ref().is_some_and(|error| !error.is_trouble());
        if effect.effect.class() != Class::O && !returns {
            note(&mut tx, effect, "effect.intended", json!({})).await?;
        }
        Ok(true)
    })
}

pub(crate) async fn record(db: &Db, effect: &ClaimedEffect, record: &Record) -> Result<bool> {
    let held = transact!(db, Kind::Write(place::RECORD), tx => {
        let held = write(&mut tx, effect, record).await?;
        if !held {
            tx.abandon();
        }
        Ok(held)
    })?;
    if !held {
        db.meter.fenced();
    }
    Ok(held)
}

/// Writes a record; false when the claim is lost, and then the caller must roll back.
pub(crate) async fn write(tx: &mut Tx, effect: &ClaimedEffect, record: &Record) -> Result<bool> {
    let class = effect.effect.class();
    if class != Class::N {
        // The subject is locked before its effect, as in a commit.
        wake(tx, &effect.subject, None).await?;
    }
    let held = match record {
        Record::Done { .. } if class == Class::O => {
            let now = tx.now;
            tx.run(&DELETE_EFFECT, args![seq(&effect.id)?, effect.fence, now])
                .await?
        }
        record => finish(tx, effect, record).await?,
    };
    if held != 1 {
        return Ok(false);
    }
    if let Record::Done { facts, .. } = record {
        for fact in facts {
            put_fact(tx, fact).await?;
        }
    }
    if class != Class::O && !is_turn(record) {
        let (action, detail) = told(record)?;
        note(tx, effect, action, detail).await?;
    }
    if let Record::Failed { error } = record {
        // What people are not told, they find where they look.
        put_notices(tx, &effect.effect.untold(error, tx.now)).await?;
    }
    Ok(true)
}

/// Whether others were served first: that is no attempt, and nothing to note.
fn is_turn(record: &Record) -> bool {
    matches!(record, Record::Retry { error, .. } if !error.is_trouble())
}

async fn finish(tx: &mut Tx, effect: &ClaimedEffect, record: &Record) -> Result<u64> {
    let now = tx.now;
    let (state, outcome, error, not_before) = match record {
        Record::Done { outcome, .. } => (
            EffectState::Done,
            Some(codec::json("outcome", outcome)?),
            None,
            now,
        ),
        Record::Retry { error, at } => (EffectState::Ready, None, Some(error), *at),
        Record::Failed { error } => (EffectState::Failed, None, Some(error), now),
        Record::Unknown { error } => (EffectState::Unknown, None, Some(error), now),
    };
    let error = error.map(|error| codec::json("error", error)).transpose()?;
    let ended_at = (state != EffectState::Ready).then_some(now);
    tx.run(
        &FINISH_EFFECT,
        args![
            seq(&effect.id)?,
            effect.fence,
            now,
            state.as_str(),
            outcome,
            error,
            not_before,
            ended_at,
            i64::from(is_turn(record)),
        ],
    )
    .await
}

/// A record in the words of the audit trail.
fn told(record: &Record) -> Result<(&'static str, Value)> {
    Ok(match record {
        Record::Done { outcome, .. } => {
            let text = codec::json("outcome", outcome)?;
            let outcome: Value = serde_json::from_str(&text)
                .map_err(|source| crate::StoreError::unreadable("outcome", source))?;
            ("effect.done", outcome)
        }
        Record::Retry { error, .. } => ("effect.retried", json!({ "error": error })),
        Record::Failed { error } => ("effect.failed", json!({ "error": error })),
        Record::Unknown { error } => ("effect.unknown", json!({ "error": error })),
    })
}

/// Appends a line about an effect: the actor is who asked for its deployment, if a person did.
async fn note(tx: &mut Tx, effect: &ClaimedEffect, action: &str, detail: Value) -> Result<()> {
    let actor = match &effect.deployment {
        None => None,
        Some(deployment) => requested_by(tx, deployment.as_str()).await?,
    };
    let cause = effect
        .deployment
        .as_ref()
        .map_or_else(|| effect.subject.to_string(), ToString::to_string);
    append(
        tx,
        &AuditEntry {
            action: action.to_owned(),
            subject: Some(effect.subject.clone()),
            actor,
            cause,
            detail: json!({
                "effect": effect.key,
                "kind": effect.effect.kind(),
                "attempt": effect.attempts,
                "result": detail,
            }),
        },
    )
    .await
}

async fn requested_by(tx: &mut Tx, deployment: &str) -> Result<Option<Principal>> {
    let row = tx.row(&DEPLOYMENT, args![deployment]).await?;
    let deployment: Option<Deployment> = row.map(|row| row.json("body")).transpose()?;
    Ok(deployment.and_then(|deployment| deployment.requested_by))
}
