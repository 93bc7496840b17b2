//! What `backup`, `restore` and `migrate` have in common: the database they mean, the word about
//! how far they are, and what went wrong.
//!
//! The only verbs that open the database: they copy all of it, and a server cannot be asked to do
//! that while it is stopped (decision 0007).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use secrecy::ExposeSecret as _;
use sendo_store::{Copied, CopyError, Progress, StoreError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Failure, Outcome, validate};
use crate::config::{Config, Database, Purpose};
use crate::exit::Exit;
use crate::out::Out;

/// The configuration file, which names the database.
#[derive(Debug, clap::Args)]
pub(super) struct Configured {
    /// The configuration file, which names the database.
    #[arg(
        long,
        env = "SENDO_CONFIG",
        value_name = "FILE",
        default_value = "sendo.yaml"
    )]
    pub(super) config: PathBuf,
}

impl Configured {
    /// The address of the database; secrets of other sections are not asked for.
    pub(super) fn url(&self, out: &Out) -> Result<String, Outcome> {
        let config = Config::load_for(&self.config, Purpose::Explain)
            .map_err(|errors| Ok(validate::show(&errors, out)))?;
        url(&config.server.database).map_err(Err)
    }
}

/// The address of a database, as the store takes it.
pub(super) fn url(database: &Database) -> Result<String, Failure> {
    match database {
        Database::Sqlite(path) => Ok(format!("sqlite:{}", path.display())),
        Database::Postgres(url) => url
            .read()
            .map(|url| url.expose_secret().to_owned())
            .map_err(|error| {
                Failure::new(
                    Exit::Usage,
                    "secret",
                    format!("the address of the database: {error}"),
                )
                .next("set it in the environment of this command, as for `sendo serve`")
            }),
    }
}

/// Tells a terminal how far a copy is, until it is told to stop.
pub(super) fn watch<'a>(
    out: &'a Out,
    stop: &'a CancellationToken,
) -> impl Fn(Progress<'_>) -> bool + Send + Sync + 'a {
    let told = AtomicU8::new(u8::MAX);
    move |progress| {
        let percent = progress.rows * 100 / progress.total.max(1);
        let percent = u8::try_from(percent).unwrap_or(100);
        if told.swap(percent, Ordering::Relaxed) != percent {
            out.passing(&format!(
                "{percent:>3} % of {} rows: {}",
                progress.total, progress.table
            ));
        }
        !stop.is_cancelled()
    }
}

/// What was copied, for a program.
pub(super) fn copied(copied: &Copied) -> Value {
    let rows: i64 = copied.tables.iter().map(|(_, rows)| rows).sum();
    let tables: serde_json::Map<String, Value> = copied
        .tables
        .iter()
        .map(|(name, rows)| (name.clone(), json!(rows)))
        .collect();
    json!({
        "created_at": copied.created_at,
        "schema": copied.schema,
        "installation": copied.installation,
        "rows": rows,
        "tables": tables,
        "audit": copied.audit,
    })
}

/// The same in short, for a person.
pub(super) fn summary(copied: &Copied) -> String {
    let rows: i64 = copied.tables.iter().map(|(_, rows)| rows).sum();
    format!(
        "{rows} rows of {} tables, audit lines verified: {}",
        copied.tables.len(),
        copied.audit.verified
    )
}

/// Why a copy was not made. `next` is for a target that is not empty, `from` the file that was read.
pub(super) fn failure(error: &CopyError, next: &str, from: Option<&Path>) -> Failure {
    if let Some(absent) = absent(error) {
        return missing(absent, from);
    }
    let exit = match error {
        CopyError::Missing { .. } => Exit::NotFound,
        CopyError::Exists { .. } | CopyError::NotEmpty { .. } => Exit::Conflict,
        CopyError::InUse { .. }
        | CopyError::Writing { .. }
        | CopyError::Store(StoreError::Busy { .. }) => Exit::Busy,
        CopyError::NotABackup { .. }
        | CopyError::Damaged { .. }
        | CopyError::NewerFormat { .. }
        | CopyError::Store(StoreError::NewerSchema { .. } | StoreError::BadAddress { .. }) => {
            Exit::Usage
        }
        CopyError::Interrupted => Exit::Interrupted,
        _ => Exit::Failed,
    };
    let mut failure = Failure::new(exit, error.reason_code(), error.to_string());
    let source = match error {
        // Its words are those of the error inside.
        CopyError::Store(inner) => std::error::Error::source(inner),
        other => std::error::Error::source(other),
    };
    if let Some(source) = source {
        failure = failure.why(source.to_string());
    }
    match hint(error).or_else(|| matches!(error, CopyError::NotEmpty { .. }).then_some(next)) {
        Some(next) => failure.next(next),
        None => failure,
    }
}

/// The path on which nothing could be done because something is not there.
fn absent(error: &CopyError) -> Option<&Path> {
    match error {
        CopyError::File { path, source, .. }
        | CopyError::Store(StoreError::File { path, source, .. }) => {
            (source.kind() == std::io::ErrorKind::NotFound).then_some(path)
        }
        _ => None,
    }
}

/// A file that is read has to be there; of one that is written only its folder.
fn missing(path: &Path, from: Option<&Path>) -> Failure {
    let failure = |what: String| Failure::new(Exit::NotFound, "file", what);
    if from == Some(path) {
        return failure(format!("there is no file {}", path.display()))
            .next("name a file that `sendo backup` wrote");
    }
    let folder = path.parent().unwrap_or(path).display();
    failure(format!("there is no folder {folder}")).next(format!(
        "correct the path, or make the folder: mkdir -p {folder}"
    ))
}

fn hint(error: &CopyError) -> Option<&'static str> {
    Some(match error {
        CopyError::Missing { .. } => "name the configuration of the server with --config",
        CopyError::InUse { .. } | CopyError::Store(StoreError::Busy { .. }) => {
            "stop every server (and wait for a backup that is under way), then run this again"
        }
        CopyError::Writing { .. } => "wait for it, or name another file with --to",
        CopyError::Exists { .. } => "name another file, or overwrite this one with --force",
        CopyError::File { .. } | CopyError::Store(StoreError::File { .. }) => {
            "run it as the user of the server, and look at the space left: df -h"
        }
        CopyError::Store(StoreError::BadAddress { .. }) => "correct the address",
        CopyError::NewerFormat { .. } | CopyError::Store(StoreError::NewerSchema { .. }) => {
            "look at `sendo --version` here and where it was written"
        }
        CopyError::Store(StoreError::Database { .. }) => {
            "see that the database can be reached and has space left, then run this again"
        }
        CopyError::NotABackup { .. } => "name a file that `sendo backup` wrote",
        CopyError::Damaged { .. } => "use another copy of this backup, or the backup before it",
        CopyError::Audit { .. } => {
            "use a backup from before that line was changed; `sendo audit verify` checks a running server"
        }
        CopyError::Store(StoreError::Damaged { .. }) => {
            "run it again with --replace: the damaged file is kept beside the new one"
        }
        _ => return None,
    })
}

/// Where a path leads from here, for a message that is read elsewhere.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
