//! Opening a store: addresses and options.
//!
//! The same code serves both databases; which one it is shows only in the address.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sendo_metrics::Meter;
use sqlx::postgres::PgConnectOptions;

use crate::boundary::{Boundaries, NoBoundaries};
use crate::clock::{Clock, SystemClock};
use crate::database::Database;
use crate::db::{Db, Hold};
use crate::error::StoreError;
use crate::store::{Result, Store};

/// The newest schema this binary knows.
pub const SCHEMA: i64 = crate::db::KNOWN;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Where the time comes from. With the machine's clock on Postgres it comes from the server.
    pub clock: Arc<dyn Clock>,
    /// How long to wait for another process to hand over a SQLite file.
    pub handover: Duration,
    /// Who is told before and after each commit.
    pub boundaries: Arc<dyn Boundaries>,
    /// Counts and measures what happens; handed on with the store.
    pub meter: Meter,
    /// How many connections read a SQLite file.
    pub readers: u32,
    /// How many connections a Postgres pool has.
    pub connections: u32,
    /// How long a call waits for a free connection.
    pub acquire: Duration,
    /// The installation's text for a new database; drawn when `None`.
    pub installation: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            handover: Duration::from_secs(30),
            boundaries: Arc::new(NoBoundaries),
            meter: Meter::default(),
            readers: 4,
            connections: 10,
            acquire: Duration::from_secs(5),
            installation: None,
        }
    }
}

/// Opens a store: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`.
///
/// # Errors
///
/// When the address is not understood, another process holds the file, the database cannot be
/// reached, is damaged, or has a schema this binary cannot work with.
pub async fn open(url: &str, options: Options) -> Result<Arc<dyn Store>> {
    let db = Db::open(Address::parse(url)?, &options).await?;
    Ok(Arc::new(Database::new(db)))
}

/// Whether another process has the file of a database, and hands it over when it ends. What belongs to
/// nobody alone, as a database on a server, is not held.
#[must_use]
pub fn is_held(url: &str) -> bool {
    match Address::parse(url) {
        Ok(Address::Sqlite(path)) => Hold::is_taken(&path),
        _ => false,
    }
}

/// Where a database is.
#[derive(Debug)]
pub(crate) enum Address {
    /// In a file.
    Sqlite(PathBuf),
    /// In this process, for tests.
    Memory,
    /// On a server.
    Postgres(Box<PgConnectOptions>),
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return match path {
                ":memory:" => Ok(Self::Memory),
                "" => Err(bad(url, "the path is missing")),
                path => Ok(Self::Sqlite(PathBuf::from(
                    path.strip_prefix("//").unwrap_or(path),
                ))),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return PgConnectOptions::from_str(url)
                .map(|connect| Self::Postgres(Box::new(connect)))
                .map_err(|error| bad(url, error.to_string()));
        }
        Err(bad(url, "it names no database we know"))
    }
}

/// The error for an address, without the password in it.
fn bad(url: &str, why: impl Into<String>) -> StoreError {
    StoreError::BadAddress {
        url: shown(url),
        why: why.into(),
    }
}

/// An address without the password in it.
pub(crate) fn shown(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}://…@{}", &url[..scheme], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_file_the_memory_or_a_server() {
        assert!(
            matches!(Address::parse("sqlite:a/b.db"), Ok(Address::Sqlite(path)) if path.as_os_str() == "a/b.db")
        );
        assert!(
            matches!(Address::parse("sqlite:///a/b.db"), Ok(Address::Sqlite(path)) if path.as_os_str() == "/a/b.db")
        );
        assert!(matches!(
            Address::parse("sqlite::memory:"),
            Ok(Address::Memory)
        ));
        assert!(matches!(
            Address::parse("postgres://a@localhost/b"),
            Ok(Address::Postgres(_))
        ));
    }

    #[test]
    fn a_refused_address_never_shows_its_password() {
        let error = Address::parse("mysql://root:hunter2@db/sendo").unwrap_err();
        assert_eq!(error.reason_code(), "database_address");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
