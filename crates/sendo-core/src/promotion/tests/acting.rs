//! What people do with Sendo itself: approve, cancel, retry, roll back, lock, break the glass.

use super::harness::Harness;
use super::lanes::{after, lane, main_branch, people, who};
use crate::act::{Access, Act, Grant, Verb};
use crate::deployment::DeploymentState::{Cancelled, Failed, Succeeded, Superseded, Waiting};
use crate::deployment::Waiting as For;
use crate::promotion::{Approval, Mode};
use crate::time::Span;

fn asking(count: u32) -> Harness {
    Harness::but(|rules| rules.approval = people(count))
}

#[test]
fn a_person_approves_here_and_it_goes_on() {
    let mut h = asking(1);
    let merged = h.merge("one");
    h.run();
    assert!(h.is_waiting_for_people());
    h.act(Act::Approve { number: 1 }, "bob");
    h.run();
    assert_eq!(
        (h.standing(), h.at("test")),
        (vec![Succeeded], merged.to_string())
    );
    assert!(h.told().contains(&"person_approved"));
    h.leaves_nothing();
}

#[test]
fn two_who_approve_at_the_same_time_are_two_and_one_twice_is_one() {
    let mut h = asking(2);
    h.merge("one");
    h.run();
    h.act(Act::Approve { number: 1 }, "bob");
    h.act(Act::Approve { number: 1 }, "bob");
    h.run();
    assert!(matches!(h.waiting(), Some(For::People { have, .. }) if have == [who("bob")]));
    h.approve_by("bob");
    h.run();
    assert!(
        h.is_waiting_for_people(),
        "a review by the same person is no second one"
    );
    h.act(Act::Approve { number: 1 }, "carol");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    let told = h
        .told()
        .into_iter()
        .filter(|turn| *turn == "person_approved");
    assert_eq!(told.count(), 2);
}

#[test]
fn an_approval_given_before_the_change_request_is_open_counts() {
    let mut h = asking(1);
    h.merge("one");
    h.run_until_intended("open_change_request");
    h.act(Act::Approve { number: 1 }, "bob");
    h.release();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn who_asked_never_approves_nor_does_who_is_not_named() {
    let from = vec![who("alice"), who("carol")];
    let mut h = Harness::but(|rules| rules.approval = Approval::People { count: 1, from });
    h.merge("one");
    h.mail.clear();
    h.deploy("web/test", Some("main"), "alice");
    h.run();
    for name in ["alice", "bob"] {
        h.act(Act::Approve { number: 1 }, name);
        h.run();
        assert!(h.is_waiting_for_people(), "{name}");
    }
    assert_eq!(
        h.told()
            .iter()
            .filter(|turn| **turn == "act_refused")
            .count(),
        2
    );
    h.act(Act::Approve { number: 1 }, "carol");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn a_right_taken_away_between_page_and_click_refuses() {
    let grant = |who, may: &[Verb]| Grant {
        who: Some(vec![who]),
        may: may.to_vec(),
    };
    let grants = vec![grant(who("carol"), &[Verb::Approve])];
    let mut h = Harness::but(|rules| {
        rules.approval = people(1);
        rules.access = Access {
            grants: Some(grants),
        };
    });
    h.merge("one");
    h.run();
    h.act(Act::Approve { number: 1 }, "bob");
    h.act(Act::Cancel { number: 1 }, "carol");
    h.approve_by("bob");
    h.run();
    assert!(h.is_waiting_for_people(), "neither here nor on the forge");
    h.act(Act::Approve { number: 1 }, "carol");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn an_approval_is_for_one_deployment_and_not_for_the_next() {
    let mut h = asking(1);
    h.merge("one");
    h.run();
    h.merge("two");
    h.run();
    h.act(Act::Approve { number: 1 }, "bob");
    h.run();
    assert_eq!(h.standing(), [Superseded, Waiting]);
    h.act(Act::Approve { number: 2 }, "bob");
    h.run();
    assert_eq!(h.standing(), [Superseded, Succeeded]);
}

#[test]
fn a_cancelled_deployment_closes_its_change_request_until_it_is_retried() {
    let mut h = asking(1);
    let merged = h.merge("one");
    h.run();
    h.act(Act::Cancel { number: 1 }, "bob");
    h.run();
    assert_eq!((h.standing(), h.open()), (vec![Cancelled], None));
    h.act(Act::Retry { number: 1 }, "bob");
    h.run();
    assert_eq!(h.standing(), [Cancelled, Waiting]);
    let row = h
        .rows
        .values()
        .find(|row| !row.state.is_terminal())
        .unwrap();
    assert_eq!((&row.revision, row.included.len()), (&merged, 1));
    h.act(Act::Approve { number: 2 }, "carol");
    h.run();
    assert_eq!(h.standing(), [Cancelled, Succeeded]);
    h.leaves_nothing();
}

#[test]
fn a_merge_that_has_begun_cannot_be_cancelled() {
    let mut h = Harness::one(main_branch());
    h.merge("one");
    h.run_until_intended("merge_change_request");
    h.act(Act::Cancel { number: 1 }, "bob");
    h.release();
    assert_eq!(h.standing(), [Succeeded]);
    assert!(h.told().contains(&"act_refused"));
}

#[test]
fn one_that_failed_is_retried_and_one_that_nobody_remembers_is_not() {
    let mut h = Harness::one(main_branch());
    h.break_effect("publish_branch", true);
    h.merge("one");
    h.run();
    assert_eq!(h.standing(), [Failed]);
    h.outside.broken.clear();
    h.act(Act::Retry { number: 7 }, "bob");
    h.act(Act::Retry { number: 1 }, "bob");
    h.run();
    assert_eq!(h.standing(), [Failed, Succeeded]);
    assert!(h.audit.contains(&"act.refused".to_owned()));
}

#[test]
fn a_rollback_sets_the_last_revision_and_holds_the_lane_until_released() {
    let mut h = Harness::one(main_branch());
    let one = h.merge("one");
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
    assert_eq!(
        (h.at("test"), h.standing()),
        (one.to_string(), vec![Succeeded; 3])
    );
    let three = h.merge("three");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Held { held }) if held.by == who("bob")));
    assert_eq!(h.at("test"), one.as_str());
    h.act(Act::Release, "carol");
    h.run();
    assert_eq!(h.at("test"), three.as_str());
    h.leaves_nothing();
}

#[test]
fn a_rollback_takes_the_place_of_what_is_on_its_way_and_nothing_newer_takes_its_own() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    let green = |h: &mut Harness| {
        h.report_check("ci", crate::effect::CheckState::Success);
        h.run();
    };
    let one = h.merge("one");
    h.run();
    green(&mut h);
    h.merge("two");
    h.run();
    green(&mut h);
    h.merge("three");
    h.run();
    h.act(
        Act::Rollback {
            to: Some(1),
            from: None,
        },
        "bob",
    );
    h.merge("four");
    h.run();
    h.merge("five");
    h.run();
    green(&mut h);
    assert_eq!(h.at("test"), one.as_str());
    assert_eq!(h.standing()[2..4], [Superseded, Succeeded]);
    assert!(matches!(
        h.waiting(),
        Some(For::Checks { .. } | For::Held { .. })
    ));
}

#[test]
fn the_same_rollback_twice_goes_back_once() {
    for from in [None, Some(2)] {
        let mut h = Harness::one(main_branch());
        let one = h.merge("one");
        h.run();
        h.merge("two");
        h.run();
        let back = || Act::Rollback { to: None, from };
        h.act(back(), "bob");
        h.act(back(), "bob");
        h.run();
        h.act(back(), "bob");
        h.run();
        assert_eq!(h.standing(), [Succeeded; 3]);
        assert_eq!(h.at("test"), one.as_str());
    }
}

#[test]
fn going_back_once_more_goes_further_back_and_never_to_what_was_left() {
    let mut h = Harness::one(main_branch());
    let mut all = Vec::new();
    for title in ["one", "two", "three"] {
        all.push(h.merge(title).to_string());
        h.run();
    }
    for expected in [&all[1], &all[0], &all[0]] {
        let back = Act::Rollback {
            to: None,
            from: None,
        };
        h.act(back, "bob");
        h.run();
        assert_eq!(h.at("test"), expected.as_str());
    }
}

#[test]
fn what_a_rollback_overtakes_gets_a_later_number_so_that_the_newest_number_is_what_runs() {
    let mut h = Harness::one(main_branch());
    for title in ["one", "two"] {
        h.merge(title);
        h.run();
    }
    h.merge("three");
    let back = Act::Rollback {
        to: None,
        from: None,
    };
    h.act(back, "bob");
    h.run();
    h.act(Act::Release, "bob");
    h.run();
    let state = h.state("web/test");
    let numbers: Vec<u64> = state.succeeded.iter().map(|one| one.ordinal).collect();
    assert!(
        numbers.is_sorted_by(|newer, older| newer > older),
        "{numbers:?}"
    );
    assert_eq!(numbers.len(), 4);
}

#[test]
fn a_rollback_that_joins_one_whose_hold_was_ended_holds_the_lane_anew() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    for title in ["one", "two"] {
        h.merge(title);
        h.run();
        h.report_check("ci", crate::effect::CheckState::Success);
        h.run();
    }
    let back = || Act::Rollback {
        to: None,
        from: None,
    };
    h.act(back(), "bob");
    h.run();
    h.act(Act::Release, "bob");
    h.run();
    h.act(back(), "carol");
    h.run();
    let held = h.state("web/test").held;
    assert_eq!(held.map(|held| held.by), Some(who("carol")));
}

#[test]
fn a_rollback_that_comes_too_late_is_told_on_what_runs() {
    let mut h = Harness::one(main_branch());
    for title in ["one", "two"] {
        h.merge(title);
        h.run();
    }
    let back = Act::Rollback {
        to: None,
        from: Some(1),
    };
    h.act(back, "bob");
    h.run();
    assert_eq!(h.standing(), [Succeeded; 2]);
    let told = h
        .notices
        .iter()
        .rev()
        .find_map(|notice| match &notice.turn {
            crate::notice::Turn::ActRefused { why, .. } => Some((notice.deployment.number(), *why)),
            _ => None,
        });
    assert_eq!(told, Some((Some(2), crate::act::ActRefusal::LeftAlready)));
}

#[test]
fn there_must_be_something_to_roll_back_to() {
    let mut h = Harness::one(main_branch());
    h.merge("one");
    h.run();
    h.act(
        Act::Rollback {
            to: None,
            from: None,
        },
        "bob",
    );
    h.act(
        Act::Rollback {
            to: Some(9),
            from: None,
        },
        "bob",
    );
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    assert_eq!(h.state("web/test").held, None);
}

#[test]
fn a_lock_stops_the_merge_and_not_the_preparation() {
    let mut h = Harness::one(main_branch());
    h.lock("*/test", "bob", None);
    h.run();
    let merged = h.merge("one");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Locked { lock }) if lock.by == who("bob")));
    assert_eq!(h.open(), Some(1), "everything else is done meanwhile");
    h.unlock("*/test", "carol");
    h.run();
    assert_eq!(h.at("test"), merged.as_str());
}

#[test]
fn a_lock_that_comes_before_the_merge_has_begun_withdraws_it() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    h.report_check("ci", crate::effect::CheckState::Success);
    h.deliver_all();
    while !h
        .effects
        .iter()
        .any(|(_, e, _)| e.effect.kind() == "merge_change_request")
    {
        assert!(h.step());
    }
    h.lock("web", "bob", None);
    h.deliver_all();
    while h.decide_while(|_| {}) {}
    h.settle();
    assert!(matches!(h.waiting(), Some(For::Locked { .. })));
    assert!(!h.outside.done.contains_key("merge_change_request"));
    h.unlock("web", "bob");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn a_lock_ends_by_itself_and_belongs_to_who_came_first() {
    let mut h = Harness::one(main_branch());
    let until = h.now + Span::from_secs(600);
    h.lock("*", "bob", Some(until));
    h.lock("*", "mallory", None);
    h.run();
    h.merge("one");
    h.run();
    let locked = For::Locked {
        lock: crate::deployment::Lock {
            area: "*/*".parse().unwrap(),
            by: who("bob"),
            reason: "a migration".to_owned(),
            at: match h.waiting() {
                Some(For::Locked { lock }) => lock.at,
                _ => h.now,
            },
            until: Some(until),
        },
    };
    assert_eq!(h.waiting(), Some(locked));
    h.pass(700);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn a_lane_that_commits_at_once_waits_for_the_lock_too() {
    let mut h = Harness::but(|rules| rules.deliver.mode = Mode::Commit);
    h.lock("web/test", "bob", None);
    h.run();
    h.merge("one");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Locked { .. })));
    assert_eq!(h.at("test"), "old");
    h.unlock("web/test", "bob");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn broken_glass_passes_people_locks_and_holds_but_not_checks() {
    let mut h = Harness::but(|rules| {
        rules.approval = people(1);
        rules.deliver.checks = vec!["ci".to_owned()];
    });
    h.lock("*", "bob", None);
    h.merge("one");
    h.run();
    h.act(Act::Override { number: 1 }, "carol");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Checks { .. })));
    h.report_check("ci", crate::effect::CheckState::Success);
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    assert!(h.told().contains(&"overridden"));
}

#[test]
fn what_succeeded_before_must_have_lasted_and_a_rollback_does_not_wait() {
    let mut production = lane("web/production", main_branch());
    production.after = after("test", false);
    production.after.as_mut().unwrap().soak = Span::from_secs(300);
    let mut h = Harness::with(vec![lane("web/test", main_branch()), production]);
    let one = h.merge("one");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Soak { .. })));
    h.pass(310);
    assert_eq!(h.at("production"), one.as_str());
}

#[test]
fn a_request_of_who_may_not_deploy_any_more_is_refused() {
    let grants = vec![Grant {
        who: Some(vec![who("carol")]),
        may: vec![Verb::Deploy],
    }];
    let mut h = Harness::but(|rules| {
        rules.on = crate::promotion::Trigger::Command;
        rules.access = Access {
            grants: Some(grants),
        };
    });
    let merged = h.merge("one");
    h.deploy("web/test", Some("main"), "bob");
    h.run();
    assert!(h.rows.is_empty(), "{:?}", h.rows);
    assert!(h.audit.contains(&"request.refused".to_owned()));
    h.deploy("web/test", Some("main"), "carol");
    h.run();
    assert_eq!(h.at("test"), merged.as_str());
}
