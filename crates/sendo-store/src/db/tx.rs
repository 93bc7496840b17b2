//! One transaction on either database.
//!
//! A write transaction on SQLite takes the write lock at once, because a lock that is upgraded
//! later fails instead of waiting. A transaction that is dropped without [`Tx::finish`] leaves
//! nothing behind.

use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sendo_core::time::Timestamp;
use sendo_metrics::Meter;
use sqlx::{PgPool, Postgres, Sqlite, Transaction};
use tokio::time::Instant;

use super::row::{Arg, Row};
use super::statement::Statement;
use super::{Db, Pools, args, statement};
use crate::boundary::{Boundaries, Point, Side};
use crate::error::StoreError;
use crate::store::Result;

/// What a transaction is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// It reads one consistent state.
    Read,
    /// It writes, and its commit lies between the points of this place.
    Write(&'static str),
}

impl Kind {
    /// What it is for, as it is measured.
    fn op(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write(place) => place.trim_start_matches("store."),
        }
    }
}

/// A transaction under way.
pub(crate) struct Tx {
    inner: Inner,
    kind: Kind,
    boundaries: Arc<dyn Boundaries>,
    meter: Meter,
    began: Instant,
    abandoned: bool,
    /// The store's clock, read when the transaction began.
    pub(crate) now: Timestamp,
}

enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Binds every value in order.
macro_rules! bound {
    ($sql:expr, $args:expr) => {{
        let mut query = sqlx::query($sql);
        for arg in $args {
            query = match arg {
                Arg::Text(value) => query.bind(value),
                Arg::Int(value) => query.bind(value),
                Arg::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

/// Begins on Postgres, whatever becomes of the caller. sqlx 0.9 counts a transaction from the answer to
/// its BEGIN on: one whose caller goes away before that would stay open on a connection of the pool,
/// and swallow the next BEGIN.
async fn begin(pool: PgPool, kind: Kind) -> sqlx::Result<Transaction<'static, Postgres>> {
    let begun = tokio::spawn(async move {
        match kind {
            Kind::Read => {
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await
            }
            Kind::Write(_) => pool.begin().await,
        }
    });
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

impl Tx {
    pub(super) async fn begin(db: &Db, kind: Kind) -> Result<Self> {
        let began = Instant::now();
        let inner = match (&db.pools, kind) {
            (Pools::Sqlite { readers, .. }, Kind::Read) => readers.begin().await.map(Inner::Sqlite),
            (Pools::Sqlite { writer, .. }, Kind::Write(_)) => writer
                .begin_with("BEGIN IMMEDIATE")
                .await
                .map(Inner::Sqlite),
            (Pools::Postgres(pool), kind) => begin(pool.clone(), kind).await.map(Inner::Postgres),
        }
        .map_err(failed("begin"))?;
        Ok(Self {
            inner,
            kind,
            boundaries: Arc::clone(&db.boundaries),
            meter: db.meter.clone(),
            began,
            abandoned: false,
            now: Timestamp::default(),
        })
    }

    /// Runs a statement; gives how many rows it changed.
    pub(crate) async fn run(&mut self, statement: &Statement, args: Vec<Arg>) -> Result<u64> {
        match &mut self.inner {
            Inner::Sqlite(tx) => bound!(statement.sqlite, args)
                .execute(&mut **tx)
                .await
                .map(|done| done.rows_affected()),
            Inner::Postgres(tx) => bound!(statement.postgres, args)
                .execute(&mut **tx)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err(failed(statement.name))
    }

    /// Runs a statement; gives its rows.
    pub(crate) async fn rows(&mut self, statement: &Statement, args: Vec<Arg>) -> Result<Vec<Row>> {
        match &mut self.inner {
            Inner::Sqlite(tx) => bound!(statement.sqlite, args)
                .fetch_all(&mut **tx)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Inner::Postgres(tx) => bound!(statement.postgres, args)
                .fetch_all(&mut **tx)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        }
        .map_err(failed(statement.name))
    }

    /// Runs a statement that gives at most one row.
    pub(crate) async fn row(
        &mut self,
        statement: &Statement,
        args: Vec<Arg>,
    ) -> Result<Option<Row>> {
        Ok(self.rows(statement, args).await?.into_iter().next())
    }

    /// Runs a statement that is put together from the catalogue's own names.
    pub(crate) async fn run_made(&mut self, sql: String, args: Vec<Arg>) -> Result<u64> {
        let sql = sqlx::AssertSqlSafe(sql);
        match &mut self.inner {
            Inner::Sqlite(tx) => bound!(sql, args)
                .execute(&mut **tx)
                .await
                .map(|done| done.rows_affected()),
            Inner::Postgres(tx) => bound!(sql, args)
                .execute(&mut **tx)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err(failed("made"))
    }

    /// The rows of such a statement, one after the other, however many there are.
    pub(crate) fn stream_made(&mut self, sql: String) -> BoxStream<'_, Result<Row>> {
        let sql = sqlx::AssertSqlSafe(sql);
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::query(sql)
                .fetch(&mut **tx)
                .map_ok(Row::Sqlite)
                .map_err(failed("read"))
                .boxed(),
            Inner::Postgres(tx) => sqlx::query(sql)
                .fetch(&mut **tx)
                .map_ok(Row::Postgres)
                .map_err(failed("read"))
                .boxed(),
        }
    }

    /// Runs several statements without values: a migration.
    pub(super) async fn script(&mut self, script: &Statement) -> Result<()> {
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::raw_sql(script.sqlite)
                .execute(&mut **tx)
                .await
                .map(drop),
            Inner::Postgres(tx) => sqlx::raw_sql(script.postgres)
                .execute(&mut **tx)
                .await
                .map(drop),
        }
        .map_err(failed(script.name))
    }

    pub(super) async fn server_time(&mut self) -> Result<Timestamp> {
        let row = self.row(&statement::SERVER_TIME, args![]).await?;
        row.map_or(Ok(Timestamp::default()), |row| row.time("at"))
    }

    /// Gives up everything this transaction wrote; [`Tx::finish`] then rolls back.
    pub(crate) const fn abandon(&mut self) {
        self.abandoned = true;
    }

    /// Commits, between the two points of its place.
    pub(crate) async fn finish(self) -> Result<()> {
        let (op, meter, began) = (self.kind.op(), self.meter.clone(), self.began);
        self.end().await?;
        meter.transaction(op, began.elapsed().as_secs_f64());
        Ok(())
    }

    async fn end(self) -> Result<()> {
        let (Kind::Write(place), false) = (self.kind, self.abandoned) else {
            return match self.inner {
                Inner::Sqlite(tx) => tx.rollback().await,
                Inner::Postgres(tx) => tx.rollback().await,
            }
            .map_err(failed("rollback"));
        };
        self.boundaries.reach(&Point {
            place,
            side: Side::Before,
        });
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        }
        .map_err(|source| StoreError::Database {
            what: "commit",
            in_commit: true,
            source,
        })?;
        self.boundaries.reach(&Point {
            place,
            side: Side::After,
        });
        Ok(())
    }
}

fn failed(what: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Database {
        what,
        in_commit: false,
        source,
    }
}
