//! When a sync window is open: cron schedules and durations as Argo CD reads them. Pure.
//!
//! Argo CD parses schedules with `robfig/cron/v3` (minute, hour, day of month, month, day of week; no
//! seconds, no `@daily`) and durations with Go's `time.ParseDuration`. Both grammars are small, and only
//! the same one gives the same answer, so they are read here as they are there, odd corners included:
//! `N/S` runs to the end of the field, `*/1` counts as a star and `*/2` does not, a day matches by either
//! of its fields unless one is a star.

use jiff::civil::DateTime;
use jiff::{Span, ToSpan as _};

/// How far back an opening is looked for, in days. A window that has been open for longer is not known.
const LONGEST: i64 = 3_700;

/// A schedule in cron's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether one of the two fields of days was a star.
    any_day: bool,
}

/// What one field may hold.
struct Field {
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const MINUTE: Field = Field::new(0, 59, &[]);
const HOUR: Field = Field::new(0, 23, &[]);
const DAY: Field = Field::new(1, 31, &[]);
const MONTH: Field = Field::new(
    1,
    12,
    &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
);
const WEEKDAY: Field = Field::new(0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]);

impl Schedule {
    /// Reads five fields; `None` where Argo CD could not read them either.
    pub(super) fn read(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return None;
        };
        let (days, any_date) = DAY.read(day)?;
        let (weekdays, any_weekday) = WEEKDAY.read(weekday)?;
        Some(Self {
            minutes: MINUTE.read(minute)?.0,
            hours: HOUR.read(hour)?.0,
            days,
            months: MONTH.read(month)?.0,
            weekdays,
            any_day: any_date || any_weekday,
        })
    }

    /// Whether a window that opens by this schedule is open: whether it opened after `now - length` and
    /// before `now`, to the second, as `SyncWindow.active` has it.
    pub(super) fn is_open(&self, now: DateTime, length: Length) -> bool {
        let Ok(since) = now.checked_sub(length.span()) else {
            return false;
        };
        let mut date = now.date();
        for _ in 0..LONGEST {
            if date < since.date() {
                return false;
            }
            if self.matches(date) && self.opens(date, since, now) {
                return true;
            }
            let Ok(before) = date.yesterday() else {
                return false;
            };
            date = before;
        }
        false
    }

    fn matches(&self, date: jiff::civil::Date) -> bool {
        let has = |bits: u64, at: i8| bits >> at.unsigned_abs() & 1 == 1;
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month())
            && match self.any_day {
                true => day && weekday,
                false => day || weekday,
            }
    }

    /// Whether it opens on a day, between two moments.
    fn opens(&self, date: jiff::civil::Date, since: DateTime, now: DateTime) -> bool {
        // It opens on whole minutes and is looked for from the second after.
        let since = since.with().subsec_nanosecond(0).build().unwrap_or(since);
        let bits = |bits: u64, most: i8| (0..=most).filter(move |at| bits >> at & 1 == 1);
        bits(self.hours, 23).any(|hour| {
            bits(self.minutes, 59).any(|minute| {
                let at = date.at(hour, minute, 0, 0);
                since < at && at < now
            })
        })
    }
}

impl Field {
    const fn new(least: u32, most: u32, names: &'static [&'static str]) -> Self {
        Self { least, most, names }
    }

    /// The values it chooses as bits, and whether one of its parts was a star.
    fn read(&self, text: &str) -> Option<(u64, bool)> {
        let mut all = (0, false);
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (bits, star) = self.part(part)?;
            all = (all.0 | bits, all.1 || star);
        }
        Some(all)
    }

    fn part(&self, text: &str) -> Option<(u64, bool)> {
        let mut halves = text.split('/');
        let (range, step, rest) = (halves.next()?, halves.next(), halves.next());
        let mut ends = range.split('-');
        let (low, high, more) = (ends.next()?, ends.next(), ends.next());
        let mut star = matches!(low, "*" | "?");
        let (start, mut end) = match (star, high, more) {
            (true, ..) => (self.least, self.most),
            (false, None, _) => (self.value(low)?, self.value(low)?),
            (false, Some(high), None) => (self.value(low)?, self.value(high)?),
            (false, Some(_), Some(_)) => return None,
        };
        let step = match (step, rest) {
            (None, _) => 1,
            (Some(step), None) => {
                if high.is_none() {
                    end = self.most;
                }
                step.parse::<u32>().ok()?
            }
            (Some(_), Some(_)) => return None,
        };
        star &= step <= 1;
        let sound = start >= self.least && end <= self.most && start <= end && step > 0;
        let bits = |bits: u64, at: u32| bits | 1 << at;
        sound.then(|| {
            let chosen = (start..=end).step_by(usize::try_from(step).unwrap_or(usize::MAX));
            (chosen.fold(0, bits), star)
        })
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = |name: &&str| name.eq_ignore_ascii_case(text);
        match self.names.iter().position(named) {
            Some(at) => u32::try_from(at).ok().map(|at| at + self.least),
            None => text.parse().ok(),
        }
    }
}

/// How long a window stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    nanoseconds: i64,
}

impl Length {
    /// Reads a duration of Go, such as `1h30m`; `None` where Go could not read it either.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(Self { nanoseconds: 0 });
        }
        if rest.is_empty() {
            return None;
        }
        let mut nanoseconds: i64 = 0;
        while !rest.is_empty() {
            let digits = |c: char| c.is_ascii_digit() || c == '.';
            let number = rest.find(|c| !digits(c))?;
            let (number, after) = rest.split_at(number);
            let unit = after.find(digits).unwrap_or(after.len());
            let (unit, after) = after.split_at(unit);
            nanoseconds = nanoseconds.checked_add(part(number, unit)?)?;
            rest = after;
        }
        Some(Self {
            nanoseconds: if negative { -nanoseconds } else { nanoseconds },
        })
    }

    fn span(self) -> Span {
        Span::new()
            .try_nanoseconds(self.nanoseconds)
            .unwrap_or_else(|_| 0.nanoseconds())
    }
}

/// One number and its unit, in nanoseconds.
fn part(number: &str, unit: &str) -> Option<i64> {
    let unit: i64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let parsed = |digits: &str| match digits {
        "" => Some(0),
        digits => digits.parse::<i64>().ok(),
    };
    // More digits than these are less than a nanosecond.
    let fraction = fraction.get(..15).unwrap_or(fraction);
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = i128::from(parsed(fraction)?) * i128::from(unit) / scale;
    let whole = parsed(whole)?.checked_mul(unit)?;
    whole.checked_add(i64::try_from(part).ok()?)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{DateTime, date};
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::{Length, Schedule};

    fn open(schedule: &str, length: &str, now: DateTime) -> bool {
        let length = Length::read(length).unwrap();
        Schedule::read(schedule).unwrap().is_open(now, length)
    }

    #[test]
    fn a_window_is_open_from_after_its_moment_for_its_length() {
        let at = |hour, minute, second| date(2026, 11, 27).at(hour, minute, second, 0);
        let nine_to_five = |now| open("0 9 * * 1-5", "8h", now);
        assert!(!nine_to_five(at(9, 0, 0)));
        assert!(nine_to_five(at(9, 0, 1)));
        assert!(nine_to_five(at(16, 59, 59)));
        assert!(!nine_to_five(at(17, 0, 0)));
        // The 28th is a Saturday.
        assert!(!nine_to_five(date(2026, 11, 28).at(10, 0, 0, 0)));
        // Over midnight, from Friday.
        assert!(open(
            "0 22 * * fri",
            "12h",
            date(2026, 11, 28).at(9, 59, 0, 0)
        ));
        assert!(!open(
            "0 22 * * fri",
            "12h",
            date(2026, 11, 28).at(10, 0, 0, 0)
        ));
        // Always.
        assert!(open("* * * * *", "1h", at(3, 7, 0)));
    }

    #[test]
    fn days_match_as_in_robfig_cron() {
        let on =
            |schedule: &str, day| open(schedule, "23h59m", date(2026, 11, day).at(23, 58, 0, 0));
        // By either of two fields, unless one is a star; `*/2` is none, `*/1` is.
        assert!(on("0 0 13 * fri", 13) && on("0 0 13 * fri", 20));
        assert!(on("0 0 13 * *", 13) && !on("0 0 13 * *", 20));
        assert!(on("0 0 13 * */1", 13) && !on("0 0 13 * */1", 20));
        // The 19th is a Thursday: `*/2` chooses Sunday, Tuesday, Thursday and Saturday.
        assert!(on("0 0 13 * */2", 19) && !on("0 0 13 * */2", 20));
        // From a number with a step to the end of the field.
        assert!(on("0 0 10/5 * *", 25) && !on("0 0 10/5 * *", 26));
        assert!(on("0 0 * nov ?", 3) && !on("0 0 * DEC ?", 3));
    }

    #[test]
    fn what_argo_cd_cannot_read_is_not_read() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "5-1 * * * *",
            "1-2-3 * * * *",
            "*/0 * * * *",
            "1/2/3 * * * *",
            "@daily",
            "x * * * *",
            "-1 * * * *",
            "TZ=UTC * * * * *",
        ] {
            assert_eq!(Schedule::read(text), None, "{text}");
        }
        for text in [
            "", "1", "h", "1x", "1h 2m", ".h", "1.2.3h", "9999999h", "- 1h", "1d",
        ] {
            assert_eq!(Length::read(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_are_those_of_go() {
        let nanoseconds = |text: &str| Length::read(text).unwrap().nanoseconds;
        assert_eq!(nanoseconds("1h30m"), 5_400_000_000_000);
        assert_eq!(nanoseconds("1.5h"), nanoseconds("90m"));
        assert_eq!(nanoseconds(".5s"), nanoseconds("500ms"));
        assert_eq!(nanoseconds("-1m"), -60_000_000_000);
        assert_eq!(nanoseconds("0"), 0);
        assert_eq!(nanoseconds("2us3ns"), 2_003);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), field in "[0-9*/?,a-z -]{0,12}", length in "[0-9.hmsun-]{0,24}") {
            let _ = Schedule::read(&text);
            let _ = Length::read(&text);
            let now = date(2026, 11, 27).at(9, 0, 0, 0);
            let schedule = Schedule::read(&format!("{field} * 31 feb *"));
            if let (Some(schedule), Some(length)) = (schedule, Length::read(&length)) {
                let _ = schedule.is_open(now, length);
            }
        }
    }
}
