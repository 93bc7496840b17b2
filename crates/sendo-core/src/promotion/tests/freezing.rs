//! Freezes: what waits for their end, and what passes them.

use jiff::civil::DateTime;

use super::harness::Harness;
use super::lanes::{people, who};
use crate::act::Act;
use crate::deployment::DeploymentState::Succeeded;
use crate::deployment::Waiting as For;
use crate::freeze::{Freeze, When, Zone};
use crate::promotion::{LaneRules, Mode};
use crate::time::{Span, Timestamp};

/// Stories begin 1000 s after this.
const MIDNIGHT: Timestamp = Timestamp(0);

/// Frozen from one second after midnight to another.
fn window(name: &str, from: i64, to: i64) -> Freeze {
    let local = |seconds: i64| {
        DateTime::constant(1970, 1, 1, 0, 0, 0, 0) + jiff::SignedDuration::from_secs(seconds)
    };
    Freeze {
        name: name.to_owned(),
        reason: Some("the books are closed".to_owned()),
        zone: Zone::new("UTC").unwrap(),
        when: When::Period {
            from: local(from),
            to: local(to),
        },
        by: None,
    }
}

fn second(n: u32) -> Timestamp {
    MIDNIGHT + Span::from_secs(n)
}

fn frozen(change: impl FnOnce(&mut LaneRules)) -> Harness {
    Harness::but(|rules| {
        rules.freezes = vec![window("books", 0, 4_000)];
        change(rules);
    })
}

fn is_frozen(h: &Harness) -> bool {
    matches!(h.waiting(), Some(For::Frozen { .. }))
}

#[test]
fn a_freeze_stops_the_merge_and_not_the_preparation() {
    let mut h = frozen(|_| {});
    h.merge("one");
    h.run();
    let waiting = For::Frozen {
        name: "books".to_owned(),
        reason: Some("the books are closed".to_owned()),
        until: second(4_000),
        by: None,
    };
    assert_eq!(h.waiting(), Some(waiting));
    assert_eq!(h.open(), Some(1), "everything else is done meanwhile");
    assert_eq!(h.at("test"), "old");
}

#[test]
fn it_goes_on_by_itself_when_the_freeze_ends_and_not_before() {
    let mut h = frozen(|_| {});
    let merged = h.merge("one");
    h.run();
    h.now = second(4_000) - Span::from_secs(6);
    h.settle();
    assert!(is_frozen(&h));
    h.now = second(4_000) - Span::from_millis(1);
    h.settle();
    assert_eq!(
        (h.at("test"), h.standing()),
        (merged.to_string(), vec![Succeeded])
    );
    assert!(h.now < second(4_001), "no later than its end");
}

#[test]
fn freezes_that_follow_each_other_are_told_once() {
    let more = [window("books", 0, 1_500), window("audit", 1_500, 2_000)];
    let mut h = frozen(|rules| rules.freezes = more.to_vec());
    h.merge("one");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Frozen { until, .. }) if until == second(2_000)));
    h.pass(700);
    assert!(matches!(h.waiting(), Some(For::Frozen { name, .. }) if name == "audit"));
    let told = h.told().into_iter().filter(|turn| *turn == "waits");
    assert_eq!(told.count(), 1);
    h.pass(400);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn a_freeze_that_begins_before_the_merge_has_begun_withdraws_it() {
    let mut h = frozen(|rules| rules.freezes = vec![window("books", 1_030, 2_000)]);
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
    assert!(is_frozen(&h));
    assert!(!h.outside.done.contains_key("merge_change_request"));
    h.pass(1_000);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn broken_glass_passes_a_freeze() {
    let mut h = frozen(|rules| rules.approval = people(1));
    h.merge("one");
    h.run();
    assert!(h.is_waiting_for_people());
    h.approve_by("bob");
    h.run();
    assert!(is_frozen(&h));
    h.act(Act::Override { number: 1 }, "carol");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn a_lane_that_commits_at_once_waits_for_the_end_too() {
    let mut h = frozen(|rules| rules.deliver.mode = Mode::Commit);
    let merged = h.merge("one");
    h.run();
    assert!(is_frozen(&h));
    assert!(!h.outside.done.contains_key("publish_commit"));
    h.pass(3_100);
    assert_eq!(h.at("test"), merged.as_str());
}

#[test]
fn a_rollback_waits_as_well_until_somebody_breaks_the_glass() {
    let mut h = frozen(|rules| rules.freezes = vec![window("books", 1_300, 4_000)]);
    let one = h.merge("one");
    h.run();
    h.merge("two");
    h.run();
    h.pass(400);
    h.act(
        Act::Rollback {
            to: None,
            from: None,
        },
        "bob",
    );
    h.run();
    assert!(is_frozen(&h));
    h.act(Act::Override { number: 3 }, "carol");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (one.to_string(), vec![Succeeded; 3])
    );
}

#[test]
fn a_lane_that_is_locked_or_held_says_so_first() {
    let mut h = frozen(|rules| rules.freezes = vec![window("books", 1_300, 4_000)]);
    h.merge("one");
    h.run();
    h.merge("two");
    h.run();
    h.act(
        Act::Rollback {
            to: None,
            from: None,
        },
        "bob",
    );
    h.run();
    h.pass(400);
    h.merge("three");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Held { held }) if held.by == who("bob")));
    h.lock("*", "bob", None);
    h.run();
    assert!(matches!(h.waiting(), Some(For::Locked { .. })));
    h.unlock("*", "bob");
    h.act(Act::Release, "carol");
    h.run();
    assert!(is_frozen(&h));
}
