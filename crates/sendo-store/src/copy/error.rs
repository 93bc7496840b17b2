//! What can go wrong when a database is copied, with a stable code for each case.

use std::path::PathBuf;

use crate::error::StoreError;

/// A copy that was not made. The source is as it was, and so is the target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The database itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is nothing to copy.
    #[error("there is no database {at}")]
    Missing {
        /// Where it should be, without a password.
        at: String,
    },
    /// A server works with it, or another copy is under way.
    #[error("database {at} is in use by a server, or by another copy")]
    InUse {
        /// Where it is, without a password.
        at: String,
    },
    /// The target holds something.
    #[error("database {at} is not empty: it has rows in {}", tables.join(", "))]
    NotEmpty {
        /// Where it is, without a password.
        at: String,
        /// The tables with rows.
        tables: Vec<&'static str>,
    },
    /// The backup's file is there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another backup is being written to the same place.
    #[error("{} is being written by another backup", path.display())]
    Writing {
        /// The file.
        path: PathBuf,
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
    /// The file is something else.
    #[error("{} is not a backup of Sendo: {why}", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// How that shows.
        why: &'static str,
    },
    /// The file is not what was written.
    #[error("backup {} is damaged at line {line}: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        why: String,
    },
    /// A newer Sendo wrote the file in another way.
    #[error("backup {} has format {found}, this Sendo reads {known}; run the newer Sendo", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// Ours.
        known: u64,
    },
    /// Fewer or more rows arrived than were sent.
    #[error("table {table} has {found} rows in the copy, and {expected} were sent")]
    Count {
        /// The table.
        table: String,
        /// How many were sent.
        expected: i64,
        /// How many are there.
        found: i64,
    },
    /// The audit trail does not verify.
    #[error("the audit trail of the copy is broken at line {line}: {why}")]
    Audit {
        /// The first line that does not fit.
        line: i64,
        /// Why not.
        why: String,
    },
    /// Whoever watches asked for the end.
    #[error("interrupted; nothing was changed")]
    Interrupted,
}

impl CopyError {
    /// A stable code, for exit codes and programs.
    #[must_use]
    pub fn reason_code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason_code(),
            Self::Missing { .. } => "database_missing",
            Self::InUse { .. } => "database_busy",
            Self::NotEmpty { .. } => "database_not_empty",
            Self::Exists { .. } => "file_exists",
            Self::Writing { .. } => "file_busy",
            Self::File { .. } => "file",
            Self::NotABackup { .. } => "backup_unknown",
            Self::Damaged { .. } => "backup_damaged",
            Self::NewerFormat { .. } => "backup_newer",
            Self::Count { .. } => "copy_incomplete",
            Self::Audit { .. } => "audit_broken",
            Self::Interrupted => "interrupted",
        }
    }
}
