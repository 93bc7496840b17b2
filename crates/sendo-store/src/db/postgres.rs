//! How a Postgres database is opened: a pool whose sessions cannot hang.
//!
//! A statement gets ten seconds and an idle transaction thirty, so that a replica that was stopped
//! in the middle of a transaction does not hold its locks for ever. The limits are set by
//! statement, because connection poolers refuse start-up parameters.

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::Pools;
use crate::error::StoreError;
use crate::open::Options;
use crate::store::Result;

const LIMITS: &str =
    "SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'";

/// Connects.
pub(super) async fn open(connect: PgConnectOptions, options: &Options) -> Result<Pools> {
    let pool = PgPoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.acquire)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(LIMITS).await.map(drop) })
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
