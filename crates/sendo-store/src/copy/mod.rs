//! The whole database as a copy: to a file, from a file, or from one database to another.
//!
//! A copy is read in one transaction and written in one transaction (on SQLite, as a new file that
//! takes the old one's name), so that it is a state that existed, and is there whole or not at all.
//! Rows go one by one from where they are to where they go; nothing grows with their number.
//!
//! | Module | What it does |
//! |---|---|
//! | `tables` | which tables a copy holds, and their columns |
//! | `format` | the file of a backup |
//! | `source` | reading a database that may be at work |
//! | `target`, `replace` | an empty database, filled and put in place |
//! | `load` | rows, numbers and checks, in the transaction of the target |

mod error;
mod format;
mod load;
mod partial;
mod replace;
mod source;
mod tables;
mod target;

use std::path::Path;

use sendo_core::names::Principal;
use sendo_core::time::Timestamp;

pub use error::CopyError;

use crate::open::Address;
use crate::store::AuditVerdict;
use format::{Header, Reader, Writer};
use load::{Load, Origin};
use partial::Partial;
use source::Source;
use target::Target;

type Result<T> = std::result::Result<T, CopyError>;

/// How many rows go by between two words about progress.
const TELL_EVERY: i64 = 1_000;

/// How far a copy is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The table being copied, or what else is being done.
    pub table: &'a str,
    /// Rows copied so far, of all tables.
    pub rows: i64,
    /// Rows there are.
    pub total: i64,
}

/// Told now and then how far a copy is; it ends without a trace once the answer is false.
pub type Watch<'a> = &'a (dyn Fn(Progress<'_>) -> bool + Send + Sync);

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The text of the database the rows came from.
    pub installation: String,
    /// The schema they had.
    pub schema: i64,
    /// When they were read, by that database's clock.
    pub created_at: Timestamp,
    /// Each table with the number of its rows.
    pub tables: Vec<(String, i64)>,
    /// What recomputing the audit trail of the copy found.
    pub audit: AuditVerdict,
    /// The size of the backup in bytes; 0 where there is no file.
    pub bytes: u64,
    /// The checksum of the backup, in hexadecimal; empty where there is no file.
    pub sha256: String,
}

impl Copied {
    fn new(header: &Header, audit: AuditVerdict) -> Self {
        let tables = header.tables.iter();
        Self {
            installation: header.installation.clone(),
            schema: header.schema,
            created_at: header.created_at,
            tables: tables
                .map(|table| (table.name.clone(), table.rows))
                .collect(),
            audit,
            bytes: 0,
            sha256: String::new(),
        }
    }
}

/// How a backup is put back.
#[derive(Debug, Clone, Default)]
pub struct Restore {
    /// Whether what is there may go.
    pub replace: bool,
    /// Who does it, for the audit trail.
    pub by: Option<Principal>,
}

/// Writes everything to a file while the database is at work; `force` overwrites a file.
///
/// # Errors
/// [`CopyError`]; the file is then not there, or as it was.
pub async fn backup(url: &str, to: &Path, force: bool, watch: Watch<'_>) -> Result<Copied> {
    let partial = Partial::begin(to, force)?;
    let mut source = Source::open(url, false).await?;
    let written = write(&mut source, Writer::new(partial.file()?, to), watch).await;
    let header = source.close().await;
    let (audit, sha256, bytes) = written?;
    partial.publish()?;
    Ok(Copied {
        bytes,
        sha256,
        ..Copied::new(&header, audit)
    })
}

async fn write(
    source: &mut Source,
    mut writer: Writer,
    watch: Watch<'_>,
) -> Result<(AuditVerdict, String, u64)> {
    writer.header(&source.header)?;
    source
        .rows(watch, async |_, cells| writer.row(&cells))
        .await?;
    let audit = source.verify().await?;
    let (sha256, bytes) = writer.finish()?;
    Ok((audit, sha256, bytes))
}

/// Fills a database from a backup, once all of the file was read and found whole.
///
/// Time went back for whoever worked with the newer state, so nothing of it may fit what comes:
/// fences and numbers leap, claims end, and a new installation's text is drawn.
///
/// # Errors
/// [`CopyError`]; the database is then as it was.
pub async fn restore(url: &str, from: &Path, how: &Restore, watch: Watch<'_>) -> Result<Copied> {
    let mut reader = Reader::open(from, watch)?;
    let header = reader.header.clone();
    let mut target = Target::open(url, how.replace, &header).await?;
    let filled = fill(&mut target, &header, &mut reader, how, watch).await;
    let (audit, sha256) = target.end(filled).await?;
    let bytes = std::fs::metadata(from).map_or(0, |meta| meta.len());
    Ok(Copied {
        bytes,
        sha256,
        ..Copied::new(&header, audit)
    })
}

async fn fill(
    target: &mut Target,
    header: &Header,
    reader: &mut Reader,
    how: &Restore,
    watch: Watch<'_>,
) -> Result<(AuditVerdict, String)> {
    let mut load = Load::begin(target, header, watch).await?;
    for table in &header.tables {
        load.table(table).await?;
        for _ in 0..table.rows {
            load.row(reader.row(table)?).await?;
        }
    }
    let sha256 = reader.finish()?;
    Ok((load.finish(Origin::Backup(how)).await?, sha256))
}

/// Copies a database that nobody works with into an empty one, row by row as it is.
///
/// # Errors
/// [`CopyError`]; both are then as they were.
pub async fn migrate(from: &str, to: &str, watch: Watch<'_>) -> Result<Copied> {
    let mut source = Source::open(from, true).await?;
    let moved = moved(&mut source, to, watch).await;
    let header = source.close().await;
    Ok(Copied::new(&header, moved?))
}

async fn moved(source: &mut Source, to: &str, watch: Watch<'_>) -> Result<AuditVerdict> {
    let header = source.header.clone();
    let mut target = Target::open(to, false, &header).await?;
    let carried = carry(&mut target, &header, source, watch).await;
    target.end(carried).await
}

async fn carry(
    target: &mut Target,
    header: &Header,
    source: &mut Source,
    watch: Watch<'_>,
) -> Result<AuditVerdict> {
    let mut load = Load::begin(target, header, watch).await?;
    source
        .rows(&|_| true, async |table, cells| {
            load.table(table).await?;
            load.row(cells).await
        })
        .await?;
    load.finish(Origin::Database).await
}

/// The address, and how it may be shown.
fn address(url: &str) -> Result<(Address, String)> {
    Ok((Address::parse(url)?, crate::open::shown(url)))
}
