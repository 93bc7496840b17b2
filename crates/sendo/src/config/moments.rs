//! Dates, times of day and time zones, as people write them.

use jiff::civil::{Date, Time};
use sendo_core::freeze::{Written, Zone, clock, date};

use super::Reading;
use super::place::Place;
use super::problem::Code;
use super::suggest;

/// A time zone by its name.
pub(super) fn zone(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Zone> {
    let refused = match Zone::new(text) {
        Ok(zone) => return Some(zone),
        Err(refused) => refused,
    };
    reading.problems.push(
        place
            .problem(Code::UnknownName, refused.to_string())
            .why("zones are named as in the IANA time zone database")
            .fix(like(text).unwrap_or_else(|| {
                "write one like `Asia/Tokyo`, `America/New_York` or `UTC`".to_owned()
            })),
    );
    None
}

/// The zone that was probably meant, as advice.
pub(crate) fn like(text: &str) -> Option<String> {
    let all = Zone::names();
    let known: Vec<&str> = all.iter().map(String::as_str).collect();
    let city = Zone::of_city(text).map(|name| format!("did you mean `{name}`?"));
    city.or_else(|| suggest::did_you_mean(text, &known))
}

/// A date such as `2026-12-28`, or a time of one, such as `2026-12-28T18:00`.
pub(super) fn instant(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Written> {
    let found = Written::read(text);
    if found.is_none() {
        let example = "2026-12-28` or `2026-12-28T18:00";
        refuse(text, "a date or a time", example, place, reading);
    }
    found
}

/// A time of day, such as `09:00`.
pub(super) fn hour(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Time> {
    let found = clock(text);
    if found.is_none() {
        refuse(text, "a time of day", "09:00", place, reading);
    }
    found
}

/// A date such as `2026-12-28`.
pub(super) fn day(text: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Date> {
    let found = date(text);
    if found.is_none() {
        refuse(text, "a date", "2026-11-23", place, reading);
    }
    found
}

fn refuse(text: &str, what: &str, example: &str, place: Place<'_>, reading: &mut Reading<'_>) {
    reading.problems.push(
        place
            .problem(Code::InvalidValue, format!("`{text}` is not {what}"))
            .fix(format!("write it like `{example}`")),
    );
}
