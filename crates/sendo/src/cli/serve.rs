//! `sendo serve`: the server.

use std::path::PathBuf;
use std::time::Duration;

use sendo_store::StoreError;
use tokio::sync::oneshot;

use super::{Failure, Outcome, validate};
use crate::config::Config;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;
use crate::server::{self, Options, ServeError};
use crate::wiring::Role;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo serve --config sendo.yaml
  SENDO_LOG=debug sendo serve --config sendo.yaml
  sendo serve --config sendo.yaml --role worker      (with Postgres)

SIGTERM or Ctrl-C finishes what is under way and ends within 25 seconds. SIGHUP, or a change of its
files, loads the configuration again: whole, or not at all.
Exit 3: the configuration is invalid, 75: another process holds the database.")]
pub(super) struct Args {
    /// The configuration file.
    #[arg(
        long,
        env = "SENDO_CONFIG",
        value_name = "FILE",
        default_value = "sendo.yaml"
    )]
    config: PathBuf,
    /// Which part of the work this process does.
    #[arg(long, value_enum, default_value = "all")]
    role: Role,
    /// How long to wait for another process to hand over a SQLite file, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    handover: u64,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(errors) => return Ok(validate::show(&errors, out)),
    };
    lifecycle::log("info,sqlx=warn");
    lifecycle::block_on(serve(&config, args, *out))?
}

async fn serve(config: &Config, args: &Args, out: Out) -> Outcome {
    let stop = lifecycle::stop_on_signals();
    let (listening, address) = oneshot::channel();
    tokio::spawn(async move {
        if let Ok(address) = address.await {
            out.note(&format!("sendo: listening on http://{address}"));
        }
    });
    let options = Options {
        role: args.role,
        handover: Duration::from_secs(args.handover),
        listening: Some(listening),
        ..Options::default()
    };
    let running = server::run(config, options, stop.clone());
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(lifecycle::GRACE).await;
    };
    tokio::select! {
        ended = running => ended.map(|()| Exit::Ok).map_err(|error| failure(&error)),
        () = overdue => {
            tracing::warn!("what was under way did not end in time; it is adopted at the next start");
            Ok(Exit::Ok)
        }
    }
}

/// Why a server did not start, for a person.
pub(super) fn failure(error: &ServeError) -> Failure {
    match error {
        ServeError::Store(error @ StoreError::Busy { .. }) => {
            Failure::new(Exit::Busy, error.reason_code(), error.to_string())
        }
        ServeError::Store(error) => {
            let exit = if matches!(
                error,
                StoreError::NewerSchema { .. } | StoreError::BadAddress { .. }
            ) {
                Exit::Usage
            } else {
                Exit::Failed
            };
            let failure = Failure::new(exit, error.reason_code(), error.to_string());
            match std::error::Error::source(error) {
                Some(source) => failure.why(source.to_string()),
                None => failure,
            }
        }
        ServeError::Listen { address, source } => Failure::new(
            Exit::Failed,
            "listen",
            format!("nothing can listen on {address}"),
        )
        .why(source.to_string())
        .next("end whoever listens there, or choose another `server.listen`"),
        ServeError::SplitRole(_) => Failure::new(Exit::Usage, "split_role", error.to_string())
            .next("use --role all, or give `server.database` a Postgres URL"),
        ServeError::Secret(_) => Failure::new(Exit::Usage, "secret", error.to_string()),
        ServeError::Setup { .. } => Failure::new(Exit::Failed, "setup", error.to_string()),
    }
}
