//! A fresh SQLite file for each test.

use std::sync::Arc;

use sendo_store::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::suite::bench::Bench;

/// A folder with a database in it; gone with the test.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("sendo.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        false
    }

    /// A SQLite file belongs to one process: its only replica is the store itself.
    pub(crate) async fn replicas(&self, bench: &Bench, _: usize) -> Vec<Arc<dyn Store>> {
        vec![Arc::clone(&bench.store)]
    }

    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.path())
            .create_if_missing(true)
            .connect()
            .await
            .unwrap()
    }

    /// Runs statements behind the store's back.
    pub(crate) async fn run(&self, sql: String) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// Reads a column of text behind the store's back.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        let mut connection = self.connect().await;
        let texts = sqlx::query_scalar(sql)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        texts
    }
}
