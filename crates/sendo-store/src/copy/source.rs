//! Reading a database in one transaction: the state of one instant, whoever writes meanwhile.
//!
//! A backup reads beside a server, whose writers it does not hold up. A move needs the database
//! alone: the file's lock, or on a server the lock that every connection of Sendo shares.

use std::time::Duration;

use futures_util::TryStreamExt as _;

use super::error::CopyError;
use super::format::Header;
use super::tables::{Held, TABLES, columns, count, named};
use super::{Progress, Result, TELL_EVERY, Watch, address};
use crate::audit;
use crate::db::migrate::{KNOWN, schema};
use crate::db::statement::{HOLD_ALONE, HOLD_SHARED, INSTALLATION, Statement};
use crate::db::{Arg, Db, Hold, Kind, Tx, args};
use crate::error::StoreError;
use crate::open::Address;
use crate::store::AuditVerdict;

/// How long to wait for the connections of a server that has just ended.
const PAUSES_MS: [u64; 5] = [20, 100, 300, 500, 1_000];

/// A database being read.
pub(super) struct Source {
    db: Db,
    tx: Tx,
    _hold: Option<Alone>,
    pub(super) header: Header,
}

/// A file's lock while it is only read.
struct Alone(Hold);

impl Drop for Alone {
    fn drop(&mut self) {
        // What an unclean end left to be checked is still to be checked.
        if !self.0.unclean {
            self.0.let_go();
        }
    }
}

impl Source {
    pub(super) async fn open(url: &str, alone: bool) -> Result<Self> {
        let (address, at) = address(url)?;
        let mut hold = None;
        if let Address::Sqlite(path) = &address {
            if !path.exists() {
                return Err(CopyError::Missing { at });
            }
            if alone {
                hold = Some(Alone(Hold::take(path, Duration::ZERO).await?));
            }
        }
        let db = Db::open_to_read(address).await?;
        match begun(&db, at, alone).await {
            Ok((tx, header)) => Ok(Self {
                db,
                tx,
                _hold: hold,
                header,
            }),
            Err(error) => {
                db.close().await;
                Err(error)
            }
        }
    }

    /// Gives every row of every table to `each`.
    pub(super) async fn rows(
        &mut self,
        watch: Watch<'_>,
        mut each: impl AsyncFnMut(&Held, Vec<Arg>) -> Result<()>,
    ) -> Result<()> {
        let total = self.header.tables.iter().map(|table| table.rows).sum();
        let mut rows = 0;
        for table in &self.header.tables {
            let key = named(&table.name).map_or("1", |table| table.key);
            let sql = format!(
                "SELECT {} FROM {} ORDER BY {key}",
                table.names(),
                table.name
            );
            let mut found = self.tx.stream_made(sql);
            while let Some(row) = found.try_next().await? {
                if rows % TELL_EVERY == 0 {
                    let table = &table.name;
                    let progress = Progress { table, rows, total };
                    if !watch(progress) {
                        return Err(CopyError::Interrupted);
                    }
                }
                rows += 1;
                let mut cells = Vec::with_capacity(table.columns.len());
                for (index, (_, kind)) in table.columns.iter().enumerate() {
                    cells.push(row.cell(index, *kind)?);
                }
                each(table, cells).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn verify(&mut self) -> Result<AuditVerdict> {
        Ok(audit::verify_within(&mut self.tx).await?)
    }

    /// Ends the connection, whatever became of the copy.
    pub(super) async fn close(self) -> Header {
        drop(self.tx);
        self.db.close().await;
        self.header
    }
}

async fn begun(db: &Db, at: String, alone: bool) -> Result<(Tx, Header)> {
    let statement = if alone { &HOLD_ALONE } else { &HOLD_SHARED };
    let mut tx = held(db, Kind::Read, statement, &at).await?;
    let header = header(&mut tx, at).await?;
    Ok((tx, header))
}

/// Begins a transaction once this connection has the lock it asks for. The lock comes first, so
/// that the transaction sees everything that was written before.
pub(super) async fn held(
    db: &Db,
    kind: Kind,
    statement: &'static Statement,
    at: &str,
) -> Result<Tx> {
    for pause in PAUSES_MS {
        let mut tx = db.begin(Kind::Read).await?;
        if is_held(&mut tx, statement).await? {
            tx.finish().await?;
            break;
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    let mut tx = db.begin(kind).await?;
    if is_held(&mut tx, statement).await? {
        Ok(tx)
    } else {
        let at = at.to_owned();
        Err(CopyError::InUse { at })
    }
}

async fn is_held(tx: &mut Tx, statement: &'static Statement) -> Result<bool> {
    let row = tx.row(statement, args![]).await?;
    Ok(row.map(|row| row.int("held")).transpose()? == Some(1))
}

async fn header(tx: &mut Tx, at: String) -> Result<Header> {
    let Some(found) = schema(tx).await? else {
        return Err(CopyError::Missing { at });
    };
    if found > KNOWN {
        let known = KNOWN;
        return Err(StoreError::NewerSchema { found, known }.into());
    }
    let installation = tx.row(&INSTALLATION, args![]).await?;
    let installation = installation.map_or(Ok(String::new()), |row| row.text("value"))?;
    let mut tables = Vec::new();
    for table in &TABLES {
        let columns = columns(tx, table).await?;
        if !columns.is_empty() {
            tables.push(Held {
                name: table.name.to_owned(),
                columns,
                rows: count(tx, table.name).await?,
            });
        }
    }
    Ok(Header::new(found, installation, tx.now, tables))
}
