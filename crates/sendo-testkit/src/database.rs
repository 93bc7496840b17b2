//! Where a stage's server keeps its memory: a file beside the configuration, or a schema of its
//! own in the Postgres of `SENDO_TEST_POSTGRES`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

/// The variable that names a database made for tests.
pub const POSTGRES: &str = "SENDO_TEST_POSTGRES";

/// One stage's database; dropped with the stage.
#[derive(Debug)]
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A schema on a server.
    Postgres {
        /// The server and database.
        server: String,
        /// The schema.
        schema: String,
    },
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

impl Database {
    /// Whether this run is on Postgres.
    #[must_use]
    pub fn is_postgres_run() -> bool {
        std::env::var_os(POSTGRES).is_some()
    }

    /// A fresh one for a stage in `folder`.
    #[must_use]
    pub fn fresh(folder: &Path) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(POSTGRES) else {
            return Self::Sqlite(folder.join("sendo.db"));
        };
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("crash_{}_{n}", std::process::id());
        statement(&server, format!("CREATE SCHEMA {schema}"));
        Self::Postgres { server, schema }
    }

    /// As a configuration names it.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => {
                let name = path.file_name().unwrap_or_default();
                format!("sqlite:{}", name.to_string_lossy())
            }
            Self::Postgres { server, schema } => {
                let joint = if server.contains('?') { '&' } else { '?' };
                format!("{server}{joint}options[search_path]={schema}")
            }
        }
    }

    /// As the store opens it, from anywhere.
    #[must_use]
    pub fn absolute_url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres { .. } => self.url(),
        }
    }

    /// Makes a server's schema as if nothing had ever been in it.
    pub fn clear(&self) {
        if let Self::Postgres { server, schema } = self {
            statement(server, format!("DROP SCHEMA {schema} CASCADE"));
            statement(server, format!("CREATE SCHEMA {schema}"));
        }
    }

    /// What the database itself says about its integrity; empty when it is whole. SQLite only:
    /// a killed client cannot harm the files of a Postgres server.
    #[must_use]
    pub fn damage(&self) -> Vec<String> {
        let Self::Sqlite(path) = self else {
            return Vec::new();
        };
        if !path.exists() {
            return vec!["there is no database".to_owned()];
        }
        let said: Vec<String> = block_on(async {
            let url = format!("sqlite:{}", path.display());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            let said = sqlx::query_scalar("PRAGMA integrity_check")
                .fetch_all(&mut connection)
                .await
                .unwrap();
            connection.close().await.unwrap();
            said
        });
        said.into_iter().filter(|line| line != "ok").collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { server, schema } = self {
            statement(server, format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}

fn statement(server: &str, sql: String) {
    block_on(async {
        let mut connection = PgConnection::connect(server).await.unwrap();
        // Another stage's statement may lock the same catalogue rows for a moment.
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
        connection.close().await.unwrap();
    });
}
