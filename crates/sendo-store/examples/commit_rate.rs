//! Measures bare one-row durable commits a second; used by `cargo xtask bench intake` as the limit
//! of what a server can store: one writer, one small row, one commit that reaches the disk.
//!
//! `commit_rate URL SECONDS BYTES` prints the rate. The database gets a table of its own.

#![expect(
    clippy::print_stdout,
    reason = "a program for another program, which reads its line"
)]

use std::error::Error;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

const INSERT: &str = "INSERT INTO bare (body) VALUES ($1)";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, seconds, bytes] = args.as_slice() else {
        return Err("usage: commit_rate URL SECONDS BYTES".into());
    };
    let length = Duration::try_from_secs_f64(seconds.parse()?)?;
    let body = vec![b'x'; bytes.parse()?];
    let rate = if url.starts_with("sqlite:") {
        let mut connection = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .connect()
            .await?;
        connection
            .execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, body BLOB) STRICT")
            .await?;
        rate(length, async || {
            let insert = sqlx::query(INSERT).bind(&body);
            insert.execute(&mut connection).await.map(drop)
        })
        .await?
    } else {
        let mut connection = sqlx::PgConnection::connect(url).await?;
        connection
            .execute("CREATE TABLE IF NOT EXISTS bare (id BIGSERIAL PRIMARY KEY, body BYTEA)")
            .await?;
        rate(length, async || {
            let insert = sqlx::query(INSERT).bind(&body);
            insert.execute(&mut connection).await.map(drop)
        })
        .await?
    };
    println!("{rate}");
    Ok(())
}

async fn rate(
    length: Duration,
    mut commit: impl AsyncFnMut() -> Result<(), sqlx::Error>,
) -> Result<f64, sqlx::Error> {
    let started = Instant::now();
    let mut commits = 0_u32;
    while started.elapsed() < length {
        commit().await?;
        commits += 1;
    }
    Ok(f64::from(commits) / started.elapsed().as_secs_f64())
}
