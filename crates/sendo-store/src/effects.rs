//! Effects under way: claiming, keeping, handing back, and trying again for a person.
//!
//! A claim counts as an attempt before anything happens, so that an effect that kills the process
//! runs out of attempts. Notices are claimed last and belong to no world.

use sendo_core::audit::AuditEntry;
use sendo_core::deployment::DeploymentId;
use sendo_core::effect::{EffectError, EffectKey, EffectState, EffectView};
use sendo_core::subject::SubjectId;
use sendo_core::time::{Span, Timestamp};

use crate::audit::append;
use crate::boundary::place;
use crate::codec::{id, seq};
use crate::db::statement::{
    CLAIM_EFFECT, HEARTBEAT_EFFECT, LIVE_EFFECTS, REDRIVABLE_SUBJECTS, REDRIVE_EFFECTS,
    RELEASE_EFFECT,
};
use crate::db::{Db, Kind, Row, args, transact};
use crate::error::StoreError;
use crate::record::write;
use crate::store::{ClaimedEffect, Record, Result};
use crate::subjects::wake;

pub(crate) async fn claim(
    db: &Db,
    lease: Span,
    max_attempts: u32,
) -> Result<Option<ClaimedEffect>> {
    transact!(db, Kind::Write(place::CLAIM_EFFECT), tx => {
        let now = tx.now;
        loop {
            let Some(row) = tx.row(&CLAIM_EFFECT, args![now, now + lease]).await? else {
                return Ok(None);
            };
            let effect = claimed(&row, now, now + lease)?;
            if effect.attempts <= max_attempts {
                return Ok(Some(effect));
            }
            let error = EffectError {
                reason_code: "attempts_exhausted".to_owned(),
                message: format!("it was begun {max_attempts} times and never finished"),
            };
            write(&mut tx, &effect, &Record::Failed { error }).await?;
        }
    })
}

fn claimed(row: &Row, now: Timestamp, lease_until: Timestamp) -> Result<ClaimedEffect> {
    Ok(ClaimedEffect {
        id: id(row.int("seq")?),
        subject: row.subject("subject")?,
        key: EffectKey(row.text("key")?),
        deployment: row.opt_text("deployment")?.map(DeploymentId),
        effect: row.json("body")?,
        attempts: row.count("attempts")?,
        fence: row.int("fence")?,
        intent: row.opt_json("intent")?,
        error: row.opt_json("error")?,
        planned_at: row.time("planned_at")?,
        lease_until,
        now,
    })
}

pub(crate) async fn heartbeat(
    db: &Db,
    effect: &ClaimedEffect,
    lease: Span,
) -> Result<Option<Timestamp>> {
    transact!(db, Kind::Write(place::HEARTBEAT), tx => {
        let now = tx.now;
        let until = now + lease;
        let kept = tx
            .run(&HEARTBEAT_EFFECT, args![seq(&effect.id)?, effect.fence, now, until])
            .await?;
        Ok((kept == 1).then_some(until))
    })
}

pub(crate) async fn release(db: &Db, effect: &ClaimedEffect) -> Result<()> {
    transact!(db, Kind::Write(place::RELEASE), tx => {
        let now = tx.now;
        tx.run(&RELEASE_EFFECT, args![seq(&effect.id)?, effect.fence, now]).await?;
        Ok(())
    })
}

pub(crate) async fn redrive(db: &Db, deployment: &DeploymentId, entry: &AuditEntry) -> Result<u64> {
    transact!(db, Kind::Write(place::REDRIVE), tx => {
        let now = tx.now;
        // Subjects are locked before their effects, as in a commit.
        for row in tx.rows(&REDRIVABLE_SUBJECTS, args![deployment.as_str()]).await? {
            wake(&mut tx, &row.subject("subject")?, None).await?;
        }
        let redriven = tx.run(&REDRIVE_EFFECTS, args![deployment.as_str(), now]).await?;
        append(&mut tx, entry).await?;
        Ok(redriven)
    })
}

pub(crate) async fn of_subject(db: &Db, subject: &SubjectId) -> Result<Vec<EffectView>> {
    transact!(db, Kind::Read, tx => {
        let now = tx.now;
        let rows = tx.rows(&LIVE_EFFECTS, args![subject]).await?;
        rows.iter().map(|row| view(row, now)).collect()
    })
}

/// An effect as a decision sees it.
pub(crate) fn view(row: &Row, now: Timestamp) -> Result<EffectView> {
    Ok(EffectView {
        key: EffectKey(row.text("key")?),
        deployment: row.opt_text("deployment")?.map(DeploymentId),
        effect: row.json("body")?,
        state: state(&row.text("state")?)?,
        claimed: row
            .opt_time("lease_until")?
            .is_some_and(|until| until > now),
        intended: row.opt_text("intent")?.is_some(),
        attempts: row.count("attempts")?,
        outcome: row.opt_json("outcome")?,
        error: row.opt_json("error")?,
        not_before: row.time("not_before")?,
    })
}

fn state(text: &str) -> Result<EffectState> {
    [
        EffectState::Ready,
        EffectState::Done,
        EffectState::Failed,
        EffectState::Unknown,
        EffectState::Cancelled,
    ]
    .into_iter()
    .find(|state| state.as_str() == text)
    .ok_or_else(|| StoreError::unreadable("an effect's state", format!("`{text}` is none")))
}
