//! Committing a plan: everything it says in one transaction, or nothing.
//!
//! The subject's version and the claim's fence must both still hold. An effect that is to be
//! withdrawn but has its intent voids the whole plan; the subject is handed back awake, and is
//! decided again with the new world.

use std::collections::BTreeSet;

use sendo_core::deployment::Deployment;
use sendo_core::effect::{Class, EffectKey, PlannedEffect};
use sendo_core::notice::Notice;
use sendo_core::plan::Plan;
use sendo_core::subject::SubjectId;

use crate::audit::append;
use crate::board::ordinal;
use crate::boundary::place;
use crate::codec::json;
use crate::db::statement::{
    ADD_LANE, BUMP_REVISION, CANCEL_EFFECT, COMMIT_SUBJECT, DROP_OBSERVATION, FORGET_FACT,
    INSERT_EFFECT, INSERT_NOTICE, RELEASE_SUBJECT, RETIRE_EFFECT, UPSERT_DEPLOYMENT,
};
use crate::db::{Db, Kind, Tx, args, transact};
use crate::store::{Claimed, Committed, Result};
use crate::subjects::{put_fact, wake};

pub(crate) async fn commit(
    db: &Db,
    claimed: &Claimed,
    plan: &Plan,
    posts: &[PlannedEffect],
) -> Result<Committed> {
    let committed = transact!(db, Kind::Write(place::COMMIT), tx => {
        let written = write(&mut tx, claimed, plan, posts).await?;
        if !written {
            tx.abandon();
        }
        Ok(written)
    })?;
    if committed {
        return Ok(Committed::Yes);
    }
    transact!(db, Kind::Write(place::RELEASE_SUBJECT), tx => {
        tx.run(&RELEASE_SUBJECT, args![&claimed.world.subject, claimed.fence]).await?;
        Ok(())
    })?;
    Ok(Committed::Conflict)
}

/// Writes the plan; false when it is void.
async fn write(
    tx: &mut Tx,
    claimed: &Claimed,
    plan: &Plan,
    posts: &[PlannedEffect],
) -> Result<bool> {
    let subject = &claimed.world.subject;
    // Everybody locks subjects in the order of their names, so this one takes its turn too.
    let names: BTreeSet<(String, &SubjectId)> = plan
        .wake
        .iter()
        .map(|other| (other.to_string(), other))
        .collect();
    let own = subject.to_string();
    for (_, other) in names.iter().filter(|(name, _)| *name < own) {
        wake(tx, other, None).await?;
    }
    if !decide(tx, claimed, plan).await? {
        return Ok(false);
    }
    for (_, other) in names.iter().filter(|(name, _)| *name >= own) {
        wake(tx, other, None).await?;
    }
    for key in &plan.cancel {
        let now = tx.now;
        let cancelled = tx
            .run(&CANCEL_EFFECT, args![subject, key.0.as_str(), now])
            .await?;
        if cancelled != 1 {
            return Ok(false);
        }
        drop_observation(tx, subject, key).await?;
    }
    for key in &plan.retire {
        tx.run(&RETIRE_EFFECT, args![subject, key.0.as_str()])
            .await?;
        drop_observation(tx, subject, key).await?;
    }
    for effect in plan.effects.iter().chain(posts) {
        plan_effect(tx, subject, effect).await?;
    }
    for fact in &plan.publish {
        put_fact(tx, fact).await?;
    }
    for key in &plan.forget {
        tx.run(&FORGET_FACT, args![subject, key.as_str()]).await?;
    }
    for entry in &plan.audit {
        append(tx, entry).await?;
    }
    tell(tx, plan).await?;
    Ok(true)
}

/// Moves the subject on, if the claim still holds.
async fn decide(tx: &mut Tx, claimed: &Claimed, plan: &Plan) -> Result<bool> {
    let state = json("state", &plan.state)?;
    let now = tx.now;
    let moved = tx
        .run(
            &COMMIT_SUBJECT,
            args![
                &claimed.world.subject,
                claimed.version,
                claimed.fence,
                now,
                state,
                claimed.wakes,
                plan.wake_at,
            ],
        )
        .await?;
    Ok(moved == 1)
}

async fn drop_observation(tx: &mut Tx, subject: &SubjectId, key: &EffectKey) -> Result<()> {
    tx.run(&DROP_OBSERVATION, args![subject, key.0.as_str()])
        .await?;
    Ok(())
}

async fn plan_effect(tx: &mut Tx, subject: &SubjectId, planned: &PlannedEffect) -> Result<()> {
    let body = json("effect", &planned.effect)?;
    let (tells, live) = (planned.effect.tells(), planned.effect.class() != Class::N);
    let class = json("class", &planned.effect.class())?;
    let now = tx.now;
    tx.run(
        &INSERT_EFFECT,
        args![
            subject,
            planned.key.0.as_str(),
            planned.effect.kind(),
            class.trim_matches('"'),
            tells,
            live,
            body,
            planned.deployment.as_ref().map(|id| id.0.clone()),
            now,
        ],
    )
    .await?;
    Ok(())
}

/// Writes what people read. The counter comes last: it is the one row every commit waits for.
async fn tell(tx: &mut Tx, plan: &Plan) -> Result<()> {
    for deployment in &plan.deployments {
        put_deployment(tx, deployment).await?;
    }
    put_notices(tx, &plan.notices).await?;
    // A lock or a freeze is told to nobody, and stands on pages and in the audit trail.
    let is_seen = !plan.deployments.is_empty() || !plan.audit.is_empty();
    if plan.notices.is_empty() && is_seen {
        tx.run(&BUMP_REVISION, args![]).await?;
    }
    Ok(())
}

/// Adds to the timelines of deployments; open pages look again.
pub(crate) async fn put_notices(tx: &mut Tx, notices: &[Notice]) -> Result<()> {
    for notice in notices {
        let body = json("notice", notice)?;
        tx.run(
            &INSERT_NOTICE,
            args![
                notice.id.as_str(),
                notice.deployment.as_str(),
                notice.at,
                body
            ],
        )
        .await?;
    }
    if !notices.is_empty() {
        tx.run(&BUMP_REVISION, args![]).await?;
    }
    Ok(())
}

async fn put_deployment(tx: &mut Tx, deployment: &Deployment) -> Result<()> {
    let body = json("deployment", deployment)?;
    let lane = deployment.lane.to_string();
    tx.run(&ADD_LANE, args![lane.as_str()]).await?;
    tx.run(
        &UPSERT_DEPLOYMENT,
        args![
            deployment.id.as_str(),
            lane,
            ordinal(&deployment.id),
            deployment.lane.application.as_str(),
            deployment.lane.environment.as_str(),
            deployment.state.as_str(),
            !deployment.state.is_terminal(),
            deployment.created_at,
            body,
        ],
    )
    .await?;
    Ok(())
}
