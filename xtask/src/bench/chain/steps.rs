//! How long each step of a promotion took, and the middle of many.

use std::time::Instant;

use crate::bench::median;

/// The steps of one promotion, in order, in milliseconds.
pub(super) struct Steps {
    last: Instant,
    pub(super) all: Vec<(&'static str, f64)>,
}

impl Steps {
    pub(super) const fn begin(now: Instant) -> Self {
        Self {
            last: now,
            all: Vec::new(),
        }
    }

    /// What took from the last step until now.
    pub(super) fn done(&mut self, step: &'static str) {
        let took = self.last.elapsed().as_secs_f64() * 1000.0;
        self.last = Instant::now();
        self.all.push((step, took));
    }

    pub(super) fn total(&self) -> f64 {
        self.all.iter().map(|(_, took)| took).sum()
    }
}

/// The middle of all totals.
pub(super) fn total(rounds: &[Steps]) -> f64 {
    median(rounds.iter().map(Steps::total).collect())
}

/// The middle of each step.
pub(super) fn each(rounds: &[Steps]) -> Vec<(&'static str, f64)> {
    let Some(first) = rounds.first() else {
        return Vec::new();
    };
    let of = |step: &'static str| {
        let steps = rounds.iter().flat_map(|round| &round.all);
        let took = steps.filter(|(name, _)| *name == step);
        (step, median(took.map(|(_, took)| *took).collect()))
    };
    first.all.iter().map(|(step, _)| of(step)).collect()
}
