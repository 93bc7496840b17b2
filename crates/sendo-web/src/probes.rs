//! Probes: whether the process lives, and whether it can be sent work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::timeout;

use crate::error::{Answer, Refusal};
use crate::state::{App, Readiness};

/// How long the store may take before the process is not ready.
const STORE: Duration = Duration::from_secs(2);

/// The process answers.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// The process was started completely, is not about to end, and its store answers.
pub(crate) async fn ready(State(app): State<App>) -> Answer<&'static str> {
    let readiness = *app.web.ready.borrow();
    match readiness {
        Readiness::Starting => Err(not_ready("starting", "the server is still starting")),
        Readiness::Stopping => Err(not_ready("stopping", "the server is about to end")),
        Readiness::Ready => {
            let looked = timeout(STORE, app.web.store.revision()).await;
            looked
                .map_err(|_| not_ready("database_slow", "the store did not answer within 2 s"))??;
            Ok("ready\n")
        }
    }
}

fn not_ready(code: &'static str, message: &'static str) -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        code,
        message,
        "send requests to another replica, or wait",
    )
}
