//! Freezes that somebody announced while the server runs.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::{Freeze, When, Zone};
use crate::act::Area;
use crate::names::Principal;
use crate::time::{Span, Timestamp};

/// At most so many are announced for one area.
pub const MOST: usize = 50;
/// The longest one lasts: a year, and a leap day.
const LONGEST: Span = Span::from_secs(366 * 24 * 60 * 60);
/// At most so many characters in a name.
const NAME: usize = 60;

/// A window of time that somebody announced for an area. Its name is its own within the area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// What is closed in it.
    pub area: Area,
    /// What people call it; see [`is_name`].
    pub name: String,
    /// Who announced it.
    pub by: Principal,
    /// Why, in their words.
    pub reason: String,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end, which is open again.
    pub to: Timestamp,
}

/// Why a window cannot be announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It ends before it begins, or right then.
    Backwards,
    /// It ended already.
    Over,
    /// It is longer than a year.
    TooLong,
}

impl Unfit {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Backwards => "ends_before_it_begins",
            Self::Over => "already_over",
            Self::TooLong => "too_long",
        }
    }
}

impl Announced {
    /// Whether its window can be announced at some time.
    ///
    /// # Errors
    /// [`Unfit`] says why not.
    pub fn check(&self, now: Timestamp) -> Result<(), Unfit> {
        // One that begins now unless somebody says otherwise is not to be turned round.
        if self.to <= now && self.from >= now {
            Err(Unfit::Over)
        } else if self.to <= self.from {
            Err(Unfit::Backwards)
        } else if self.to <= now {
            Err(Unfit::Over)
        } else if self.to - self.from > LONGEST {
            Err(Unfit::TooLong)
        } else {
            Ok(())
        }
    }
}

/// Whether a freeze can be announced under a name: 1 to 60 letters, digits, `-`, `_` and `.`, the
/// first no `-`, so that it is typed as it is.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=NAME).contains(&text.chars().count()) && text.chars().all(fits) && !text.starts_with('-')
}

impl From<Announced> for Freeze {
    fn from(announced: Announced) -> Self {
        let local = |at, otherwise| Zone::UTC.local(at).unwrap_or(otherwise);
        let (from, to) = (announced.from, announced.to);
        Self {
            name: announced.name,
            reason: Some(announced.reason),
            zone: Zone::UTC,
            when: When::Period {
                from: local(from, DateTime::MIN),
                to: local(to, DateTime::MAX),
            },
            by: Some(announced.by),
        }
    }
}
