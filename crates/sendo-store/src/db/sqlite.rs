//! How a SQLite file is opened: one connection that writes, some that read, and nobody else.
//!
//! Write-ahead log with a full sync on every commit, so that what was answered survives a power
//! cut. Network file systems are refused where they can be told; file systems in user space
//! cannot be judged and are let through.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::Pools;
use super::hold::Hold;
use crate::error::StoreError;
use crate::open::Options;
use crate::store::Result;

/// How long a connection waits for a lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many rows are read ahead while a file is copied; one may have 25 MiB.
const ROWS_AHEAD: usize = 8;
/// More statements than there are, so that each is prepared once.
const PREPARED: usize = 200;

/// Opens the file, which belongs to this process from then on.
pub(super) async fn open(path: &Path, options: &Options) -> Result<Pools> {
    refuse_network(path)?;
    let hold = Hold::take(path, options.handover).await?;
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(PREPARED);
    let writer = pool(options, 1)
        .connect_with(
            connect
                .clone()
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full),
        )
        .await
        .map_err(failed("opening the file"))?;
    if hold.unclean {
        check(path, &writer).await?;
    }
    let readers = pool(options, options.readers.max(1))
        .connect_with(connect.read_only(true))
        .await
        .map_err(failed("opening the file for reading"))?;
    Ok(Pools::Sqlite {
        writer,
        readers,
        hold: Some(hold),
    })
}

/// Opens a file to read it, beside whoever holds it: SQLite's own locks let readers in at any time.
pub(super) async fn open_to_read(path: &Path, options: &Options) -> Result<Pools> {
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD);
    single(options, connect).await
}

/// Makes a file that nobody knows yet. It has no journal: until it is whole, it counts for nothing.
pub(super) async fn open_new(path: &Path, options: &Options) -> Result<Pools> {
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off);
    single(options, connect).await
}

async fn single(options: &Options, connect: SqliteConnectOptions) -> Result<Pools> {
    let writer = pool(options, 1)
        .connect_with(connect)
        .await
        .map_err(failed("opening the file"))?;
    Ok(Pools::Sqlite {
        readers: writer.clone(),
        writer,
        hold: None,
    })
}

/// Opens a database that is gone with the process: for tests and a first look.
pub(super) async fn open_memory(options: &Options) -> Result<Pools> {
    let connect = SqliteConnectOptions::new()
        .in_memory(true)
        .foreign_keys(true)
        .statement_cache_capacity(PREPARED);
    let writer = pool(options, 1)
        .connect_with(connect)
        .await
        .map_err(failed("opening in memory"))?;
    Ok(Pools::Sqlite {
        readers: writer.clone(),
        writer,
        hold: None,
    })
}

fn pool(options: &Options, size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(size)
        .acquire_timeout(options.acquire)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

async fn check(path: &Path, writer: &SqlitePool) -> Result<()> {
    tracing::info!(
        db.path = %path.display(),
        "the last process ended without closing the database; checking it"
    );
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(writer)
        .await
        .map_err(failed("quick_check"))?;
    if found == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged {
        path: path.to_owned(),
        found,
    })
}

#[cfg(target_os = "linux")]
pub(crate) fn refuse_network(path: &Path) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    let found = rustix::fs::statfs(folder).map_err(|errno| StoreError::File {
        what: "looking at the folder",
        path: folder.to_owned(),
        source: errno.into(),
    })?;
    // The kernel's numbers, from its magic.h; some architectures widen them with a sign.
    let kind = match found.f_type as u64 & 0xFFFF_FFFF {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x564C => "NCP",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00C3_6400 => "Ceph",
        0x0BD0_0BD0 => "Lustre",
        0x4750_4653 => "GPFS",
        _ => return Ok(()),
    };
    Err(StoreError::NetworkFilesystem {
        path: path.to_owned(),
        kind,
    })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn refuse_network(_: &Path) -> Result<()> {
    Ok(())
}

fn failed(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database {
        what,
        in_commit: false,
        source,
    }
}
