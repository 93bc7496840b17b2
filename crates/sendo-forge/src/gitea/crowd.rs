//! Change requests that wait to be merged into one base, within this process.
//!
//! After every merge Gitea finds out anew, one by one, whether each of the others can be merged. Where
//! many wait, one of them can be long before most of them can, and nobody knows which. So none of them
//! stands and waits: who cannot be merged yet makes room for the others and comes back soon.
//!
//! Owns how soon, not correctness: of other processes nothing is known here, and nothing has to be.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sendo_core::names::Repository;
use sendo_git::RefName;

/// Who was not heard of for this long waits no more.
const GONE: Duration = Duration::from_secs(180);
/// What each of those who wait adds to the pause of all: between the least and the most pause, all of
/// them together ask Gitea some twelve times a second.
const EACH: Duration = Duration::from_millis(80);
/// The pause of those who wait, at the least and at the most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));
/// Where nothing moves, the pause is this part of how long that has been so, and no longer than two
/// minutes: an effect may be tried a thousand times, and has a day.
const STALLED: (u32, Duration) = (8, Duration::from_secs(120));
/// One that waits for this long, and for as much longer as Gitea takes for each of the others, may be
/// in conflict.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_millis(300));

/// What a change request is merged into, and how.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) base: RefName,
    pub(super) style: &'static str,
}

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Crowds(Mutex<BTreeMap<(Repository, u64), Waiting>>);

#[derive(Debug)]
struct Waiting {
    way: Way,
    /// When it was last told that it cannot be merged yet.
    told: Instant,
    /// When it was last looked at, or began to wait.
    looked: Instant,
    /// When one was last merged into the same base, or it began to wait.
    moved: Instant,
}

/// What one does that cannot be merged yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is alone: it stays.
    Stays,
    /// It makes room for others, and comes back after this.
    Returns(Duration),
    /// It has waited for so long that it is looked at whether it is in conflict; if not, it returns.
    IsLookedAt(Duration),
}

impl Crowds {
    /// How one is merged that waits here.
    pub(super) fn way(&self, repository: &Repository, number: u64) -> Option<Way> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = all.get(&(repository.clone(), number))?;
        Some(waiting.way.clone())
    }

    /// It cannot be merged yet.
    pub(super) fn later(&self, repository: &Repository, number: u64, way: &Way) -> Place {
        self.later_at(repository, number, way, Instant::now())
    }

    fn later_at(&self, repository: &Repository, number: u64, way: &Way, now: Instant) -> Place {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, waiting| now.duration_since(waiting.told) < GONE);
        let of_base = all.iter().filter(|((of, other), waiting)| {
            of == repository && *other != number && waiting.way.base == way.base
        });
        let others = u32::try_from(of_base.count()).unwrap_or(u32::MAX);
        let key = (repository.clone(), number);
        let waiting = all.entry(key).or_insert_with(|| Waiting {
            way: way.clone(),
            told: now,
            looked: now,
            moved: now,
        });
        waiting.told = now;
        if others == 0 {
            return Place::Stays;
        }
        let stalled = now.duration_since(waiting.moved) / STALLED.0;
        let pause = EACH.saturating_mul(others).clamp(PAUSE.0, PAUSE.1);
        let pause = pause.max(stalled.min(STALLED.1));
        let patience = PATIENCE.0 + PATIENCE.1.saturating_mul(others.min(100));
        if now.duration_since(waiting.looked) < patience {
            return Place::Returns(pause);
        }
        waiting.looked = now;
        Place::IsLookedAt(pause)
    }

    /// One was merged into this base, so the others may be soon.
    pub(super) fn moved(&self, repository: &Repository, base: &RefName) {
        self.moved_at(repository, base, Instant::now());
    }

    fn moved_at(&self, repository: &Repository, base: &RefName, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((of, _), waiting) in all.iter_mut() {
            if of == repository && waiting.way.base == *base {
                waiting.moved = now;
            }
        }
    }

    /// It was merged, or something else came of it.
    pub(super) fn leave(&self, repository: &Repository, number: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&(repository.clone(), number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd() -> (Crowds, Repository, Way, Instant) {
        let way = Way {
            base: RefName::branch("main").unwrap(),
            style: "merge",
        };
        let repository = "here:acme/manifests".parse().unwrap();
        (Crowds::default(), repository, way, Instant::now())
    }

    #[test]
    fn one_that_is_alone_stays() {
        let (crowds, repository, way, now) = crowd();
        let other = Way {
            base: RefName::branch("other").unwrap(),
            ..way.clone()
        };
        let elsewhere = "here:acme/others".parse().unwrap();
        crowds.later_at(&repository, 2, &other, now);
        crowds.later_at(&elsewhere, 3, &way, now);
        assert_eq!(crowds.later_at(&repository, 1, &way, now), Place::Stays);
        assert_eq!(crowds.later_at(&repository, 1, &way, now), Place::Stays);
    }

    #[test]
    fn the_more_there_are_the_longer_is_the_pause_of_each() {
        let (crowds, repository, way, now) = crowd();
        let turns: Vec<Place> = (1..=300)
            .map(|number| crowds.later_at(&repository, number, &way, now))
            .collect();
        assert_eq!(turns[1], Place::Returns(PAUSE.0));
        assert_eq!(turns[50], Place::Returns(EACH * 50));
        assert_eq!(turns[299], Place::Returns(PAUSE.1));
    }

    #[test]
    fn one_that_waits_for_long_is_looked_at_now_and_then() {
        let (crowds, repository, way, now) = crowd();
        let mut looked = 0;
        for second in 0..60 {
            let now = now + Duration::from_secs(second);
            crowds.later_at(&repository, 1, &way, now);
            let turn = crowds.later_at(&repository, 2, &way, now);
            looked += u64::from(matches!(turn, Place::IsLookedAt(_)));
        }
        assert_eq!(looked, 9, "every six seconds");
    }

    #[test]
    fn where_nothing_is_merged_the_pause_grows_until_something_is() {
        let (crowds, repository, way, now) = crowd();
        let at = |second| now + Duration::from_secs(second);
        let later = |second| {
            crowds.later_at(&repository, 1, &way, at(second));
            crowds.later_at(&repository, 2, &way, at(second))
        };
        assert_eq!(later(0), Place::Returns(PAUSE.0));
        assert_eq!(later(4), Place::Returns(Duration::from_millis(500)));
        assert_eq!(later(160), Place::IsLookedAt(Duration::from_secs(20)));
        crowds.moved_at(&repository, &way.base, at(160));
        assert_eq!(later(161), Place::Returns(PAUSE.0));
        let mut last = later(300);
        for minute in 6..60 {
            last = later(minute * 60);
        }
        assert_eq!(last, Place::IsLookedAt(STALLED.1));
    }

    #[test]
    fn who_is_not_heard_of_waits_no_more() {
        let (crowds, repository, way, now) = crowd();
        crowds.later_at(&repository, 1, &way, now);
        assert!(crowds.way(&repository, 1).is_some());
        assert_eq!(
            crowds.later_at(&repository, 2, &way, now + GONE),
            Place::Stays
        );
        assert!(crowds.way(&repository, 1).is_none());
        crowds.leave(&repository, 2);
        assert!(crowds.0.lock().unwrap().is_empty());
    }
}
