//! What starts a deployment, and which revision it brings.

use super::harness::Harness;
use super::lanes::{after, id, lane, main_branch, people};
use crate::deployment::DeploymentState::{Queued, Succeeded, Superseded, Waiting};
use crate::event::Event;
use crate::job::Job;
use crate::promotion::Trigger;
use crate::promotion::matching::announce;

#[test]
fn the_first_look_is_a_baseline_even_when_a_sweep_comes_late() {
    let mut h = Harness::one(main_branch());
    h.sweep();
    assert_eq!((h.rows.len(), h.outside.changes.len()), (0, 0));
}

#[test]
fn a_merge_whose_delivery_is_lost_is_found_by_the_sweep() {
    let mut h = Harness::one(main_branch());
    let merged = h.merge("one");
    h.mail.clear();
    h.sweep();
    assert_eq!(h.at("test"), merged.as_str());
    h.leaves_nothing();
}

#[test]
fn a_pull_request_closed_without_a_merge_starts_nothing() {
    let h = Harness::one(main_branch());
    let rules = &h.job.lanes()[0];
    let (repository, base) = (rules.repository.clone(), rules.deliver.base.clone());
    let closed = Event::PullRequestClosed {
        repository,
        number: 7,
        base,
        merged: None,
        by: None,
    };
    assert_eq!(
        announce(rules, &closed).unwrap_err().reason.code(),
        "not_merged"
    );
    assert!(h.job.wakes("1/0", &closed, h.now).is_empty());
}

#[test]
fn only_changes_to_the_paths_of_a_lane_count() {
    let mut h = Harness::but(|rules| rules.paths = vec!["services/web/**".to_owned()]);
    h.merge_touching("elsewhere", &["services/other/x"]);
    h.run();
    assert!(h.rows.is_empty());
    let merged = h.merge_touching("here", &["services/web/x"]);
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (merged.to_string(), vec![Succeeded])
    );
    let row = h.rows.values().next().unwrap();
    assert_eq!(
        row.included
            .iter()
            .map(|c| c.title.as_str())
            .collect::<Vec<_>>(),
        ["here"]
    );
}

#[test]
fn a_push_that_the_very_first_look_saw_already_counts_whatever_its_paths() {
    let mut h = Harness::but(|rules| rules.paths = vec!["services/web/**".to_owned()]);
    // As on the day the lane is set up.
    h.subjects.clear();
    h.facts.clear();
    let merged = h.merge_touching("here", &["services/web/x"]);
    let news = std::mem::take(&mut h.mail);
    h.sweep();
    assert!(h.rows.is_empty(), "a baseline, as nobody told of it");
    h.mail = news;
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (merged.to_string(), vec![Succeeded])
    );
}

#[test]
fn a_push_elsewhere_that_is_told_twice_stays_elsewhere() {
    let mut h = Harness::but(|rules| rules.paths = vec!["services/web/**".to_owned()]);
    h.merge_touching("elsewhere", &["services/other/x"]);
    let again = h.mail.clone();
    h.run();
    h.mail = again;
    h.run();
    assert!(h.rows.is_empty());
}

#[test]
fn an_image_that_ci_reports_is_deployed_once() {
    let mut h = Harness::one(Trigger::Image);
    let merged = h.merge("one");
    h.run();
    assert!(h.rows.is_empty());
    h.report_image(&merged, "1.0");
    h.report_image(&merged, "1.0");
    h.run();
    h.report_image(&merged, "1.0");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (merged.to_string(), vec![Succeeded])
    );
    assert_eq!(h.rows.values().next().unwrap().reference, "1.0");
}

#[test]
fn an_image_whose_ci_was_slower_is_passed_over() {
    let mut h = Harness::one(Trigger::Image);
    let (older, newer) = (h.merge("one"), h.merge("two"));
    h.report_image(&newer, "2.0");
    h.run();
    h.report_image(&older, "1.0");
    h.run();
    assert_eq!(h.at("test"), newer.as_str());
    assert_eq!(h.standing(), [Succeeded, Superseded]);
}

#[test]
fn an_image_reported_again_does_not_hide_a_newer_one() {
    let mut h = Harness::one(Trigger::Image);
    let (older, newer) = (h.merge("one"), h.merge("two"));
    h.report_image(&older, "1.0");
    h.run();
    h.report_image(&newer, "2.0");
    h.report_image(&older, "1.0");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (newer.to_string(), vec![Succeeded, Succeeded])
    );
}

#[test]
fn a_rewound_branch_needs_a_person_to_go_backwards() {
    let mut h = Harness::one(main_branch());
    let older = h.merge("one");
    h.run();
    let newer = h.merge("two");
    h.run();
    h.push("main", &older);
    h.run();
    assert!(h.is_waiting_for_people() && h.at("test") == newer.as_str());
    h.approve_by("alice");
    h.run();
    assert_eq!(h.at("test"), older.as_str());
    h.leaves_nothing();
}

#[test]
fn a_branch_rewound_while_its_head_is_merged_needs_a_person_too() {
    let mut h = Harness::one(main_branch());
    let (older, newer) = (h.merge("one"), h.merge("two"));
    h.run_until_intended("merge_change_request");
    h.push("main", &older);
    h.run();
    assert_eq!(
        h.standing(),
        [Superseded, Waiting, Queued].map(|s| if s == Waiting {
            crate::deployment::DeploymentState::Running
        } else {
            s
        })
    );
    h.release();
    assert!(h.is_waiting_for_people() && h.at("test") == newer.as_str());
}

#[test]
fn a_branch_rewound_behind_the_baseline_needs_a_person() {
    let mut h = Harness::one(main_branch());
    let first = h.outside.branches["main"].clone();
    let second = h.merge("two");
    h.mail.clear();
    h.subjects.clear();
    h.sweep();
    assert!(h.state("web/test").considered == Some(second));
    h.push("main", &first);
    h.run();
    assert!(h.is_waiting_for_people());
}

#[test]
fn a_deleted_branch_starts_nothing_and_its_return_does() {
    let mut h = Harness::one(main_branch());
    let head = h.outside.branches.remove("main").unwrap();
    h.sweep();
    assert!(h.rows.is_empty());
    let newer = h.write(vec![head], "back", &[]);
    h.push("main", &newer);
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (newer.to_string(), vec![Succeeded])
    );
}

#[test]
fn the_same_tree_may_count_as_success_before() {
    let mut next = lane(
        "web/production",
        Trigger::PushedTo("stable".parse().unwrap()),
    );
    next.after = after("test", true);
    let mut h = Harness::with(vec![lane("web/test", main_branch()), next]);
    let first = h.outside.branches["main"].clone();
    h.push("stable", &first);
    h.run();
    h.merge("one");
    h.run();
    let again = h.write(vec![first], "one", &[]);
    h.push("stable", &again);
    h.run();
    assert_eq!(
        h.at("production"),
        again.as_str(),
        "another commit of the same tree"
    );
}

#[test]
fn a_lane_removed_from_the_configuration_keeps_its_state() {
    let mut h = Harness::but(|rules| rules.approval = people(1));
    let merged = h.merge("one");
    h.run();
    let (job, state) = (h.job.clone(), h.state("web/test"));
    h.job = crate::promotion::Promotions::new(Vec::new());
    let world = h.world(&id("web/test").subject());
    let plan = h.job.decide(&world);
    assert_eq!((plan.state, plan.effects.len()), (world.state, 0));
    h.job = job;
    assert_eq!(h.state("web/test"), state);
    h.approve_by("alice");
    h.run();
    assert_eq!(h.at("test"), merged.as_str());
}
