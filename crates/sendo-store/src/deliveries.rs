//! What came in: stored before it is answered, claimed in order, settled once.
//!
//! A duplicate adds nothing but its count. A delivery that was claimed too often is quarantined
//! by the claim itself, so that one that kills the process cannot do so for ever; from there a person
//! can have it translated once more.

use std::collections::HashMap;

use sendo_core::audit::AuditEntry;
use sendo_core::time::Span;

use crate::audit::append;
use crate::boundary::place;
use crate::codec::{id, json, seq};
use crate::db::statement::{
    ACCEPT, CLAIM_DELIVERY, DELIVERIES_BY_OUTCOME, DELIVERIES_NEWEST, DELIVERIES_OF,
    DELIVERY_BY_KEY, DELIVERY_STANDING, INSERT_EVENT, REPLAY_DELIVERY, SETTLE_DELIVERY,
};
use crate::db::{Db, Kind, Row, Tx, args, transact};
use crate::error::StoreError;
use crate::store::{
    Accepted, Delivery, DeliveryOutcome, DeliveryRow, NewDelivery, Replayed, Result, Settlement,
};
use crate::subjects::{put_fact, wake};

/// Stores deliveries by one statement, in their order; either all of them or none.
pub(crate) async fn accept(db: &Db, deliveries: &[&NewDelivery]) -> Result<Vec<Accepted>> {
    let (told, bodies) = told(deliveries)?;
    let (stored, now) = transact!(db, Kind::Write(place::ACCEPT), tx => {
        let now = tx.now;
        Ok((tx.rows(&ACCEPT, args![told.clone(), bodies.clone(), now]).await?, now))
    })?;
    let mut seqs: HashMap<(String, String), (i64, i64)> = HashMap::with_capacity(stored.len());
    for row in &stored {
        let standing = (row.int("seq")?, row.int("duplicates")?);
        seqs.insert((row.text("source")?, row.text("dedup")?), standing);
    }
    let again = repeated(deliveries);
    let mut all = Vec::with_capacity(deliveries.len());
    for (place, delivery) in deliveries.iter().enumerate() {
        let (seq, duplicates) = seqs
            .get(&(delivery.source.clone(), delivery.dedup.clone()))
            .ok_or_else(|| StoreError::unreadable("the stored delivery", "no row came back"))?;
        // The first of its key is new when nothing but its own repetitions is counted.
        let first = again.get(&key(delivery));
        let new = first.is_some_and(|(first, again)| *first == place && again == duplicates);
        db.meter
            .delivery(&delivery.source, &delivery.name, new, now.0 as f64 / 1e6);
        let id = id(*seq);
        all.push(if new {
            Accepted::New(id)
        } else {
            Accepted::Duplicate(id)
        });
    }
    Ok(all)
}

fn key(delivery: &NewDelivery) -> (&str, &str) {
    (&delivery.source, &delivery.dedup)
}

/// The place of the first delivery of each key, and how many more of that key follow.
fn repeated<'d>(deliveries: &[&'d NewDelivery]) -> HashMap<(&'d str, &'d str), (usize, i64)> {
    let mut all = HashMap::with_capacity(deliveries.len());
    for (place, delivery) in deliveries.iter().enumerate() {
        all.entry(key(delivery))
            .and_modify(|(_, again)| *again += 1)
            .or_insert((place, 0));
    }
    all
}

/// What the statement is given: the deliveries, each key once, as JSON, and their bodies in a row.
fn told(deliveries: &[&NewDelivery]) -> Result<(String, Vec<u8>)> {
    let holds_nul = |one: &&&NewDelivery| {
        let texts = [&one.source, &one.dedup, &one.name].into_iter();
        texts.chain(one.by.as_ref()).any(|text| text.contains('\0'))
    };
    if deliveries.iter().find(holds_nul).is_some() {
        return Err(StoreError::unreadable(
            "a delivery",
            "a name in it holds a NUL",
        ));
    }
    let again = repeated(deliveries);
    let mut bodies = Vec::with_capacity(deliveries.iter().map(|one| one.body.len()).sum());
    let mut told = Vec::with_capacity(again.len());
    for (place, delivery) in deliveries.iter().enumerate() {
        let Some((_, again)) = again.get(&key(delivery)).filter(|first| first.0 == place) else {
            continue;
        };
        told.push(serde_json::json!({
            "place": place,
            "source": delivery.source,
            "dedup": delivery.dedup,
            "name": delivery.name,
            "sender": delivery.by,
            "start": bodies.len() + 1,
            "length": delivery.body.len(),
            "again": again,
        }));
        bodies.extend_from_slice(&delivery.body);
    }
    Ok((json("deliveries", &told)?, bodies))
}

pub(crate) async fn delivered(db: &Db, source: &str, dedup: &str) -> Result<Option<String>> {
    transact!(db, Kind::Read, tx => {
        let row = tx.row(&DELIVERY_BY_KEY, args![source, dedup]).await?;
        row.map(|row| row.int("seq").map(id)).transpose()
    })
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

/// Ids that are none of ours are passed over.
pub(crate) async fn of(db: &Db, ids: &[String]) -> Result<Vec<DeliveryRow>> {
    let seqs: Vec<i64> = ids.iter().filter_map(|id| seq(id).ok()).collect();
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let seqs = json("ids", &seqs)?;
    transact!(db, Kind::Read, tx => {
        let rows = tx.rows(&DELIVERIES_OF, args![seqs.clone()]).await?;
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
