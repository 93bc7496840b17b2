//! The database a copy is put into: empty, or one that may be replaced, and nobody at work on it.

use std::time::Duration;

use super::error::CopyError;
use super::format::Header;
use super::replace::File;
use super::source::held;
use super::tables::{TABLES, filled};
use super::{Result, address};
use crate::boundary::place;
use crate::db::migrate::{KNOWN, schema};
use crate::db::statement::HOLD_ALONE;
use crate::db::{Db, Hold, Kind, Tx, args, sqlite};
use crate::error::StoreError;
use crate::open::Address;

/// A database to be filled.
pub(super) struct Target {
    db: Db,
    at: String,
    replace: bool,
    /// On SQLite, the file it becomes.
    file: Option<File>,
}

impl Target {
    pub(super) async fn open(url: &str, replace: bool, header: &Header) -> Result<Self> {
        if header.schema > KNOWN {
            let (found, known) = (header.schema, KNOWN);
            return Err(StoreError::NewerSchema { found, known }.into());
        }
        let (address, at) = address(url)?;
        let (address, file) = match address {
            Address::Sqlite(path) => {
                sqlite::refuse_network(&path)?;
                let hold = Hold::take(&path, Duration::ZERO).await?;
                let file = File::prepare(&path, hold)?;
                if !replace && file.is_there() {
                    file.refuse_filled(&at).await?;
                }
                (Address::Sqlite(file.filled_at().to_owned()), Some(file))
            }
            Address::Memory => {
                let why = "what is put there is gone at once".to_owned();
                return Err(StoreError::BadAddress { url: at, why }.into());
            }
            server @ Address::Postgres(_) => (server, None),
        };
        let db = Db::open_to_fill(address).await?;
        Ok(Self {
            db,
            at,
            replace,
            file,
        })
    }

    pub(super) const fn is_postgres(&self) -> bool {
        self.db.is_postgres()
    }

    /// Begins the transaction that fills it; there is no table of ours in it then.
    pub(super) async fn begin(&mut self) -> Result<Tx> {
        let kind = Kind::Write(place::MIGRATE);
        if !self.db.is_postgres() {
            return Ok(self.db.begin(kind).await?);
        }
        let mut tx = held(&self.db, kind, &HOLD_ALONE, &self.at).await?;
        refuse_newer(&mut tx).await?;
        if !self.replace {
            refuse_filled(&mut tx, &self.at).await?;
        }
        let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        let drop = format!("DROP TABLE IF EXISTS {}, schema_versions", names.join(", "));
        tx.run_made(drop, args![]).await?;
        Ok(tx)
    }

    /// Ends the connection, and puts what was committed in its place.
    pub(super) async fn end<T>(self, filled: Result<T>) -> Result<T> {
        self.db.close().await;
        let filled = filled?;
        if let Some(file) = self.file {
            file.publish().await?;
        }
        Ok(filled)
    }
}

pub(super) async fn refuse_newer(tx: &mut Tx) -> Result<()> {
    match schema(tx).await? {
        Some(found) if found > KNOWN => {
            let known = KNOWN;
            Err(StoreError::NewerSchema { found, known }.into())
        }
        _ => Ok(()),
    }
}

pub(super) async fn refuse_filled(tx: &mut Tx, at: &str) -> Result<()> {
    let tables = filled(tx).await?;
    if tables.is_empty() {
        return Ok(());
    }
    Err(CopyError::NotEmpty {
        at: at.to_owned(),
        tables,
    })
}
