//! Finding a lane by what somebody wrote, and a suggestion where there is none.

use axum::http::StatusCode;
use sendo_core::promotion::LaneRules;
use sendo_report::Language;
use sendo_report::wording::refusal::{Meant, Refused};

use crate::auth::Caller;
use crate::error::{Answer, Refusal};
use crate::state::Shared;

/// Names listed when none is close.
const LISTED: usize = 10;

/// The rules of the configured lane of these names, if the caller's token covers it.
pub(crate) fn lane(
    app: &Shared,
    caller: &Caller,
    application: &str,
    environment: &str,
) -> Answer<LaneRules> {
    let lanes = (app.web.lanes)();
    known_application(&lanes, caller, application)?;
    lanes
        .iter()
        .find(|rules| {
            rules.lane.application.as_str() == application
                && rules.lane.environment.as_str() == environment
        })
        .cloned()
        .ok_or_else(|| {
            let environments = lanes
                .iter()
                .filter(|rules| rules.lane.application.as_str() == application)
                .map(|rules| rules.lane.environment.as_str());
            let why = Refused::EnvironmentUnknown {
                application: application.to_owned(),
                name: cut(environment),
                meant: meant(environment, environments),
            };
            Refusal::told(StatusCode::NOT_FOUND, why)
        })
}

/// Refuses an application that is not configured, or that the caller's token does not cover.
pub(crate) fn application(app: &Shared, caller: &Caller, application: &str) -> Answer<()> {
    known_application(&(app.web.lanes)(), caller, application)
}

fn known_application(lanes: &[LaneRules], caller: &Caller, application: &str) -> Answer<()> {
    // First what the token covers: whether the rest exists is none of its business.
    caller.require(application)?;
    if lanes
        .iter()
        .any(|rules| rules.lane.application.as_str() == application)
    {
        return Ok(());
    }
    let known = lanes
        .iter()
        .map(|rules| rules.lane.application.as_str())
        .filter(|name| caller.covers(name));
    let why = Refused::ApplicationUnknown {
        name: cut(application),
        meant: meant(application, known),
    };
    Err(Refusal::told(StatusCode::NOT_FOUND, why))
}

/// The number of a deployment, written as it is given out: `1`, and neither `+1` nor `01`.
pub(crate) fn ordinal(text: &str) -> Option<u64> {
    let ordinal: u64 = text.parse().ok()?;
    (ordinal.to_string() == text).then_some(ordinal)
}

/// What may have been meant, in words.
pub(crate) fn suggestion<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    meant(given, known).words(Language::En)
}

/// What may have been meant.
pub(crate) fn meant<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Meant {
    let mut known: Vec<&str> = known.collect();
    known.dedup();
    let given = cut(given);
    let close = known
        .iter()
        .map(|name| (strsim::jaro_winkler(&given, name), *name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    if let Some((_, name)) = close {
        return Meant::This(name.to_owned());
    }
    Meant::OneOf {
        names: known.iter().take(LISTED).map(ToString::to_string).collect(),
        count: known.len(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
