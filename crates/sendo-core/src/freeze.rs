//! Freezes: windows of time in which nothing is merged, written down in the configuration or
//! announced by people.
//!
//! A window is one stretch, whatever the clocks do meanwhile. It begins when the local clock first
//! reads its beginning or later, and ends when the clock will never again read less than its end: an
//! hour that comes twice is frozen until its second time is over, and one that is left out is frozen
//! neither before nor after. Time zones come from the tables that are built in, so the same
//! configuration means the same on every machine.

mod announced;
mod listed;
mod written;

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, ToSpan};

use crate::names::Principal;
use crate::time::Timestamp;

pub use announced::{Announced, MOST, Unfit, is_name};
pub use listed::{Configured, Holding, configured, holding};
pub use written::{Edge, Written, clock, date, instant};

/// At most so many windows that follow each other are joined. Beyond them a lane looks again.
const JOINED: usize = 1_000;
/// A Monday, for questions about weeks as such: microseconds since 1970.
const A_MONDAY: Timestamp = Timestamp(1_767_571_200_000_000);

/// Windows of time in which nothing is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// What people call it.
    pub name: String,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Where its clock hangs.
    pub zone: Zone,
    /// When.
    pub when: When,
    /// Who announced it; `None` when the configuration says it.
    pub by: Option<Principal>,
}

/// When it is frozen, by the local clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Once.
    Period {
        /// Its beginning.
        from: DateTime,
        /// Its end, which is open again.
        to: DateTime,
    },
    /// Every week.
    Weekly {
        /// On the days it begins.
        days: Vec<Weekday>,
        /// Its beginning.
        from: Time,
        /// Its end, which is open again; on the next day when it is not after the beginning.
        to: Time,
    },
    /// All of some days.
    Dates(Vec<Date>),
}

/// A time zone of the IANA database.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// There is no time zone of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone `{0}`")]
pub struct UnknownZone(pub String);

impl Zone {
    /// The zone of a name such as `Asia/Tokyo`; the case of its letters does not matter.
    ///
    /// # Errors
    /// [`UnknownZone`] when the built-in tables have none of that name.
    pub fn new(name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZoneDatabase::bundled().get(name).ok();
        zone.filter(|zone| !zone.is_unknown())
            .map(Self)
            .ok_or_else(|| UnknownZone(name.to_owned()))
    }

    /// UTC.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The names of all zones.
    #[must_use]
    pub fn names() -> Vec<String> {
        let all = TimeZoneDatabase::bundled();
        all.available().map(|name| name.to_string()).collect()
    }

    /// The zone of a city whose name somebody wrote instead, such as `tokyo`.
    #[must_use]
    pub fn of_city(city: &str) -> Option<String> {
        let city = city.replace(' ', "_");
        let last = |name: &str| name.rsplit('/').next().map(str::to_lowercase);
        let mut names = Self::names().into_iter();
        names.find(|name| last(name).as_deref() == Some(&city.to_lowercase()))
    }

    /// Its name, such as `Asia/Tokyo`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("?")
    }

    /// What the local clock reads; `None` outside the calendar.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> Option<DateTime> {
        let at = jiff::Timestamp::from_microsecond(at.0).ok()?;
        Some(self.0.to_datetime(at))
    }

    /// When the local clock first reads `local` or later.
    fn first(&self, local: DateTime) -> Option<jiff::Timestamp> {
        match self.0.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
            AmbiguousOffset::Gap { after, .. } => self.leap(after.to_timestamp(local).ok()?),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
        }
    }

    /// From when on the local clock never reads less than `local`.
    fn last(&self, local: DateTime) -> Option<jiff::Timestamp> {
        match self.0.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Fold { before, after } => {
                let second = after.to_timestamp(local).ok()?;
                // The clocks are put back to exactly this reading: they never fall below it.
                let earlier = second.checked_sub(SignedDuration::from_micros(1)).ok()?;
                if self.0.to_offset(earlier) == after {
                    Some(second)
                } else {
                    before.to_timestamp(local).ok()
                }
            }
            _ => self.first(local),
        }
    }

    /// The next time the clocks are put forward or back.
    fn leap(&self, after: jiff::Timestamp) -> Option<jiff::Timestamp> {
        self.0.following(after).next().map(|leap| leap.timestamp())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Freeze {
    /// When it opens again, windows that follow each other without a gap taken as one; `None` while
    /// it is open.
    #[must_use]
    pub fn closed_until(&self, now: Timestamp) -> Option<Timestamp> {
        joined(std::slice::from_ref(self), now)
    }

    /// Its windows around a point in time: all that hold it, and those that begin within a day.
    fn windows(&self, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        self.windows_until(now, 2)
    }

    /// The same, with those that begin some days later.
    fn windows_until(&self, now: Timestamp, later: i64) -> Vec<(Timestamp, Timestamp)> {
        let Some(now) = self.zone.local(now) else {
            return Vec::new();
        };
        let today = now.date();
        // A window may have begun yesterday, and clocks that are put back tell yesterday's date twice.
        let days = (-2..=later).filter_map(|n: i64| today.checked_add(n.days()).ok());
        let local: Vec<(DateTime, DateTime)> = match &self.when {
            When::Period { from, to } => vec![(*from, *to)],
            When::Weekly { days: on, from, to } => days
                .filter(|day| on.contains(&day.weekday()))
                .filter_map(|day| {
                    let end = if to > from { day } else { day.tomorrow().ok()? };
                    Some((day.to_datetime(*from), end.to_datetime(*to)))
                })
                .collect(),
            When::Dates(dates) => days
                .filter(|day| dates.contains(day))
                .filter_map(|day| {
                    let end = day.tomorrow().ok()?;
                    Some((DateTime::from(day), DateTime::from(end)))
                })
                .collect(),
        };
        let at = |at: jiff::Timestamp| Timestamp(at.as_microsecond());
        local
            .into_iter()
            .filter_map(|(from, to)| Some((at(self.zone.first(from)?), at(self.zone.last(to)?))))
            .collect()
    }
}

/// The freeze that closes a lane longest now, and when the lane opens again: once none of them
/// closes it. `None` while it is open.
#[must_use]
pub fn closed(freezes: &[Freeze], now: Timestamp) -> Option<(&Freeze, Timestamp)> {
    let longest = freezes
        .iter()
        .filter_map(|freeze| Some((freeze, freeze.closed_until(now)?)))
        // Of two that end together, the one that stands first.
        .reduce(|one, other| if other.1 > one.1 { other } else { one })?;
    Some((longest.0, joined(freezes, now)?))
}

/// When the next window begins, if that is within a day.
#[must_use]
pub fn begins(freezes: &[Freeze], now: Timestamp) -> Option<Timestamp> {
    let windows = freezes.iter().flat_map(|freeze| freeze.windows(now));
    let begin = |(from, to): (Timestamp, Timestamp)| (from > now && to > from).then_some(from);
    windows.filter_map(begin).min()
}

/// Whether those that come every week leave no time at all.
#[must_use]
pub fn never_open(freezes: &[Freeze]) -> bool {
    let weekly = |freeze: &&Freeze| matches!(freeze.when, When::Weekly { .. });
    let weekly: Vec<Freeze> = freezes.iter().filter(weekly).cloned().collect();
    let mut now = A_MONDAY;
    // What is closed for months on end, week after week, never opens.
    for _ in 0..JOINED {
        match end(&weekly, now) {
            Some(until) => now = until,
            None => return false,
        }
    }
    true
}

fn joined(freezes: &[Freeze], now: Timestamp) -> Option<Timestamp> {
    let mut until = end(freezes, now)?;
    for _ in 1..JOINED {
        match end(freezes, until) {
            Some(later) => until = later,
            None => break,
        }
    }
    Some(until)
}

/// The latest end of the windows that hold a point in time.
fn end(freezes: &[Freeze], now: Timestamp) -> Option<Timestamp> {
    let windows = freezes.iter().flat_map(|freeze| freeze.windows(now));
    let holding = windows.filter(|(from, to)| *from <= now && now < *to);
    holding.map(|(_, to)| to).max()
}

#[cfg(test)]
mod tests;
