//! What came of a request: the deployment that names its delivery as a cause, and no other one that
//! happens to be new.

use std::time::{Duration, Instant};

use sendo_core::deployment::{Deployment, DeploymentState};
use sendo_core::view::DeploymentView;
use sendo_store::Backlog;
use serde::{Deserialize, Serialize};

use super::Failure;
use super::history::Listed;
use crate::client::Client;
use crate::exit::Exit;

/// How long a verb waits to see what came of it. What was stored is done in any case.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(150);
/// Among how many of a lane's deployments, newest first, one that was asked for just now is found.
const NEW: u32 = 20;
/// The same for one that was asked for before, under the same key.
const EVER: u32 = 1_000;

/// What the server answers to a request: stored, and not yet done.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Taken {
    /// The delivery it is stored as.
    pub(super) delivery: String,
    /// Whether it was there before, under the caller's key.
    pub(super) duplicate: bool,
}

/// What came of a request.
pub(super) enum Came {
    /// A deployment.
    Begun(Box<Deployment>),
    /// Nothing: everything is decided, and no deployment names it.
    Nothing,
    /// Nobody knows yet.
    NotYet,
    /// It is stored, and who asked may not look what comes of it.
    Unseen,
}

/// The time a verb has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until(Instant);

impl Until {
    pub(super) fn new() -> Self {
        Self(Instant::now() + PATIENCE)
    }

    /// Waits until it is worth looking again; false when the time is over.
    pub(super) async fn again(self) -> bool {
        tokio::time::sleep(LOOK).await;
        Instant::now() <= self.0
    }
}

/// Waits for what comes of a request to a lane. That a token may ask and not look, as one of CI, takes
/// nothing back.
pub(super) async fn came_of(
    client: &Client,
    lane: [&str; 2],
    taken: &Taken,
    until: Until,
) -> Result<Came, Failure> {
    match looked(client, lane, taken, until).await {
        Err(failure) if failure.exit() == Exit::Denied => Ok(Came::Unseen),
        came => came,
    }
}

async fn looked(
    client: &Client,
    [application, environment]: [&str; 2],
    taken: &Taken,
    until: Until,
) -> Result<Came, Failure> {
    let most = if taken.duplicate { EVER } else { NEW };
    let list = format!(
        "/api/v1/deployments?application={application}&environment={environment}&limit={most}"
    );
    loop {
        // Asked for first: what is decided by then shows in the list.
        let backlog: Backlog = client.get("/api/v1/backlog").await?;
        let listed: Listed = client.get(&list).await?;
        let caused = |row: &Deployment| row.caused_by.contains(&taken.delivery);
        if let Some(row) = listed.deployments.into_iter().find(caused) {
            return Ok(Came::Begun(Box::new(row)));
        }
        if backlog.deliveries == 0 && backlog.subjects == 0 && backlog.effects == 0 {
            return Ok(Came::Nothing);
        }
        if !until.again().await {
            return Ok(Came::NotYet);
        }
    }
}

/// Looks at a deployment until it is its turn, as far as there is time.
pub(super) async fn begun(
    client: &Client,
    row: &Deployment,
    until: Until,
) -> Result<DeploymentView, Failure> {
    loop {
        let path = format!("/api/v1/deployments/{}", row.id);
        let view: DeploymentView = client.get(&path).await?;
        let queued = view.deployment.state == DeploymentState::Queued;
        if !queued || !until.again().await {
            return Ok(view);
        }
    }
}

/// What was asked for is stored, and did not show in time.
pub(super) fn not_yet(next: impl Into<String>) -> Failure {
    let message = "it is stored, and nothing shows what came of it yet";
    Failure::new(Exit::Running, "not_yet", message).next(next)
}

/// It is stored, and this token may not look what came of it.
pub(super) fn unseen(taken: &Taken) -> Failure {
    let what = format!(
        "it is stored as delivery {}, and this token may not look what came of it",
        taken.delivery
    );
    Failure::new(Exit::Denied, "unseen", what).next("use a token that has the scope `read`, too")
}
