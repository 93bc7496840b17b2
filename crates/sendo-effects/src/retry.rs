//! When a refused attempt is made again.

use sendo_core::time::{Span, Timestamp};

/// A doubling pause, of which the second half is drawn at random, within a total budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause is at most this long.
    pub base: Span,
    /// No pause is longer.
    pub cap: Span,
    /// After this long an effect fails for good.
    pub budget: Span,
}

impl Default for Backoff {
    /// 1 s, doubling to 5 min, for 24 h.
    fn default() -> Self {
        Self {
            base: Span::from_secs(1),
            cap: Span::from_secs(300),
            budget: Span::from_secs(24 * 3600),
        }
    }
}

impl Backoff {
    /// The time of the next attempt after the `attempts`-th, or `None` when the budget is used up.
    #[must_use]
    pub fn next(&self, attempts: u32, planned_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        if now - planned_at >= self.budget {
            return None;
        }
        let doubled = self
            .base
            .as_micros()
            .saturating_mul(1_i64 << attempts.saturating_sub(1).min(30));
        let longest = doubled.clamp(1_000, self.cap.as_micros().max(1_000));
        let pause = rand::random_range(longest / 2..=longest);
        Some(Timestamp(now.0.saturating_add(pause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_cap_and_end_with_the_budget() {
        let backoff = Backoff::default();
        let start = Timestamp(0);
        let first = backoff.next(1, start, start).unwrap();
        assert!(first.0 <= 1_000_000);
        let late = backoff.next(60, start, start).unwrap();
        assert!(late.0 <= 300_000_000 && late.0 >= 150_000_000);
        assert_eq!(
            backoff.next(3, start, Timestamp(24 * 3600 * 1_000_000)),
            None
        );
    }
}
