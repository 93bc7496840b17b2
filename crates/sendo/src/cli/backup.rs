//! `sendo backup`: the whole database as one file, while the server runs.

use std::path::PathBuf;

use serde_json::json;

use super::Outcome;
use super::copying::{Configured, absolute, copied, failure, summary, watch};
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo backup --to /var/backups/sendo-monday.backup
  sendo backup --config /etc/sendo/sendo.yaml --to sendo.backup --force
  sendo backup --to sendo.backup -o json | jq -r .sha256

The server may run, and nobody waits: the state of one instant is read. The file is the same for
SQLite and Postgres, and is readable by you alone: it holds what the database holds.
Exit 5: there is no database, or no such folder, 7: the file exists, 75: a restore is under way.")]
pub(super) struct Args {
    #[command(flatten)]
    configured: Configured,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Overwrite the file, once the new one is whole.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let url = match args.configured.url(out) {
        Ok(url) => url,
        Err(ended) => return ended,
    };
    let made = lifecycle::block_on(async {
        let stop = lifecycle::stop_on_signals();
        sendo_store::backup(&url, &args.to, args.force, &watch(out, &stop)).await
    })?;
    out.passed();
    let made = made.map_err(|error| failure(&error, "", None))?;
    if out.for_programs() {
        let mut said = copied(&made);
        said["file"] = json!(absolute(&args.to));
        said["bytes"] = json!(made.bytes);
        said["sha256"] = json!(made.sha256);
        out.value(&said);
    } else {
        out.line(&format!(
            "{}: {}, {} bytes, sha256 {}",
            args.to.display(),
            summary(&made),
            made.bytes,
            made.sha256
        ));
    }
    if let Some((line, why)) = &made.audit.broken {
        out.error(&format!(
            "sendo: the audit trail is broken at line {line}: {why}\n  why: somebody changed it before this backup, which `sendo restore` will refuse\n  next: keep the last backup whose trail verifies"
        ));
        return Ok(Exit::Failed);
    }
    Ok(Exit::Ok)
}
