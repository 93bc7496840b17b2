//! Which tables a copy holds, and the columns each of them has in a database.
//!
//! The tables are listed, because a schema on a server may hold those of others; the columns are
//! read from the catalogue, so that a copy of an older schema needs no knowledge of it.

use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};

use crate::db::statement::COLUMNS;
use crate::db::{Arg, Cell, Tx, args};
use crate::error::StoreError;
use crate::store::Result;

/// One table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// What its rows are ordered by, so that the same rows give the same copy.
    pub(super) key: &'static str,
    /// The column that numbers its rows by itself.
    pub(super) numbered: Option<&'static str>,
    /// Whether a new database has a row in it.
    pub(super) seeded: bool,
}

const fn table(name: &'static str, key: &'static str) -> Table {
    Table {
        name,
        key,
        numbered: None,
        seeded: false,
    }
}

const fn numbered(name: &'static str, key: &'static str) -> Table {
    Table {
        numbered: Some(key),
        ..table(name, key)
    }
}

const fn seeded(name: &'static str, key: &'static str) -> Table {
    Table {
        seeded: true,
        ..table(name, key)
    }
}

/// All of them, each after those its rows refer to.
pub(super) const TABLES: [Table; 17] = [
    seeded("meta", "key"),
    seeded("counters", "name"),
    numbered("deliveries", "seq"),
    table("events", "id"),
    table("subjects", "id"),
    table("facts", "subject, key"),
    numbered("effects", "seq"),
    table("leases", "name"),
    numbered("audit_pending", "id"),
    table("audit", "seq"),
    seeded("audit_head", "seq"),
    table("lanes", "lane"),
    table("deployments", "id"),
    numbered("notices", "seq"),
    table("tokens", "id"),
    table("sessions", "hash"),
    table("sign_in_links", "hash"),
];

/// The table of that name.
pub(super) fn named(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// A table of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// Its name.
    pub(super) name: String,
    /// Its columns, in the order of the values in its rows.
    pub(super) columns: Vec<(String, Cell)>,
    /// How many rows it has.
    pub(super) rows: i64,
}

impl Held {
    /// The names of its columns, for a statement. They came from a catalogue, or were held against one.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }
}

/// The columns of a table; none when there is no such table.
pub(super) async fn columns(tx: &mut Tx, table: &Table) -> Result<Vec<(String, Cell)>> {
    let mut columns = Vec::new();
    for row in tx.rows(&COLUMNS, args![table.name]).await? {
        let (name, kind) = (row.text("name")?, row.text("kind")?);
        let cell = match kind.as_str() {
            "text" => Cell::Text,
            "integer" | "bigint" => Cell::Int,
            "blob" | "bytea" => Cell::Bytes,
            _ => {
                let what = format!("column `{name}` of {}", table.name);
                return Err(StoreError::unreadable(what, format!("it is a {kind}")));
            }
        };
        columns.push((name, cell));
    }
    Ok(columns)
}

/// How many rows a table has.
pub(super) async fn count(tx: &mut Tx, table: &str) -> Result<i64> {
    number(tx, format!("SELECT count(*) FROM {table}")).await
}

/// The one number a statement gives.
async fn number(tx: &mut Tx, sql: String) -> Result<i64> {
    let row = tx.stream_made(sql).try_next().await?;
    match row.map(|row| row.cell(0, Cell::Int)).transpose()? {
        Some(Arg::Int(Some(number))) => Ok(number),
        _ => Ok(0),
    }
}

/// The tables in which a database holds more than a new one does.
pub(super) async fn filled(tx: &mut Tx) -> Result<Vec<&'static str>> {
    let mut filled = Vec::new();
    for table in TABLES.iter().filter(|table| !table.seeded) {
        if !columns(tx, table).await?.is_empty() {
            let some = format!(
                "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1) AS found",
                table.name
            );
            if number(tx, some).await? > 0 {
                filled.push(table.name);
            }
        }
    }
    Ok(filled)
}
