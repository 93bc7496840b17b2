//! Freezes that people announce: what waits for them, and who may say so.

use serde_json::json;

use super::harness::Harness;
use super::lanes::{id, who};
use crate::act::{Access, Act, Grant, Verb};
use crate::deployment::DeploymentState::Succeeded;
use crate::deployment::Waiting as For;
use crate::freeze::{Announced, Freeze, MOST, When, Zone};
use crate::job::Job as _;
use crate::lock::{FREEZES, Locks, subject};
use crate::time::{Span, Timestamp};
use crate::world::World;

fn second(n: u32) -> Timestamp {
    Timestamp(0) + Span::from_secs(n)
}

/// Stories begin in the 1000th second after midnight.
fn stage() -> Harness {
    Harness::but(|_| {})
}

fn frozen_by(h: &Harness) -> Option<(String, Timestamp, bool)> {
    match h.waiting() {
        Some(For::Frozen {
            name, until, by, ..
        }) => Some((name, until, by == Some(who("bob")))),
        _ => None,
    }
}

fn told(h: &Harness, action: &str) -> usize {
    h.audit.iter().filter(|told| *told == action).count()
}

/// What an area keeps now.
fn kept(h: &Harness, area: &str) -> Vec<String> {
    let key = (subject(&area.parse().unwrap()), FREEZES.to_owned());
    let (value, _) = h.facts[&key].clone();
    let all: Vec<Announced> = serde_json::from_value(value).unwrap();
    all.into_iter().map(|freeze| freeze.name).collect()
}

#[test]
fn an_announced_freeze_stops_the_merge_and_says_who_announced_it() {
    for area in ["*", "*/test", "web", "web/test"] {
        let mut h = stage();
        h.freeze(area, "audit", "bob", (1_000, 4_000));
        let merged = h.merge("one");
        h.run();
        let waiting = For::Frozen {
            name: "audit".to_owned(),
            reason: Some("the auditors are here".to_owned()),
            until: second(4_000),
            by: Some(who("bob")),
        };
        assert_eq!(h.waiting(), Some(waiting), "{area}");
        h.now = second(4_000) - Span::from_millis(1);
        h.settle();
        assert_eq!(h.at("test"), merged.as_str());
        assert!(h.now < second(4_001), "no later than its end");
    }
}

#[test]
fn a_freeze_elsewhere_stops_nothing() {
    let mut h = stage();
    h.freeze("*/production", "audit", "bob", (1_000, 4_000));
    h.freeze("api", "audit", "bob", (1_000, 4_000));
    h.merge("one");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn an_announced_freeze_that_begins_withdraws_a_merge_that_has_not_begun() {
    let mut h = stage();
    h.freeze("web", "audit", "bob", (1_030, 2_000));
    let planned = |h: &Harness| {
        let mut effects = h.effects.iter().filter(|(.., live)| *live);
        effects.any(|(_, e, _)| e.effect.kind() == "merge_change_request")
    };
    h.merge("one");
    h.deliver_all();
    while !planned(&h) {
        assert!(h.step());
    }
    h.now = second(1_030);
    while h.decide_while(|_| {}) {}
    h.settle();
    assert_eq!(
        frozen_by(&h),
        Some(("audit".to_owned(), second(2_000), true))
    );
    assert!(!h.outside.done.contains_key("merge_change_request"));
    h.pass(1_000);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn one_that_is_announced_as_it_begins_withdraws_it_too_and_the_way_is_open_once_it_is_ended() {
    let mut h = stage();
    h.merge("one");
    h.deliver_all();
    while !h
        .effects
        .iter()
        .any(|(_, e, live)| *live && e.effect.kind() == "merge_change_request")
    {
        assert!(h.step());
    }
    h.freeze("web/test", "audit", "bob", (1_000, 9_000));
    h.deliver_all();
    while h.decide_while(|_| {}) {}
    h.run();
    assert_eq!(
        frozen_by(&h),
        Some(("audit".to_owned(), second(9_000), true))
    );
    h.unfreeze("web/test", "audit", "carol");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    assert!(h.now < second(9_000), "it did not wait for the end");
    assert_eq!((told(&h, "freeze.set"), told(&h, "freeze.ended")), (1, 1));
}

#[test]
fn windows_of_the_configuration_and_of_people_are_joined_and_told_once() {
    let utc = |seconds| Zone::UTC.local(second(seconds)).unwrap();
    let books = Freeze {
        name: "books".to_owned(),
        reason: None,
        zone: Zone::UTC,
        when: When::Period {
            from: utc(0),
            to: utc(1_500),
        },
        by: None,
    };
    let mut h = Harness::but(|rules| rules.freezes = vec![books]);
    h.freeze("web", "audit", "bob", (1_400, 2_000));
    h.freeze("*", "visit", "bob", (1_000, 1_200));
    h.merge("one");
    h.run();
    assert_eq!(
        frozen_by(&h),
        Some(("books".to_owned(), second(2_000), false))
    );
    h.pass(700);
    assert_eq!(
        frozen_by(&h),
        Some(("audit".to_owned(), second(2_000), true))
    );
    assert_eq!(h.told().iter().filter(|turn| **turn == "waits").count(), 1);
    h.pass(400);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn broken_glass_passes_it_and_a_rollback_waits_for_it() {
    let mut h = stage();
    let one = h.merge("one");
    h.run();
    h.merge("two");
    h.run();
    h.freeze("web", "audit", "bob", (1_000, 4_000));
    h.act(
        Act::Rollback {
            to: None,
            from: None,
        },
        "bob",
    );
    h.run();
    assert!(frozen_by(&h).is_some());
    h.act(Act::Override { number: 3 }, "carol");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (one.to_string(), vec![Succeeded; 3])
    );
}

#[test]
fn a_name_is_taken_once_in_an_area_and_the_same_told_twice_is_one() {
    let mut h = stage();
    h.freeze("web", "audit", "bob", (1_000, 4_000));
    h.freeze("web", "audit", "bob", (1_000, 4_000));
    h.freeze("web", "audit", "carol", (1_000, 5_000));
    h.freeze("*", "audit", "carol", (1_000, 5_000));
    h.freeze("web", "an audit", "bob", (1_000, 4_000));
    h.run();
    assert_eq!(
        (kept(&h, "web"), kept(&h, "*")),
        (vec!["audit".to_owned()], vec!["audit".to_owned()])
    );
    assert_eq!((told(&h, "freeze.set"), told(&h, "freeze.refused")), (2, 2));
}

#[test]
fn windows_that_are_none_are_refused_and_an_area_keeps_only_so_many() {
    const YEAR: u32 = 366 * 86_400;
    let mut h = stage();
    for window in [
        (2_000, 2_000),
        (2_000, 1_500),
        (0, 900),
        (2_000, 2_001 + YEAR),
    ] {
        h.freeze("web", "audit", "bob", window);
    }
    h.run();
    assert_eq!((told(&h, "freeze.set"), told(&h, "freeze.refused")), (0, 4));
    for n in 0..=MOST {
        h.freeze("web", &format!("audit-{n}"), "bob", (2_000, 2_000 + YEAR));
    }
    h.run();
    assert_eq!(
        (kept(&h, "web").len(), told(&h, "freeze.refused")),
        (MOST, 5)
    );
}

#[test]
fn what_is_over_is_forgotten_by_itself() {
    let mut h = stage();
    h.freeze("web", "audit", "bob", (1_000, 1_200));
    h.freeze("web", "visit", "bob", (1_500, 2_000));
    h.run();
    h.pass(300);
    assert_eq!(
        (kept(&h, "web"), told(&h, "freeze.expired")),
        (vec!["visit".to_owned()], 1)
    );
    h.freeze("web", "audit", "carol", (1_600, 1_700));
    h.run();
    h.pass(1_000);
    assert_eq!((kept(&h, "web"), told(&h, "freeze.expired")), (vec![], 3));
}

#[test]
fn who_may_not_lock_may_neither_announce_nor_end_a_freeze() {
    let mut h = Harness::but(|rules| {
        rules.access = Access {
            grants: Some(vec![Grant {
                who: Some(vec![who("bob")]),
                may: vec![Verb::Lock],
            }]),
        };
    });
    h.freeze("web", "audit", "mallory", (1_000, 4_000));
    h.freeze("web", "visit", "bob", (1_000, 4_000));
    h.unfreeze("web", "visit", "mallory");
    h.run();
    assert_eq!(kept(&h, "web"), ["visit"]);
    assert_eq!(
        (told(&h, "freeze.refused"), told(&h, "unfreeze.refused")),
        (1, 1)
    );
}

#[test]
fn an_area_that_an_older_sendo_kept_is_read_with_its_lock() {
    let area = "web".parse().unwrap();
    let rules = Harness::but(|_| {}).job.lanes().to_vec();
    let lock = json!({"area": "web/*", "by": "local:bob", "reason": "x", "at": 1, "until": null});
    let world = World {
        subject: subject(&area),
        now: second(1_000),
        hinted_at: second(0),
        installation: String::new(),
        state: json!({ "lock": lock }),
        facts: [].into_iter().collect(),
        effects: Vec::new(),
    };
    assert!(rules.iter().any(|rules| rules.lane == id("web/test")));
    let plan = Locks::new(rules).decide(&world);
    assert_eq!(
        (plan.state, plan.publish.len()),
        (json!({ "lock": lock }), 0)
    );
}
