//! Outside calls fail: of forty runs the N-th has its N-th call of git fail and every fortieth after
//! that, so that together they fail every call there is. A call fails in three ways: refused, killed,
//! and carried out but reported as failed. The ways take turns, on Postgres one ahead of SQLite, so
//! that the two databases together see two ways of each call. Calls that bring notices are fewer, and
//! fail more often in the same way.

use sendo_testkit::shim::{Failing, Shim};
use sendo_testkit::suite::{in_parallel, say};
use sendo_testkit::{Database, Story, Telling};

use crate::child::{self, Asked};
use crate::run::{self, Case};

/// So many calls apart. Closer together, the tries of one effect would seldom come to an end.
const STRIDE: u32 = 40;
/// The same for calls that bring a notice.
const NOTICES: u64 = 5;

struct Fault {
    first: u32,
    failing: Failing,
}

pub(crate) fn every_outside_call_fails() {
    let (undisturbed, _) = play(&Fault {
        first: 0,
        failing: Failing::Refused,
    });
    let found = undisturbed.findings.breaches;
    assert!(found.is_empty(), "{found:#?}");
    let ahead = usize::from(Database::is_postgres_run());
    let ways = Failing::ALL.into_iter().cycle().skip(ahead);
    let faults: Vec<Fault> = (1..=STRIDE)
        .zip(ways)
        .map(|(first, failing)| Fault { first, failing })
        .collect();
    let done = in_parallel(run::AT_ONCE, &faults, play);
    let calls: usize = done.iter().map(|(_, failed)| failed.0).sum();
    let notices: usize = done.iter().map(|(_, failed)| failed.1).sum();
    say(&format!(
        "{calls} calls of git failed, and {notices} of a notice's target"
    ));
    let cases: Vec<Case> = done.into_iter().map(|(case, _)| case).collect();
    let missed = cases.iter().filter(|case| !case.disturbed).count();
    run::report("runs with failing calls", cases);
    assert_eq!(missed, 0, "{missed} runs had no call that failed");
    assert!(notices > 0, "no notice failed");
}

/// Plays one story; how many of its calls failed, of git and of the target of notices.
fn play(fault: &Fault) -> (Case, (usize, usize)) {
    let mut story = Story::set(run::PROGRAM, Telling::Whole);
    if fault.first > 0 {
        story
            .receiver
            .fail(fault.first.into(), NOTICES, fault.failing);
    }
    let shim = Shim::write(story.stage.folder(), fault.first, STRIDE, fault.failing);
    let asked = Asked {
        path: Some(shim.path()),
        ..Asked::default()
    };
    let mut server = child::start(&story.stage, &asked);
    server.came_up();
    // A hook whose installation failed is installed at the next look, and deaf until then.
    story.first_look(&mut server);
    story.begin();
    let played = story.play(&mut server);
    let (failed, notices) = (shim.failed(), story.receiver.failed());
    let findings = run::ended(story, server, played);
    let which = if findings.breaches.is_empty() {
        String::new()
    } else {
        format!(": {}", failed.join("; "))
    };
    let case = Case {
        name: format!("call {} {:?}{which}", fault.first, fault.failing),
        disturbed: !failed.is_empty(),
        findings,
    };
    (case, (failed.len(), notices))
}
