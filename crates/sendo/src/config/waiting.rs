//! `digest:`, `quiet:` and `authors:` of a notice: what waits, and whose changes count.

use jiff::civil::Weekday;
use schemars::JsonSchema;
use sendo_core::freeze::{self, Freeze, When};
use sendo_core::time::Span;
use serde::Deserialize;

use super::Reading;
use super::freezes::DayShape;
use super::moments::{hour, zone};
use super::place::Place;
use super::problem::Code;
use super::server::span;

/// The shortest time in which notices are collected.
const SHORTEST: Span = Span::from_secs(60);
/// The longest.
const LONGEST: Span = Span::from_secs(24 * 60 * 60);

/// Hours in which only what is urgent is told.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Quiet")]
pub(crate) struct QuietShape {
    /// When they begin by the local clock, such as `"22:00"`.
    from: Option<String>,
    /// When they end, such as `"08:00"`; on the next day when it is not after `from`.
    to: Option<String>,
    /// The time zone of the clock, such as `Asia/Tokyo` or `UTC`.
    zone: Option<String>,
    /// The days on which they begin; every day when left out.
    days: Option<Vec<DayShape>>,
}

impl QuietShape {
    /// The checked hours.
    pub(super) fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Freeze> {
        let clock = |key: &str, text: Option<&String>, example: &str, reading: &mut Reading<'_>| {
            let text = needed(key, text, example, place, reading)?;
            // The end of a day is the beginning of the next.
            let text = if text == "24:00" { "00:00" } else { text };
            hour(text, place.key(key), reading)
        };
        let from = clock("from", self.from.as_ref(), "`from: \"22:00\"`", reading);
        let to = clock("to", self.to.as_ref(), "`to: \"08:00\"`", reading);
        let zone = needed(
            "zone",
            self.zone.as_ref(),
            "`zone: Asia/Tokyo`",
            place,
            reading,
        )
        .and_then(|text| zone(text, place.key("zone"), reading));
        let days: Vec<Weekday> = match &self.days {
            Some(days) => days.iter().copied().map(Weekday::from).collect(),
            None if place.key("days").is_written() => return None,
            None => Weekday::Monday.cycle_forward().take(7).collect(),
        };
        if days.is_empty() {
            reading.problems.push(
                place
                    .key("days")
                    .problem(Code::MissingKey, "`days` names none")
                    .why("these hours would never come")
                    .fix("name at least one, such as `days: [sat, sun]`, or leave it out for every day"),
            );
            return None;
        }
        let quiet = Freeze {
            name: "quiet hours".to_owned(),
            reason: None,
            zone: zone?,
            when: When::Weekly {
                days,
                from: from?,
                to: to?,
            },
            by: None,
        };
        if freeze::never_open(std::slice::from_ref(&quiet)) {
            reading.problems.push(
                place
                    .problem(Code::InvalidValue, "these quiet hours never end")
                    .why("they are every day, and all day")
                    .fix("let `to` differ from `from`, or leave out some `days`"),
            );
            return None;
        }
        Some(quiet)
    }
}

/// What must be written, or a problem.
fn needed<'a>(
    key: &str,
    text: Option<&'a String>,
    example: &str,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<&'a String> {
    if text.is_none() && !place.key(key).is_written() {
        reading.problems.push(
            place
                .key(key)
                .problem(
                    Code::MissingKey,
                    format!("these quiet hours have no `{key}`"),
                )
                .fix(format!("add it: {example}")),
        );
    }
    text
}

/// How long notices are collected.
pub(super) fn digest(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Span> {
    let span = span(text, place, reading)?;
    if (SHORTEST..=LONGEST).contains(&span) {
        return Some(span);
    }
    reading.problems.push(
        place
            .problem(
                Code::InvalidValue,
                format!("notices cannot be collected for `{text}`"),
            )
            .why("it is from one minute to 24 hours")
            .fix("write it like `15m`, or leave it out to tell each notice by itself"),
    );
    None
}

/// The checked patterns over addresses, in small letters as addresses are kept.
pub(super) fn authors(
    globs: Option<&[String]>,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Vec<String> {
    let globs = globs.unwrap_or_default();
    for (index, text) in globs.iter().enumerate() {
        let place = place.index(index);
        if super::glob::compiles(text, place, reading) && !text.contains(['@', '*']) {
            reading.problems.push(
                place
                    .problem(Code::Glob, format!("`{text}` can match nothing"))
                    .why("authors are told apart by their addresses, and an address has an `@`")
                    .fix(format!(
                        "write `{text}@example.com`, or `{text}@*` wherever it is"
                    )),
            );
        }
    }
    globs.iter().map(|text| text.to_lowercase()).collect()
}
