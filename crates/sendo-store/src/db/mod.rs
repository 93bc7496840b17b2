//! Connections and transactions: the only code that knows there are two databases.
//!
//! Everything above speaks [`Tx`], [`Arg`] and [`Row`]; the statements are written once where
//! both databases understand them and twice where they differ. A transaction reads the clock when
//! it begins, reaches the boundaries around its commit, and is tried again when the database
//! rolled it back for reasons of its own.

mod hold;
pub(crate) mod migrate;
mod postgres;
mod row;
pub(crate) mod sqlite;
pub(crate) mod statement;
mod tries;
mod tx;

pub(crate) use migrate::KNOWN;
pub(crate) use row::{Arg, Cell, Row, args};
pub(crate) use tries::{Tries, transact};
pub(crate) use tx::{Kind, Tx};

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sendo_core::time::Timestamp;
use sendo_metrics::Meter;
use sqlx::{Executor as _, PgPool, SqlitePool};

use crate::boundary::Boundaries;
use crate::clock::Clock;
use crate::error::StoreError;
use crate::open::{Address, Options};
use crate::store::Result;
pub(crate) use hold::Hold;
use statement::{ALL, Statement};

/// An open database.
pub(crate) struct Db {
    pools: Pools,
    clock: Arc<dyn Clock>,
    boundaries: Arc<dyn Boundaries>,
    pub(crate) meter: Meter,
    /// The latest time given out, so that a clock set back does not carry the store with it.
    latest: AtomicI64,
}

/// The connections of one database.
pub(crate) enum Pools {
    /// One connection that writes, some that read, and the lock that keeps others out.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        hold: Option<Hold>,
    },
    /// Connections for everything.
    Postgres(PgPool),
}

impl Db {
    /// Opens a database, brings its tables up to date and tests every statement on it.
    pub(crate) async fn open(address: Address, options: &Options) -> Result<Self> {
        let pools = match address {
            Address::Sqlite(path) => sqlite::open(&path, options).await?,
            Address::Memory => sqlite::open_memory(options).await?,
            Address::Postgres(connect) => postgres::open(*connect, options).await?,
        };
        let db = Self::bare(pools, options);
        migrate::run(&db, options).await?;
        db.self_test().await?;
        if matches!(db.pools, Pools::Sqlite { .. }) {
            let mut tx = db.begin(Kind::Read).await?;
            let rows = tx.rows(&statement::LATEST_TIME, args![]).await?;
            let latest = rows.first().map(|row| row.opt_int("at")).transpose()?;
            tx.finish().await?;
            db.latest
                .fetch_max(latest.flatten().unwrap_or(0), Ordering::SeqCst);
        }
        Ok(db)
    }

    /// Opens a database as it is, to read all of it: nothing is migrated and nobody is kept out.
    pub(crate) async fn open_to_read(address: Address) -> Result<Self> {
        let options = Options::default();
        let pools = match address {
            Address::Sqlite(path) => sqlite::open_to_read(&path, &options).await?,
            Address::Memory => sqlite::open_memory(&options).await?,
            Address::Postgres(connect) => postgres::open_to_copy(*connect, &options).await?,
        };
        Ok(Self::bare(pools, &options))
    }

    /// Opens a database that a copy is put into: a new file, or a server.
    pub(crate) async fn open_to_fill(address: Address) -> Result<Self> {
        let options = Options::default();
        let pools = match address {
            Address::Sqlite(path) => sqlite::open_new(&path, &options).await?,
            Address::Memory => sqlite::open_memory(&options).await?,
            Address::Postgres(connect) => postgres::open_to_copy(*connect, &options).await?,
        };
        Ok(Self::bare(pools, &options))
    }

    fn bare(pools: Pools, options: &Options) -> Self {
        Self {
            pools,
            clock: Arc::clone(&options.clock),
            boundaries: Arc::clone(&options.boundaries),
            meter: options.meter.clone(),
            latest: AtomicI64::new(0),
        }
    }

    /// Whether it is on a server.
    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.pools, Pools::Postgres(_))
    }

    /// Begins a transaction and reads the clock in it.
    pub(crate) async fn begin(&self, kind: Kind) -> Result<Tx> {
        let mut tx = Tx::begin(self, kind).await?;
        tx.now = match (&self.pools, self.clock.is_ambient()) {
            (Pools::Postgres(_), true) => tx.server_time().await?,
            _ => self.steady(self.clock.now()),
        };
        Ok(tx)
    }

    /// The store's clock.
    pub(crate) async fn now(&self) -> Result<Timestamp> {
        if matches!(self.pools, Pools::Postgres(_)) && self.clock.is_ambient() {
            let tx = self.begin(Kind::Read).await?;
            return Ok(tx.now);
        }
        Ok(self.steady(self.clock.now()))
    }

    fn steady(&self, now: Timestamp) -> Timestamp {
        let before = self.latest.fetch_max(now.0, Ordering::SeqCst);
        Timestamp(now.0.max(before))
    }

    /// Prepares every statement: a table changed by hand is found now and not at night.
    async fn self_test(&self) -> Result<()> {
        for statement in ALL {
            let sql = sqlx::SqlSafeStr::into_sql_str(self.text(statement));
            let tested = match &self.pools {
                Pools::Sqlite { writer, .. } => writer.prepare(sql).await.map(drop),
                Pools::Postgres(pool) => pool.prepare(sql).await.map(drop),
            };
            tested.map_err(|source| untested(statement.name, source))?;
        }
        Ok(())
    }

    fn text(&self, statement: &Statement) -> &'static str {
        match self.pools {
            Pools::Sqlite { .. } => statement.sqlite,
            Pools::Postgres(_) => statement.postgres,
        }
    }

    /// How many transactions can take deliveries in at the same time.
    pub(crate) const fn writers(&self) -> usize {
        match self.pools {
            Pools::Sqlite { .. } => 1,
            // One is on its way while the next fills up: the fuller it is, the less a delivery costs.
            Pools::Postgres(_) => 2,
        }
    }

    /// Ends every connection and hands the file over.
    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite {
                writer,
                readers,
                hold,
            } => {
                readers.close().await;
                writer.close().await;
                if let Some(hold) = hold {
                    hold.let_go();
                }
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}
/// Why a statement could not be tested: only what the database says against it is about its tables. One
/// that has no time for us says nothing.
fn untested(statement: &'static str, source: sqlx::Error) -> StoreError {
    match source {
        sqlx::Error::Database(_) => StoreError::SelfTest { statement, source },
        source => StoreError::Database {
            what: statement,
            in_commit: false,
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_has_no_time_says_nothing_of_its_tables() {
        let error = untested("take_lease", sqlx::Error::PoolTimedOut);
        assert_eq!(error.reason_code(), "database_unavailable");
    }
}
