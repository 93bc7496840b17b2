//! `sendo restore`: a backup becomes the database again.

use std::path::PathBuf;

use sendo_core::names::Principal;
use serde_json::json;

use super::Outcome;
use super::copying::{Configured, absolute, copied, failure, summary, watch};
use crate::exit::Exit;
use crate::out::Out;
use crate::{lifecycle, token_file};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo restore --from sendo.backup
  sendo restore --config /etc/sendo/sendo.yaml --from sendo.backup --replace

Stop every server first. All of the file is checked before anything is written, and an interruption
at any point leaves the database as it was. What was under way at the time of the backup goes on,
and finds what it did since; see docs/guides/operations.md.
Exit 3: not a backup, damaged, or of a newer Sendo, 5: no such file, 7: the database has rows,
75: a server holds it.")]
pub(super) struct Args {
    #[command(flatten)]
    configured: Configured,
    /// The backup.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Throw away what is in the database.
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let url = match args.configured.url(out) {
        Ok(url) => url,
        Err(ended) => return ended,
    };
    let how = sendo_store::Restore {
        replace: args.replace,
        by: token_file::this_user().and_then(|user| Principal::new(user).ok()),
    };
    let made = lifecycle::block_on(async {
        let stop = lifecycle::stop_on_signals();
        sendo_store::restore(&url, &args.from, &how, &watch(out, &stop)).await
    })?;
    out.passed();
    let made = made.map_err(|error| {
        failure(
            &error,
            "name an empty database, or throw away what is there with --replace",
            Some(&args.from),
        )
    })?;
    if out.for_programs() {
        let mut said = copied(&made);
        said["file"] = json!(absolute(&args.from));
        said["sha256"] = json!(made.sha256);
        out.value(&said);
    } else {
        out.line(&format!("restored: {}", summary(&made)));
        out.note("next: sendo serve");
    }
    Ok(Exit::Ok)
}
