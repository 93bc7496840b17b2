//! Freezes against tables of instants, and against a clock that is read minute by minute.

use jiff::civil::{Date, DateTime, Time, Weekday};
use proptest::prelude::*;

use super::{Edge, Freeze, When, Zone, begins, closed, instant, never_open};
use crate::time::Timestamp;

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];
const NEW_YORK: &str = "America/New_York";
const TOKYO: &str = "Asia/Tokyo";

fn freeze(name: &str, zone: &str, when: When) -> Freeze {
    Freeze {
        name: name.to_owned(),
        reason: None,
        zone: Zone::new(zone).unwrap(),
        when,
        by: None,
    }
}

fn weekly(zone: &str, days: &[Weekday], from: &str, to: &str) -> Freeze {
    let (from, to) = (time(from), time(to));
    let days = days.to_vec();
    freeze("weekly", zone, When::Weekly { days, from, to })
}

fn dates(zone: &str, days: &[&str]) -> Freeze {
    let days: Vec<Date> = days.iter().map(|day| day.parse().unwrap()).collect();
    freeze("dates", zone, When::Dates(days))
}

fn period(zone: &str, from: &str, to: &str) -> Freeze {
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    freeze("period", zone, When::Period { from, to })
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = format!("{text}Z").parse().unwrap();
    Timestamp(at.as_microsecond())
}

/// At each instant it is frozen until the other, or open.
#[track_caller]
fn holds(freeze: &Freeze, table: &[(&str, Option<&str>)]) {
    for (now, until) in table {
        assert_eq!(freeze.closed_until(at(now)), until.map(at), "at {now}");
    }
}

#[test]
fn a_night_in_which_the_clocks_change_ends_by_the_new_time() {
    let nights = weekly(NEW_YORK, &WEEK, "18:00", "09:00");
    let table = [
        ("2026-03-07T13:59:59.999999", Some("2026-03-07T14:00")),
        ("2026-03-07T14:00", None),
        ("2026-03-07T22:59:59.999999", None),
        ("2026-03-07T23:00", Some("2026-03-08T13:00")),
        ("2026-03-08T07:00", Some("2026-03-08T13:00")),
        ("2026-03-08T21:59:59", None),
        ("2026-03-08T22:00", Some("2026-03-09T13:00")),
        ("2026-10-31T22:00", Some("2026-11-01T14:00")),
        ("2026-11-01T06:30", Some("2026-11-01T14:00")),
        ("2026-11-01T14:00", None),
        ("2026-11-01T22:59", None),
        ("2026-11-01T23:00", Some("2026-11-02T14:00")),
    ];
    holds(&nights, &table);
}

#[test]
fn what_begins_or_ends_in_an_hour_left_out_does_so_when_the_clocks_leap() {
    let sunday = |from, to| weekly(NEW_YORK, &[Weekday::Sunday], from, to);
    let leap = "2026-03-08T07:00";
    let before = "2026-03-08T06:59:59.999999";
    holds(
        &sunday("01:00", "02:30"),
        &[(before, Some(leap)), (leap, None)],
    );
    let later = Some("2026-03-08T08:00");
    holds(&sunday("02:30", "04:00"), &[(before, None), (leap, later)]);
    holds(&sunday("02:15", "02:45"), &[(before, None), (leap, None)]);
    holds(&sunday("02:00", "03:00"), &[(before, None), (leap, None)]);
}

#[test]
fn an_hour_that_comes_twice_is_frozen_until_its_second_time() {
    let sunday = |from, to| weekly(NEW_YORK, &[Weekday::Sunday], from, to);
    let until = Some("2026-11-01T06:45");
    let table = [
        ("2026-11-01T05:14:59", None),
        ("2026-11-01T05:15", until),
        ("2026-11-01T05:50", until),
        ("2026-11-01T06:05", until),
        ("2026-11-01T06:45", None),
    ];
    holds(&sunday("01:15", "01:45"), &table);
    let first = ("2026-11-01T04:59", Some("2026-11-01T05:00"));
    holds(
        &sunday("00:00", "01:00"),
        &[first, ("2026-11-01T05:00", None)],
    );
    let begins = ("2026-11-01T07:00", Some("2026-11-01T08:00"));
    holds(
        &sunday("02:00", "03:00"),
        &[("2026-11-01T06:59", None), begins],
    );
}

#[test]
fn midnight_may_be_left_out_or_come_late() {
    let zone = "America/Sao_Paulo";
    let table = [
        ("2018-11-04T02:59:59", None),
        ("2018-11-04T03:00", Some("2018-11-05T02:00")),
    ];
    holds(&dates(zone, &["2018-11-04"]), &table);
    let table = [
        ("2018-02-17T02:00", Some("2018-02-18T03:00")),
        ("2018-02-18T02:30", Some("2018-02-18T03:00")),
        ("2018-02-18T03:00", None),
    ];
    holds(&dates(zone, &["2018-02-17"]), &table);
    let table = [
        ("2018-02-18T02:59:59", None),
        ("2018-02-18T03:00", Some("2018-02-19T03:00")),
    ];
    holds(&dates(zone, &["2018-02-18"]), &table);
    let gone = [("2011-12-30T09:59", None), ("2011-12-30T10:00", None)];
    holds(&dates("Pacific/Apia", &["2011-12-30"]), &gone);
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let nights = weekly(TOKYO, &WEEK[..5], "18:00", "09:00");
    let table = [
        ("2026-11-20T08:59:59", None),
        ("2026-11-20T09:00", Some("2026-11-21T00:00")),
        ("2026-11-21T00:00", None),
        ("2026-11-22T23:59", None),
        ("2026-11-23T09:00", Some("2026-11-24T00:00")),
    ];
    holds(&nights, &table);
}

#[test]
fn a_date_is_where_its_clock_hangs() {
    let day = &["2026-01-01"];
    let table = [
        ("2025-12-31T09:59:59", None),
        ("2025-12-31T10:00", Some("2026-01-01T10:00")),
        ("2026-01-01T10:00", None),
    ];
    holds(&dates("Pacific/Kiritimati", day), &table);
    let table = [
        ("2026-01-01T11:59:59", None),
        ("2026-01-01T12:00", Some("2026-01-02T12:00")),
        ("2026-01-02T12:00", None),
    ];
    holds(&dates("Etc/GMT+12", day), &table);
}

#[test]
fn years_end_and_have_leap_days() {
    let year_end = period(TOKYO, "2026-12-28T00:00", "2027-01-05T00:00");
    let table = [
        ("2026-12-27T14:59:59.999999", None),
        ("2026-12-27T15:00", Some("2027-01-04T15:00")),
        ("2027-01-04T14:59:59.999999", Some("2027-01-04T15:00")),
        ("2027-01-04T15:00", None),
    ];
    holds(&year_end, &table);
    let leap = ("2028-02-29T12:00", Some("2028-03-01T00:00"));
    holds(
        &dates("UTC", &["2028-02-29"]),
        &[leap, ("2028-03-01T00:00", None)],
    );
    let all = ("2028-02-28T00:00", Some("2028-03-01T00:00"));
    holds(
        &period("UTC", "2028-02-28T00:00", "2028-03-01T00:00"),
        &[all],
    );
}

#[test]
fn windows_that_follow_each_other_are_one() {
    let days = dates(TOKYO, &["2026-11-21", "2026-11-22", "2026-11-23"]);
    holds(&days, &[("2026-11-20T15:00", Some("2026-11-23T15:00"))]);
    let weekend = weekly(TOKYO, &WEEK[5..], "00:00", "00:00");
    holds(&weekend, &[("2026-11-21T05:00", Some("2026-11-22T15:00"))]);
    let all = [weekly(TOKYO, &WEEK[..5], "18:00", "00:00"), weekend, days];
    let (longest, until) = closed(&all, at("2026-11-20T10:00")).unwrap();
    assert_eq!(
        (longest.name.as_str(), until),
        ("weekly", at("2026-11-23T15:00"))
    );
    let (longest, _) = closed(&all, at("2026-11-21T05:00")).unwrap();
    assert_eq!(longest.name, "dates");
}

#[test]
fn what_begins_within_a_day_is_known() {
    let nights = weekly(TOKYO, &WEEK, "18:00", "09:00");
    let year_end = period(TOKYO, "2026-11-24T16:00", "2026-11-25T00:00");
    let both = [nights, year_end];
    assert_eq!(
        begins(&both, at("2026-11-23T05:00")),
        Some(at("2026-11-23T09:00"))
    );
    assert_eq!(
        begins(&both, at("2026-11-24T05:00")),
        Some(at("2026-11-24T07:00"))
    );
    assert_eq!(begins(&[], at("2026-11-24T05:00")), None);
}

#[test]
fn weeks_without_an_opening_are_known() {
    let days = |days| weekly(TOKYO, days, "00:00", "00:00");
    assert!(never_open(&[days(&WEEK)]));
    assert!(never_open(&[days(&WEEK[..5]), days(&WEEK[5..])]));
    let nights = weekly(TOKYO, &WEEK, "18:00", "09:00");
    assert!(never_open(&[
        nights.clone(),
        weekly(TOKYO, &WEEK, "09:00", "18:00")
    ]));
    assert!(!never_open(&[
        nights,
        weekly(TOKYO, &WEEK, "09:01", "18:00")
    ]));
    assert!(!never_open(&[]));
}

#[test]
fn a_zone_is_one_of_the_built_in_tables() {
    assert_eq!(format!("{:?}", Zone::new("asia/tokyo").unwrap()), TOKYO);
    for unknown in ["", "Tokyo", "+09:00", "Etc/Unknown", "JST-9"] {
        assert!(Zone::new(unknown).is_err(), "{unknown}");
    }
    let names = Zone::names();
    assert!(names.len() > 400 && names.iter().all(|name| Zone::new(name).is_ok()));
}

/// Minutes of a clock: a reading for every minute of some days.
struct Clock {
    start: Timestamp,
    /// The lowest reading from each minute on, and the highest until then.
    spans: Vec<(DateTime, DateTime)>,
}

const MINUTE: i64 = 60_000_000;

impl Clock {
    fn read(zone: &str, start: Timestamp, minutes: i64) -> Self {
        let zone = Zone::new(zone).unwrap();
        let local = |n: i64| {
            let at = jiff::Timestamp::from_microsecond(start.0 + n * MINUTE).unwrap();
            zone.0.to_datetime(at)
        };
        let read: Vec<DateTime> = (0..minutes).map(local).collect();
        let mut spans: Vec<_> = read.iter().map(|read| (*read, *read)).collect();
        for n in 1..spans.len() {
            spans[n].1 = spans[n].1.max(spans[n - 1].1);
        }
        for n in (1..spans.len()).rev() {
            spans[n - 1].0 = spans[n - 1].0.min(spans[n].0);
        }
        Self { start, spans }
    }

    /// Whether any reading between the lowest yet to come and the highest so far is frozen.
    fn is_frozen(&self, when: &When, n: usize) -> bool {
        let (mut read, most) = self.spans[n];
        loop {
            if is_written(when, read) {
                return true;
            }
            if read >= most {
                return false;
            }
            read = read.checked_add(jiff::Span::new().minutes(1)).unwrap();
        }
    }
}

/// Whether a rule names what the clock reads.
fn is_written(when: &When, read: DateTime) -> bool {
    let (day, time) = (read.date(), read.time());
    match when {
        When::Period { from, to } => *from <= read && read < *to,
        When::Dates(dates) => dates.contains(&day),
        When::Weekly { days, from, to } if from < to => {
            days.contains(&day.weekday()) && *from <= time && time < *to
        }
        When::Weekly { days, from, to } => {
            let begun = days.contains(&day.weekday()) && *from <= time;
            begun || (days.contains(&day.yesterday().unwrap().weekday()) && time < *to)
        }
    }
}

/// Zones, each with a time shortly before its clocks change, if they do.
const PLACES: [(&str, &str); 9] = [
    (NEW_YORK, "2026-03-05T00:00"),
    (NEW_YORK, "2026-10-29T00:00"),
    ("Europe/London", "2026-10-22T00:00"),
    ("America/Sao_Paulo", "2018-02-15T00:00"),
    ("America/Sao_Paulo", "2018-11-01T00:00"),
    ("Australia/Lord_Howe", "2026-04-02T00:00"),
    (TOKYO, "2026-12-29T00:00"),
    ("Pacific/Kiritimati", "2028-02-26T00:00"),
    ("Asia/Kathmandu", "2027-02-26T00:00"),
];
const DAYS: i64 = 9;

/// A rule of windows within some days of a date.
fn rules(start: Date) -> impl Strategy<Value = When> {
    let day = move |n: i64| start.checked_add(jiff::Span::new().days(n)).unwrap();
    // Often right where clocks change.
    let minute = prop_oneof![2 => 0..240_u32, 1 => 0..1_440_u32];
    let time = minute.prop_map(|m| Time::new((m / 60) as i8, (m % 60) as i8, 0, 0).unwrap());
    let period =
        (0..DAYS, time.clone(), 0..3_i64, time.clone()).prop_map(move |(n, a, more, b)| {
            let (from, to) = (day(n).to_datetime(a), day(n + more).to_datetime(b));
            When::Period { from, to }
        });
    let weekly = (
        proptest::sample::subsequence(WEEK.to_vec(), 1..=7),
        time.clone(),
        time,
    );
    let weekly = weekly.prop_map(|(days, from, to)| When::Weekly { days, from, to });
    let dates = proptest::collection::vec(0..DAYS, 1..4);
    let dates = dates.prop_map(move |all| When::Dates(all.into_iter().map(day).collect()));
    prop_oneof![1 => period, 3 => weekly, 1 => dates]
}

fn cases() -> impl Strategy<Value = (usize, Vec<When>)> {
    (0..PLACES.len()).prop_flat_map(|place| {
        let start: DateTime = PLACES[place].1.parse().unwrap();
        let rules = proptest::collection::vec(rules(start.date()), 1..4);
        (Just(place), rules)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn it_is_what_a_clock_read_every_minute_says((place, rules) in cases()) {
        let (zone, start) = PLACES[place];
        let freezes: Vec<_> = rules.into_iter().map(|when| freeze("f", zone, when)).collect();
        prop_assume!(!never_open(&freezes));
        let clock = Clock::read(zone, at(start), DAYS * 1_440);
        let frozen: Vec<bool> = (0..clock.spans.len())
            .map(|n| freezes.iter().any(|freeze| clock.is_frozen(&freeze.when, n)))
            .collect();
        // Every change from both sides, and some minutes between.
        let mut next = None;
        for n in (0..frozen.len()).rev() {
            if !frozen[n] {
                next = Some(n);
            }
            if n % 97 != 0 && (n == 0 || frozen[n] == frozen[n - 1]) && frozen.get(n + 1) == Some(&frozen[n]) {
                continue;
            }
            let minute = |n: usize| Timestamp(clock.start.0 + i64::try_from(n).unwrap() * MINUTE);
            let said = closed(&freezes, minute(n)).map(|(_, until)| until);
            match next {
                Some(next) if next == n => prop_assert_eq!(said, None, "open at {}", n),
                Some(next) => prop_assert_eq!(said, Some(minute(next)), "frozen at {}", n),
                None => prop_assert!(said >= Some(minute(frozen.len())), "frozen to the end at {}", n),
            }
        }
    }
}

#[test]
fn the_next_window_is_the_one_that_holds_or_the_first_one_after_it() {
    let nights = weekly(TOKYO, &WEEK[..5], "18:00", "09:00");
    let days = dates("UTC", &["2026-11-03", "2026-11-04", "2027-02-11"]);
    let once = period("UTC", "2026-12-28T00:00", "2027-01-05T00:00");
    for (freeze, now, window) in [
        (
            &nights,
            "2026-04-03T10:00:00",
            Some(("2026-04-03T09:00:00", "2026-04-04T00:00:00")),
        ),
        (
            &nights,
            "2026-04-04T10:00:00",
            Some(("2026-04-06T09:00:00", "2026-04-07T00:00:00")),
        ),
        (
            &days,
            "2026-01-01T00:00:00",
            Some(("2026-11-03T00:00:00", "2026-11-05T00:00:00")),
        ),
        (
            &days,
            "2026-11-05T00:00:00",
            Some(("2027-02-11T00:00:00", "2027-02-12T00:00:00")),
        ),
        (&days, "2027-02-12T00:00:00", None),
        (
            &once,
            "2026-04-01T00:00:00",
            Some(("2026-12-28T00:00:00", "2027-01-05T00:00:00")),
        ),
        (&once, "2027-01-05T00:00:00", None),
    ] {
        let window = window.map(|(from, to)| (at(from), at(to)));
        assert_eq!(freeze.next_window(at(now)), window, "{now}");
    }
}

#[test]
fn a_side_of_a_window_is_read_by_the_clock_of_its_zone() {
    let tokyo = Zone::new(TOKYO).unwrap();
    for (text, from, to) in [
        ("2026-12-24", "2026-12-23T15:00:00", "2026-12-24T15:00:00"),
        (
            "2026-12-24T18:00",
            "2026-12-24T09:00:00",
            "2026-12-24T09:00:00",
        ),
        (
            "2026-12-24T18:00:05",
            "2026-12-24T09:00:05",
            "2026-12-24T09:00:05",
        ),
        (
            "2026-12-24T18:00+01:00",
            "2026-12-24T17:00:00",
            "2026-12-24T17:00:00",
        ),
        (
            "2026-12-24T18:00:30Z",
            "2026-12-24T18:00:30",
            "2026-12-24T18:00:30",
        ),
    ] {
        let sides = [Edge::From, Edge::To].map(|edge| instant(text, &tokyo, edge));
        assert_eq!(sides, [Some(at(from)), Some(at(to))], "{text}");
    }
    for wrong in [
        "",
        "soon",
        "2026-13-01",
        "24.12.2026",
        "2026-12-24T25:00",
        "2026-12-24T18:00:0",
        "2026-12-24T18:00+09:00[Asia/Tokyo]",
        "18:00",
    ] {
        assert_eq!(instant(wrong, &tokyo, Edge::From), None, "{wrong}");
    }
}
