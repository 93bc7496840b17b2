//! What came in: stored before it is answered, claimed in order, settled once.
//!
//! A duplicate adds nothing but its count. A delivery that was claimed too often is quarantined
//! by the claim itself, so that one that kills the process cannot do so for ever; from there a person
//! can have it translated once more.

use sendo_core::audit::AuditEntry;
use sendo_core::time::Span;

use crate::audit::append;
use crate::boundary::place;
use crate::codec::{id, json, seq};
use crate::db::statement::{
    ACCEPT, CLAIM_DELIVERY, DELIVERIES_BY_OUTCOME, DELIVERIES_NEWEST, DELIVERY_STANDING,
    INSERT_EVENT, REPLAY_DELIVERY, SETTLE_DELIVERY,
};
use crate::db::{Db, Kind, Row, Tx, args, transact};
use crate::error::StoreError;
use crate::store::{
    Accepted, Delivery, DeliveryOutcome, DeliveryRow, NewDelivery, Replayed, Result, Settlement,
};
use crate::subjects::{put_fact, wake};

/// Stores deliveries in one transaction, in their order; either all of them or none.
pub(crate) async fn accept(db: &Db, deliveries: &[&NewDelivery]) -> Result<Vec<Accepted>> {
    let (all, now) = transact!(db, Kind::Write(place::ACCEPT), tx => {
        let now = tx.now;
        let mut all = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let stored = tx
                .row(&ACCEPT, args![
                    delivery.source.as_str(),
                    delivery.dedup.as_str(),
                    delivery.name.as_str(),
                    delivery.body.clone(),
                    delivery.by.clone(),
                    now,
                ])
                .await?
                .ok_or_else(|| StoreError::unreadable("the stored delivery", "no row came back"))?;
            let id = id(stored.int("seq")?);
            all.push(if stored.int("duplicates")? == 0 {
                Accepted::New(id)
            } else {
                Accepted::Duplicate(id)
            });
        }
        Ok((all, now))
    })?;
    for (delivery, accepted) in deliveries.iter().zip(&all) {
        let new = matches!(accepted, Accepted::New(_));
        let at = now.0 as f64 / 1e6;
        db.meter.delivery(&delivery.source, &delivery.name, new, at);
    }
    Ok(all)
}

pub(crate) async fn claim(db: &Db, lease: Span, max_attempts: u32) -> Result<Option<Delivery>> {
    transact!(db, Kind::Write(place::CLAIM_DELIVERY), tx => {
        let now = tx.now;
        loop {
            let Some(row) = tx.row(&CLAIM_DELIVERY, args![now, now + lease]).await? else {
                return Ok(None);
            };
            let delivery = Delivery {
                id: id(row.int("seq")?),
                source: row.text("source")?,
                name: row.text("name")?,
                body: row.opt_bytes("body")?.unwrap_or_default(),
                by: row.opt_text("sender")?,
                received_at: row.time("received_at")?,
                attempts: row.count("attempts")?,
                fence: row.int("fence")?,
            };
            if delivery.attempts <= max_attempts {
                return Ok(Some(delivery));
            }
            finish(&mut tx, &delivery, &exhausted(max_attempts)).await?;
        }
    })
}

fn exhausted(max_attempts: u32) -> DeliveryOutcome {
    DeliveryOutcome::Quarantined {
        reason_code: "attempts_exhausted".to_owned(),
        message: format!("translating it was begun {max_attempts} times and never finished"),
    }
}

pub(crate) async fn settle(db: &Db, delivery: &Delivery, settlement: &Settlement) -> Result<()> {
    let settled = transact!(db, Kind::Write(place::SETTLE), tx => {
        let now = tx.now;
        finish(&mut tx, delivery, &settlement.outcome).await?;
        for (n, event) in settlement.events.iter().enumerate() {
            let body = json("event", event)?;
            tx.run(&INSERT_EVENT, args![
                format!("{}/{n}", delivery.id),
                seq(&delivery.id)?,
                event.name(),
                body,
                now,
            ])
            .await?;
        }
        // Everybody locks subjects in the order of their names.
        let mut wakes: Vec<_> = settlement.wakes.iter().collect();
        wakes.sort_by_key(|wake| wake.subject.to_string());
        for one in wakes {
            wake(&mut tx, &one.subject, one.hint.then_some(now)).await?;
            for fact in &one.facts {
                put_fact(&mut tx, fact).await?;
            }
        }
        Ok(())
    });
    if matches!(settled, Err(StoreError::ClaimLost { .. })) {
        db.meter.fenced();
    }
    settled
}

/// A quarantined delivery left no events, so translating it once more repeats none.
pub(crate) async fn replay(db: &Db, id: &str, entry: &AuditEntry) -> Result<Replayed> {
    let Ok(seq) = seq(id) else {
        return Ok(Replayed::Unknown);
    };
    transact!(db, Kind::Write(place::REPLAY), tx => {
        if tx.run(&REPLAY_DELIVERY, args![seq]).await? == 1 {
            append(&mut tx, entry).await?;
            return Ok(Replayed::Yes);
        }
        tx.abandon();
        let Some(row) = tx.row(&DELIVERY_STANDING, args![seq]).await? else {
            return Ok(Replayed::Unknown);
        };
        Ok(match row.opt_text("outcome")?.as_deref() {
            None => Replayed::Waiting,
            Some("quarantined") if row.int("bodiless")? != 0 => Replayed::Bodiless,
            Some(_) => Replayed::Settled,
        })
    })
}

/// Writes the terminal outcome, fenced.
async fn finish(tx: &mut Tx, delivery: &Delivery, outcome: &DeliveryOutcome) -> Result<()> {
    let (name, reason_code, message) = match outcome {
        DeliveryOutcome::Done => ("done", None, None),
        DeliveryOutcome::Ignored {
            reason_code,
            message,
        } => ("ignored", Some(reason_code.clone()), Some(message.clone())),
        DeliveryOutcome::Quarantined {
            reason_code,
            message,
        } => (
            "quarantined",
            Some(reason_code.clone()),
            Some(message.clone()),
        ),
    };
    let now = tx.now;
    let settled = tx
        .run(
            &SETTLE_DELIVERY,
            args![
                seq(&delivery.id)?,
                delivery.fence,
                now,
                name,
                reason_code,
                message
            ],
        )
        .await?;
    if settled == 1 {
        return Ok(());
    }
    Err(StoreError::ClaimLost {
        what: format!("delivery {}", delivery.id),
    })
}

pub(crate) async fn list(db: &Db, outcome: Option<&str>, limit: u32) -> Result<Vec<DeliveryRow>> {
    transact!(db, Kind::Read, tx => {
        let limit = i64::from(limit);
        let rows = match outcome {
            None => tx.rows(&DELIVERIES_NEWEST, args![limit]).await?,
            Some(outcome) => tx.rows(&DELIVERIES_BY_OUTCOME, args![limit, outcome]).await?,
        };
        rows.iter().map(row).collect()
    })
}

fn row(row: &Row) -> Result<DeliveryRow> {
    let reason = || -> Result<(String, String)> {
        Ok((
            row.opt_text("reason_code")?.unwrap_or_default(),
            row.opt_text("message")?.unwrap_or_default(),
        ))
    };
    let outcome = match row.opt_text("outcome")?.as_deref() {
        None => None,
        Some("done") => Some(DeliveryOutcome::Done),
        Some("ignored") => {
            let (reason_code, message) = reason()?;
            Some(DeliveryOutcome::Ignored {
                reason_code,
                message,
            })
        }
        Some("quarantined") => {
            let (reason_code, message) = reason()?;
            Some(DeliveryOutcome::Quarantined {
                reason_code,
                message,
            })
        }
        Some(other) => {
            return Err(StoreError::unreadable(
                "a delivery's outcome",
                format!("`{other}` is none"),
            ));
        }
    };
    Ok(DeliveryRow {
        id: id(row.int("seq")?),
        source: row.text("source")?,
        name: row.text("name")?,
        received_at: row.time("received_at")?,
        duplicates: row.count("duplicates")?,
        outcome,
    })
}
