//! `kill -9` on both sides of every step and of every commit, the first time and once later.
//!
//! A kill after the call and before its record is the same as performing the step twice: whoever
//! claims it next knows only that it was meant.

use sendo_testkit::Telling;
use sendo_testkit::suite::{in_parallel, say};

use crate::child::Asked;
use crate::points::{self, At};
use crate::run;

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
    let twice = cases
        .iter()
        .filter(|at| at.place.ends_with(".send") && at.side == "after")
        .count();
    let done = in_parallel(run::AT_ONCE, &cases, |at| {
        let asked = Asked {
            at: Some(at.clone()),
            ..Asked::default()
        };
        run::killed(at.to_string(), Telling::Whole, &asked)
    });
    let first_missed = cases
        .iter()
        .zip(&done)
        .any(|(at, case)| at.nth == 1 && !case.disturbed);
    say(&format!("{twice} of the kills make a step happen twice"));
    run::report("killed at every point", done);
    assert!(!first_missed, "a point was not reached");
}
