//! What people do to deployments and lanes: checked here so that they hear at once, stored, and
//! decided by the lane itself.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sendo_core::act::{Act, ActKind, ActRefusal, Verb};
use sendo_core::deployment::{Deployment, Waiting};
use sendo_core::promotion::{LaneRules, goes_back, has_a_chance, is_remembered};
use sendo_intake::ActRequest;
use sendo_report::wording::refusal::{Reasoned, Refused};
use serde::{Deserialize, Serialize};

use super::accepted::{self, Sent};
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::{Answer, Refusal};
use crate::names;
use crate::path::InPath;
use crate::state::{App, Shared};
use crate::token::Scope;

/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 500;

/// Which deployment: application, environment, number.
pub(crate) type Place = InPath<(String, String, String)>;

/// What may be said with an act.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    #[serde(default)]
    reason: Option<String>,
}

/// Where to go back to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Back {
    #[serde(default)]
    pub(crate) to: Option<u64>,
    /// The deployment that is to be left; the one that runs when left out.
    #[serde(default)]
    pub(crate) from: Option<u64>,
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

/// Agrees to a deployment.
pub(crate) async fn approve(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): Place,
    JsonBody(said): JsonBody<Said>,
) -> Answer<Response> {
    let kind = ActKind::Approve;
    on_deployment(&app, &caller, &headers, &place, kind, said.reason).await
}

/// Ends a deployment.
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): Place,
    JsonBody(said): JsonBody<Said>,
) -> Answer<Response> {
    let kind = ActKind::Cancel;
    on_deployment(&app, &caller, &headers, &place, kind, said.reason).await
}

/// Starts a deployment again.
pub(crate) async fn retry(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): Place,
    JsonBody(said): JsonBody<Said>,
) -> Answer<Response> {
    let kind = ActKind::Retry;
    on_deployment(&app, &caller, &headers, &place, kind, said.reason).await
}

/// Carries a deployment past people, soak, locks, holds and freezes. Without an `access` section in the
/// configuration only an administrator's token may.
pub(crate) async fn break_glass(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): Place,
    JsonBody(said): JsonBody<Said>,
) -> Answer<Response> {
    let kind = ActKind::Override;
    on_deployment(&app, &caller, &headers, &place, kind, said.reason).await
}

/// Goes back to an earlier success of a lane, and holds it there.
pub(crate) async fn rollback(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath((application, environment)): InPath<(String, String)>,
    JsonBody(back): JsonBody<Back>,
) -> Answer<Response> {
    roll_back(&app, &caller, &headers, &(application, environment), back).await
}

/// Takes a rollback, from a program or from a page's form.
pub(crate) async fn roll_back(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    (application, environment): &(String, String),
    back: Back,
) -> Answer<Response> {
    let rules = names::lane(app, caller, application, environment)?;
    if !rules.access.allows(&caller.principal()?, Verb::Rollback) {
        return Err(refused(ActRefusal::NotAllowed, &rules));
    }
    // Only the lane knows what runs, and what it can go back to.
    let lane = rules.lane.subject();
    let world = app.web.store.world(&lane, &|_| Vec::new()).await?;
    let leaves = goes_back(&rules, &world.state, back.to, back.from);
    let act = Act::Rollback {
        to: back.to,
        from: leaves.ok().or(back.from),
    };
    let fits = leaves.map(|_| ()).map_err(|why| refused(why, &rules));
    // The same wish has the same key, whatever runs by then.
    let asked = (rules.lane.clone(), back.clone());
    let request = ActRequest {
        lane: rules.lane,
        act,
        reason: checked(back.reason)?,
    };
    take(app, caller, headers, &asked, request, fits).await
}

/// Takes an act on a deployment, from a program or from a page's form.
pub(crate) async fn on_deployment(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    place: &(String, String, String),
    kind: ActKind,
    reason: Option<String>,
) -> Answer<Response> {
    let rules = names::lane(app, caller, &place.0, &place.1)?;
    let row = super::deployments::row(app, caller, place).await?;
    let act = kind.on(place.2.parse().unwrap_or_default());
    if kind == ActKind::Override {
        may_break_glass(caller, &rules)?;
    }
    let silent = reason.as_deref().is_none_or(|why| why.trim().is_empty());
    if kind == ActKind::Override && silent {
        let why = Refused::ReasonMissing(Reasoned::Override);
        return Err(Refusal::told(StatusCode::BAD_REQUEST, why));
    }
    let mut fits = has_a_chance(&rules, &row, &act, &caller.principal()?);
    if let (Ok(()), Act::Retry { number }) = (fits, &act)
        && row.state.is_terminal()
    {
        // Only the lane knows what it remembers.
        let lane = rules.lane.subject();
        let world = app.web.store.world(&lane, &|_| Vec::new()).await?;
        if !is_remembered(&world.state, *number) {
            fits = Err(ActRefusal::NotToBeRetried);
        }
    }
    let fits = fits.map_err(|why| refused(why, &rules));
    let request = ActRequest {
        lane: rules.lane,
        act,
        reason: checked(reason)?,
    };
    let asked = request.clone();
    take(app, caller, headers, &asked, request, fits).await
}

/// Without an `access` section in the configuration only an administrator's token breaks the glass.
fn may_break_glass(caller: &Caller, rules: &LaneRules) -> Answer<()> {
    if rules.access.grants.is_some() || caller.may(Scope::Admin) {
        return Ok(());
    }
    let why = Refused::GlassNotTheirs;
    Err(Refusal::told(StatusCode::FORBIDDEN, why))
}

/// What a caller may do to a deployment now, for the buttons of its page.
pub(crate) fn may(app: &Shared, caller: &Caller, row: &Deployment) -> Vec<ActKind> {
    let lanes = (app.web.lanes)();
    let rules = lanes.iter().find(|rules| rules.lane == row.lane);
    let Some((rules, by)) = rules.zip(caller.principal().ok()) else {
        return Vec::new();
    };
    let scope = |kind: &ActKind| match kind {
        ActKind::Approve => {
            matches!(row.waiting, Some(Waiting::People { .. })) && caller.may(Scope::Approve)
        }
        ActKind::Cancel | ActKind::Retry => caller.may(Scope::Deploy),
        ActKind::Override => caller.may(Scope::Deploy) && may_break_glass(caller, rules).is_ok(),
    };
    let mut all = ActKind::ALL.to_vec();
    all.retain(|kind| scope(kind) && has_a_chance(rules, row, &kind.on(0), &by).is_ok());
    all
}

/// Stores an act that `fits` as things stand, or that was stored before: as `asked` says it.
async fn take(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    asked: &impl Serialize,
    request: ActRequest,
    fits: Answer<()>,
) -> Answer<Response> {
    let by = caller.principal()?;
    let dedup = match accepted::sent(app, "act", &by, headers, asked).await? {
        Sent::New(key) => key,
        Sent::Before(answer) => return Ok(answer),
    };
    fits?;
    let accepted = app.web.intake.act(request, by, dedup).await?;
    Ok(accepted::answer(accepted))
}

/// A reason on one line; an empty one is none.
pub(super) fn checked(reason: Option<String>) -> Answer<Option<String>> {
    let reason = reason.map(|reason| reason.trim().to_owned());
    let reason = reason.filter(|reason| !reason.is_empty());
    let fits = |reason: &String| {
        reason.chars().count() <= LONGEST_REASON && !reason.chars().any(char::is_control)
    };
    if reason.as_ref().is_none_or(fits) {
        return Ok(reason);
    }
    let longest = LONGEST_REASON;
    let why = Refused::ReasonInvalid { longest };
    Err(Refusal::told(StatusCode::BAD_REQUEST, why))
}

/// A reason that somebody has to give.
pub(super) fn needed(reason: &str, what: Reasoned) -> Answer<String> {
    let missing = || Refusal::told(StatusCode::BAD_REQUEST, Refused::ReasonMissing(what));
    checked(Some(reason.to_owned()))?.ok_or_else(missing)
}

/// Why it is not done, with what to do next.
pub(super) fn refused(why: ActRefusal, rules: &LaneRules) -> Refusal {
    let lane = rules.lane.clone();
    let status = match why {
        ActRefusal::OwnRequest | ActRefusal::NotAllowed | ActRefusal::NotAnApprover => {
            StatusCode::FORBIDDEN
        }
        _ => StatusCode::CONFLICT,
    };
    Refusal::told(status, Refused::Act { why, lane })
}
