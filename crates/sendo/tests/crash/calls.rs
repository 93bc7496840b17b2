//! The N-th call of git fails, for N = 1, 2, … until a run passes untouched.

use std::sync::atomic::{AtomicBool, Ordering};

use sendo_testkit::shim::{Failing, Shim};
use sendo_testkit::suite::{in_parallel, say};
use sendo_testkit::{Story, Telling};

use crate::child::{self, Asked};
use crate::run::{self, Case};

/// A run makes fewer calls than this.
const MOST: u32 = 600;

/// Every call is carried out and reported as failed, the case that is hardest to get right; every
/// third is refused, and every third is killed.
pub(crate) fn every_outside_call_fails_once() {
    for (failing, step) in [
        (Failing::Ambiguous, 1),
        (Failing::Refused, 3),
        (Failing::Killed, 3),
    ] {
        let untouched = AtomicBool::new(false);
        let numbers: Vec<u32> = (1..=MOST).step_by(step).collect();
        let done: Vec<Case> = in_parallel(run::AT_ONCE, &numbers, |n| {
            if untouched.load(Ordering::Relaxed) {
                return None;
            }
            let case = failed(*n, failing);
            if !case.disturbed {
                untouched.store(true, Ordering::Relaxed);
            }
            Some(case)
        })
        .into_iter()
        .flatten()
        .filter(|case| case.disturbed || !case.findings.breaches.is_empty())
        .collect();
        say(&format!(
            "{failing:?}: {} calls failed, each in a run of its own, every {step}. call",
            done.len()
        ));
        run::report(&format!("calls {failing:?}"), done);
        assert!(untouched.into_inner(), "no run passed untouched");
    }
}

fn failed(nth: u32, failing: Failing) -> Case {
    let mut story = Story::set(run::PROGRAM, Telling::Short);
    let shim = Shim::write(story.stage.folder(), nth, failing);
    let asked = Asked {
        path: Some(shim.path()),
        ..Asked::default()
    };
    let mut server = child::start(&story.stage, &asked);
    server.came_up();
    story.begin();
    let played = story.play(&mut server);
    let call = shim.failed();
    Case {
        name: format!("call {nth} {failing:?}: {}", call.as_deref().unwrap_or("-")),
        disturbed: call.is_some(),
        findings: run::ended(story, server, played),
    }
}
