//! A process that sleeps past its lease and wakes up as if nothing had been.
//!
//! On Postgres a second server takes over meanwhile; a SQLite file has one process, which finds its
//! own claims run out.

use std::time::Duration;

use rustix::process::Signal;
use sendo_testkit::suite::in_parallel;
use sendo_testkit::{Database, Story, Telling, wait};

use crate::child::{self, Asked, How};
use crate::points::{self, At};
use crate::run::{self, Case};

/// The lease is a second.
const PAST_THE_LEASE: Duration = Duration::from_millis(1500);
/// What the second server may take to bring the story to its end.
const TAKE_OVER: Duration = Duration::from_secs(6);

pub(crate) fn stopped_past_the_lease_at_every_step_of_every_effect() {
    let points: Vec<At> = points::of_the_story()
        .keys()
        .filter(|(place, _)| place.starts_with("effect."))
        .map(|(place, side)| At::with(place.clone(), side.clone(), 1))
        .collect();
    let done = in_parallel(run::AT_ONCE, &points, stopped);
    let all = done.iter().all(|case| case.disturbed);
    run::report("stopped past the lease", done);
    assert!(all, "a point was not reached");
}

fn stopped(at: &At) -> Case {
    let mut story = Story::set(run::PROGRAM, Telling::Whole);
    let asked = Asked {
        at: Some(at.clone()),
        how: How::Stop,
        ..Asked::default()
    };
    let mut server = child::start(&story.stage, &asked);
    server.came_up();
    story.begin();
    let mut played = story.play(&mut server);
    let disturbed = server.is_stopped();
    if disturbed {
        wait::pass(PAST_THE_LEASE);
        let second = Database::is_postgres_run().then(|| {
            let mut second = child::start(&story.stage, &Asked::default());
            second.came_up();
            // It may have to wait for what the first one holds in the database.
            let _ = wait::until("take-over", TAKE_OVER, || {
                story.step(&mut second).then_some(())
            });
            second
        });
        server.signal(Signal::CONT);
        played = story.play(&mut server);
        if let Some(second) = second {
            second.end();
        }
    }
    Case {
        name: at.to_string(),
        disturbed,
        findings: run::ended(story, server, played),
    }
}
