//! The board: what runs in each configured lane, what is on its way, and what went wrong since.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use sendo_core::deployment::{Deployment, DeploymentState};
use sendo_core::freeze;
use sendo_core::promotion::decide::BLIND;
use sendo_core::subject::{LaneId, SubjectId, SubjectKind};
use sendo_core::view::{BoardView, LaneView};

use super::{freezes, locks};
use crate::auth::Caller;
use crate::error::Answer;
use crate::state::{App, Shared};

/// The board as JSON.
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Answer<Json<BoardView>> {
    view(&app, &caller).await.map(Json)
}

/// Loads the board, for the API and for its page: the lanes the caller's token covers, in the order
/// of the configuration.
pub(crate) async fn view(app: &Shared, caller: &Caller) -> Answer<BoardView> {
    let at = app.web.store.now().await?;
    let closed = locks::closed(app).await?;
    let announced = freezes::announced(app, at).await?;
    let mut blind = blind(app).await?;
    let mut rows: HashMap<LaneId, Vec<Deployment>> = HashMap::new();
    for row in app.web.store.board().await? {
        rows.entry(row.lane.clone()).or_default().push(row);
    }
    let lanes = (app.web.lanes)()
        .iter()
        .filter(|rules| caller.covers(rules.lane.application.as_str()))
        .map(|rules| {
            let rows = rows.remove(&rules.lane).unwrap_or_default();
            let mut view = lane_view(rules.lane.clone(), rows);
            view.lock = closed.lock_of(&view.lane).cloned();
            view.held = closed.held_of(&view.lane).cloned();
            view.frozen = freeze::holding(rules, &announced, at);
            view.blind = blind.remove(&rules.lane.subject()).flatten();
            view
        })
        .collect();
    let configuration = app.web.configuration.borrow().clone();
    Ok(BoardView {
        lanes,
        configuration,
        at,
    })
}

/// Why lanes cannot look, of each that ever could not.
async fn blind(app: &Shared) -> Answer<HashMap<SubjectId, Option<String>>> {
    let told = app.web.store.facts_named(SubjectKind::Lane, BLIND).await?;
    let told = told.into_iter();
    Ok(told
        .map(|fact| {
            (
                fact.subject,
                serde_json::from_value(fact.value).unwrap_or_default(),
            )
        })
        .collect())
}

fn lane_view(lane: LaneId, rows: Vec<Deployment>) -> LaneView {
    let mut view = LaneView {
        lane,
        running: None,
        moving: None,
        failed: None,
        lock: None,
        held: None,
        frozen: None,
        blind: None,
    };
    for row in rows {
        let slot = match row.state {
            DeploymentState::Succeeded => &mut view.running,
            // The one under way says why nothing moves; the one behind it only that it is behind.
            DeploymentState::Queued if view.moving.is_some() => continue,
            DeploymentState::Queued | DeploymentState::Running | DeploymentState::Waiting => {
                &mut view.moving
            }
            DeploymentState::Failed | DeploymentState::Cancelled => &mut view.failed,
            DeploymentState::Superseded => continue,
        };
        *slot = Some(row);
    }
    view
}
