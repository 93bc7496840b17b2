//! `kill -9` on both sides of every step and of every commit, the first time and once later; every
//! step performed twice; a panic in any part of the server.

use sendo_testkit::suite::{in_parallel, say};
use sendo_testkit::{Story, Telling};

use crate::child::{self, Asked, How};
use crate::points::{self, At};
use crate::run::{self, Case};

/// A story has fewer effects.
const MOST_STARTS: usize = 400;

pub(crate) fn killed_before_and_after_every_effect_and_every_commit() {
    let counts = points::of_the_story();
    let mut cases = Vec::new();
    for ((place, side), times) in counts {
        cases.push(At::with(place.clone(), side.clone(), 1));
        // In the midst of the story, where it is certain to come by once more.
        let later = times.div_ceil(2);
        if later > 1 {
            cases.push(At::with(place.clone(), side.clone(), later));
        }
    }
    let once = |at: &At| {
        let asked = Asked {
            at: Some(at.clone()),
            ..Asked::default()
        };
        run::killed(at.to_string(), Telling::Whole, &asked)
    };
    // On a starved machine a story may settle before its turn; what went wrong stays wrong.
    let done = in_parallel(run::AT_ONCE, &cases, |at| match once(at) {
        case if case.disturbed || !case.findings.breaches.is_empty() => case,
        _ => once(at),
    });
    let first_missed = cases
        .iter()
        .zip(&done)
        .any(|(at, case)| at.nth == 1 && !case.disturbed);
    run::report("killed at every point", done);
    assert!(!first_missed, "a point was not reached");
}

/// A kill after the call and before its record makes whoever claims it next perform it again:
/// nobody else knows more than that it was meant.
pub(crate) fn every_step_is_performed_twice() {
    let mut story = Story::set(run::PROGRAM, Telling::Whole);
    let asked = Asked {
        twice: Some(story.stage.folder().join("performed")),
        ..Asked::default()
    };
    let (mut server, mut begun, mut kills) = (child::start(&story.stage, &asked), false, 0);
    let played = loop {
        if server.came_up() && !std::mem::replace(&mut begun, true) {
            story.begin();
        }
        match story.play(&mut server) {
            Ok(false) if kills < MOST_STARTS => kills += 1,
            ended => break ended,
        }
        server = child::start(&story.stage, &asked);
    };
    say(&format!("{kills} steps were performed and performed again"));
    let case = Case {
        name: "every step twice".to_owned(),
        disturbed: kills > 0,
        findings: run::ended(story, server, played),
    };
    run::report("every step twice", vec![case]);
    assert!(kills > 20, "only {kills} steps");
}

pub(crate) fn a_part_that_panics_ends_the_server_and_loses_nothing() {
    let places = points::of_the_story().keys();
    let points: Vec<At> = places
        .filter(|(_, side)| side == "before")
        .map(|(place, side)| At::with(place.clone(), side.clone(), 1))
        .collect();
    let done = in_parallel(run::AT_ONCE, &points, |at| {
        let asked = Asked {
            at: Some(at.clone()),
            how: How::Panic,
            ..Asked::default()
        };
        run::killed(at.to_string(), Telling::Whole, &asked)
    });
    let ended = done.iter().all(|case| case.disturbed);
    run::report("panicked at every point", done);
    assert!(ended, "a server went on without a part of it");
}
