//! Calls that fail, looks that see nothing, states that cannot be read.

use serde_json::json;

use super::harness::{Fate, Harness};
use super::lanes::{id, main_branch};
use crate::deployment::DeploymentState::{Failed, Succeeded, Superseded, Waiting};
use crate::deployment::Waiting as For;
use crate::effect::Outcome;
use crate::job::Job;
use crate::promotion::decide::BLIND;
use crate::promotion::state::{LaneState, Unreadable, VERSION};

#[test]
fn a_look_that_fails_leaves_the_lane_blind_but_neither_busy_nor_for_ever() {
    let mut h = Harness::one(main_branch());
    h.break_effect("observe_source", true);
    let merged = h.merge("one");
    h.run();
    assert_eq!(h.state("web/test").blind, Some("no answer".to_owned()));
    let decisions = h.decisions;
    h.pass(600);
    assert!(
        h.decisions - decisions <= 40,
        "{} decisions in ten minutes",
        h.decisions - decisions
    );
    h.outside.broken.clear();
    h.pass(65);
    assert_eq!(
        (h.at("test"), h.state("web/test").blind),
        (merged.to_string(), None)
    );
}

#[test]
fn a_change_request_out_of_sight_shows_as_blocked_and_comes_back() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    h.break_effect("observe_change", true);
    h.sweep();
    assert!(matches!(h.waiting(), Some(For::Blocked { effect, .. }) if effect == "observe_change"));
    h.outside.broken.clear();
    h.pass(65);
    assert!(matches!(h.waiting(), Some(For::Checks { .. })));
}

#[test]
fn a_write_that_is_refused_for_good_ends_the_deployment() {
    for kind in [
        "publish_branch",
        "open_change_request",
        "approve_change_request",
        "merge_change_request",
    ] {
        let mut h = Harness::one(main_branch());
        h.break_effect(kind, true);
        h.merge("one");
        h.run();
        assert_eq!(h.standing(), [Failed], "{kind}");
        h.leaves_nothing();
        h.outside.broken.clear();
        let next = h.merge("two");
        h.run();
        assert_eq!(
            (h.at("test"), h.standing()),
            (next.to_string(), vec![Failed, Succeeded]),
            "{kind}"
        );
    }
}

#[test]
fn a_change_request_that_cannot_be_closed_holds_the_next_one_for_minutes_not_for_ever() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    h.break_effect("close_change_request", true);
    h.merge("two");
    h.run();
    h.outside.broken.clear();
    h.pass(130);
    assert_eq!(
        (h.standing(), h.outside.open().count()),
        (vec![Superseded, Waiting], 1)
    );
}

#[test]
fn a_head_that_always_moved_is_not_asked_for_all_the_time() {
    let mut h = Harness::one(main_branch());
    let (kind, times) = ("merge_change_request", usize::MAX);
    h.fate = Some(Fate {
        kind,
        outcome: Outcome::HeadMoved,
        times,
    });
    h.merge("one");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Retry { .. })));
    h.fate = None;
    h.pass(130);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn a_state_that_cannot_be_read_is_kept_and_nothing_moves() {
    let newer = json!({"version": VERSION + 1, "ordinal": 7, "hold": true});
    let unknown = json!({"version": VERSION, "ordinal": 7, "hold": true});
    for state in [
        newer,
        unknown,
        json!({}),
        json!([1]),
        json!("x"),
        json!({"version": "1"}),
        json!({"version": 0}),
        json!({"version": -1}),
    ] {
        let mut h = Harness::one(main_branch());
        h.merge("one");
        h.deliver_all();
        let mut world = h.world(&id("web/test").subject());
        world.state = state;
        let plan = h.job.decide(&world);
        assert_eq!(
            plan,
            crate::plan::Plan {
                state: world.state.clone(),
                ..Default::default()
            }
        );
        assert!(LaneState::read(&world.state).is_err(), "{}", world.state);
    }
    let told = LaneState::read(&json!({"version": 9})).unwrap_err();
    assert_eq!(told, Unreadable::Newer { found: 9 });
}

#[test]
fn a_fact_of_another_shape_is_looked_at_again_later_not_at_once() {
    let mut h = Harness::one(main_branch());
    h.spoil = true;
    h.merge("one");
    h.run();
    let decisions = h.decisions;
    h.pass(120);
    assert!(h.decisions - decisions <= 12);
    h.spoil = false;
    h.pass(65);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn a_look_that_is_tried_again_and_again_is_told_on_the_board_and_taken_back_when_it_works() {
    let mut h = Harness::one(main_branch());
    h.run();
    let told = |h: &Harness| {
        let key = (id("web/test").subject(), BLIND.to_owned());
        h.facts.get(&key).map(|(value, _)| value.clone())
    };
    assert_eq!(told(&h), None, "nothing was ever amiss");
    h.break_effect("observe_source", false);
    let merged = h.merge("one");
    h.run();
    h.pass(60);
    assert_eq!(told(&h), Some(json!("no answer")));
    h.outside.broken.clear();
    h.pass(65);
    assert_eq!(h.at("test"), merged.as_str());
    assert_eq!(told(&h), Some(json!(null)));
}
