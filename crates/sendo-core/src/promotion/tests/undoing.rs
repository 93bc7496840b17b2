//! A lane that goes back by itself from what does not work.

use super::harness::Harness;
use super::lanes::{engine, people, who};
use super::seeing::{failure, seen};
use crate::act::Act;
use crate::deployment::DeploymentState::{Failed, Succeeded, Superseded, Waiting};
use crate::deployment::Waiting as For;
use crate::engine::{Health, OnDegraded};
use crate::names::Revision;
use crate::notice::Turn;
use crate::promotion::LaneRules;
use crate::promotion::Mode;
use crate::time::Span;

/// A lane that had a success, and now has something that does not work.
fn degraded_but(change: impl FnOnce(&mut LaneRules)) -> (Harness, Revision) {
    let mut h = Harness::but(|rules| {
        rules.engine = engine(OnDegraded::RollBack);
        change(rules);
    })
    .with_cluster();
    let good = good(&mut h);
    h.next_is(Health::Degraded);
    h.merge("bad");
    h.run();
    h.approve_by("bob");
    h.run();
    (h, good)
}

fn good(h: &mut Harness) -> Revision {
    h.next_is(Health::Healthy);
    let good = h.merge("good");
    h.run();
    h.approve_by("bob");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    good
}

fn degraded() -> (Harness, Revision) {
    degraded_but(|_| {})
}

#[test]
fn a_degraded_environment_goes_back_to_the_last_success_and_nobody_is_asked() {
    for approval in [true, false] {
        let (mut h, good) = degraded_but(|rules| {
            if approval {
                rules.approval = people(1);
            }
        });
        h.next_is(Health::Healthy);
        h.pass(60);
        assert_eq!(h.standing(), [Succeeded, Failed, Succeeded]);
        assert_eq!(h.at("test"), good.as_str());
        let row = h.rows.values().last().unwrap();
        assert_eq!(row.requested_by, None);
        assert_eq!(h.state("web/test").held, None);
        h.leaves_nothing();
    }
}

#[test]
fn what_goes_back_says_what_it_undoes_and_from_where() {
    let (mut h, _) = degraded();
    let bad = h.outside.branches["main"].clone();
    h.next_is(Health::Healthy);
    h.pass(60);
    let undoes = |turn: &Turn| match turn {
        Turn::Started {
            undoes: Some(undoes),
            previous,
            ..
        } => Some((undoes.to_string(), previous.clone())),
        _ => None,
    };
    let told = h.notices.iter().find_map(|notice| undoes(&notice.turn));
    assert_eq!(told, Some(("web/test/2".to_owned(), Some(bad))));
    let said = h.notices.iter().find_map(|notice| match &notice.turn {
        Turn::Failed { failure, .. } => Some(failure.message.clone()),
        _ => None,
    });
    assert!(
        said.unwrap()
            .ends_with("; web/test/3 goes back to web/test/1")
    );
    assert_eq!(
        h.audit
            .iter()
            .filter(|one| *one == "deployment.rolled_back")
            .count(),
        1
    );
}

#[test]
fn what_is_stuck_goes_back_as_well() {
    let mut h = seen(OnDegraded::RollBack);
    let good = good(&mut h);
    h.next_is(Health::Progressing);
    h.merge("slow");
    h.run();
    h.next_is(Health::Healthy);
    h.pass(620);
    assert_eq!(h.standing(), [Succeeded, Failed, Succeeded]);
    assert_eq!(h.at("test"), good.as_str());
}

/// A success, and then something that is merged and on its way.
fn on_its_way() -> Harness {
    let mut h = seen(OnDegraded::RollBack);
    good(&mut h);
    h.next_is(Health::Progressing);
    h.merge("slow");
    h
}

/// Sendo is not there for so long.
fn away(h: &mut Harness, seconds: u32) {
    h.now = h.now + Span::from_secs(seconds);
    h.hint_all();
}

#[test]
fn one_look_after_sendo_was_away_for_longer_than_the_deadline_is_no_verdict() {
    for seen_before in [true, false] {
        let mut h = on_its_way();
        if seen_before {
            h.run();
        } else {
            h.run_until_intended("refresh_engine");
            h.held = None;
        }
        away(&mut h, 3_600);
        h.run();
        assert_eq!(h.standing(), [Succeeded, Waiting], "{seen_before}");
        h.pass(580);
        assert_eq!(h.standing(), [Succeeded, Waiting], "{seen_before}");
        h.health(Health::Healthy);
        h.run();
        assert_eq!(h.standing(), [Succeeded, Succeeded], "{seen_before}");
    }
}

#[test]
fn what_ailed_before_sendo_was_away_has_to_be_seen_twice_again() {
    let mut h = on_its_way();
    h.run();
    h.health(Health::Degraded);
    h.run();
    away(&mut h, 3_600);
    h.run();
    assert_eq!(h.standing(), [Succeeded, Waiting]);
    h.next_is(Health::Healthy);
    h.pass(60);
    assert_eq!(h.standing(), [Succeeded, Failed, Succeeded]);
}

#[test]
fn one_look_that_failed_after_the_deadline_ends_nothing() {
    let mut h = on_its_way();
    h.run();
    h.break_effect("observe_engine", false);
    away(&mut h, 3_600);
    h.run();
    h.pass(60);
    assert_eq!(h.standing(), [Succeeded, Waiting]);
    h.outside.broken.clear();
    h.health(Health::Healthy);
    h.pass(60);
    assert_eq!(h.standing(), [Succeeded, Succeeded]);
}

#[test]
fn what_cannot_be_looked_at_for_a_whole_deadline_is_given_up_and_nothing_is_undone() {
    let mut h = on_its_way();
    h.run();
    h.pass(300);
    h.break_effect("observe_engine", false);
    h.pass(500);
    assert_eq!(h.standing(), [Succeeded, Waiting]);
    h.pass(300);
    assert_eq!(h.standing(), [Succeeded, Failed]);
    let (code, message) = failure(&h);
    assert_eq!(code, "stuck");
    assert!(
        message.ends_with("; nothing was seen, so nothing is undone"),
        "{message}"
    );
}

#[test]
fn a_later_commit_of_somebody_else_that_cannot_be_applied_is_reported_and_ours_is_not_undone() {
    for later in [true, false] {
        let mut h = on_its_way();
        h.run();
        if later {
            h.set_by_hand("other.yaml", "broken");
        }
        let head = h.outside.refs["main"].clone();
        h.engine(|one| one.looked = head);
        h.attempt_fails();
        h.run();
        h.next_is(Health::Healthy);
        h.pass(60);
        assert_eq!(failed(&h), later, "{:?}", h.standing());
    }
}

/// Whether the last one failed, and nothing was undone for it.
fn failed(h: &Harness) -> bool {
    assert_eq!(h.standing()[..2], [Succeeded, Failed]);
    h.standing().len() == 2
}

#[test]
fn the_bad_revision_does_not_come_again_by_itself_and_a_newer_one_does() {
    let (mut h, good) = degraded();
    h.next_is(Health::Healthy);
    h.pass(60);
    h.sweep();
    h.pass(120);
    assert_eq!(h.at("test"), good.as_str());
    let newer = h.merge("repair");
    h.run();
    assert_eq!(h.standing(), [Succeeded, Failed, Succeeded, Succeeded]);
    assert_eq!(h.at("test"), newer.as_str());
    let row = h.rows.values().last().unwrap();
    let titles: Vec<_> = row
        .included
        .iter()
        .map(|change| change.title.as_str())
        .collect();
    assert_eq!(titles, ["bad", "repair"], "it brings what failed, too");
}

#[test]
fn what_went_back_by_itself_and_ails_is_only_reported() {
    let (mut h, _) = degraded();
    h.pass(200);
    assert_eq!(h.standing(), [Succeeded, Failed, Failed]);
    assert!(
        failure(&h)
            .1
            .ends_with("it went back already, so nothing more is done by itself")
    );
}

#[test]
fn what_a_person_went_back_to_and_ails_is_only_reported() {
    let mut h = seen(OnDegraded::RollBack);
    good(&mut h);
    h.merge("two");
    h.run();
    h.next_is(Health::Degraded);
    let (to, from) = (None, None);
    h.act(Act::Rollback { to, from }, "alice");
    h.run();
    h.pass(200);
    assert_eq!(h.standing(), [Succeeded, Succeeded, Failed]);
}

#[test]
fn without_an_earlier_success_it_is_reported_and_says_so() {
    let mut h = seen(OnDegraded::RollBack);
    h.next_is(Health::Degraded);
    h.merge("one");
    h.run();
    h.pass(60);
    assert_eq!(h.standing(), [Failed]);
    assert!(
        failure(&h)
            .1
            .ends_with("; there is no earlier success to go back to")
    );
}

#[test]
fn files_that_somebody_changed_since_are_not_touched() {
    for mode in [Mode::ChangeRequest, Mode::Commit] {
        let (mut h, _) = degraded_but(|rules| rules.deliver.mode = mode);
        h.set_by_hand("test.yaml.tag", "a hot fix");
        h.mail.clear();
        h.pass(60);
        assert_eq!(h.standing(), [Succeeded, Failed, Failed]);
        assert_eq!(failure(&h).0, "moved_since");
        assert_eq!(h.at("test"), "a hot fix");
        h.leaves_nothing();
    }
}

#[test]
fn other_files_may_have_changed_and_files_that_went_back_already_are_seen_through() {
    let (mut h, good) = degraded();
    h.set_by_hand("other.yaml", "new");
    h.next_is(Health::Healthy);
    h.pass(60);
    assert_eq!(
        (h.standing(), h.at("test")),
        (vec![Succeeded, Failed, Succeeded], good.to_string())
    );
    let (mut h, good) = degraded();
    h.set_by_hand("test.yaml.tag", good.as_str());
    h.mail.clear();
    h.next_is(Health::Healthy);
    h.pass(60);
    assert_eq!(h.standing(), [Succeeded, Failed, Succeeded]);
}

#[test]
fn a_lock_holds_it_and_a_newer_one_waits_behind_it() {
    let (mut h, good) = degraded();
    h.lock("web/test", "erin", None);
    h.run();
    h.pass(60);
    assert!(
        matches!(h.waiting(), Some(For::Locked { .. })),
        "{:?}",
        h.waiting()
    );
    assert_eq!(h.standing(), [Succeeded, Failed, Waiting]);
    h.next_is(Health::Healthy);
    h.unlock("web/test", "erin");
    h.run();
    assert_eq!(
        (h.standing(), h.at("test")),
        (vec![Succeeded, Failed, Succeeded], good.to_string())
    );
}

#[test]
fn a_rollback_that_a_person_asked_for_is_the_only_one() {
    let (mut h, _) = degraded();
    let (to, from) = (None, None);
    h.act(Act::Rollback { to, from }, "alice");
    h.next_is(Health::Healthy);
    h.run();
    h.pass(120);
    assert_eq!(h.standing(), [Succeeded, Superseded, Succeeded]);
    let row = h.rows.values().last().unwrap();
    assert_eq!(row.requested_by, Some(who("alice")));
}

#[test]
fn one_that_went_back_by_itself_and_is_tried_again_asks_people() {
    let (mut h, _) = degraded_but(|rules| rules.approval = people(1));
    h.pass(200);
    assert_eq!(h.standing(), [Succeeded, Failed, Failed]);
    h.set_by_hand("test.yaml.tag", "a hot fix");
    h.act(Act::Retry { number: 3 }, "alice");
    h.run();
    assert!(
        matches!(h.waiting(), Some(For::People { needed: 1, .. })),
        "{:?}",
        h.waiting()
    );
    assert_eq!(
        h.rows.values().last().unwrap().requested_by,
        Some(who("alice"))
    );
}

#[test]
fn a_person_who_joins_what_goes_back_by_itself_has_to_be_approved() {
    let (mut h, _) = degraded_but(|rules| rules.approval = people(1));
    h.lock("web/test", "erin", None);
    h.run();
    h.pass(60);
    assert_eq!(h.standing(), [Succeeded, Failed, Waiting]);
    let (to, from) = (None, None);
    h.act(Act::Rollback { to, from }, "alice");
    h.unlock("web/test", "erin");
    h.next_is(Health::Healthy);
    h.run();
    assert!(
        matches!(h.waiting(), Some(For::People { needed: 1, .. })),
        "{:?}",
        h.waiting()
    );
    h.approve_by("bob");
    h.run();
    assert_eq!(h.standing(), [Succeeded, Failed, Succeeded]);
}
