//! `kill -9` on both sides of every step and of every commit, the first time and once later; every
//! step performed twice; a panic in any part of the server.

use sendo_testkit::suite::{in_parallel, say};
use sendo_testkit::{Story, Telling};

use crate::child::{self, Asked, How};
use crate::points::{self, At};
use crate::run::{self, Case};

/// A story has fewer effects.
const MOST_STARTS: usize = 400;
/// Ends of one story, spread over it: a story costs more than that its server ends.
const ENDS: usize = 6;

pub(crate) fn killed_before_and_after_every_effect_and_every_commit() {
    let mut points = Vec::new();
    for ((place, side), times) in points::of_the_story() {
        let later = times.len().div_ceil(2);
        // In the midst of the story, where it is certain to come by once more.
        for nth in [1, later].into_iter().take(later.min(2)) {
            let at = At::with(place.clone(), side.clone(), u32::try_from(nth).unwrap());
            points.push((times[nth - 1], at));
        }
    }
    ended_at_each(How::Kill, "killed at every point", points);
}

pub(crate) fn a_part_that_panics_ends_the_server_and_loses_nothing() {
    let of_the_story = points::of_the_story().iter();
    let before = of_the_story.filter(|((_, side), _)| side == "before");
    let points = before.map(|((place, side), times)| {
        let at = At::with(place.clone(), side.clone(), 1);
        (times[0], at)
    });
    ended_at_each(How::Panic, "panicked at every point", points.collect());
}

/// Ends a server at each of the points, told with when a story comes there: several in one story, one
/// after the other, and by itself what that story did not come to any more.
fn ended_at_each(how: How, what: &str, mut points: Vec<(usize, At)>) {
    points.sort();
    let points: Vec<At> = points.into_iter().map(|(_, at)| at).collect();
    let stories = points.len().div_ceil(ENDS);
    let each: Vec<Vec<&At>> = (0..stories)
        .map(|first| points.iter().skip(first).step_by(stories).collect())
        .collect();
    let told = in_parallel(run::AT_ONCE, &each, |ends| run::ended_at(how, ends));
    let (mut cases, mut left) = (Vec::new(), Vec::new());
    for ((case, came), ends) in told.into_iter().zip(each) {
        cases.push(case);
        left.extend(ends.into_iter().skip(came));
    }
    say(&format!(
        "{} ends in {stories} stories, {} of them in one of its own",
        points.len(),
        left.len()
    ));
    // On a starved machine a story may settle before its turn; what went wrong stays wrong.
    let once = |at: &&At| {
        let asked = Asked {
            at: Some((*at).clone()),
            how,
            ..Asked::default()
        };
        run::killed(at.to_string(), Telling::Whole, &asked)
    };
    let done = in_parallel(run::AT_ONCE, &left, |at| match once(at) {
        case if case.disturbed || !case.findings.breaches.is_empty() => case,
        _ => once(at),
    });
    let mut alone = left.iter().zip(&done);
    let missed = alone.any(|(at, case)| at.nth == 1 && !case.disturbed);
    cases.extend(done);
    run::report(what, cases);
    assert!(!missed, "a point was not reached");
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
