//! The audit trail: lines are appended with what they describe, then sealed into a hash chain.
//!
//! Sealing is apart from appending so that transactions do not queue behind one another. A sealed
//! line's hash covers the hash before it, its number, its time and its text, exactly as stored;
//! the head is kept apart, so that a trail cut short is noticed too. Whoever can write all of the
//! database can forge all of it: keep the head elsewhere.

use sendo_core::audit::AuditEntry;
use sendo_core::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::boundary::place;
use crate::codec::canonical;
use crate::db::statement::{
    APPEND_AUDIT, AUDIT_AFTER, AUDIT_HEAD, COUNT_PENDING, DELETE_PENDING, HOLD_LEASE, INSERT_AUDIT,
    MOVE_AUDIT_HEAD, PENDING_AUDIT,
};
use crate::db::{Db, Kind, Row, Tx, args, transact};
use crate::error::StoreError;
use crate::store::{AuditRow, AuditVerdict, Result, SEALER};

/// How many lines are read at once while the chain is recomputed.
const PAGE: i64 = 1_000;

/// Appends a line to the transaction of what it describes.
pub(crate) async fn append(tx: &mut Tx, entry: &AuditEntry) -> Result<()> {
    let text = canonical("audit entry", entry)?;
    let now = tx.now;
    tx.run(&APPEND_AUDIT, args![now, text]).await?;
    Ok(())
}

pub(crate) async fn append_one(db: &Db, entry: &AuditEntry) -> Result<()> {
    transact!(db, Kind::Write(place::AUDIT), tx => { append(&mut tx, entry).await })
}

pub(crate) async fn seal(db: &Db, holder: &str, fence: i64, limit: u32) -> Result<u64> {
    transact!(db, Kind::Write(place::SEAL), tx => {
        let now = tx.now;
        if tx.row(&HOLD_LEASE, args![SEALER, holder, fence, now]).await?.is_none() {
            return Err(StoreError::ClaimLost {
                what: format!("lease {SEALER}"),
            });
        }
        let (mut seq, mut hash) = head(&mut tx).await?;
        let pending = tx.rows(&PENDING_AUDIT, args![i64::from(limit)]).await?;
        for row in &pending {
            let (at, entry) = (row.time("at")?, row.text("entry")?);
            seq += 1;
            hash = chain(&hash, seq, at, &entry);
            tx.run(&INSERT_AUDIT, args![seq, at, entry, hash.as_str()]).await?;
            tx.run(&DELETE_PENDING, args![row.int("id")?]).await?;
        }
        if pending.is_empty() {
            tx.abandon();
        } else {
            tx.run(&MOVE_AUDIT_HEAD, args![seq, hash]).await?;
        }
        Ok(pending.len() as u64)
    })
}

/// SHA-256 over the hash before and the line as canonical JSON.
fn chain(previous: &str, seq: i64, at: Timestamp, entry: &str) -> String {
    let line = format!("[{seq},{at},{entry}]");
    let digest = Sha256::new()
        .chain_update(previous)
        .chain_update(line)
        .finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn head(tx: &mut Tx) -> Result<(i64, String)> {
    tx.row(&AUDIT_HEAD, args![]).await?.map_or_else(
        || Ok((0, String::new())),
        |row| Ok((row.int("seq")?, row.text("hash")?)),
    )
}

pub(crate) async fn verify(db: &Db) -> Result<AuditVerdict> {
    let mut checked = Checked::default();
    let mut after = i64::MIN;
    // The chain only grows, so it can be read in pages; the head is read first.
    let (head_seq, head_hash, unsealed) = transact!(db, Kind::Read, tx => {
        let (seq, hash) = head(&mut tx).await?;
        let row = tx.row(&COUNT_PENDING, args![]).await?;
        Ok((seq, hash, row.map_or(Ok(0), |row| row.int("n"))?))
    })?;
    checked.head_seq = head_seq;
    while checked.broken.is_none() {
        let rows = transact!(db, Kind::Read, tx => {
            tx.rows(&AUDIT_AFTER, args![after, PAGE]).await
        })?;
        let Some(last) = rows.last() else { break };
        after = last.int("seq")?;
        checked.page(&rows)?;
    }
    Ok(checked.verdict(head_hash, unsealed))
}

/// Recomputes the whole chain as one transaction sees it.
pub(crate) async fn verify_within(tx: &mut Tx) -> Result<AuditVerdict> {
    let (head_seq, head_hash) = head(tx).await?;
    let unsealed = tx.row(&COUNT_PENDING, args![]).await?;
    let unsealed = unsealed.map_or(Ok(0), |row| row.int("n"))?;
    let mut checked = Checked {
        head_seq,
        ..Checked::default()
    };
    let mut after = i64::MIN;
    while checked.broken.is_none() {
        let rows = tx.rows(&AUDIT_AFTER, args![after, PAGE]).await?;
        let Some(last) = rows.last() else { break };
        after = last.int("seq")?;
        checked.page(&rows)?;
    }
    Ok(checked.verdict(head_hash, unsealed))
}

/// How far the chain was recomputed.
#[derive(Default)]
struct Checked {
    verified: i64,
    hash: String,
    /// The number of the last line by the head, and that line's recomputed hash.
    head_seq: i64,
    at_head: String,
    broken: Option<(i64, String)>,
}

impl Checked {
    fn page(&mut self, rows: &[Row]) -> Result<()> {
        for row in rows {
            self.line(row)?;
            if self.broken.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn verdict(mut self, head: String, unsealed: i64) -> AuditVerdict {
        if self.broken.is_none() {
            self.head(&head);
        }
        AuditVerdict {
            verified: self.verified,
            unsealed,
            broken: self.broken,
            head: (self.head_seq > 0).then_some(head),
        }
    }

    fn line(&mut self, row: &Row) -> Result<()> {
        let seq = row.int("seq")?;
        if seq != self.verified + 1 {
            let why = format!("line {} is missing before it", self.verified + 1);
            self.broken = Some((seq, why));
            return Ok(());
        }
        let hash = chain(&self.hash, seq, row.time("at")?, &row.text("entry")?);
        if row.text("hash")? != hash {
            let why = "its hash does not fit its content and the line before".to_owned();
            self.broken = Some((seq, why));
            return Ok(());
        }
        self.verified = seq;
        self.hash.clone_from(&hash);
        if seq == self.head_seq {
            self.at_head = hash;
        }
        Ok(())
    }

    fn head(&mut self, hash: &str) {
        let seq = self.head_seq;
        if self.verified < seq {
            let next = self.verified + 1;
            self.broken = Some((next, format!("it is missing; {seq} lines were sealed")));
        } else if self.at_head != hash {
            self.broken = Some((seq, "its hash is not the one kept as the head".to_owned()));
        }
    }
}

pub(crate) async fn len(db: &Db) -> Result<i64> {
    transact!(db, Kind::Read, tx => {
        let (sealed, _) = head(&mut tx).await?;
        let row = tx.row(&COUNT_PENDING, args![]).await?;
        Ok(sealed + row.map_or(Ok(0), |row| row.int("n"))?)
    })
}

pub(crate) async fn rows(db: &Db, after: i64, limit: u32) -> Result<Vec<AuditRow>> {
    transact!(db, Kind::Read, tx => {
        let limit = i64::from(limit);
        let mut lines = Vec::new();
        for row in tx.rows(&AUDIT_AFTER, args![after, limit]).await? {
            lines.push(AuditRow {
                seq: row.int("seq")?,
                at: row.time("at")?,
                entry: row.json("entry")?,
                hash: Some(row.text("hash")?),
            });
        }
        let (mut seq, _) = head(&mut tx).await?;
        let skipped = (after - seq).max(0);
        let room = limit - i64::try_from(lines.len()).unwrap_or(limit);
        for row in tx.rows(&PENDING_AUDIT, args![room.max(0) + skipped]).await? {
            seq += 1;
            if seq > after {
                lines.push(AuditRow {
                    seq,
                    at: row.time("at")?,
                    entry: row.json("entry")?,
                    hash: None,
                });
            }
        }
        Ok(lines)
    })
}
