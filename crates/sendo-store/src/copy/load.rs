//! Rows on their way into a database, in one transaction: tables as the rows need them, the rows,
//! then the numbers that go on from them, and last the proof that everything arrived.

use sendo_core::audit::AuditEntry;
use serde_json::json;

use super::error::CopyError;
use super::format::Header;
use super::tables::{Held, TABLES, columns, count};
use super::target::Target;
use super::{Progress, Restore, Result, TELL_EVERY, Watch};
use crate::audit;
use crate::db::migrate::{KNOWN, draw, steps};
use crate::db::statement::{
    DROP_LINKS, DROP_SESSIONS, FREE_DELIVERIES, FREE_EFFECTS, FREE_LEASES, FREE_SUBJECTS,
    REDRAW_INSTALLATION,
};
use crate::db::{Arg, Tx, args};
use crate::error::StoreError;
use crate::store::AuditVerdict;

/// How many rows, and about how many bytes, go into one statement.
const ROWS: usize = 100;
const BYTES: usize = 1 << 20;
/// More than any number can have grown in the time that a restore takes back.
const LEAP: i64 = 1_000_000_000;

/// Where the rows come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin<'a> {
    /// Another database that nobody works with.
    Database,
    /// A file that is older than what was done since.
    Backup(&'a Restore),
}

/// Rows on their way.
pub(super) struct Load<'a> {
    tx: Tx,
    header: &'a Header,
    watch: Watch<'a>,
    is_postgres: bool,
    table: Option<&'a Held>,
    waiting: Vec<Arg>,
    bytes: usize,
    rows: i64,
}

impl<'a> Load<'a> {
    /// Makes the tables as they were where the rows come from, without a row in them.
    pub(super) async fn begin(
        target: &mut Target,
        header: &'a Header,
        watch: Watch<'a>,
    ) -> Result<Self> {
        let mut tx = target.begin().await?;
        steps(&mut tx, 0, header.schema).await?;
        for table in &TABLES {
            let there = columns(&mut tx, table).await?;
            let held = header.tables.iter().find(|held| held.name == table.name);
            let fits = held.map_or(there.is_empty(), |held| {
                held.columns.len() == there.len()
                    && held.columns.iter().all(|column| there.contains(column))
            });
            if !fits {
                let what = format!("table {} of the copy", table.name);
                let why = "its columns are not those of its schema";
                return Err(StoreError::unreadable(what, why).into());
            }
            if held.is_some() {
                tx.run_made(format!("DELETE FROM {}", table.name), args![])
                    .await?;
            }
        }
        Ok(Self {
            tx,
            header,
            watch,
            is_postgres: target.is_postgres(),
            table: None,
            waiting: Vec::new(),
            bytes: 0,
            rows: 0,
        })
    }

    /// The rows that follow belong to this table.
    pub(super) async fn table(&mut self, table: &Held) -> Result<()> {
        if self.table.is_none_or(|now| now.name != table.name) {
            self.flush().await?;
            self.table = self
                .header
                .tables
                .iter()
                .find(|held| held.name == table.name);
        }
        Ok(())
    }

    pub(super) async fn row(&mut self, cells: Vec<Arg>) -> Result<()> {
        if self.rows % TELL_EVERY == 0 {
            self.tell()?;
        }
        self.rows += 1;
        self.bytes += cells.iter().map(size).sum::<usize>();
        let width = cells.len();
        self.waiting.extend(cells);
        if self.waiting.len() >= ROWS * width || self.bytes >= BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    fn tell(&self) -> Result<()> {
        let progress = Progress {
            table: self.table.map_or("", |table| table.name.as_str()),
            rows: self.rows,
            total: self.header.tables.iter().map(|table| table.rows).sum(),
        };
        if (self.watch)(progress) {
            Ok(())
        } else {
            Err(CopyError::Interrupted)
        }
    }

    async fn flush(&mut self) -> Result<()> {
        self.bytes = 0;
        let Some(table) = self.table.filter(|_| !self.waiting.is_empty()) else {
            return Ok(());
        };
        let width = table.columns.len();
        let rows: Vec<String> = (0..self.waiting.len() / width)
            .map(|row| {
                let values: Vec<String> = (1..=width)
                    .map(|column| format!("${}", row * width + column))
                    .collect();
                format!("({})", values.join(", "))
            })
            .collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {}",
            table.name,
            table.names(),
            rows.join(", ")
        );
        let cells = std::mem::take(&mut self.waiting);
        self.tx.run_made(sql, cells).await?;
        Ok(())
    }

    /// Proves that everything arrived, and commits.
    pub(super) async fn finish(mut self, origin: Origin<'_>) -> Result<AuditVerdict> {
        self.flush().await?;
        self.tell()?;
        for table in &self.header.tables {
            let (expected, found) = (table.rows, count(&mut self.tx, &table.name).await?);
            if found != expected {
                let table = table.name.clone();
                return Err(CopyError::Count {
                    table,
                    expected,
                    found,
                });
            }
        }
        steps(&mut self.tx, self.header.schema, KNOWN).await?;
        let verdict = audit::verify_within(&mut self.tx).await?;
        if let Some((line, why)) = verdict.broken {
            return Err(CopyError::Audit { line, why });
        }
        match origin {
            Origin::Database => self.go_on_counting(0).await?,
            Origin::Backup(how) => {
                self.go_on_counting(LEAP).await?;
                self.begin_anew(how).await?;
            }
        }
        self.tell()?;
        self.tx.finish().await?;
        Ok(verdict)
    }

    /// Ends every claim and session, and makes sure that nothing of the time that is lost fits what comes.
    async fn begin_anew(&mut self, how: &Restore) -> Result<()> {
        for statement in [
            &FREE_SUBJECTS,
            &FREE_EFFECTS,
            &FREE_DELIVERIES,
            &FREE_LEASES,
        ] {
            self.tx.run(statement, args![LEAP]).await?;
        }
        // Who signed out since the backup stays signed out.
        for statement in [&DROP_SESSIONS, &DROP_LINKS] {
            self.tx.run(statement, args![]).await?;
        }
        let drawn = draw();
        self.tx
            .run(&REDRAW_INSTALLATION, args![drawn.as_str()])
            .await?;
        let entry = AuditEntry {
            action: "database.restored".to_owned(),
            subject: None,
            actor: how.by.clone(),
            cause: "sendo restore".to_owned(),
            detail: json!({
                "created_at": self.header.created_at,
                "installation": drawn,
                "installation_before": self.header.installation,
            }),
        };
        audit::append(&mut self.tx, &entry).await?;
        Ok(())
    }

    /// A server counts apart from its rows, so it is told where to go on. A file goes on from its
    /// rows by itself, and its lock has kept everybody out who could still have a claim.
    async fn go_on_counting(&mut self, leap: i64) -> Result<()> {
        if !self.is_postgres {
            return Ok(());
        }
        for table in &TABLES {
            let Some(column) = table.numbered else {
                continue;
            };
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{name}', '{column}'), \
                        coalesce(max({column}), 0) + 1 + {leap}, false) FROM {name}",
                name = table.name
            );
            self.tx.run_made(sql, args![]).await?;
        }
        Ok(())
    }
}

fn size(cell: &Arg) -> usize {
    match cell {
        Arg::Text(Some(text)) => text.len(),
        Arg::Bytes(Some(bytes)) => bytes.len(),
        _ => 8,
    }
}
