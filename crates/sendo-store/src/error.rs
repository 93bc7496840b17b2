//! What can go wrong with the store, with a stable code for each case.
//!
//! A message is a lowercase fragment that says what was tried and on what, and what helps. The
//! database's own words stay in the source of the error and are never repeated in the message.

use std::path::PathBuf;
use std::sync::Arc;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The address names no database we know.
    #[error(
        "database address `{url}`: {why}; use `sqlite:PATH`, `sqlite::memory:` or \
         `postgres://USER@HOST/DATABASE`"
    )]
    BadAddress {
        /// The address, without a password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another process holds the SQLite file, and did not hand it over in time.
    #[error(
        "database {} is held by {}; stop it, or use Postgres to run more than one process",
        path.display(),
        holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Busy {
        /// The database file.
        path: PathBuf,
        /// The process that holds it, where it is known.
        holder: Option<u32>,
    },
    /// The file lies on a file system whose locks and shared memory cannot be trusted.
    #[error(
        "database {} is on a network file system ({kind}), where SQLite loses data; move it to a \
         local disk or use Postgres",
        path.display()
    )]
    NetworkFilesystem {
        /// The database file.
        path: PathBuf,
        /// Which file system.
        kind: &'static str,
    },
    /// A file could not be read or written.
    #[error("{what} {} did not work", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it did not work.
        source: std::io::Error,
    },
    /// The database's own check found damage.
    #[error(
        "database {} is damaged ({found}); restore the last backup, and keep the file for study",
        path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// The first line of what the check found.
        found: String,
    },
    /// A newer Sendo changed the tables in a way this one cannot work with.
    #[error(
        "the database has schema {found}, this Sendo knows up to {known}; run the newer Sendo, or \
         restore the backup made before it"
    )]
    NewerSchema {
        /// The version found.
        found: i64,
        /// The newest version this binary knows.
        known: i64,
    },
    /// The database does not understand a statement: it is not the one this binary expects.
    #[error("statement `{statement}` does not fit this database; was a table changed by hand?")]
    SelfTest {
        /// The statement's name.
        statement: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// A claim ended or was taken over before the result was written.
    #[error("the claim on {what} was lost; its result was not written, the new claim decides")]
    ClaimLost {
        /// What was claimed.
        what: String,
    },
    /// A row holds something this binary cannot read.
    #[error("{what} cannot be read; was it written by a newer Sendo?")]
    Unreadable {
        /// Which row or column.
        what: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database did not do what was asked.
    #[error("database: {what}")]
    Database {
        /// The statement's name, or the step.
        what: &'static str,
        /// Whether the commit was under way, so that it may have happened.
        in_commit: bool,
        /// What the database said.
        source: sqlx::Error,
    },
    /// It was to be written in one transaction with others, which failed; whether its commit was
    /// under way is told inside.
    #[error(transparent)]
    Shared(Arc<StoreError>),
}

impl StoreError {
    /// A stable code, for exit codes, pages and logs.
    #[must_use]
    pub fn reason_code(&self) -> &'static str {
        match self {
            Self::BadAddress { .. } => "database_address",
            Self::Busy { .. } => "database_busy",
            Self::NetworkFilesystem { .. } => "database_on_network",
            Self::File { .. } => "database_file",
            Self::Damaged { .. } => "database_damaged",
            Self::NewerSchema { .. } => "schema_newer",
            Self::SelfTest { .. } => "database_self_test",
            Self::ClaimLost { .. } => "claim_lost",
            Self::Unreadable { .. } => "row_unreadable",
            Self::Database { .. } => "database_unavailable",
            Self::Shared(error) => error.reason_code(),
        }
    }

    pub(crate) fn unreadable(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unreadable {
            what: what.into(),
            source: source.into(),
        }
    }

    /// Whether the database refused one statement, while it goes on with others.
    pub(crate) fn is_of_a_statement(&self) -> bool {
        match self {
            Self::Unreadable { .. } => true,
            Self::Database {
                what,
                in_commit: false,
                source: sqlx::Error::Database(_),
            } => *what != "begin" && !self.is_transient(),
            _ => false,
        }
    }

    /// Whether trying the same transaction again may work, and cannot do it twice.
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Database {
            in_commit, source, ..
        } = self
        else {
            return false;
        };
        match source {
            sqlx::Error::Database(error) => {
                let code = error.code();
                let code = code.as_deref().unwrap_or_default();
                // The server rolled back by itself: serialization failure, deadlock, read-only
                // after a failover.
                matches!(code, "40001" | "40P01" | "25006")
                    // The server or the connection went away: before the commit nothing happened.
                    || (!in_commit && (code.starts_with("57P") || code.starts_with("08")))
            }
            sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => !in_commit,
            _ => false,
        }
    }
}
