//! A fresh schema for each test, dropped after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sendo_store::{Store, open};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::suite::bench::{Bench, options};

/// A schema of its own in the database of the variable.
pub(crate) struct Place {
    schema: String,
}

fn server() -> String {
    std::env::var("SENDO_TEST_POSTGRES")
        .expect("set SENDO_TEST_POSTGRES=postgres://user@host:port/db to a database made for tests")
}

impl Place {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("sendo_{}_{n}", std::process::id());
        statement(format!("CREATE SCHEMA {schema}")).await;
        Self { schema }
    }

    pub(crate) fn url(&self) -> String {
        let server = server();
        let joint = if server.contains('?') { '&' } else { '?' };
        // No test here stops the server, so none waits for its disk.
        format!(
            "{server}{joint}options[search_path]={}&options[synchronous_commit]=off",
            self.schema
        )
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        true
    }

    /// Further stores on the same database, as other replicas would open them.
    pub(crate) async fn replicas(&self, bench: &Bench, count: usize) -> Vec<Arc<dyn Store>> {
        let mut replicas = vec![Arc::clone(&bench.store)];
        while replicas.len() < count {
            replicas.push(open(&self.url(), options(&bench.clock)).await.unwrap());
        }
        replicas
    }

    /// Runs statements behind the store's back.
    pub(crate) async fn run(&self, sql: String) {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// Reads a column of text behind the store's back.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        let texts = sqlx::query_scalar(sql)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        texts
    }
}

async fn statement(sql: String) {
    let mut connection = PgConnection::connect(&server()).await.unwrap();
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

impl Drop for Place {
    /// Drops the schema on a thread of its own, because a test's runtime cannot be waited on here.
    fn drop(&mut self) {
        let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(statement(sql));
        });
        if dropped.join().is_err() {
            eprintln!("schema {} was left behind", self.schema);
        }
    }
}
