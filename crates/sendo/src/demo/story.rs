//! The story the demo plays: a merge travels to test, is checked, goes on to production, is
//! approved there, and arrives.

use std::collections::BTreeSet;
use std::time::Duration;

use sendo_core::deployment::{Deployment, DeploymentState, Waiting};
use sendo_core::notice::Turn;
use sendo_core::view::{BoardView, DeploymentView};
use sendo_report::{Language, terminal, wording};
use sendo_store::Backlog;
use tokio_util::sync::CancellationToken;

use super::people;
use super::stage::Stage;
use crate::cli::Failure;
use crate::client::Client;
use crate::exit::Exit;
use crate::out::Out;

/// How often the demo looks at the board.
const LOOK: Duration = Duration::from_millis(40);
/// One merge to production takes a second or two; this is when something is wrong.
const LONGEST: Duration = Duration::from_secs(60);
/// How often a developer merges while the demo is open.
const PACE: Duration = Duration::from_secs(20);
/// How long developers hold back while something waits for a person: a newer merge would supersede
/// what whoever watches is about to approve.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a story ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Played {
    /// Production has the revision.
    Arrived,
    /// It did not arrive in time.
    Late,
}

/// Who acts in a story besides Sendo.
struct Cast<'a> {
    stage: &'a Stage,
    client: &'a Client,
    out: Out,
    language: Language,
    told: BTreeSet<String>,
    done: BTreeSet<String>,
    /// Whether nobody else takes part: then somebody of the cast reviews.
    alone: bool,
}

/// Plays one merge to production and prints its timeline as it happens.
///
/// # Errors
/// [`Failure`] when the server or git does not answer.
pub(crate) async fn once(
    stage: &Stage,
    client: &Client,
    out: Out,
    language: Language,
) -> Result<Played, Failure> {
    let mut cast = Cast::new(stage, client, out, language, true);
    first_look(client).await?;
    out.tell(&format!(
        "          {}",
        people::merge_work(stage, 0).await?
    ));
    let started = tokio::time::Instant::now();
    while started.elapsed() < LONGEST {
        let board = cast.look().await?;
        let arrived = board
            .lanes
            .iter()
            .all(|lane| lane.running.is_some() && lane.moving.is_none());
        if arrived {
            if out.for_programs() {
                out.value(&board);
                return Ok(Played::Arrived);
            }
            out.line("");
            out.data(&terminal::status(
                &board,
                language,
                out.width(),
                out.colour(),
            ));
            return Ok(Played::Arrived);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(Played::Late)
}

/// Plays developers' merges until stopped; production is left to whoever watches.
///
/// # Errors
/// [`Failure`] when the server or git does not answer.
pub(crate) async fn until_stopped(
    stage: &Stage,
    client: &Client,
    out: Out,
    language: Language,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let mut cast = Cast::new(stage, client, out, language, false);
    first_look(client).await?;
    let mut merged = 0;
    let mut last: Option<tokio::time::Instant> = None;
    let mut pace = PACE;
    while !stop.is_cancelled() {
        if last.is_none_or(|last| last.elapsed() >= pace) {
            out.tell(&format!(
                "          {}",
                people::merge_work(stage, merged).await?
            ));
            merged += 1;
            last = Some(tokio::time::Instant::now());
        }
        let board = cast.look().await?;
        let asks = |row: &Deployment| matches!(row.waiting, Some(Waiting::People { .. }));
        let mut moving = board.lanes.iter().filter_map(|lane| lane.moving.as_ref());
        pace = if moving.any(asks) { PATIENCE } else { PACE };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK * 5) => {}
        }
    }
    Ok(())
}

/// Waits until the server has looked at everything once: what is there then is the baseline, and
/// the first merge after it is one change.
async fn first_look(client: &Client) -> Result<(), Failure> {
    let started = tokio::time::Instant::now();
    while started.elapsed() < LONGEST {
        let backlog: Backlog = client.get("/api/v1/backlog").await?;
        if backlog.subjects == 0 && backlog.effects == 0 && backlog.deliveries == 0 {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

impl<'a> Cast<'a> {
    const fn new(
        stage: &'a Stage,
        client: &'a Client,
        out: Out,
        language: Language,
        alone: bool,
    ) -> Self {
        Self {
            stage,
            client,
            out,
            language,
            told: BTreeSet::new(),
            done: BTreeSet::new(),
            alone,
        }
    }

    /// Looks at the board, tells what is new, and lets whoever is waited for act.
    async fn look(&mut self) -> Result<BoardView, Failure> {
        let board: BoardView = self.client.get("/api/v1/board").await?;
        let rows = board
            .lanes
            .iter()
            .flat_map(|lane| [&lane.running, &lane.moving, &lane.failed]);
        for row in rows.flatten() {
            self.tell(row).await?;
            self.act(row).await?;
        }
        Ok(board)
    }

    async fn tell(&mut self, row: &Deployment) -> Result<(), Failure> {
        let last = format!("{}:{}:{:?}", row.id, row.state.as_str(), row.waiting);
        if !self.told.insert(last) {
            return Ok(());
        }
        let view: DeploymentView = self
            .client
            .get(&format!("/api/v1/deployments/{}", row.id))
            .await?;
        for notice in &view.timeline {
            if self.told.insert(notice.id.clone()) {
                let context = wording::Context::of_deployment(&view.deployment);
                self.out.tell(&terminal::turn_in(
                    notice,
                    &context,
                    self.language,
                    self.out.colour(),
                ));
                // A visitor may try what fails; in the story that is told alone nothing does.
                if let (Turn::Failed { failure, .. }, true) = (&notice.turn, self.alone) {
                    return Err(Failure::new(Exit::Failed, "demo", failure.message.clone()));
                }
            }
        }
        Ok(())
    }

    async fn act(&mut self, row: &Deployment) -> Result<(), Failure> {
        let (Some(change), DeploymentState::Waiting) = (&row.change, row.state) else {
            return Ok(());
        };
        let act = |what: &str| format!("{what} {}", change.number);
        match &row.waiting {
            Some(Waiting::Checks { .. }) if self.done.insert(act("check")) => {
                people::run_checks(self.stage, change.number).await
            }
            Some(Waiting::People { .. }) if self.alone && self.done.insert(act("approve")) => {
                self.out.tell(&format!(
                    "          aoi approves change request {}",
                    change.number
                ));
                people::approve(self.stage, change.number, "aoi").await
            }
            _ => Ok(()),
        }
    }
}
