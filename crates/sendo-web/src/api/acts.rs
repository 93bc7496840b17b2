//! What people do to deployments and lanes: checked here so that they hear at once, stored, and
//! decided by the lane itself.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sendo_core::act::{Act, ActRefusal};
use sendo_core::deployment::{Deployment, DeploymentId, DeploymentState};
use sendo_core::promotion::{LaneRules, has_a_chance};
use sendo_intake::ActRequest;
use sendo_report::{Language, wording};
use sendo_store::DeploymentFilter;
use serde::{Deserialize, Serialize};

use super::accepted;
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
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Back {
    #[serde(default)]
    to: Option<u64>,
    #[serde(default)]
    reason: Option<String>,
}

/// Agrees to a deployment.
pub(crate) async fn approve(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): Place,
    JsonBody(said): JsonBody<Said>,
) -> Answer<Response> {
    let act = |number| Act::Approve { number };
    on_deployment(&app, &caller, &headers, &place, act, said.reason).await
}

/// Ends a deployment.
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): Place,
    JsonBody(said): JsonBody<Said>,
) -> Answer<Response> {
    let act = |number| Act::Cancel { number };
    on_deployment(&app, &caller, &headers, &place, act, said.reason).await
}

/// Starts a deployment again.
pub(crate) async fn retry(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath(place): Place,
    JsonBody(said): JsonBody<Said>,
) -> Answer<Response> {
    let act = |number| Act::Retry { number };
    on_deployment(&app, &caller, &headers, &place, act, said.reason).await
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
    let rules = names::lane(&app, &caller, &place.0, &place.1)?;
    if rules.access.grants.is_none() && !caller.may(Scope::Admin) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "scope_missing",
            "breaking the glass needs a token of scope `admin` here",
            "use such a token, or let the configuration's `access` say who may `override`",
        ));
    }
    if said
        .reason
        .as_deref()
        .is_none_or(|reason| reason.trim().is_empty())
    {
        return Err(Refusal::bad(
            "reason_missing",
            "breaking the glass needs a reason",
            "say why: it is told to everybody and kept in the audit trail",
        ));
    }
    let act = |number| Act::Override { number };
    on_deployment(&app, &caller, &headers, &place, act, said.reason).await
}

/// Goes back to an earlier success of a lane, and holds it there.
pub(crate) async fn rollback(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InPath((application, environment)): InPath<(String, String)>,
    JsonBody(back): JsonBody<Back>,
) -> Answer<Response> {
    let rules = names::lane(&app, &caller, &application, &environment)?;
    let act = Act::Rollback { to: back.to };
    if !rules.access.allows(&caller.principal()?, act.verb()) {
        return Err(refused(ActRefusal::NotAllowed, &rules));
    }
    let filter = DeploymentFilter {
        application: Some(application),
        environment: Some(environment),
        states: vec![DeploymentState::Succeeded],
        limit: 50,
    };
    let successes = app.web.store.deployments(&filter).await?;
    if !goes_back(&successes, &rules, back.to) {
        return Err(refused(ActRefusal::NothingToGoBackTo, &rules));
    }
    take(&app, &caller, &headers, &rules, act, back.reason).await
}

/// Whether there is such an earlier success; the lane remembers the last 50, newest first.
fn goes_back(successes: &[Deployment], rules: &LaneRules, to: Option<u64>) -> bool {
    let Some(here) = successes.first() else {
        return false;
    };
    successes.iter().any(|success| match to {
        Some(number) => success.id == DeploymentId::new(&rules.lane, number),
        None => success.revision != here.revision,
    })
}

async fn on_deployment(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    place: &(String, String, String),
    act: impl Fn(u64) -> Act,
    reason: Option<String>,
) -> Answer<Response> {
    let rules = names::lane(app, caller, &place.0, &place.1)?;
    let row = super::deployments::row(app, caller, place).await?;
    let number = place.2.parse().unwrap_or_default();
    let act = act(number);
    has_a_chance(&rules, &row, &act, &caller.principal()?).map_err(|why| refused(why, &rules))?;
    take(app, caller, headers, &rules, act, reason).await
}

async fn take(
    app: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    rules: &LaneRules,
    act: Act,
    reason: Option<String>,
) -> Answer<Response> {
    let by = caller.principal()?;
    let request = ActRequest {
        lane: rules.lane.clone(),
        act,
        reason: checked(reason)?,
    };
    let dedup = match accepted::dedup("act", &by, headers, &request)? {
        Some(key) => key,
        None => accepted::unique("act")?,
    };
    let accepted = app.web.intake.act(request, by, dedup).await?;
    app.counters.accepted("act", &accepted);
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
    Err(Refusal::bad(
        "reason_invalid",
        format!("a reason is one line of at most {LONGEST_REASON} characters"),
        "say it in fewer words, and link to the rest",
    ))
}

/// Why it is not done, with what to do next.
pub(super) fn refused(why: ActRefusal, rules: &LaneRules) -> Refusal {
    let lane = &rules.lane;
    let status = match why {
        ActRefusal::OwnRequest | ActRefusal::NotAllowed | ActRefusal::NotAnApprover => {
            StatusCode::FORBIDDEN
        }
        _ => StatusCode::CONFLICT,
    };
    let next = match why {
        ActRefusal::OwnRequest | ActRefusal::NotAnApprover => {
            format!("`sendo status` says who may approve in {lane}")
        }
        ActRefusal::NotAllowed => "ask somebody whom the configuration's `access` names".to_owned(),
        ActRefusal::NotToBeRetried => format!(
            "`sendo deploy {} {} REVISION`",
            lane.application, lane.environment
        ),
        _ => format!("`sendo history {lane}` shows how its deployments stand"),
    };
    let message = wording::act::refused(why, Language::En);
    Refusal::new(status, why.code(), message, next)
}
