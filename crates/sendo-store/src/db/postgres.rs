//! How a Postgres database is opened: a pool whose sessions cannot hang.
//!
//! A statement gets ten seconds and an idle transaction thirty, so that a replica that was stopped
//! in the middle of a transaction does not hold its locks for ever. The limits are set by
//! statement, because connection poolers refuse start-up parameters. Each session of a server holds
//! a lock in common with the others, so that a copy can tell whether one is at work.

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::Pools;
use crate::error::StoreError;
use crate::open::Options;
use crate::store::Result;

/// The lock says that a server works here; a restore wants it alone.
const LIMITS: &str = "SET statement_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '30s'; \
     SELECT pg_advisory_lock_shared(hashtextextended('sendo ' || coalesce(current_schema(), ''), 0))";
/// A copy takes as long as it takes, but does not keep its snapshot for ever when it is stopped.
const COPYING: &str =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '10min'";

/// Connects.
pub(super) async fn open(connect: PgConnectOptions, options: &Options) -> Result<Pools> {
    let pool = PgPoolOptions::new().max_connections(options.connections.max(1));
    connected(pool, connect, options, LIMITS).await
}

/// Connects once, to copy what is there or to put a copy there.
pub(super) async fn open_to_copy(connect: PgConnectOptions, options: &Options) -> Result<Pools> {
    let pool = PgPoolOptions::new().max_connections(1);
    connected(pool, connect, options, COPYING).await
}

async fn connected(
    pool: PgPoolOptions,
    connect: PgConnectOptions,
    options: &Options,
    first: &'static str,
) -> Result<Pools> {
    let pool = pool
        .acquire_timeout(options.acquire)
        .after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(first).await.map(drop) })
        })
        .connect_with(connect.application_name("sendo"))
        .await
        .map_err(|source| StoreError::Database {
            what: "connecting",
            in_commit: false,
            source,
        })?;
    Ok(Pools::Postgres(pool))
}
