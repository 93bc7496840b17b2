//! 300 kills of the real program at random moments, under load.

use std::time::{Duration, Instant};

use sendo_testkit::suite::{in_parallel, say};
use sendo_testkit::{Story, Telling, wait};

use crate::run::{self, Case};

/// Stages at the same time, and kills on each of them.
const SEEDS: [u64; 3] = [1, 2, 3];
const KILLS: u64 = 100;

/// A small generator, so that a seed is the whole story.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

pub(crate) fn three_hundred_random_kills_under_load() {
    let done = in_parallel(SEEDS.len(), &SEEDS, |seed| killed(*seed));
    say(&format!(
        "{} kills of the real program",
        SEEDS.len() as u64 * KILLS
    ));
    run::report("random kills", done);
}

fn killed(seed: u64) -> Case {
    let mut story = Story::set(run::PROGRAM, Telling::Load);
    let mut dice = Dice::of(seed);
    let started = Instant::now();
    let mut first = story.stage.serve();
    assert!(first.came_up(), "{}", first.log());
    // From before it listens to well into its work, which begins later on a slower database.
    let longest = u64::try_from(2 * started.elapsed().as_millis() + 700).unwrap_or(2_000);
    story.begin();
    first.kill();
    for _ in 0..KILLS {
        let mut server = story.stage.serve();
        let moment = Duration::from_millis(60 + dice.below(longest));
        if dice.below(2) == 0 {
            let all = story.applications();
            let chosen = usize::try_from(dice.below(all.len() as u64)).unwrap_or(0);
            story.merge(all[chosen]);
        }
        let _ = wait::until("the moment", moment, || {
            story.step(&mut server);
            None::<()>
        });
        server.kill();
    }
    let mut server = story.stage.serve();
    server.came_up();
    let played = story.play(&mut server);
    Case {
        name: format!("seed {seed}"),
        disturbed: true,
        findings: run::ended(story, server, played),
    }
}
