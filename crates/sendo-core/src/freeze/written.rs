//! Dates and times, as people write them.

use jiff::civil::{Date, DateTime, Time};

use super::Zone;
use crate::time::Timestamp;

/// A date, or a time of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All of a day.
    Day(Date),
    /// A time.
    Time(DateTime),
}

/// Which side of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its beginning.
    From,
    /// Its end: a date means through the end of that day.
    To,
}

impl Written {
    /// A date such as `2026-12-28`, or a time of one, such as `2026-12-28T18:00`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let time = || {
            let (day, hour) = text.split_once(['T', ' '])?;
            let hour = clock(hour).or_else(|| to_the_second(hour))?;
            Some(Self::Time(date(day)?.to_datetime(hour)))
        };
        date(text).map(Self::Day).or_else(time)
    }

    /// The time that is meant at this side of a window; `None` past the end of the calendar.
    #[must_use]
    pub fn at(self, edge: Edge) -> Option<DateTime> {
        match (self, edge) {
            (Self::Time(at), _) => Some(at),
            (Self::Day(day), Edge::From) => Some(DateTime::from(day)),
            (Self::Day(day), Edge::To) => Some(DateTime::from(day.tomorrow().ok()?)),
        }
    }
}

/// When a side of a window is, by the clock of a zone unless the text has an offset of its own:
/// `2026-12-24`, `2026-12-24T18:00` or RFC 3339.
#[must_use]
pub fn instant(text: &str, zone: &Zone, edge: Edge) -> Option<Timestamp> {
    let local = || {
        let local = Written::read(text)?.at(edge)?;
        match edge {
            Edge::From => zone.first(local),
            Edge::To => zone.last(local),
        }
    };
    // A zone of its own in brackets would speak against the one that was named.
    let absolute = || text.parse().ok().filter(|_| !text.contains('['));
    let at = absolute().or_else(local)?;
    Some(Timestamp(jiff::Timestamp::as_microsecond(at)))
}

/// `2026-12-28`, and nothing shorter.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    (text.len() == "2026-12-28".len())
        .then(|| Date::strptime("%Y-%m-%d", text).ok())
        .flatten()
}

/// `09:00:00`, and nothing shorter: what a browser's own field may send.
fn to_the_second(text: &str) -> Option<Time> {
    (text.len() == "09:00:00".len())
        .then(|| Time::strptime("%H:%M:%S", text).ok())
        .flatten()
}

/// `09:00`, and nothing shorter.
#[must_use]
pub fn clock(text: &str) -> Option<Time> {
    (text.len() == "09:00".len())
        .then(|| Time::strptime("%H:%M", text).ok())
        .flatten()
}
