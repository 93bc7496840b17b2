//! Starting and stopping a process: the runtime, signals, logs.

use std::io::IsTerminal as _;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::cli::Failure;
use crate::exit::Exit;

/// What is under way has this long to end once a server is told to stop.
pub const GRACE: Duration = Duration::from_secs(25);

/// Runs a future on a runtime of its own.
///
/// # Errors
/// [`Failure`] when this machine gives no threads.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(Exit::Failed, "runtime", "the runtime does not start")
                .why(error.to_string())
        })?;
    let done = runtime.block_on(future);
    // What is still blocked then ends with the process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(done)
}

/// A token that is cancelled by the first SIGTERM or SIGINT; the second ends the process at once.
#[must_use]
pub fn stop_on_signals() -> CancellationToken {
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        let (Ok(mut term), Ok(mut int)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        ) else {
            return;
        };
        for first in [true, false] {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            if first {
                tracing::info!("stopping; once more stops at once");
                stopping.cancel();
            } else {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        }
    });
    stop
}

/// Sends logs to standard error: `SENDO_LOG` says what (such as `debug` or `sendo_effects=debug`),
/// `SENDO_LOG_FORMAT=json` how.
pub fn log(default: &str) {
    let filter = EnvFilter::try_from_env("SENDO_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(std::io::stderr);
    // A second initialisation, as in tests, changes nothing.
    let _ = if std::env::var_os("SENDO_LOG_FORMAT").is_some_and(|format| format == "json") {
        logs.json().try_init()
    } else {
        logs.try_init()
    };
}
