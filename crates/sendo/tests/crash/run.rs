//! One case: a story on a stage of its own, disturbed once, then left to settle and looked at.

use sendo_testkit::suite::say;
use sendo_testkit::{Counts, Findings, Server, Story, Telling};

use crate::child::{self, Asked, How};
use crate::points::At;

/// The command line people use.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sendo");
/// Cases at the same time: most of a case is waiting for a lease or a sweep.
pub(crate) const AT_ONCE: usize = 6;

/// How a case ended.
pub(crate) struct Case {
    /// What was done to it.
    pub(crate) name: String,
    /// Whether that came to pass.
    pub(crate) disturbed: bool,
    pub(crate) findings: Findings,
}

/// Plays until the server dies or the story settles, then with a fresh server to the end.
pub(crate) fn killed(name: String, telling: Telling, asked: &Asked) -> Case {
    let mut story = Story::set(PROGRAM, telling);
    let mut server = child::start(&story.stage, asked);
    // Work done before a server was ever there is where its lanes begin, not news.
    let up = server.came_up();
    let played = if up {
        story.begin();
        story.play(&mut server)
    } else {
        Ok(false)
    };
    let disturbed = server.has_ended();
    if disturbed {
        server = child::start(&story.stage, &Asked::default());
        server.came_up();
        if !up {
            story.begin();
        }
    }
    let played = match played {
        Ok(false) => story.play(&mut server),
        other => other,
    };
    Case {
        name,
        disturbed,
        findings: ended(story, server, played),
    }
}

/// Plays one story in which a server ends at each of the points in turn, the first time it comes there;
/// how many of them came to pass before it settled.
pub(crate) fn ended_at(how: How, points: &[&At]) -> (Case, usize) {
    let mut story = Story::set(PROGRAM, Telling::Whole);
    let (mut begun, mut came) = (false, 0);
    let (server, played) = loop {
        let at = points.get(came).map(|at| At {
            nth: 1,
            ..(*at).clone()
        });
        let asked = Asked {
            at,
            how,
            ..Asked::default()
        };
        let mut server = child::start(&story.stage, &asked);
        // Work done before a server was ever there is where its lanes begin, not news.
        if server.came_up() && !std::mem::replace(&mut begun, true) {
            story.begin();
        }
        match story.play(&mut server) {
            Ok(false)
                if points
                    .get(came)
                    .is_some_and(|at| is_end(how, at, &mut server)) =>
            {
                came += 1;
            }
            ended => break (server, ended),
        }
    };
    let ends = points[..came].iter();
    let ends: Vec<String> = ends.map(|at| format!("{} {}", at.place, at.side)).collect();
    let case = Case {
        name: ends.join(", "),
        disturbed: came > 0,
        findings: ended(story, server, played),
    };
    (case, came)
}

/// Whether a server ended as it was asked to, and not by itself.
fn is_end(how: How, at: &At, server: &mut Server) -> bool {
    match how {
        How::Kill => server.exit() == Some(None),
        How::Panic | How::Stop => server.log().contains(&format!("at {}", at.place)),
    }
}

/// Looks at a story that should have settled.
pub(crate) fn ended(story: Story, server: Server, played: Result<bool, String>) -> Findings {
    match played {
        Ok(true) => story.close(server),
        Ok(false) => {
            let mut findings = Findings::default();
            findings.wrong(format!("the server ended by itself:\n{}", server.log()));
            findings
        }
        Err(error) => {
            let mut findings = Findings::default();
            findings.lost(error);
            findings
        }
    }
}

/// Prints what all cases came to, and fails if one of them is not as it must be.
pub(crate) fn report(what: &str, cases: Vec<Case>) {
    let mut total = Counts::default();
    let disturbed = cases.iter().filter(|case| case.disturbed).count();
    let mut bad = 0;
    for case in &cases {
        total += case.findings.counts;
        if !case.findings.breaches.is_empty() {
            bad += 1;
            say(&format!("{}:", case.name));
            for breach in &case.findings.breaches {
                say(&format!("    {breach}"));
            }
        }
    }
    let missed: Vec<&str> = cases
        .iter()
        .filter(|case| !case.disturbed)
        .map(|case| case.name.as_str())
        .collect();
    say(&format!(
        "{what}: {disturbed} of {} cases disturbed: {total}",
        cases.len()
    ));
    if !missed.is_empty() {
        say(&format!(
            "    settled before their turn: {}",
            missed.join(", ")
        ));
    }
    assert_eq!(bad, 0, "{bad} cases are not as they must be");
}
