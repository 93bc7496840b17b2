//! Freezes: when nothing is merged, announcing one, and ending one that was announced.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sendo_core::act::Area;
use sendo_core::freeze::{self, Announced, Edge, MOST, Unfit, UnknownZone, Zone, instant, is_name};
use sendo_core::lock::{FREEZES, Locks};
use sendo_core::subject::SubjectKind;
use sendo_core::time::{Span, Timestamp};
use sendo_core::view::Freezes;
use sendo_intake::{FreezeRequest, UnfreezeRequest};
use sendo_report::wording::refusal::{Meant, Reasoned, Refused};
use serde::{Deserialize, Serialize};

use super::accepted::{self, Sent};
use super::acts;
use super::locks::area;
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::{Answer, Refusal};
use crate::names::meant;
use crate::state::{App, Shared};

/// Lists when nothing is merged, as far as the caller's token covers it.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Answer<Json<Freezes>> {
    covered(&app, &caller).await.map(Json)
}

/// When nothing is merged, as far as the caller's token covers it.
pub(crate) async fn covered(app: &Shared, caller: &Caller) -> Answer<Freezes> {
    let mut freezes = all(app).await?;
    freezes.announced.retain(|freeze| {
        let application = freeze.area.application.as_ref();
        application.is_none_or(|application| caller.covers(application.as_str()))
    });
    for freeze in &mut freezes.configured {
        let application = |lane: &str| lane.split('/').next().unwrap_or_default().to_owned();
        freeze
            .lanes
            .retain(|lane| caller.covers(&application(lane)));
    }
    freezes.configured.retain(|freeze| !freeze.lanes.is_empty());
    Ok(freezes)
}

async fn all(app: &Shared) -> Answer<Freezes> {
    let at = app.web.store.now().await?;
    Ok(Freezes {
        announced: announced(app, at).await?,
        configured: freeze::configured(&(app.web.lanes)(), at),
        at,
    })
}

/// What people announced and is not over, area by area.
pub(crate) async fn announced(app: &Shared, at: Timestamp) -> Answer<Vec<Announced>> {
    let mut announced = Vec::new();
    let facts = app.web.store.facts_named(SubjectKind::Lock, FREEZES);
    for fact in facts.await? {
        let kept: Vec<Announced> = serde_json::from_value(fact.value).unwrap_or_default();
        announced.extend(kept.into_iter().filter(|freeze| freeze.to > at));
    }
    announced.sort_by(|one, other| (&one.area, one.from).cmp(&(&other.area, other.from)));
    Ok(announced)
}

/// What is to be announced. Times are by the clock of the zone unless they have an offset.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToFreeze {
    pub(crate) area: String,
    pub(crate) reason: String,
    /// Made from the day it begins when left out.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Now when left out.
    #[serde(default)]
    pub(crate) from: Option<String>,
    #[serde(default)]
    pub(crate) to: Option<String>,
    /// How long it lasts, instead of `to`.
    #[serde(default)]
    pub(crate) seconds: Option<u32>,
    /// UTC when left out.
    #[serde(default)]
    pub(crate) zone: Option<String>,
}

/// What is to be ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToUnfreeze {
    name: String,
    /// Needed only when several areas have a freeze of that name.
    #[serde(default)]
    area: Option<String>,
}

/// Announces a freeze.
pub(crate) async fn freeze(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(asked): JsonBody<ToFreeze>,
) -> Answer<Response> {
    announce(&app, &caller, &headers, asked).await
}

/// Takes an announcement, from a program or from a page's form.
pub(crate) async fn announce(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    asked: ToFreeze,
) -> Answer<Response> {
    let by = caller.principal()?;
    let area = area(app, caller, &asked.area)?;
    let reason = acts::needed(&asked.reason, Reasoned::Freeze)?;
    let others = all(app).await?;
    let zone = asked.zone.as_deref().map_or(Ok(Zone::UTC), zone)?;
    let (from, to) = window(&asked, &zone, others.at)?;
    let dedup = match accepted::sent(app, "freeze", &by, headers, &asked).await? {
        Sent::New(key) => key,
        Sent::Before(answer) => return Ok(answer),
    };
    let made_up = || made_up(zone.local(from), &dedup);
    let freeze = Announced {
        name: asked.name.clone().unwrap_or_else(made_up),
        area,
        by: by.clone(),
        reason,
        from,
        to,
    };
    fits(app, &freeze, others)?;
    let request = FreezeRequest {
        area: freeze.area.clone(),
        name: freeze.name.clone(),
        reason: freeze.reason.clone(),
        from: freeze.from,
        to: freeze.to,
    };
    let accepted = app.web.intake.freeze(request, by, dedup).await?;
    Ok(accepted::frozen(accepted, freeze))
}

fn window(asked: &ToFreeze, zone: &Zone, now: Timestamp) -> Answer<(Timestamp, Timestamp)> {
    let read = |text: &str, edge| {
        instant(text, zone, edge).ok_or_else(|| {
            let text = text.to_owned();
            Refusal::told(StatusCode::BAD_REQUEST, Refused::TimeInvalid { text })
        })
    };
    let from = asked.from.as_deref();
    let from = from.map_or(Ok(now), |text| read(text, Edge::From))?;
    let to = match (&asked.to, asked.seconds) {
        (Some(text), None) => read(text, Edge::To)?,
        (None, Some(seconds)) => from + Span::from_secs(seconds),
        _ => {
            let why = Refused::EndMissing;
            return Err(Refusal::told(StatusCode::BAD_REQUEST, why));
        }
    };
    Ok((from, to))
}

fn zone(name: &str) -> Answer<Zone> {
    Zone::new(name).map_err(|UnknownZone(name)| {
        let all = Zone::names();
        let close = || meant(&name, all.iter().map(String::as_str));
        let meant = Zone::of_city(&name).map_or_else(close, |zone| Meant::This(zone.to_string()));
        Refusal::told(
            StatusCode::BAD_REQUEST,
            Refused::ZoneUnknown { name, meant },
        )
    })
}

/// The day it begins, and a piece of what makes the request the one it is: two that are announced at
/// the same moment have names of their own.
fn made_up(begins: Option<impl std::fmt::Display>, dedup: &str) -> String {
    let begins = begins.map(|at| at.to_string()).unwrap_or_default();
    let day = begins.split('T').next().unwrap_or_default();
    let hash = dedup.rsplit(':').next().unwrap_or_default();
    let piece: String = hash.chars().take(6).collect();
    format!("{day}-{piece}")
}

/// Whether it would be announced now. The area decides again, and has the last word.
fn fits(app: &Shared, freeze: &Announced, others: Freezes) -> Answer<()> {
    let Announced { area, name, .. } = freeze;
    if !is_name(name) {
        let why = Refused::NameInvalid;
        return Err(Refusal::told(StatusCode::BAD_REQUEST, why));
    }
    let now = others.at;
    let mut others = others.announced;
    others.retain(|other| other.area == *area);
    let conflict = |why| Err(Refusal::told(StatusCode::CONFLICT, why));
    let is_taken = others.iter().any(|other| other.name == *name);
    if is_taken || Locks::is_configured(&(app.web.lanes)(), area, name) {
        let (area, name) = (area.to_string(), name.clone());
        return conflict(Refused::NameTaken { area, name });
    }
    if others.len() >= MOST {
        let area = area.to_string();
        return conflict(Refused::TooManyFreezes { area, most: MOST });
    }
    freeze.check(now).map_err(unfit)
}

fn unfit(unfit: Unfit) -> Refusal {
    Refusal::told(StatusCode::BAD_REQUEST, Refused::Unfit(unfit))
}

/// Ends a freeze that was announced.
pub(crate) async fn unfreeze(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(asked): JsonBody<ToUnfreeze>,
) -> Answer<Response> {
    end(&app, &caller, &headers, asked).await
}

/// Takes the end of a freeze, from a program or from a page's form.
pub(crate) async fn end(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    asked: ToUnfreeze,
) -> Answer<Response> {
    let by = caller.principal()?;
    let within = match &asked.area {
        Some(text) => Some(area(app, caller, text)?),
        None => None,
    };
    let dedup = match accepted::sent(app, "unfreeze", &by, headers, &asked).await? {
        Sent::New(key) => key,
        Sent::Before(answer) => return Ok(answer),
    };
    let freezes = covered(app, caller).await?;
    let called = freezes.announced.iter().filter(|freeze| {
        freeze.name == asked.name && within.as_ref().is_none_or(|area| freeze.area == *area)
    });
    let called: Vec<&Area> = called.map(|freeze| &freeze.area).collect();
    let [one] = called[..] else {
        return Err(not_one(&asked.name, &called, &freezes));
    };
    let area = area(app, caller, &one.to_string())?;
    let request = UnfreezeRequest {
        area,
        name: asked.name,
    };
    let accepted = app.web.intake.unfreeze(request, by, dedup).await?;
    Ok(accepted::answer(accepted))
}

fn not_one(name: &str, called: &[&Area], freezes: &Freezes) -> Refusal {
    if !called.is_empty() {
        let why = Refused::NameAmbiguous {
            name: name.to_owned(),
            areas: called.iter().map(ToString::to_string).collect(),
        };
        return Refusal::told(StatusCode::CONFLICT, why);
    }
    let why = Refused::FreezeUnknown {
        name: name.to_owned(),
        is_configured: freezes.configured.iter().any(|freeze| freeze.name == name),
    };
    Refusal::told(StatusCode::NOT_FOUND, why)
}
