//! Deployments that are done when the environment is healthy, not when their change is merged.

use super::harness::Harness;
use super::lanes::{after, engine, lane, main_branch, people, who};
use crate::act::Act;
use crate::deployment::DeploymentState::{
    Cancelled, Failed, Queued, Running, Succeeded, Superseded, Waiting,
};
use crate::deployment::Waiting as For;
use crate::effect::Effect;
use crate::engine::{Attempt, Health, Lacks, OnDegraded, Phase};
use crate::event::Event;
use crate::notice::Turn;
use crate::promotion::LaneRules;
use crate::time::Span;

pub(super) fn seen(degraded: OnDegraded) -> Harness {
    Harness::but(|rules| rules.engine = engine(degraded)).with_cluster()
}

fn rules(change: impl FnOnce(&mut LaneRules)) -> Harness {
    Harness::but(|rules| {
        rules.engine = engine(OnDegraded::Report);
        change(rules);
    })
    .with_cluster()
}

fn syncing() -> Harness {
    let mut h = rules(|rules| rules.engine.as_mut().unwrap().sync = true);
    h.engine(|one| one.automated = false);
    h
}

fn lacks(h: &Harness) -> Option<Lacks> {
    match h.waiting() {
        Some(For::Engine { lacks, .. }) => Some(lacks),
        _ => None,
    }
}

fn last(h: &Harness) -> &Turn {
    &h.notices.last().unwrap().turn
}

pub(super) fn failure(h: &Harness) -> (String, String) {
    let Turn::Failed { failure, .. } = last(h) else {
        panic!("{:?}", last(h))
    };
    (failure.reason_code.clone(), failure.message.clone())
}

fn count(h: &Harness, kind: &str) -> usize {
    h.outside.done.get(kind).copied().unwrap_or_default()
}

#[test]
fn a_deployment_is_done_when_the_environment_is_healthy_and_not_when_it_is_merged() {
    let mut h = seen(OnDegraded::Report);
    let merged = h.merge("one");
    h.run();
    assert_eq!(h.at("test"), merged.as_str());
    assert_eq!(
        (h.standing(), lacks(&h)),
        (vec![Waiting], Some(Lacks::Progress))
    );
    assert!(h.state("web/test").succeeded.is_empty());
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    let healthy = Turn::Succeeded {
        unchanged: false,
        healthy: true,
    };
    assert_eq!(last(&h), &healthy);
    let told = [
        "started",
        "change_request_opened",
        "approved",
        "merged",
        "waits",
        "succeeded",
    ];
    assert_eq!(h.told(), told);
    h.leaves_nothing();
}

#[test]
fn the_branch_is_deleted_at_the_merge_and_not_when_all_is_well() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    let branches: Vec<_> = h.outside.refs.keys().collect();
    assert_eq!(branches, ["main"]);
}

#[test]
fn an_engine_whose_look_failed_is_asked_again() {
    let mut h = seen(OnDegraded::Report);
    h.engine(|one| one.blind = true);
    h.merge("one");
    h.run();
    assert_eq!(lacks(&h), Some(Lacks::Look));
    h.pass(100);
    let asked = count(&h, "refresh_engine");
    assert!((4..=6).contains(&asked), "{asked} times in 100 seconds");
    h.engine(|one| (one.blind, one.next) = (false, Health::Healthy));
    h.pass(40);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn an_engine_is_asked_to_look_once_and_looked_at_every_ten_seconds() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    let before = count(&h, "observe_engine");
    h.pass(100);
    let looks = count(&h, "observe_engine") - before;
    assert!((5..=11).contains(&looks), "{looks} looks in 100 seconds");
    assert_eq!(count(&h, "refresh_engine"), 1);
    assert_eq!(count(&h, "sync_engine"), 0);
}

#[test]
fn a_touch_makes_the_lane_look_at_the_engine_and_nowhere_else() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    let sources = count(&h, "observe_source");
    h.health(Health::Healthy);
    h.run();
    assert_eq!(
        (h.standing(), count(&h, "observe_source")),
        (vec![Succeeded], sources)
    );
    let looks = count(&h, "observe_engine");
    h.touch_engine();
    h.run();
    assert_eq!(
        count(&h, "observe_engine"),
        looks,
        "nothing is seen through any more"
    );
}

#[test]
fn an_engine_that_is_touched_all_the_time_is_seen_all_the_same() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    h.health(Health::Healthy);
    for _ in 0..20 {
        h.touch_engine();
        h.deliver_all();
        while h.decide_while(|_| {}) {}
        h.begin_next();
        h.touch_engine();
        h.deliver_all();
        while h.finish_next() {}
        h.decide_while(|_| {});
    }
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn a_touch_during_a_look_makes_the_lane_look_again() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    h.touch_engine();
    h.deliver_all();
    while h.decide_while(|_| {}) {}
    h.begin_next();
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Succeeded], "without any time gone by");
}

#[test]
fn a_touch_of_an_application_that_no_lane_names_wakes_nobody() {
    use crate::job::Job;
    let h = seen(OnDegraded::Report);
    for (cluster, application) in [("north", "web-prod"), ("south", "web-test")] {
        let touched = Event::EngineTouched {
            cluster: cluster.parse().unwrap(),
            application: application.parse().unwrap(),
        };
        assert!(h.job.wakes("1/0", &touched, h.now).is_empty());
    }
}

#[test]
fn an_engine_that_does_not_apply_by_itself_waits_for_a_person_and_the_deadline_with_it() {
    let mut h = seen(OnDegraded::Report);
    h.engine(|one| one.automated = false);
    h.merge("one");
    h.run();
    assert_eq!(lacks(&h), Some(Lacks::Person));
    h.pass(3 * 600);
    assert_eq!(lacks(&h), Some(Lacks::Person), "a person may take any time");
    h.sync_by_hand();
    h.run();
    h.pass(590);
    assert_eq!(
        (h.standing(), lacks(&h)),
        (vec![Waiting], Some(Lacks::Progress))
    );
    h.pass(30);
    assert_eq!(
        (h.standing(), failure(&h).0.as_str()),
        (vec![Failed], "stuck")
    );
}

#[test]
fn while_a_person_has_to_act_the_lane_looks_once_a_minute() {
    let mut h = seen(OnDegraded::Report);
    h.engine(|one| one.automated = false);
    h.merge("one");
    h.run();
    let before = count(&h, "observe_engine");
    h.pass(600);
    let looks = count(&h, "observe_engine") - before;
    assert!((8..=11).contains(&looks), "{looks} looks in ten minutes");
}

#[test]
fn where_the_lane_applies_the_engine_is_told_once_and_exactly_our_commit() {
    let mut h = syncing();
    h.merge("one");
    h.run();
    assert_eq!(
        h.outside.cluster["web-test"].applied,
        h.outside.refs["main"]
    );
    assert_eq!(lacks(&h), Some(Lacks::Progress));
    h.engine(|one| one.looked = one.applied.clone());
    h.pass(100);
    h.health(Health::Healthy);
    h.run();
    assert_eq!(
        (h.standing(), count(&h, "sync_engine")),
        (vec![Succeeded], 1)
    );
}

#[test]
fn an_application_that_was_told_to_apply_is_not_told_again_and_gets_stuck() {
    let mut h = syncing();
    h.fate = Some(super::harness::Fate {
        kind: "sync_engine",
        outcome: crate::effect::Outcome::Asked,
        times: 9,
    });
    h.merge("one");
    h.run();
    assert_eq!(lacks(&h), Some(Lacks::Sync));
    h.pass(700);
    assert_eq!(h.standing(), [Failed]);
    assert!(
        failure(&h).1.contains("`web-test` was not applied"),
        "{:?}",
        failure(&h)
    );
    assert_eq!(h.fate.unwrap().times, 8);
}

#[test]
fn a_later_commit_that_the_lane_was_not_told_to_apply_waits_for_a_person_and_the_deadline_with_it()
{
    let mut h = syncing();
    h.merge("one");
    h.run();
    let ours = h.outside.cluster["web-test"].applied.clone();
    h.set_by_hand("other.yaml", "new");
    let head = h.outside.refs["main"].clone();
    assert_ne!(head, ours);
    h.engine(|one| {
        one.attempt = Some(Attempt {
            phase: Phase::Succeeded,
            revision: Some(ours),
            message: String::new(),
        });
        one.looked = head;
    });
    h.run();
    h.pass(3 * 600);
    assert_eq!(
        (lacks(&h), count(&h, "sync_engine")),
        (Some(Lacks::Person), 1)
    );
    h.next_is(Health::Healthy);
    h.sync_by_hand();
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn what_somebody_paused_may_take_any_time_and_the_deadline_begins_when_it_goes_on() {
    let mut h = seen(OnDegraded::Report);
    h.next_is(Health::Suspended);
    h.merge("one");
    h.run();
    h.pass(3 * 600);
    assert_eq!(lacks(&h), Some(Lacks::Resume));
    h.health(Health::Progressing);
    h.run();
    h.pass(580);
    assert_eq!(lacks(&h), Some(Lacks::Progress));
    h.pass(40);
    assert_eq!(failure(&h).0, "stuck");
}

#[test]
fn a_window_is_waited_for_and_then_the_lane_applies() {
    let mut h = syncing();
    h.engine(|one| one.window = Some("deny 22:00".to_owned()));
    h.merge("one");
    h.run();
    assert_eq!(lacks(&h), Some(Lacks::Window));
    h.pass(2 * 600);
    assert_eq!(
        (lacks(&h), count(&h, "sync_engine")),
        (Some(Lacks::Window), 0)
    );
    h.engine(|one| one.window = None);
    h.run();
    assert_eq!(
        (lacks(&h), count(&h, "sync_engine")),
        (Some(Lacks::Progress), 1)
    );
}

#[test]
fn an_engine_that_refuses_to_apply_ends_the_deployment_in_its_words() {
    let mut h = syncing();
    h.break_effect("sync_engine", true);
    h.merge("one");
    h.run();
    assert_eq!(h.standing(), [Failed]);
    assert_eq!(
        failure(&h),
        ("unreachable".to_owned(), "no answer".to_owned())
    );
}

#[test]
fn an_engine_that_cannot_be_asked_to_look_is_looked_at_all_the_same() {
    for for_good in [true, false] {
        let mut h = seen(OnDegraded::Report);
        h.break_effect("refresh_engine", for_good);
        h.merge("one");
        h.run();
        assert_eq!(lacks(&h), Some(Lacks::Look));
        let head = h.outside.refs["main"].clone();
        h.engine(|one| (one.looked, one.applied) = (head.clone(), head));
        h.run();
        assert_eq!(h.standing(), [Succeeded], "{for_good}");
    }
}

#[test]
fn what_recovers_within_its_time_is_no_verdict_and_begins_anew() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    for _ in 0..3 {
        h.health(Health::Degraded);
        h.run();
        h.pass(20);
        h.health(Health::Progressing);
        h.run();
        h.pass(20);
    }
    assert_eq!(
        (h.standing(), lacks(&h)),
        (vec![Waiting], Some(Lacks::Progress))
    );
    let waits = h.told().iter().filter(|turn| **turn == "waits").count();
    assert_eq!(waits, 1, "the engine is at work all the while");
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn what_ails_for_a_while_has_failed_and_says_of_what() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    h.health(Health::Degraded);
    h.run();
    assert_eq!(h.standing(), [Waiting]);
    h.pass(45);
    assert_eq!(h.standing(), [Failed]);
    let Turn::Failed { failure, causes } = last(&h) else {
        panic!("{:?}", last(&h))
    };
    assert_eq!(failure.reason_code, "degraded");
    assert_eq!(
        failure.message,
        "Pod web-1/app: CrashLoopBackOff (exit code 1)"
    );
    assert_eq!(causes, &[super::cluster::back_off()]);
    let row = h.rows.values().next().unwrap();
    assert_eq!(row.error.as_ref(), Some(failure));
    h.leaves_nothing();
}

#[test]
fn an_attempt_that_failed_ails_although_what_runs_is_healthy() {
    let mut h = seen(OnDegraded::Report);
    h.next_is(Health::Healthy);
    h.engine(|one| one.automated = false);
    h.merge("one");
    h.run();
    h.attempt_fails();
    h.run();
    h.pass(60);
    assert_eq!(
        (h.standing(), failure(&h).0.as_str()),
        (vec![Failed], "degraded")
    );
}

#[test]
fn an_environment_that_does_not_get_there_in_time_is_stuck_at_what_it_lacks() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    h.engine(|one| one.message = Some("1 of 3 updated".to_owned()));
    h.run();
    h.pass(580);
    assert_eq!(h.standing(), [Waiting]);
    h.pass(40);
    let (code, message) = failure(&h);
    assert_eq!(code, "stuck");
    assert_eq!(
        message,
        "not healthy within 10 min: `web-test` has objects on their way (1 of 3 updated)"
    );
}

#[test]
fn a_cluster_that_cannot_be_looked_at_is_told_as_trouble_until_the_time_is_over() {
    for for_good in [true, false] {
        let mut h = seen(OnDegraded::Report);
        h.break_effect("observe_engine", for_good);
        h.merge("one");
        h.run();
        h.pass(300);
        assert!(
            matches!(h.waiting(), Some(For::Blocked { .. } | For::Retry { .. })),
            "{:?}",
            h.waiting()
        );
        h.pass(500);
        assert_eq!(h.standing(), [Failed], "{for_good}");
        assert_eq!(
            failure(&h),
            (
                "stuck".to_owned(),
                "not seen to be healthy within 10 min: no answer".to_owned()
            )
        );
    }
}

#[test]
fn a_cluster_that_is_gone_altogether_does_not_keep_its_lane() {
    let mut h = seen(OnDegraded::Report);
    h.break_effect("refresh_engine", false);
    h.break_effect("observe_engine", false);
    h.merge("one");
    h.run();
    h.pass(700);
    assert_eq!(
        (h.standing(), failure(&h).0.as_str()),
        (vec![Failed], "stuck")
    );
    h.merge("two");
    h.run();
    h.act(Act::Cancel { number: 2 }, "alice");
    h.run();
    assert_eq!(h.standing(), [Failed, Cancelled]);
}

#[test]
fn what_may_still_be_applied_is_waited_for_whatever_the_deadline() {
    let mut h = syncing();
    h.break_effect("sync_engine", false);
    h.merge("one");
    h.run();
    h.pass(900);
    let kind = |h: &Harness| match h.waiting() {
        Some(For::Retry { effect, .. }) => effect,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (h.standing(), kind(&h).as_str()),
        (vec![Waiting], "sync_engine")
    );
    h.merge("two");
    h.run();
    assert_eq!(
        h.standing(),
        [Waiting, Queued],
        "it could be applied over the newer one"
    );
    h.outside.broken.clear();
    h.next_is(Health::Healthy);
    h.pass(60);
    assert_eq!(h.standing(), [Succeeded, Succeeded]);
}

#[test]
fn a_newer_one_does_not_take_the_place_of_one_that_the_lane_is_about_to_apply() {
    let mut h = syncing();
    h.merge("one");
    h.next_is(Health::Healthy);
    h.run_until_intended("sync_engine");
    h.merge("two");
    h.run();
    assert_eq!(h.standing()[1], Queued);
    h.release();
    assert_eq!(h.standing(), [Succeeded, Succeeded]);
}

#[test]
fn somebody_who_applies_something_else_takes_its_place_once_that_was_seen_twice() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    let elsewhere = h.write(Vec::new(), "another branch", &[]);
    h.engine(|one| one.looked = elsewhere.clone());
    h.run();
    assert_eq!(
        (h.standing(), lacks(&h)),
        (vec![Waiting], Some(Lacks::Look))
    );
    h.pass(60);
    assert_eq!(h.standing(), [Superseded]);
    let row = h.rows.values().next().unwrap();
    assert_eq!(row.superseded_by, None);
    let displaced = Turn::Displaced {
        application: "web-test".parse().unwrap(),
        revision: Some(elsewhere),
    };
    assert_eq!(last(&h), &displaced);
}

#[test]
fn an_engine_that_is_still_elsewhere_right_after_the_merge_displaces_nothing() {
    let mut h = seen(OnDegraded::Report);
    h.break_effect("refresh_engine", true);
    let elsewhere = h.write(Vec::new(), "another branch", &[]);
    h.engine(|one| (one.looked, one.applied) = (elsewhere.clone(), elsewhere));
    h.merge("one");
    h.run();
    h.pass(15);
    assert_eq!(h.standing(), [Waiting]);
    let head = h.outside.refs["main"].clone();
    h.engine(|one| (one.looked, one.applied) = (head.clone(), head));
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn an_engine_at_an_older_commit_is_never_displaced_however_long() {
    let mut h = seen(OnDegraded::Report);
    h.break_effect("refresh_engine", true);
    h.merge("one");
    h.run();
    h.pass(590);
    assert_eq!(
        (h.standing(), lacks(&h)),
        (vec![Waiting], Some(Lacks::Look))
    );
}

#[test]
fn a_newer_one_waits_while_the_engine_is_at_work() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    let newer = h.merge("two");
    h.run();
    h.pass(60);
    assert_eq!(h.standing(), [Waiting, Queued]);
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Succeeded, Waiting]);
    assert_eq!(h.at("test"), newer.as_str());
}

#[test]
fn a_newer_one_takes_the_place_of_one_that_somebody_has_to_move() {
    let mut h = seen(OnDegraded::Report);
    h.engine(|one| one.automated = false);
    h.merge("one");
    h.run();
    h.merge("two");
    h.run();
    assert_eq!(
        (h.standing(), lacks(&h)),
        (vec![Superseded, Waiting], Some(Lacks::Person))
    );
    let row = h.rows.values().next().unwrap();
    assert_eq!(
        row.superseded_by.as_ref().and_then(|by| by.number()),
        Some(2)
    );
    h.next_is(Health::Healthy);
    h.sync_by_hand();
    h.run();
    assert_eq!(h.standing(), [Superseded, Succeeded]);
}

#[test]
fn a_newer_one_takes_the_place_of_one_that_ails_because_it_may_be_the_repair() {
    let mut h = seen(OnDegraded::RollBack);
    h.merge("one");
    h.run();
    h.health(Health::Degraded);
    h.merge("two");
    h.next_is(Health::Healthy);
    h.run();
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Superseded, Succeeded]);
}

#[test]
fn a_rollback_that_a_person_asks_for_never_waits_and_leaves_what_is_being_applied() {
    let mut h = seen(OnDegraded::Report);
    h.next_is(Health::Healthy);
    let (one, two) = (h.merge("one"), ());
    h.run();
    h.next_is(Health::Progressing);
    h.merge("two");
    h.run();
    assert_eq!((h.standing(), two), (vec![Succeeded, Waiting], ()));
    let rollback = Act::Rollback {
        to: None,
        from: Some(2),
    };
    h.act(rollback, "alice");
    h.next_is(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Succeeded, Superseded, Succeeded]);
    assert_eq!(
        h.at("test"),
        one.as_str(),
        "back to what ran before it, not further"
    );
    assert!(h.state("web/test").held.is_some());
}

#[test]
fn a_rollback_after_a_failure_leaves_what_failed() {
    let mut h = seen(OnDegraded::Report);
    h.next_is(Health::Healthy);
    let one = h.merge("one");
    h.run();
    h.next_is(Health::Degraded);
    h.merge("two");
    h.run();
    h.pass(60);
    assert_eq!(h.standing(), [Succeeded, Failed]);
    h.next_is(Health::Healthy);
    let (to, from) = (None, None);
    h.act(Act::Rollback { to, from }, "alice");
    h.run();
    assert_eq!(
        (h.standing(), h.at("test")),
        (vec![Succeeded, Failed, Succeeded], one.to_string())
    );
}

#[test]
fn a_rollback_that_holds_the_lane_is_not_replaced_by_what_it_holds_off() {
    let mut h = seen(OnDegraded::Report);
    h.next_is(Health::Healthy);
    h.merge("one");
    h.run();
    h.merge("two");
    h.run();
    h.engine(|one| one.automated = false);
    let (to, from) = (None, None);
    h.act(Act::Rollback { to, from }, "alice");
    h.run();
    h.merge("three");
    h.run();
    assert_eq!(h.standing(), [Succeeded, Succeeded, Waiting, Queued]);
    assert_eq!(lacks(&h), Some(Lacks::Person));
}

#[test]
fn a_person_ends_following_it_and_what_is_merged_stays() {
    let mut h = seen(OnDegraded::Report);
    let merged = h.merge("one");
    h.run();
    h.act(Act::Cancel { number: 1 }, "alice");
    h.run();
    assert_eq!(
        (h.standing(), h.at("test")),
        (vec![Cancelled], merged.to_string())
    );
    let cancelled = Turn::Cancelled {
        by: Some(who("alice")),
        number: Some(1),
        merged: true,
    };
    assert_eq!(last(&h), &cancelled);
    h.leaves_nothing();
}

#[test]
fn what_is_merged_is_neither_approved_nor_overridden_any_more() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    h.act(Act::Approve { number: 1 }, "bob");
    h.act(Act::Override { number: 1 }, "bob");
    h.run();
    let refused = h
        .told()
        .iter()
        .filter(|turn| **turn == "act_refused")
        .count();
    assert_eq!((refused, h.standing()), (2, vec![Waiting]));
}

#[test]
fn one_that_failed_and_is_tried_again_is_seen_through_although_its_files_are_there() {
    let mut h = seen(OnDegraded::Report);
    h.next_is(Health::Degraded);
    h.merge("one");
    h.run();
    h.pass(60);
    h.act(Act::Retry { number: 1 }, "alice");
    h.run();
    assert_eq!(
        h.standing(),
        [Failed, Waiting],
        "files that say so are no health"
    );
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Failed, Succeeded]);
    let healthy = Turn::Succeeded {
        unchanged: true,
        healthy: true,
    };
    assert_eq!(last(&h), &healthy);
}

#[test]
fn soak_and_the_environments_after_begin_with_health() {
    let test = LaneRules {
        engine: engine(OnDegraded::Report),
        ..lane("web/test", main_branch())
    };
    let mut staging = lane("web/staging", main_branch());
    staging.after = after("test", false);
    staging.after.as_mut().unwrap().soak = Span::from_secs(300);
    let mut h = Harness::with(vec![test, staging]).with_cluster();
    h.merge("one");
    h.run();
    h.pass(400);
    assert!(matches!(
        h.waiting(),
        Some(For::After { .. } | For::Engine { .. })
    ));
    assert_eq!(h.standing_of("web/staging"), [Waiting]);
    let health = h.now;
    h.health(Health::Healthy);
    h.run();
    let Some(For::Soak { until, .. }) = h.waiting() else {
        panic!("{:?}", h.waiting())
    };
    assert!(until - Span::from_secs(300) >= health);
    h.pass(310);
    assert_eq!(h.standing_of("web/staging"), [Succeeded]);
}

#[test]
fn an_engine_that_leaves_the_configuration_leaves_what_is_merged_done() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run();
    h.job = crate::promotion::Promotions::new(vec![lane("web/test", main_branch())]);
    h.sweep();
    assert_eq!(h.standing(), [Succeeded]);
    let merged = Turn::Succeeded {
        unchanged: false,
        healthy: false,
    };
    assert_eq!(last(&h), &merged);
}

#[test]
fn a_state_without_an_engine_says_nothing_of_one() {
    let mut h = Harness::one(main_branch());
    h.merge("one");
    h.run();
    h.merge("two");
    h.run_until_intended("merge_change_request");
    let state = h.subjects.values().next().unwrap().state.to_string();
    for word in ["applying", "said_by", "undoes", "standing"] {
        assert!(!state.contains(word), "{word} in {state}");
    }
}

#[test]
fn each_lack_that_needs_somebody_is_told_once_whatever_the_engine_says_about_it() {
    let mut h = rules(|rules| rules.approval = people(1));
    h.engine(|one| one.automated = false);
    h.merge("one");
    h.run();
    h.approve_by("bob");
    h.run();
    for word in ["a", "b", "c"] {
        h.engine(|one| one.message = Some(word.to_owned()));
        h.run();
        h.pass(65);
    }
    let engine = |notice: &&crate::notice::Notice| {
        matches!(
            &notice.turn,
            Turn::Waits {
                waiting: For::Engine { .. },
                ..
            }
        )
    };
    assert_eq!(h.notices.iter().filter(engine).count(), 1);
    h.engine(|one| (one.applied, one.health) = (one.looked.clone(), Health::Suspended));
    h.run();
    assert_eq!(lacks(&h), Some(Lacks::Resume));
    assert_eq!(h.notices.iter().filter(engine).count(), 2);
}

#[test]
fn a_direct_commit_is_seen_through_as_well() {
    let mut h = rules(|rules| rules.deliver.mode = crate::promotion::Mode::Commit);
    h.merge("one");
    h.run();
    assert_eq!(h.standing(), [Waiting]);
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn several_applications_are_told_one_after_the_other_and_all_have_to_be_healthy() {
    let mut h = syncing_two();
    h.merge("one");
    h.run();
    assert_eq!(count(&h, "sync_engine"), 2);
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Waiting], "the other is still on its way");
    h.outside.cluster.get_mut("jobs-test").unwrap().health = Health::Healthy;
    h.pass(15);
    assert_eq!(h.standing(), [Succeeded]);
}

fn syncing_two() -> Harness {
    let mut h = rules(|rules| {
        let engine = rules.engine.as_mut().unwrap();
        engine.sync = true;
        engine.applications.push("jobs-test".parse().unwrap());
    });
    h.engine(|one| one.automated = false);
    let other = h.outside.cluster["web-test"].clone();
    h.outside.cluster.insert("jobs-test".to_owned(), other);
    h
}

#[test]
fn a_report_about_other_applications_says_nothing() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run_until_intended("merge_change_request");
    let mut other = h.job.lanes()[0].clone();
    other.engine.as_mut().unwrap().applications = vec!["web-prod".parse().unwrap()];
    h.release();
    h.health(Health::Healthy);
    h.mail.clear();
    h.job = crate::promotion::Promotions::new(vec![other]);
    h.sweep();
    assert_eq!(lacks(&h), Some(Lacks::Application));
    let looks = |(_, e, _): &(_, crate::effect::EffectView, _)| {
        matches!(e.effect, Effect::ObserveEngine { .. })
    };
    assert!(!h.effects.iter().any(looks));
    assert_eq!(h.standing(), [Waiting]);
}

#[test]
fn a_lane_that_has_just_been_merged_is_under_way_before_anything_was_seen() {
    let mut h = seen(OnDegraded::Report);
    h.merge("one");
    h.run_until_intended("refresh_engine");
    assert_eq!(h.standing(), [Running]);
}
