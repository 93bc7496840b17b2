//! What has to happen outside first: checks, people, our own proof of the tree.

use super::harness::{Fate, Harness};
use super::lanes::{main_branch, people, who};
use crate::deployment::DeploymentState::{Queued, Succeeded, Waiting};
use crate::deployment::Waiting as For;
use crate::effect::{CheckState, Outcome, Verdict};
use crate::promotion::Approval;

fn checked() -> Harness {
    Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()])
}

#[test]
fn checks_count_on_the_exact_head_alone() {
    let mut h = checked();
    let merged = h.merge("one");
    h.run();
    h.report_check("ci", CheckState::Success);
    h.fate = super::going::once("merge_change_request", Outcome::Conflict);
    h.set_by_hand("other", "value");
    h.run();
    assert_eq!(
        h.waiting(),
        Some(For::Checks {
            pending: vec!["ci".to_owned()]
        }),
        "a new head, a new check"
    );
    h.report_check("ci", CheckState::Success);
    h.run();
    assert_eq!(h.at("test"), merged.as_str());
    h.leaves_nothing();
}

#[test]
fn other_checks_do_not_count() {
    let mut h = checked();
    h.merge("one");
    h.run();
    h.report_check("lint", CheckState::Success);
    h.run();
    assert!(matches!(h.waiting(), Some(For::Checks { .. })));
}

#[test]
fn a_failed_check_that_succeeds_later_lets_it_go_on() {
    let mut h = checked();
    h.merge("one");
    h.run();
    h.report_check("ci", CheckState::Failure);
    h.run();
    assert_eq!(
        h.waiting(),
        Some(For::ChecksFailed {
            failed: vec!["ci".to_owned()]
        })
    );
    h.report_check("ci", CheckState::Pending);
    h.run();
    h.report_check("ci", CheckState::Success);
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    h.leaves_nothing();
}

#[test]
fn a_check_whose_report_is_lost_is_seen_by_the_lanes_own_timer() {
    let mut h = checked();
    h.merge("one");
    h.run();
    h.report_check("ci", CheckState::Success);
    h.mail.clear();
    h.pass(70);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn as_many_people_as_asked_must_approve_and_not_who_asked_nor_we() {
    let mut h = Harness::but(|rules| rules.approval = people(2));
    h.merge("one");
    h.run();
    h.deploy("web/test", Some("main"), "alice");
    h.run();
    for name in ["sendo-approver", "bob", "bob"] {
        h.approve_by(name);
        h.run();
    }
    assert!(
        matches!(h.waiting(), Some(For::People { needed: 2, have, .. }) if have == [who("bob")])
    );
    h.approve_by("carol");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn our_second_identity_approves_besides_people() {
    let mut h = Harness::but(|rules| rules.approval = people(1));
    h.merge("one");
    h.run();
    assert!(!h.told().contains(&"approved"), "people come first");
    h.approve_by("bob");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    assert!(h.told().contains(&"approved"));
}

#[test]
fn who_asked_does_not_count() {
    let mut h = Harness::but(|rules| rules.approval = people(1));
    h.merge("one");
    h.mail.clear();
    h.deploy("web/test", Some("main"), "alice");
    h.run();
    h.approve_by("alice");
    h.run();
    assert!(h.is_waiting_for_people());
}

#[test]
fn only_the_people_named_count() {
    let from = vec![who("alice")];
    let mut h = Harness::but(|rules| rules.approval = Approval::People { count: 1, from });
    h.merge("one");
    h.run();
    h.approve_by("bob");
    h.run();
    assert!(h.is_waiting_for_people());
    h.approve_by("alice");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn an_approval_of_an_older_head_does_not_count() {
    let mut h = Harness::but(|rules| rules.approval = people(1));
    h.merge("one");
    h.run();
    h.fate = super::going::once("merge_change_request", Outcome::Conflict);
    h.set_by_hand("other", "value");
    h.approve_by("alice");
    h.run();
    assert!(h.is_waiting_for_people());
    let waits = h.told().iter().filter(|turn| **turn == "waits").count();
    assert_eq!(waits, 2, "the new head is news to who must approve");
    h.approve_by("alice");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn changes_requested_hold_it_until_taken_back() {
    let mut h = Harness::but(|rules| rules.approval = people(1));
    h.merge("one");
    h.run();
    h.review("bob", Verdict::RequestChanges);
    h.approve_by("alice");
    h.run();
    assert_eq!(h.waiting(), Some(For::ChangesRequested { by: who("bob") }));
    h.review("bob", Verdict::Comment);
    h.run();
    assert_eq!(h.waiting(), Some(For::ChangesRequested { by: who("bob") }));
    h.approve_by("bob");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn foreign_commits_stop_the_lane_and_a_newer_revision_waits_behind() {
    let mut h = checked();
    h.merge("one");
    h.run();
    h.foreign_push();
    h.run();
    let stopped = For::ForeignCommits {
        commits: vec!["a fix by hand (somebody)".to_owned()],
    };
    assert_eq!(h.waiting(), Some(stopped));
    h.merge("two");
    h.report_check("ci", CheckState::Success);
    h.run();
    assert_eq!((h.standing(), h.open()), (vec![Waiting, Queued], Some(1)));
    h.merge_by_person("alice");
    h.run();
    assert_eq!(
        (h.standing(), h.open()),
        (vec![Succeeded, Waiting], Some(2))
    );
}

#[test]
fn foreign_commits_are_seen_before_a_newer_revision_takes_over() {
    let mut h = checked();
    h.merge("one");
    h.run();
    h.foreign_push();
    h.mail.clear();
    h.merge("two");
    h.run();
    assert_eq!((h.standing(), h.open()), (vec![Waiting, Queued], Some(1)));
    h.close_by("alice");
    h.run();
    assert_eq!(h.outside.refs.len(), 3, "their commits are still there");
}

#[test]
fn foreign_commits_taken_back_let_it_go_on() {
    let mut h = checked();
    h.merge("one");
    h.run();
    let (head, branch) = (h.head(1).unwrap(), h.outside.changes[0].branch.clone());
    h.foreign_push();
    h.run();
    h.outside.refs.insert(branch, head);
    h.report_check("ci", CheckState::Success);
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    h.leaves_nothing();
}

#[test]
fn a_tree_that_is_not_the_promised_one_is_never_approved() {
    let mut h = Harness::one(main_branch());
    h.outside.forged = true;
    h.merge("one");
    h.run();
    assert_eq!(h.waiting(), Some(For::TreeMismatch));
    assert!(!h.outside.done.contains_key("approve_change_request"));
    assert!(!h.outside.done.contains_key("merge_change_request"));
}

#[test]
fn what_the_forges_own_rules_ask_for_is_told_once_and_tried_again_when_something_is_said() {
    let mut h = Harness::one(main_branch());
    h.fate = Some(Fate {
        kind: "merge_change_request",
        outcome: Outcome::NotReady {
            why: "one approval lacks".to_owned(),
        },
        times: 2,
    });
    let merged = h.merge("one");
    h.run();
    let waits = For::Protected {
        why: "one approval lacks".to_owned(),
    };
    assert_eq!(h.waiting(), Some(waits.clone()));
    h.touch(1);
    h.run();
    assert_eq!(h.waiting(), Some(waits), "it was said in vain");
    let decisions = h.decisions;
    h.pass(30);
    assert!(h.decisions - decisions <= 5, "{}", h.decisions - decisions);
    h.touch(1);
    h.run();
    assert_eq!(h.at("test"), merged.as_str());
    let waits = h.told().iter().filter(|turn| **turn == "waits").count();
    assert_eq!(waits, 1, "{:?}", h.told());
    h.leaves_nothing();
}

#[test]
fn what_the_forges_own_rules_ask_for_may_be_met_without_a_word() {
    let mut h = Harness::one(main_branch());
    let why = "a check lacks".to_owned();
    h.fate = super::going::once("merge_change_request", Outcome::NotReady { why });
    let merged = h.merge("one");
    h.run();
    assert!(matches!(h.waiting(), Some(For::Protected { .. })));
    h.pass(65);
    assert_eq!(h.at("test"), merged.as_str());
    h.leaves_nothing();
}

#[test]
fn what_no_protected_branch_and_no_engine_was_met_by_is_kept_as_older_binaries_read_it() {
    let mut h = checked();
    h.merge("one");
    h.run();
    let state = &h.subjects[&super::lanes::id("web/test").subject()].state;
    let keys = |value: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(
        keys(&state["running"]),
        [
            "agreed",
            "approved",
            "base",
            "branch",
            "candidate",
            "change",
            "closed",
            "edits",
            "ending",
            "first_old",
            "merged",
            "mode",
            "overridden",
            "published",
            "rebuild",
            "repository",
            "setbacks",
            "told",
            "told_approved",
            "troubles",
            "turns",
            "unchanged",
            "unclosed",
            "version",
            "waiting",
            "writes",
            "wrote_at"
        ]
    );
    assert_eq!(
        keys(state),
        [
            "baseline",
            "blind",
            "considered",
            "ended",
            "held",
            "known_tags",
            "looked",
            "noted",
            "omitted",
            "ordinal",
            "pending",
            "queued",
            "reported",
            "rollback",
            "running",
            "succeeded",
            "version"
        ]
    );
}
