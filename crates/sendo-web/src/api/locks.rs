//! Locks: what is closed to deployments, closing it, and opening it again.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sendo_core::act::{Area, Verb};
use sendo_core::deployment::{Held, Lock};
use sendo_core::lock::{LOCK, Locks};
use sendo_core::promotion::HELD;
use sendo_core::subject::{LaneId, SubjectKind};
use sendo_core::time::{Span, Timestamp};
use sendo_intake::{LockRequest, UnlockRequest};
use sendo_report::wording::refusal::{Reasoned, Refused};
use serde::{Deserialize, Serialize};

use super::accepted::{self, Sent};
use super::acts;
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::{Answer, Refusal};
use crate::state::{App, Shared};

/// The longest a lock that ends by itself lasts: a year.
const LONGEST: u32 = 365 * 24 * 60 * 60;

/// What is closed.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Closed {
    /// Locks, by area.
    pub(crate) locks: Vec<Lock>,
    /// Lanes that a rollback holds.
    pub(crate) held: Vec<Held>,
}

impl Closed {
    /// The widest lock that closes a lane.
    pub(super) fn lock_of(&self, lane: &LaneId) -> Option<&Lock> {
        let around = Area::around(lane);
        around
            .iter()
            .find_map(|area| self.locks.iter().find(|lock| lock.area == *area))
    }

    /// The rollback that holds a lane.
    pub(super) fn held_of(&self, lane: &LaneId) -> Option<&Held> {
        let lane = lane.to_string();
        self.held.iter().find(|held| held.deployment.lane() == lane)
    }
}

/// Everything that is closed now.
pub(crate) async fn closed(app: &Shared) -> Answer<Closed> {
    let store = &app.web.store;
    let now = store.now().await?;
    let mut locks: BTreeMap<Area, Lock> = BTreeMap::new();
    for fact in store.facts_named(SubjectKind::Lock, LOCK).await? {
        let lock: Option<Lock> = serde_json::from_value(fact.value).unwrap_or_default();
        let lock = lock.filter(|lock| lock.until.is_none_or(|until| until > now));
        locks.extend(lock.map(|lock| (lock.area.clone(), lock)));
    }
    let mut held = Vec::new();
    for fact in store.facts_named(SubjectKind::Lane, HELD).await? {
        let one: Option<Held> = serde_json::from_value(fact.value).unwrap_or_default();
        held.extend(one);
    }
    Ok(Closed {
        locks: locks.into_values().collect(),
        held,
    })
}

/// How far an area reaches.
pub(crate) const fn scope(area: &Area) -> &'static str {
    match (&area.application, &area.environment) {
        (Some(_), Some(_)) => "lane",
        (Some(_), None) => "application",
        (None, Some(_)) => "environment",
        (None, None) => "everything",
    }
}

/// Lists what is closed, as far as the caller's token covers it.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Answer<Json<Closed>> {
    covered(&app, &caller).await.map(Json)
}

/// What is closed, as far as the caller's token covers it.
pub(crate) async fn covered(app: &Shared, caller: &Caller) -> Answer<Closed> {
    let mut closed = closed(app).await?;
    closed.locks.retain(|lock| {
        let application = lock.area.application.as_ref();
        application.is_none_or(|application| caller.covers(application.as_str()))
    });
    closed.held.retain(|held| {
        let application = held.deployment.lane().split('/').next();
        application.is_some_and(|application| caller.covers(application))
    });
    Ok(closed)
}

/// What is to be closed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToLock {
    pub(crate) area: String,
    pub(crate) reason: String,
    /// Seconds after which it opens by itself.
    #[serde(default)]
    pub(crate) seconds: Option<u32>,
}

/// What is to be opened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToUnlock {
    area: String,
}

/// Closes an area.
pub(crate) async fn lock(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(asked): JsonBody<ToLock>,
) -> Answer<Response> {
    close(&app, &caller, &headers, asked).await
}

/// Takes a lock, from a program or from a page's form.
pub(crate) async fn close(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    asked: ToLock,
) -> Answer<Response> {
    let by = caller.principal()?;
    let area = area(app, caller, &asked.area)?;
    let reason = acts::needed(&asked.reason, Reasoned::Lock)?;
    let until = match asked.seconds {
        None => None,
        Some(seconds) if (1..=LONGEST).contains(&seconds) => Some(after(app, seconds).await?),
        Some(_) => {
            let why = Refused::SecondsInvalid;
            return Err(Refusal::told(StatusCode::BAD_REQUEST, why));
        }
    };
    let dedup = match accepted::sent(app, "lock", &by, headers, &asked).await? {
        Sent::New(key) => key,
        Sent::Before(answer) => return Ok(answer),
    };
    let closed = closed(app).await?;
    if let Some(other) = closed
        .locks
        .iter()
        .find(|lock| lock.area == area && lock.by != by)
    {
        let why = Refused::AlreadyLocked {
            area: area.to_string(),
            by: other.by.to_string(),
            reason: other.reason.clone(),
        };
        return Err(Refusal::told(StatusCode::CONFLICT, why));
    }
    let request = LockRequest {
        area,
        reason,
        until,
    };
    let accepted = app.web.intake.lock(request, by, dedup).await?;
    Ok(accepted::answer(accepted))
}

/// Opens an area; exactly one lane is released after a rollback, too.
pub(crate) async fn unlock(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(asked): JsonBody<ToUnlock>,
) -> Answer<Response> {
    open(&app, &caller, &headers, asked).await
}

/// Takes the end of a lock, from a program or from a page's form. A lock and what a rollback left are
/// opened each by who may, so one of the two may stay: the answer says which.
pub(crate) async fn open(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    asked: ToUnlock,
) -> Answer<Response> {
    let by = caller.principal()?;
    let area = covered_area(app, caller, &asked.area)?;
    let dedup = match accepted::sent(app, "unlock", &by, headers, &asked).await? {
        Sent::New(key) => key,
        Sent::Before(answer) => return Ok(answer),
    };
    let lanes = (app.web.lanes)();
    let closed = closed(app).await?;
    let locked = closed.locks.iter().any(|lock| lock.area == area);
    let held = area.lane().filter(|lane| closed.held_of(lane).is_some());
    let may_unlock = Locks::allows(&lanes, &area, &by);
    let may_release = |lane: &LaneId| {
        let rules = lanes.iter().find(|rules| rules.lane == *lane);
        rules.is_some_and(|rules| rules.access.allows(&by, Verb::Rollback))
    };
    let stays = Stays {
        lock: locked && !may_unlock,
        hold: held.as_ref().is_some_and(|lane| !may_release(lane)),
    };
    match (locked, held.is_some()) {
        (false, false) => {
            let area = area.to_string();
            let why = Refused::NotLocked { area };
            return Err(Refusal::told(StatusCode::NOT_FOUND, why));
        }
        (true, _) if stays.lock && held.is_none() => {
            let area = area.to_string();
            let why = Refused::NotUnlockable { area };
            return Err(Refusal::told(StatusCode::FORBIDDEN, why));
        }
        (_, true) if stays.hold && (stays.lock || !locked) => {
            let lane = area.to_string();
            let why = Refused::NotReleasable { lane };
            return Err(Refusal::told(StatusCode::FORBIDDEN, why));
        }
        _ => {}
    }
    let request = UnlockRequest { area };
    let accepted = app.web.intake.unlock(request, by, dedup).await?;
    Ok(accepted::opened(accepted, stays))
}

/// What stays closed when an area is opened, because who opens it may not open that.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Stays {
    /// Its lock.
    lock: bool,
    /// What a rollback left.
    hold: bool,
}

async fn after(app: &Shared, seconds: u32) -> Answer<Timestamp> {
    Ok(app.web.store.now().await? + Span::from_secs(seconds))
}

/// The area somebody wrote, if there is a lane in it, their token covers it, and they may lock there.
pub(super) fn area(app: &Shared, caller: &Caller, text: &str) -> Answer<Area> {
    let area = covered_area(app, caller, text)?;
    if Locks::allows(&(app.web.lanes)(), &area, &caller.principal()?) {
        return Ok(area);
    }
    let area = area.to_string();
    Err(Refusal::told(
        StatusCode::FORBIDDEN,
        Refused::AreaNotAllowed { area },
    ))
}

/// The area somebody wrote, if there is a lane in it and their token covers it.
fn covered_area(app: &Shared, caller: &Caller, text: &str) -> Answer<Area> {
    let area: Area = text
        .parse()
        .map_err(|error: sendo_core::names::InvalidName| {
            let problem = error.to_string();
            Refusal::told(StatusCode::BAD_REQUEST, Refused::AreaInvalid { problem })
        })?;
    match &area.application {
        Some(application) => caller.require(application.as_str())?,
        None => caller.require_all()?,
    }
    let lanes = (app.web.lanes)();
    if !lanes.iter().any(|rules| area.covers(&rules.lane)) {
        let area = area.to_string();
        let why = Refused::AreaUnknown { area };
        return Err(Refusal::told(StatusCode::NOT_FOUND, why));
    }
    Ok(area)
}
