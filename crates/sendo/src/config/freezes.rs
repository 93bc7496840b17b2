//! `freezes:` when nothing is merged, where.

use jiff::civil::{Time, Weekday};
use schemars::JsonSchema;
use sendo_core::freeze::{self, Edge, Freeze, When};
use sendo_core::routing::matches;
use sendo_core::subject::LaneId;
use serde::Deserialize;

use super::glob::Known;
use super::moments::{day, hour, instant, zone};
use super::place::Place;
use super::problem::Code;
use super::{Lane, Reading};

/// A time in which nothing is merged: `from` and `to`, or `days` and `between`, or `dates`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Freeze")]
pub(crate) struct FreezeShape {
    /// What people call it.
    name: Option<String>,
    /// Why, for those who wait.
    reason: Option<String>,
    /// The time zone of its times, such as `Asia/Tokyo` or `UTC`.
    zone: Option<String>,
    /// Once: the first day, such as `2026-12-28`, or a time, such as `2026-12-28T18:00`.
    from: Option<String>,
    /// Once: the last day, all of it; or the time at which it is open again.
    to: Option<String>,
    /// Every week: the days on which it begins; every day when `between` stands alone.
    days: Option<Vec<DayShape>>,
    /// Every week: from a time to another, on the next day when that is earlier; all day when left out.
    between: Option<Vec<String>>,
    /// All day on these dates.
    dates: Option<Vec<String>>,
    /// Globs over applications; all when left out.
    applications: Option<Vec<String>>,
    /// Globs over environments; all when left out.
    environments: Option<Vec<String>>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Day")]
pub(crate) enum DayShape {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl From<DayShape> for Weekday {
    fn from(shape: DayShape) -> Self {
        match shape {
            DayShape::Mon => Self::Monday,
            DayShape::Tue => Self::Tuesday,
            DayShape::Wed => Self::Wednesday,
            DayShape::Thu => Self::Thursday,
            DayShape::Fri => Self::Friday,
            DayShape::Sat => Self::Saturday,
            DayShape::Sun => Self::Sunday,
        }
    }
}

/// A checked rule.
pub(crate) struct Rule {
    freeze: Freeze,
    applications: Vec<String>,
    environments: Vec<String>,
}

/// The checked rules.
pub(crate) fn resolve(
    shapes: &[FreezeShape],
    known: &Known<'_>,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Vec<Rule> {
    let shapes = shapes.iter().enumerate();
    shapes
        .filter_map(|(index, shape)| shape.resolve(known, place.index(index), reading))
        .collect()
}

/// Gives each lane the rules that mean it. One for which nothing is left of the week is a problem.
pub(crate) fn give(
    rules: &[Rule],
    lanes: &mut [Lane],
    place: Place<'_>,
    reading: &mut Reading<'_>,
) {
    for lane in lanes {
        lane.rules.freezes = of_lane(rules, &lane.rules.lane);
        if freeze::never_open(&lane.rules.freezes) {
            reading.problems.push(
                place
                    .problem(
                        Code::Contradiction,
                        format!("nothing could ever be merged in {}", lane.rules.lane),
                    )
                    .why("the freezes that come every week leave no time between them")
                    .fix("shorten one of them, or limit it with `environments`"),
            );
            return;
        }
    }
}

fn of_lane(rules: &[Rule], lane: &LaneId) -> Vec<Freeze> {
    let means = |rule: &&Rule| {
        matches(&rule.applications, lane.application.as_str())
            && matches(&rule.environments, lane.environment.as_str())
    };
    let rules = rules.iter().filter(means);
    rules.map(|rule| rule.freeze.clone()).collect()
}

impl FreezeShape {
    fn resolve(
        &self,
        known: &Known<'_>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Rule> {
        let applications = known.applications(self.applications.as_deref(), place, reading);
        let environments = known.environments(self.environments.as_deref(), place, reading);
        let name = needed(
            "name",
            self.name.as_ref(),
            "`name: year-end`",
            place,
            reading,
        );
        let zone = needed(
            "zone",
            self.zone.as_ref(),
            "`zone: Asia/Tokyo`",
            place,
            reading,
        )
        .and_then(|text| zone(text, place.key("zone"), reading));
        let when = self.when(place, reading);
        let freeze = Freeze {
            name: name?.clone(),
            reason: self.reason.clone(),
            zone: zone?,
            when: when?,
            by: None,
        };
        if freeze::never_open(std::slice::from_ref(&freeze)) {
            reading.problems.push(
                place
                    .problem(Code::InvalidValue, "this freeze never ends")
                    .why("it is every day, and all day")
                    .fix("leave out some `days`, or say `between` which times"),
            );
            return None;
        }
        Some(Rule {
            freeze,
            applications,
            environments,
        })
    }

    fn when(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<When> {
        // What is written and could not be read was refused before.
        let is = |key| place.key(key).is_written();
        let (once, weekly) = (is("from") || is("to"), is("days") || is("between"));
        match (once, weekly, is("dates")) {
            (true, false, false) => self.period(place, reading),
            (false, true, false) => self.week(place, reading),
            (false, false, true) => whole_days(self.dates.as_deref()?, place.key("dates"), reading),
            (false, false, false) => {
                reading.problems.push(
                    place
                        .problem(Code::MissingKey, "this freeze does not say when")
                        .fix("add `from` and `to`, or `days` and `between`, or `dates`"),
                );
                None
            }
            _ => {
                reading.problems.push(
                    place
                        .problem(Code::Contradiction, "this freeze says twice when")
                        .why("it is `from` and `to`, or `days` and `between`, or `dates`")
                        .fix("write a freeze for each"),
                );
                None
            }
        }
    }

    fn period(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<When> {
        let from = needed(
            "from",
            self.from.as_ref(),
            "`from: 2026-12-28`",
            place,
            reading,
        );
        let to = needed("to", self.to.as_ref(), "`to: 2027-01-04`", place, reading);
        let from = from.and_then(|text| instant(text, place.key("from"), reading));
        let to = to.and_then(|text| instant(text, place.key("to"), reading));
        let (from, to) = (from?.at(Edge::From)?, to?.at(Edge::To)?);
        if to <= from {
            reading.problems.push(
                place
                    .key("to")
                    .problem(Code::InvalidValue, "this freeze is over before it begins")
                    .why("`to` is not after `from`")
                    .fix("exchange them, or correct one of them"),
            );
            return None;
        }
        Some(When::Period { from, to })
    }

    fn week(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<When> {
        let refused = |key: &str, read: bool| !read && place.key(key).is_written();
        if refused("days", self.days.is_some()) || refused("between", self.between.is_some()) {
            return None;
        }
        let days: Vec<Weekday> = match &self.days {
            Some(days) => days.iter().copied().map(Weekday::from).collect(),
            None => Weekday::Monday.cycle_forward().take(7).collect(),
        };
        if days.is_empty() {
            nothing("days", "`days: [sat, sun]`", place.key("days"), reading);
            return None;
        }
        let (from, to) = match &self.between {
            None => (Time::midnight(), Time::midnight()),
            Some(two) => hours(two, place.key("between"), reading)?,
        };
        Some(When::Weekly { days, from, to })
    }
}

fn hours(two: &[String], place: Place<'_>, reading: &mut Reading<'_>) -> Option<(Time, Time)> {
    let [from, to] = two else {
        reading.problems.push(
            place
                .problem(Code::InvalidValue, "`between` is two times")
                .fix("write it like `between: [\"18:00\", \"09:00\"]`"),
        );
        return None;
    };
    if from == to {
        reading.problems.push(
            place
                .problem(Code::InvalidValue, "this freeze ends when it begins")
                .why("the two times of `between` are the same")
                .fix("leave `between` out for whole days, or correct one of them"),
        );
        return None;
    }
    // The end of a day is the beginning of the next.
    let end = if to == "24:00" { "00:00" } else { to };
    let from = hour(from, place.index(0), reading);
    let to = hour(end, place.index(1), reading);
    Some((from?, to?))
}

fn whole_days(dates: &[String], place: Place<'_>, reading: &mut Reading<'_>) -> Option<When> {
    if dates.is_empty() {
        nothing("dates", "`dates: [2026-11-23]`", place, reading);
        return None;
    }
    let mut days = Vec::new();
    for (index, text) in dates.iter().enumerate() {
        days.extend(day(text, place.index(index), reading));
    }
    (days.len() == dates.len()).then_some(When::Dates(days))
}

/// What must be written, or a problem.
fn needed<'a>(
    key: &str,
    text: Option<&'a String>,
    example: &str,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<&'a String> {
    let blank = text.is_some_and(|text| text.trim().is_empty());
    if blank || (text.is_none() && !place.key(key).is_written()) {
        reading.problems.push(
            place
                .key(key)
                .problem(Code::MissingKey, format!("this freeze has no `{key}`"))
                .fix(format!("add it: {example}")),
        );
    }
    text.filter(|_| !blank)
}

fn nothing(key: &str, example: &str, place: Place<'_>, reading: &mut Reading<'_>) {
    reading.problems.push(
        place
            .problem(Code::MissingKey, format!("`{key}` names none"))
            .why("it would freeze nothing")
            .fix(format!("name at least one, such as {example}")),
    );
}
