//! One of each: every turn and every reason to wait, so that no sentence goes untested.
//!
//! A new variant does not compile here until it has a name below, and its name fails the test
//! until a sample of it is added; from then on the snapshots ask for its words in both languages.

use std::collections::BTreeSet;

use sendo_core::act::ActRefusal;
use sendo_core::deployment::{Failure, Held, Lock, Waiting};
use sendo_core::engine::{Cause, Lacks};
use sendo_core::freeze::{Announced, Configured};
use sendo_core::names::Principal;
use sendo_core::notice::Turn;
use sendo_core::time::{Span, Timestamp};
use sendo_core::view::Freezes;
use sendo_report::Language;

use crate::sample::{NOW, changes, failure, id, people, revision, who};

const WAITING: [&str; 15] = [
    "after",
    "checks",
    "checks failed",
    "people",
    "changes requested",
    "foreign commits",
    "tree mismatch",
    "retry",
    "blocked",
    "soak",
    "locked",
    "held",
    "frozen",
    "protected",
    "engine",
];

const fn waiting_kind(waiting: &Waiting) -> &'static str {
    match waiting {
        Waiting::After { .. } => WAITING[0],
        Waiting::Checks { .. } => WAITING[1],
        Waiting::ChecksFailed { .. } => WAITING[2],
        Waiting::People { .. } => WAITING[3],
        Waiting::ChangesRequested { .. } => WAITING[4],
        Waiting::ForeignCommits { .. } => WAITING[5],
        Waiting::TreeMismatch => WAITING[6],
        Waiting::Retry { .. } => WAITING[7],
        Waiting::Blocked { .. } => WAITING[8],
        Waiting::Soak { .. } => WAITING[9],
        Waiting::Locked { .. } => WAITING[10],
        Waiting::Held { .. } => WAITING[11],
        Waiting::Frozen { .. } => WAITING[12],
        Waiting::Protected { .. } => WAITING[13],
        Waiting::Engine { .. } => WAITING[14],
    }
}

const TURNS: [&str; 14] = [
    "started",
    "opened",
    "waits",
    "approved",
    "merged",
    "succeeded",
    "superseded",
    "cancelled",
    "failed",
    "person approved",
    "overridden",
    "act refused",
    "untold",
    "displaced",
];

const fn turn_kind(turn: &Turn) -> &'static str {
    match turn {
        Turn::Started { .. } => TURNS[0],
        Turn::ChangeRequestOpened { .. } => TURNS[1],
        Turn::Waits { .. } => TURNS[2],
        Turn::Approved { .. } => TURNS[3],
        Turn::Merged { .. } => TURNS[4],
        Turn::Succeeded { .. } => TURNS[5],
        Turn::Superseded { .. } => TURNS[6],
        Turn::Cancelled { .. } => TURNS[7],
        Turn::Failed { .. } => TURNS[8],
        Turn::PersonApproved { .. } => TURNS[9],
        Turn::Overridden { .. } => TURNS[10],
        Turn::ActRefused { .. } => TURNS[11],
        Turn::Untold { .. } => TURNS[12],
        Turn::Displaced { .. } => TURNS[13],
    }
}

const LANGUAGES: [Language; 2] = [Language::En, Language::Ja];

const fn language_kind(language: Language) -> Language {
    match language {
        Language::En => LANGUAGES[0],
        Language::Ja => LANGUAGES[1],
    }
}

/// Every reason to wait, with the variations its sentence has.
pub(crate) fn waiting() -> Vec<(&'static str, Waiting)> {
    let names = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let people = |needed, have: &[&str], from: &[&str], backwards| Waiting::People {
        needed,
        have: have.iter().map(|name| who(name)).collect(),
        from: from.iter().map(|name| who(name)).collect(),
        backwards,
    };
    let mut all = vec![
        Waiting::After {
            environment: "staging".into(),
        },
        Waiting::Checks {
            pending: names(&["ci/manifests", "ci/policy"]),
        },
        Waiting::Checks {
            pending: names(&["a", "b", "c", "d", "e", "f", "g"]),
        },
        Waiting::ChecksFailed {
            failed: names(&["ci/manifests"]),
        },
        people(1, &[], &[], false),
        people(1, &[], &["local:carol", "local:dan"], false),
        people(2, &["local:carol"], &["local:carol", "local:dan"], false),
        people(2, &[], &[], false),
        people(1, &[], &[], true),
        Waiting::ChangesRequested {
            by: who("local:carol"),
        },
        Waiting::ForeignCommits {
            commits: names(&["Fix by hand (Mallory)"]),
        },
        Waiting::ForeignCommits {
            commits: names(&["one (A)", "two (B)", "three (C)", "four (D)"]),
        },
        Waiting::TreeMismatch,
        Waiting::Protected {
            why: "Does not have enough approvals".into(),
        },
        Waiting::Soak {
            environment: "staging".into(),
            until: NOW + Span::from_secs(1800),
        },
        Waiting::Locked {
            lock: lock("web/production", None),
        },
        Waiting::Locked {
            lock: lock("*/production", Some(NOW + Span::from_secs(3600))),
        },
        Waiting::Held { held: held(None) },
        Waiting::Held {
            held: held(Some("5xx since 10:02".into())),
        },
        frozen(None, None),
        frozen(Some("nobody is at work.".into()), None),
        frozen(Some("an audit.".into()), Some(who("local:carol"))),
        Waiting::Retry {
            effect: "open_change_request".into(),
            error: "the forge answered 502 Bad Gateway.".into(),
            at: NOW + Span::from_secs(30),
        },
        Waiting::Blocked {
            effect: "merge_change_request".into(),
            reason_code: "forbidden".into(),
            error: "`master` is protected against us".into(),
        },
    ];
    all.extend(Lacks::ALL.map(|lacks| engine(lacks, None)));
    all.push(engine(Lacks::Window, Some("deny 0 22 * * * 8h")));
    all.push(engine(Lacks::Progress, Some("2 of 3 updated.")));
    all.into_iter()
        .map(|one| (waiting_kind(&one), one))
        .collect()
}

fn engine(lacks: Lacks, message: Option<&str>) -> Waiting {
    Waiting::Engine {
        application: "web-prod".parse().expect("a name"),
        lacks,
        message: message.map(str::to_owned),
    }
}

pub(crate) fn causes() -> Vec<Cause> {
    let cause = |object: &str, reason: &str, message: &str| Cause {
        object: object.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
    };
    vec![
        cause(
            "Pod web-5d4f/app",
            "ImagePullBackOff",
            "Back-off pulling image `acme/web:1.4`.",
        ),
        cause("Deployment web", "ProgressDeadlineExceeded", ""),
    ]
}

pub(crate) fn lock(area: &str, until: Option<Timestamp>) -> Lock {
    Lock {
        area: area.parse().expect("an area"),
        by: who("local:carol"),
        reason: "a migration of the database.".into(),
        at: NOW,
        until,
    }
}

fn frozen(reason: Option<String>, by: Option<Principal>) -> Waiting {
    Waiting::Frozen {
        name: "year-end".into(),
        reason,
        until: NOW + Span::from_secs(86_400),
        by,
    }
}

/// Of each kind one that holds and one that will.
pub(crate) fn freezes() -> Freezes {
    let after = |seconds| NOW + Span::from_secs(seconds);
    let announced = |name: &str, area: &str, from| Announced {
        area: area.parse().expect("an area"),
        name: name.to_owned(),
        by: who("local:carol"),
        reason: "the auditors are here.".to_owned(),
        from: after(from),
        to: after(90_000),
    };
    let configured = |name: &str, reason: Option<&str>, from, lanes: &[&str]| Configured {
        name: name.to_owned(),
        reason: reason.map(str::to_owned),
        lanes: lanes.iter().map(|lane| (*lane).to_owned()).collect(),
        from: after(from),
        to: after(90_000),
    };
    Freezes {
        announced: vec![
            announced("audit", "web/production", 0),
            announced("2026-04-02", "*/production", 60),
        ],
        configured: vec![
            configured("nights", None, 0, &["web/test"]),
            configured(
                "year-end",
                Some("nobody is at work."),
                60,
                &["web/production", "ledger/prod"],
            ),
        ],
        at: NOW,
    }
}

pub(crate) fn held(reason: Option<String>) -> Held {
    Held {
        deployment: id("example1/test/14"),
        by: who("local:carol"),
        reason,
        at: NOW,
    }
}

/// Every turn, with the variations its sentence has.
pub(crate) fn turns() -> Vec<(&'static str, Turn)> {
    let started = |version: String, previous, included, requested_by| Turn::Started {
        reference: "refs/heads/develop".into(),
        version,
        previous,
        included,
        requested_by,
        undoes: None,
        observed: false,
    };
    let (new, old, base) = (
        revision("e4f5a6b"),
        revision("a1b2c3d"),
        revision("9f8e7d6"),
    );
    let succeeded = |unchanged, healthy| Turn::Succeeded { unchanged, healthy };
    let observed = |previous| Turn::Started {
        reference: "refs/heads/main".into(),
        version: new.to_string(),
        previous,
        included: Vec::new(),
        requested_by: None,
        undoes: None,
        observed: true,
    };
    let alice = || Some(who("local:alice"));
    let mut all = vec![
        started(new.to_string(), Some(old), changes(), alice()),
        started(new.to_string(), None, Vec::new(), None),
        started("v1.4.0".into(), None, changes().split_off(1), None),
        Turn::ChangeRequestOpened {
            number: 3,
            url: "https://forge.example/acme/manifests/pull/3".into(),
        },
        Turn::ChangeRequestOpened {
            number: 3,
            url: "sendo change show /srv/manifests.git 3".into(),
        },
        Turn::Approved {
            number: 3,
            head: base.clone(),
        },
        Turn::Merged {
            number: Some(3),
            revision: base.clone(),
            by: None,
        },
        Turn::Merged {
            number: Some(3),
            revision: base.clone(),
            by: alice(),
        },
        Turn::Merged {
            number: None,
            revision: base.clone(),
            by: None,
        },
        Turn::Merged {
            number: None,
            revision: base,
            by: alice(),
        },
        Turn::Started {
            reference: "refs/heads/develop".into(),
            version: new.to_string(),
            previous: Some(revision("5bd91e7")),
            included: Vec::new(),
            requested_by: None,
            undoes: Some(id("example1/test/13")),
            observed: false,
        },
        observed(Some(revision("5bd91e7"))),
        observed(None),
        succeeded(false, false),
        succeeded(true, false),
        succeeded(false, true),
        succeeded(true, true),
        Turn::Displaced {
            application: "web-prod".parse().expect("a name"),
            revision: Some(revision("5bd91e7")),
        },
        Turn::Displaced {
            application: "web-prod".parse().expect("a name"),
            revision: None,
        },
        Turn::Cancelled {
            by: alice(),
            number: Some(3),
            merged: true,
        },
        Turn::Cancelled {
            by: None,
            number: None,
            merged: true,
        },
        Turn::Failed {
            failure: Failure {
                reason_code: "degraded".to_owned(),
                message: "Pod web-5d4f/app: ImagePullBackOff (Back-off pulling image `acme/web:1.4`.); example1/test/15 goes back to example1/test/13".to_owned(),
            },
            causes: causes(),
        },
        Turn::Superseded {
            by: id("example1/test/13"),
            revision: revision("5bd91e7"),
        },
        Turn::Cancelled {
            by: alice(),
            number: Some(3),
            merged: false,
        },
        Turn::Cancelled {
            by: None,
            number: Some(3),
            merged: false,
        },
        Turn::Cancelled {
            by: alice(),
            number: None,
            merged: false,
        },
        Turn::Cancelled {
            by: None,
            number: None,
            merged: false,
        },
        Turn::Failed {
            failure: failure(),
            causes: Vec::new(),
        },
        Turn::Untold {
            target: "deploys".to_owned(),
            of: "failed".to_owned(),
            failure: Failure {
                reason_code: "target_refused".to_owned(),
                message: "the notice target `deploys` answered 404 Not Found".to_owned(),
            },
        },
        Turn::PersonApproved {
            by: who("local:carol"),
            have: 1,
            needed: 2,
        },
        Turn::Overridden {
            by: who("local:carol"),
            reason: "production is down".into(),
        },
    ];
    all.extend(ActRefusal::ALL.map(|why| Turn::ActRefused {
        act: "approve".into(),
        by: who("local:carol"),
        why,
    }));
    all.push(Turn::Waits {
        waiting: people(),
        number: Some(3),
    });
    all.push(Turn::Waits {
        waiting: people(),
        number: None,
    });
    all.into_iter().map(|one| (turn_kind(&one), one)).collect()
}

#[test]
fn there_is_a_sample_of_everything() {
    let seen: BTreeSet<_> = waiting().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(seen, WAITING.into_iter().collect());
    let seen: BTreeSet<_> = turns().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(seen, TURNS.into_iter().collect());
    assert_eq!(Language::ALL.map(language_kind), LANGUAGES);
}
