//! `sendo migrate`: from SQLite to Postgres, or back.

use serde_json::json;

use super::copying::{Configured, absolute, copied, failure, summary, url, watch};
use super::{Failure, Outcome};
use crate::config::{Database, Secret, SecretOrText, line_of_database};
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo migrate --to postgres://sendo@db.example.com/sendo
  DATABASE_URL=postgres://sendo:SECRET@db/sendo sendo migrate --to '${env:DATABASE_URL}'
  sendo migrate --config postgres.yaml --to sqlite:sendo.db

Stop every server first. Everything is copied as it is in one transaction, counted, and the audit
trail recomputed; then it says which line of the configuration to change. The database that the
configuration names stays as it is: no server may run on it again.
Exit 5: there is no database, 7: the target has rows, 75: a server holds one of the two.")]
pub(super) struct Args {
    #[command(flatten)]
    configured: Configured,
    /// The database to fill: `postgres://…`, `sqlite:PATH`, `${env:NAME}` or `${file:PATH}`.
    #[arg(long, value_name = "DATABASE")]
    to: String,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let from = match args.configured.url(out) {
        Ok(url) => url,
        Err(ended) => return ended,
    };
    let target = target(&args.to);
    let to = url(&target)?;
    if from == to {
        return Err(Failure::new(
            Exit::Usage,
            "same_database",
            "--to is the database that the configuration names",
        )
        .next("name another one"));
    }
    let made = lifecycle::block_on(async {
        let stop = lifecycle::stop_on_signals();
        sendo_store::migrate(&from, &to, &watch(out, &stop)).await
    })?;
    out.passed();
    let made = made.map_err(|error| {
        failure(
            &error,
            "name an empty database: createdb NAME, or another path",
            None,
        )
    })?;
    let (file, line) = line_of_database(&args.configured.config);
    let place = line.map_or_else(
        || format!("{}, under `server:`", file.display()),
        |line| format!("{}:{line}", file.display()),
    );
    // An address in the open may hold a password, which belongs in no output.
    let value = match &target {
        Database::Sqlite(path) => format!("sqlite:{}", absolute(path).display()),
        Database::Postgres(SecretOrText::Secret(secret)) => secret.to_string(),
        Database::Postgres(SecretOrText::Text(_)) => {
            "the address given with --to, or ${env:NAME} of a variable that has it".to_owned()
        }
    };
    if out.for_programs() {
        let mut said = copied(&made);
        said["change"] = json!({"file": file, "line": line, "key": "server.database"});
        out.value(&said);
    } else {
        out.line(&format!("copied: {}", summary(&made)));
        out.line(&format!("change {place}: `database` to {value}"));
        out.note("the old database is as it was: start no server on it again");
    }
    Ok(Exit::Ok)
}

/// What is meant, with paths that start here.
fn target(text: &str) -> Database {
    let reference = text
        .strip_prefix("${")
        .and_then(|text| text.strip_suffix('}'));
    if let Some(("env", name)) = reference.and_then(|inner| inner.split_once(':')) {
        return Database::Postgres(SecretOrText::Secret(Secret::Env(name.to_owned())));
    }
    if let Some(("file", path)) = reference.and_then(|inner| inner.split_once(':')) {
        return Database::Postgres(SecretOrText::Secret(Secret::File(path.into())));
    }
    match text.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() && path != ":memory:" => Database::Sqlite(path.into()),
        // What it is not, the store says in its own words.
        _ => Database::Postgres(SecretOrText::Text(text.to_owned())),
    }
}
