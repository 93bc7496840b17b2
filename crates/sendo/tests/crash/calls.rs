//! The N-th call of git fails, for every N that an undisturbed run comes to.
//!
//! The ways of failing take turns. Calls that change a repository are few and matter most: each of
//! them fails in every way.

use sendo_testkit::shim::{Failing, Shim};
use sendo_testkit::suite::{in_parallel, say};
use sendo_testkit::{Story, Telling};

use crate::child::{self, Asked};
use crate::run::{self, Case};

/// The one verb that moves refs, and so the one that anybody can see the effect of.
const MOVES_REFS: &str = "update-ref";

struct Fault {
    verb: &'static str,
    nth: u32,
    failing: Failing,
}

pub(crate) fn every_outside_call_fails_once() {
    let (calls, moves) = (undisturbed(""), undisturbed(MOVES_REFS));
    let each = (1..=calls).zip(Failing::ALL.into_iter().cycle());
    let mut faults: Vec<Fault> = each
        .map(|(nth, failing)| Fault {
            verb: "",
            nth,
            failing,
        })
        .collect();
    for failing in Failing::ALL {
        faults.extend((1..=moves).map(|nth| Fault {
            verb: MOVES_REFS,
            nth,
            failing,
        }));
    }
    let done = in_parallel(run::AT_ONCE, &faults, failed);
    say(&format!(
        "{calls} calls, of which {moves} move refs, each failed in a run of its own"
    ));
    // How often a run looks depends on the time it takes, so the last calls may not come.
    let most = done.len() - done.len() / 4;
    let came = done.iter().filter(|case| case.disturbed).count();
    run::report("failed calls", done);
    assert!(came >= most, "only {came} calls came to pass");
}

/// How many calls a run makes when none fails.
fn undisturbed(verb: &'static str) -> u32 {
    let (case, calls) = play(&Fault {
        verb,
        nth: 0,
        failing: Failing::Refused,
    });
    assert!(
        case.findings.breaches.is_empty(),
        "{:#?}",
        case.findings.breaches
    );
    calls
}

fn failed(fault: &Fault) -> Case {
    play(fault).0
}

fn play(fault: &Fault) -> (Case, u32) {
    let mut story = Story::set(run::PROGRAM, Telling::Short);
    let shim = Shim::write(story.stage.folder(), fault.verb, fault.nth, fault.failing);
    let asked = Asked {
        path: Some(shim.path()),
        ..Asked::default()
    };
    let mut server = child::start(&story.stage, &asked);
    server.came_up();
    story.begin();
    let played = story.play(&mut server);
    let (call, calls) = (shim.failed(), shim.calls());
    let what = call.as_deref().unwrap_or("-");
    let case = Case {
        name: format!("call {} {:?}: {what}", fault.nth, fault.failing),
        disturbed: call.is_some(),
        findings: run::ended(story, server, played),
    };
    (case, calls)
}
