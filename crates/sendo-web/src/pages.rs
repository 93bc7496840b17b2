//! Pages for people. What they say is rendered in `sendo-report`; here is only what is loaded for
//! each, and for whom.

use std::io::Write as _;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::response::{Html, IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use sendo_core::act::{Area, Verb};
use sendo_core::deployment::{DeploymentId, DeploymentState, Failure};
use sendo_core::lock::Locks;
use sendo_core::names::EnvironmentName;
use sendo_core::promotion::LaneRules;
use sendo_core::view::{
    ApplicationPage, AuditLine, AuditPage, Became, DeliveriesPage, DeliveryLine, DeploymentPage,
    LocksPage,
};
use sendo_report::page;
use sendo_store::{AuditRow, DeliveryOutcome, DeliveryRow, DeploymentFilter};
use serde::Deserialize;

use crate::auth::Caller;
use crate::error::{Answer, Refusal};
use crate::guard::language;
use crate::path::InPath;
use crate::query::{self, Params};
use crate::state::{App, Shared};
use crate::token::Scope;
use crate::{api, names};

/// Deployments of an application that are shown when nobody says.
const HISTORY: u32 = 40;

/// Lines of the audit trail on one page.
const LINES: i64 = 100;

/// What of the board is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoardAsked {
    show: Option<String>,
    #[serde(default)]
    application: String,
}

/// The board.
pub(crate) async fn board(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Params(asked): Params<BoardAsked>,
) -> Answer<Response> {
    let moving = match asked.show.as_deref() {
        None | Some("all") => false,
        Some("moving") => true,
        Some(other) => {
            return Err(Refusal::bad(
                "show_unknown",
                format!("there is no view `{other}`"),
                names::suggestion(other, ["all", "moving"].into_iter()),
            ));
        }
    };
    let show = page::Show {
        moving,
        application: asked.application,
    };
    let view = api::board::view(&app, &caller).await?;
    let html = page::board(&view, &show, caller.reader(), language(&app, &headers));
    Ok(shown(html, &headers))
}

/// What of an application's history is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryAsked {
    environment: Option<String>,
    limit: Option<u32>,
}

/// One application. One that is no longer configured keeps its history.
pub(crate) async fn application(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(name): InPath<String>,
    Params(asked): Params<HistoryAsked>,
) -> Answer<Response> {
    caller.require(&name)?;
    let limit = query::limit(Some(asked.limit.unwrap_or(HISTORY)))?;
    let environment = asked.environment.map(EnvironmentName::new).transpose();
    let environment = environment.map_err(|error| {
        Refusal::bad(
            "environment_invalid",
            error.to_string(),
            "leave `environment` out for all of them",
        )
    })?;
    let filter = DeploymentFilter {
        application: Some(name.clone()),
        environment: environment.as_ref().map(ToString::to_string),
        limit,
        ..DeploymentFilter::default()
    };
    let history = app.web.store.deployments(&filter).await?;
    let mut board = api::board::view(&app, &caller).await?;
    board
        .lanes
        .retain(|lane| lane.lane.application.as_str() == name);
    if board.lanes.is_empty() && history.is_empty() {
        names::application(&app, &caller, &name)?;
    }
    let full = history.len() == limit as usize && limit < query::MOST;
    let view = ApplicationPage {
        board,
        history,
        environment,
        may_roll_back: may_roll_back(&app, &caller, &name),
        more: full.then(|| limit.saturating_mul(5).min(query::MOST)),
    };
    let html = page::application(&view, &name, caller.reader(), language(&app, &headers));
    Ok(shown(html, &headers))
}

/// One deployment.
pub(crate) async fn deployment(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): InPath<(String, String, String)>,
) -> Answer<Response> {
    let store = &app.web.store;
    let view = api::deployments::view(&app, &caller, &place).await?;
    let lane = &view.deployment.lane;
    let running = DeploymentFilter {
        application: Some(lane.application.to_string()),
        environment: Some(lane.environment.to_string()),
        states: vec![DeploymentState::Succeeded],
        limit: 1,
    };
    let ordinal: u64 = place.2.parse().unwrap_or_default();
    let neighbour = async |ordinal: Option<u64>| -> Answer<Option<DeploymentId>> {
        let Some(ordinal) = ordinal.filter(|ordinal| *ordinal > 0) else {
            return Ok(None);
        };
        let found = store.deployment(&DeploymentId::new(lane, ordinal)).await?;
        Ok(found.map(|row| row.id))
    };
    let page = DeploymentPage {
        running: store.deployments(&running).await?.pop(),
        effects: if view.deployment.state.is_terminal() {
            Vec::new()
        } else {
            store.effects(&lane.subject()).await?
        },
        before: neighbour(ordinal.checked_sub(1)).await?,
        after: neighbour(ordinal.checked_add(1)).await?,
        may: api::acts::may(&app, &caller, &view.deployment),
        at: store.now().await?,
        view: view.clone(),
    };
    let html = page::deployment(&page, caller.reader(), language(&app, &headers));
    Ok(shown(html, &headers))
}

/// What a deployment changes.
pub(crate) async fn diff(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): InPath<(String, String, String)>,
) -> Answer<Response> {
    let view = api::diff::view(&app, &caller, &place, true).await?;
    let html = page::diff(&view, caller.reader(), language(&app, &headers));
    Ok(shown(html, &headers))
}

/// The environments of an application that a caller may roll back.
fn may_roll_back(app: &Shared, caller: &Caller, application: &str) -> Vec<EnvironmentName> {
    let Some(by) = caller
        .principal()
        .ok()
        .filter(|_| caller.may(Scope::Deploy))
    else {
        return Vec::new();
    };
    (app.web.lanes)()
        .iter()
        .filter(|rules| rules.lane.application.as_str() == application)
        .filter(|rules| rules.access.allows(&by, Verb::Rollback))
        .map(|rules| rules.lane.environment.clone())
        .collect()
}

/// Whether a caller may lock all of an area, and open it.
fn may_lock(lanes: &[LaneRules], caller: &Caller, area: &Area) -> bool {
    let is_covered = match &area.application {
        Some(application) => caller.covers(application.as_str()),
        None => caller.limited_to().is_none(),
    };
    let by = caller.principal().ok().filter(|_| is_covered);
    caller.may(Scope::Deploy) && by.is_some_and(|by| Locks::allows(lanes, area, &by))
}

/// What is closed to deployments.
pub(crate) async fn locks(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<Response> {
    let closed = api::locks::covered(&app, &caller).await?;
    let freezes = api::freezes::covered(&app, &caller).await?;
    let lanes = (app.web.lanes)();
    let may = |area: &Area| may_lock(&lanes, &caller, area);
    let held = closed.held.iter();
    let held = held.filter_map(|held| held.deployment.lane().parse().ok());
    let mut areas: Vec<Area> = held.collect();
    areas.extend(closed.locks.iter().map(|lock| lock.area.clone()));
    areas.extend(freezes.announced.iter().map(|freeze| freeze.area.clone()));
    areas.retain(may);
    let view = LocksPage {
        locks: closed.locks,
        held: closed.held,
        freezes,
        may: lanes.iter().any(|rules| may(&Area::of(&rules.lane))),
        may_open: areas,
        at: app.web.store.now().await?,
    };
    let html = page::locks(&view, caller.reader(), language(&app, &headers));
    Ok(shown(html, &headers))
}

/// The newest deliveries.
pub(crate) async fn deliveries(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Params(asked): Params<api::deliveries::Asked>,
) -> Answer<Response> {
    let rows = api::deliveries::rows(&app, &caller, &asked).await?;
    let view = DeliveriesPage {
        lines: rows.into_iter().map(delivery).collect(),
        outcome: asked.outcome,
        may: api::deliveries::may_replay(&caller),
        at: app.web.store.now().await?,
    };
    let html = page::deliveries(&view, caller.reader(), language(&app, &headers));
    Ok(shown(html, &headers))
}

fn delivery(row: DeliveryRow) -> DeliveryLine {
    let why = |reason_code, message| Failure {
        reason_code,
        message,
    };
    DeliveryLine {
        id: row.id,
        source: row.source,
        name: row.name,
        at: row.received_at,
        duplicates: row.duplicates,
        became: match row.outcome {
            None => Became::UnderWay,
            Some(DeliveryOutcome::Done) => Became::Done,
            Some(DeliveryOutcome::Ignored {
                reason_code,
                message,
            }) => Became::Ignored(why(reason_code, message)),
            Some(DeliveryOutcome::Quarantined {
                reason_code,
                message,
            }) => Became::Quarantined(why(reason_code, message)),
        },
    }
}

/// Where in the audit trail to look.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditAsked {
    before: Option<i64>,
}

/// The audit trail, newest first. It has no gaps, so a page is told by its numbers.
pub(crate) async fn audit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Params(asked): Params<AuditAsked>,
) -> Answer<Response> {
    caller.require_all()?;
    let end = app.web.store.audit_len().await?.saturating_add(1);
    let before = asked.before.unwrap_or(end).clamp(1, end);
    let count = LINES.min(before - 1);
    let limit = u32::try_from(count).unwrap_or_default();
    let rows = app.web.store.audit_rows(before - 1 - count, limit).await?;
    let view = AuditPage {
        lines: rows.into_iter().rev().map(line).collect(),
        newer: before < end,
    };
    let html = page::audit(&view, caller.reader(), language(&app, &headers));
    Ok(shown(html, &headers))
}

fn line(row: AuditRow) -> AuditLine {
    AuditLine {
        seq: row.seq,
        at: row.at,
        entry: row.entry,
        hash: row.hash,
    }
}

/// A page as its reader's browser takes it. A page holds no secret, so its length tells none.
fn shown(html: String, headers: &HeaderMap) -> Response {
    let vary = (VARY, "accept-language, accept, accept-encoding");
    let packed = takes_gzip(headers)
        .then(|| pack(&html))
        .and_then(Result::ok);
    match packed {
        Some(packed) => {
            let kind = (CONTENT_TYPE, "text/html; charset=utf-8");
            ([vary, kind, (CONTENT_ENCODING, "gzip")], packed).into_response()
        }
        None => ([vary], Html(html)).into_response(),
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| coding.trim() == "gzip")
}

fn pack(html: &str) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(html.as_bytes())?;
    packer.finish()
}
