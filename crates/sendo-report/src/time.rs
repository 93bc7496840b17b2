//! Points in time and spans, for people and for machines. Always UTC, and always said so.

use sendo_core::freeze::Zone;
use sendo_core::time::{Span, Timestamp};

use crate::Language;

/// `2026-04-01T09:30:00.25Z`: ISO 8601, for machines.
#[must_use]
pub fn iso(at: Timestamp) -> String {
    civil(at, "%Y-%m-%dT%H:%M:%S%.fZ")
}

/// `2026-04-01 09:30:00 UTC`, for people.
#[must_use]
pub fn date_time(at: Timestamp) -> String {
    civil(at, "%Y-%m-%d %H:%M:%S UTC")
}

/// `2026-04-01 18:30:00 Asia/Tokyo`, for people who asked for the clock of a zone.
#[must_use]
pub fn local(at: Timestamp, zone: &Zone) -> String {
    zone.local(at).map_or_else(
        || at.0.to_string(),
        |local| format!("{} {}", local.strftime("%Y-%m-%d %H:%M:%S"), zone.name()),
    )
}

/// `04-01 09:30`, for narrow tables whose heading says UTC.
#[must_use]
pub fn short(at: Timestamp) -> String {
    civil(at, "%m-%d %H:%M")
}

/// `09:30:00`, for the lines of a timeline.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    civil(at, "%H:%M:%S")
}

/// A span in its largest unit, or its two largest: `45 s`, `3 min 20 s`, `2 h 5 min`, `4 d`.
#[must_use]
pub fn span(span: Span, language: Language) -> String {
    let seconds = span.as_micros() / 1_000_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let [d, h, m, s] = match language {
        Language::En => [" d", " h", " min", " s"],
        Language::Ja => ["日", "時間", "分", "秒"],
    };
    let two = |large: i64, l: &str, small: i64, s: &str| match small {
        0 => format!("{large}{l}"),
        _ => format!("{large}{l} {small}{s}"),
    };
    let text = match seconds {
        0..60 => format!("{seconds}{s}"),
        60..3_600 => two(minutes, m, seconds % 60, s),
        3_600..86_400 => two(hours, h, minutes % 60, m),
        _ => two(days, d, hours % 24, h),
    };
    match language {
        Language::En => text,
        Language::Ja => text.replace(' ', ""),
    }
}

/// How long something has been so, in its largest unit: `3 min`.
#[must_use]
pub fn rough(since: Timestamp, now: Timestamp, language: Language) -> String {
    let passed = ((now - since).as_micros() / 1_000_000).max(0);
    let rough = match passed {
        0..60 => passed,
        60..3_600 => passed / 60 * 60,
        3_600..86_400 => passed / 3_600 * 3_600,
        _ => passed / 86_400 * 86_400,
    };
    span(
        Span::from_secs(u32::try_from(rough).unwrap_or(u32::MAX)),
        language,
    )
}

/// How long ago something was, roughly: `just now`, `3 min ago`.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp, language: Language) -> String {
    let just = (now - at).as_micros() < 5_000_000;
    match (just, language) {
        (true, Language::En) => "just now".to_owned(),
        (true, Language::Ja) => "数秒前".to_owned(),
        (false, Language::En) => format!("{} ago", rough(at, now, language)),
        (false, Language::Ja) => format!("{}前", rough(at, now, language)),
    }
}

/// A time outside the calendar (year 10000 and later) is shown as its microseconds.
fn civil(at: Timestamp, format: &str) -> String {
    jiff::Timestamp::from_microsecond(at.0)
        .map_or_else(|_| at.0.to_string(), |at| at.strftime(format).to_string())
}
