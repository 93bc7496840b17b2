//! A process that sleeps past its lease and wakes up as if nothing had been.
//!
//! On Postgres a second server takes over meanwhile; a SQLite file has one process, which finds its
//! own claims run out.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sendo_testkit::shim::Shim;
use sendo_testkit::suite::in_parallel;
use sendo_testkit::{Database, Story, Telling, wait};

use crate::child::{self, Asked, How};
use crate::points::{self, At};
use crate::run::{self, Case};

/// The lease is a second.
const PAST_THE_LEASE: Duration = Duration::from_millis(1500);
/// What the second server may take to bring the story to its end.
const TAKE_OVER: Duration = Duration::from_secs(6);
/// Within this everything has come to rest that does not wait for a write that is held.
const REST: Duration = Duration::from_secs(4);

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

/// What was on its way when its process was stopped arrives when all is over.
pub(crate) fn a_branch_that_is_published_too_late_is_taken_back() {
    let mut story = Story::set(run::PROGRAM, Telling::Whole);
    let shim = Shim::holding(story.stage.folder(), "update-ref");
    let asked = Asked {
        path: Some(shim.path()),
        ..Asked::default()
    };
    let mut first = child::start(&story.stage, &asked);
    first.came_up();
    story.first_look(&mut first);
    story.begin();
    let on_its_way = wait::until("a write is on its way", TAKE_OVER, || {
        story.step(&mut first);
        shim.has_held().then_some(())
    });
    on_its_way.unwrap();
    // Stopped in the midst of a transaction it would hold the other one up for longer than its git may
    // take, so everything else comes to rest before.
    let rest = Instant::now() + REST;
    while Instant::now() < rest {
        story.step(&mut first);
        wait::pass(Duration::from_millis(100));
    }
    first.signal(Signal::STOP);
    wait::pass(PAST_THE_LEASE);
    let mut second = child::start(&story.stage, &Asked::default());
    second.came_up();
    let mut played = story.play(&mut second);
    let branches = || {
        let refs = story.stage.refs("manifests").into_keys();
        refs.filter(|name| name.starts_with("refs/heads/sendo/"))
            .count()
    };
    assert_eq!(branches(), 0, "{played:?}");
    shim.let_go();
    let late = wait::until("the branch", TAKE_OVER, || (branches() == 1).then_some(()));
    first.signal(Signal::CONT);
    let back = wait::until("the branch is gone", TAKE_OVER, || {
        (branches() == 0).then_some(())
    });
    back.unwrap_or_else(|error| panic!("{error}\n{}", first.log()));
    first.end();
    played = played.and_then(|_| story.play(&mut second));
    let case = Case {
        name: "published too late".to_owned(),
        disturbed: late.is_ok(),
        findings: run::ended(story, second, played),
    };
    run::report("published too late", vec![case]);
    late.unwrap();
}
