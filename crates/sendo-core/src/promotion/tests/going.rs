//! How a revision travels, and how a newer one takes its place.

use super::harness::{Fate, Harness};
use super::lanes::{after, lane, main_branch};
use crate::deployment::DeploymentState::{
    Cancelled, Failed, Queued, Succeeded, Superseded, Waiting,
};
use crate::deployment::Waiting as For;
use crate::effect::{ChangeState, Outcome};
use crate::promotion::Mode;

#[test]
fn a_merge_travels_to_the_manifests_base() {
    let mut h = Harness::one(main_branch());
    let merged = h.merge("a change");
    h.run();
    assert_eq!(h.at("test"), merged.as_str());
    assert_eq!(
        h.told(),
        [
            "started",
            "change_request_opened",
            "approved",
            "merged",
            "succeeded"
        ]
    );
    assert_eq!(h.standing(), [Succeeded]);
    assert_eq!(
        h.rows.values().next().unwrap().included[0].title,
        "a change"
    );
    h.leaves_nothing();
}

#[test]
fn a_newer_merge_supersedes_the_open_change_request_and_closes_it_first() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    assert_eq!(h.open(), Some(1));
    let newer = h.merge("two");
    h.run();
    assert_eq!(h.outside.changes[0].state, ChangeState::Closed);
    assert_eq!(
        (h.open(), h.standing()),
        (Some(2), vec![Superseded, Waiting])
    );
    let row = h.rows.values().find(|row| row.revision == newer).unwrap();
    assert_eq!(
        row.included.len(),
        2,
        "nothing is lost from the list of changes"
    );
    assert_eq!(h.outside.refs.len(), 2, "the branch of the first is gone");
}

#[test]
fn the_merge_whose_intent_is_written_is_not_superseded() {
    let mut h = Harness::one(main_branch());
    let first = h.merge("one");
    h.run_until_intended("merge_change_request");
    let second = h.merge("two");
    h.run();
    assert_eq!(h.standing()[1], Queued);
    h.release();
    assert_eq!(h.standing(), [Succeeded, Succeeded]);
    assert_eq!(h.at("test"), second.as_str());
    let row = h.rows.values().find(|row| row.revision == second).unwrap();
    assert!(
        row.included.iter().all(|change| change.revision != first),
        "told once"
    );
    h.leaves_nothing();
}

#[test]
fn superseding_waits_for_a_publication_or_an_opening_that_is_under_way() {
    for kind in [
        "publish_branch",
        "open_change_request",
        "approve_change_request",
    ] {
        let mut h = Harness::one(main_branch());
        h.merge("one");
        h.run_until_intended(kind);
        let second = h.merge("two");
        h.run();
        assert_eq!(
            h.outside.open().count(),
            usize::from(kind.starts_with("approve")),
            "{kind}"
        );
        h.release();
        assert_eq!(h.standing(), [Superseded, Succeeded], "{kind}");
        assert_eq!(h.at("test"), second.as_str());
        h.leaves_nothing();
    }
}

#[test]
fn a_merge_by_a_person_while_it_is_being_closed_counts() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    h.merge("two");
    h.run_until_intended("close_change_request");
    h.merge_by_person("alice");
    h.release();
    assert_eq!(h.standing(), [Succeeded, Waiting]);
}

#[test]
fn announced_revisions_that_were_passed_over_show_as_superseded() {
    let mut h = Harness::one(main_branch());
    for title in ["one", "two", "three"] {
        h.merge(title);
    }
    h.run();
    assert_eq!(h.standing(), [Superseded, Superseded, Succeeded]);
    let by: Vec<_> = h
        .rows
        .values()
        .filter_map(|row| row.superseded_by.clone())
        .collect();
    assert_eq!(
        by,
        [
            h.notices[0].deployment.clone(),
            h.notices[0].deployment.clone()
        ]
    );
    h.leaves_nothing();
}

#[test]
fn the_same_revision_announced_again_is_no_news() {
    let mut h = Harness::one(main_branch());
    h.merge("one");
    let old = h.mail.clone();
    h.merge("two");
    h.run();
    h.mail = old;
    h.run();
    assert_eq!(h.standing(), [Superseded, Succeeded]);
}

#[test]
fn peoples_merge_carries_on() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    let merged = h.merge("one");
    h.run();
    h.merge_by_person("alice");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (merged.to_string(), vec![Succeeded])
    );
    h.leaves_nothing();
}

#[test]
fn peoples_close_cancels_until_a_newer_revision() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    h.close_by("alice");
    h.run();
    h.sweep();
    assert_eq!(h.standing(), [Cancelled]);
    h.leaves_nothing();
    h.merge("two");
    h.run();
    assert_eq!(h.standing(), [Cancelled, Waiting]);
}

#[test]
fn a_deleted_branch_of_ours_cancels_and_leaves_no_change_request_open() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    h.outside.refs.retain(|name, _| name == "main");
    h.sweep();
    assert_eq!(h.standing(), [Cancelled]);
    h.leaves_nothing();
}

#[test]
fn a_conflict_rebuilds_from_the_intent_on_the_new_base() {
    let mut h = Harness::one(main_branch());
    h.fate = once("merge_change_request", Outcome::Conflict);
    let merged = h.merge("one");
    h.run();
    assert_eq!(h.outside.done["publish_branch"], 2);
    assert_eq!(
        h.outside.done["approve_change_request"], 2,
        "the new head is approved anew"
    );
    assert_eq!(
        (h.at("test"), h.standing()),
        (merged.to_string(), vec![Succeeded])
    );
    h.leaves_nothing();
}

#[test]
fn a_value_that_somebody_else_changed_fails_with_both_values() {
    let mut h = Harness::one(main_branch());
    h.merge("one");
    h.run_until_intended("merge_change_request");
    h.set_by_hand("test.yaml.tag", "theirs");
    h.release();
    assert_eq!(h.standing(), [Failed]);
    let error = h.rows.values().next().unwrap().error.clone().unwrap();
    assert!(
        error.reason_code == "value_changed"
            && error.message.contains("`old`")
            && error.message.contains("`theirs`")
    );
    h.leaves_nothing();
}

#[test]
fn somebody_who_sets_the_same_value_by_hand_leaves_nothing_to_merge() {
    let mut h = Harness::one(main_branch());
    let merged = h.merge("one");
    h.run_until_intended("merge_change_request");
    h.set_by_hand("test.yaml.tag", merged.as_str());
    h.fate = once("merge_change_request", Outcome::Conflict);
    h.release();
    assert_eq!(h.standing(), [Succeeded]);
    h.leaves_nothing();
}

#[test]
fn files_that_say_so_already_need_no_change_request() {
    let mut h = Harness::one(main_branch());
    let merged = h.merge("one");
    h.set_by_hand("test.yaml.tag", merged.as_str());
    h.run();
    assert_eq!(
        (h.standing(), h.outside.changes.len()),
        (vec![Succeeded], 0)
    );
    assert_eq!(h.told(), ["started", "succeeded"]);
}

#[test]
fn a_lane_may_commit_to_the_base_itself() {
    let mut h = Harness::but(|rules| rules.deliver.mode = Mode::Commit);
    let merged = h.merge("one");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing(), h.outside.changes.len()),
        (merged.to_string(), vec![Succeeded], 0)
    );
    h.leaves_nothing();
}

#[test]
fn a_direct_commit_that_goes_backwards_asks_people_on_a_change_request() {
    let mut h = Harness::but(|rules| rules.deliver.mode = Mode::Commit);
    let old = h.merge("one");
    h.run();
    let new = h.merge("two");
    h.run();
    h.push("main", &old);
    h.run();
    assert!(h.is_waiting_for_people() && h.at("test") == new.as_str());
    h.approve_by("alice");
    h.run();
    assert_eq!(h.at("test"), old.as_str());
}

#[test]
fn a_lane_follows_the_one_before_it_and_is_woken_by_it() {
    let mut next = lane("web/production", main_branch());
    next.after = after("test", false);
    let mut h = Harness::with(vec![lane("web/test", main_branch()), next]);
    let merged = h.merge("one");
    h.run_until_intended("merge_change_request");
    assert!(matches!(h.waiting(), Some(For::After { .. })));
    h.release();
    assert_eq!(
        (h.at("test"), h.at("production")),
        (merged.to_string(), merged.to_string())
    );
    h.leaves_nothing();
}

/// The first effect of this kind comes to this end without being done.
pub(super) fn once(kind: &'static str, outcome: Outcome) -> Option<Fate> {
    let times = 1;
    Some(Fate {
        kind,
        outcome,
        times,
    })
}

/// The branch that was published and whose change request is not open yet, and its head.
fn published(h: &mut Harness) -> (String, crate::names::Revision) {
    h.run_until_intended("open_change_request");
    let ours = h.outside.refs.iter().find(|(name, _)| *name != "main");
    ours.map(|(name, head)| (name.clone(), head.clone()))
        .unwrap()
}

#[test]
fn a_branch_that_was_merged_by_hand_before_its_request_opened_has_arrived() {
    let mut h = Harness::one(main_branch());
    let merged = h.merge("a change");
    let (branch, head) = published(&mut h);
    // Fast-forwarded, and the branch deleted, as `git merge` and `git push` do.
    h.outside.refs.insert("main".to_owned(), head);
    h.outside.refs.remove(&branch);
    h.release();
    assert_eq!(h.standing(), [Succeeded]);
    assert_eq!(h.at("test"), merged.as_str());
    h.leaves_nothing();
}

#[test]
fn a_branch_that_was_deleted_before_its_request_opened_is_a_cancellation() {
    let mut h = Harness::one(main_branch());
    h.merge("a change");
    let (branch, _) = published(&mut h);
    h.outside.refs.remove(&branch);
    h.release();
    assert_eq!(h.standing(), [Cancelled]);
    h.merge("another");
    h.run();
    assert_eq!(
        h.standing(),
        [Cancelled, Succeeded],
        "until a newer revision"
    );
    h.leaves_nothing();
}

#[test]
fn a_commit_pushed_before_the_request_opened_stops_the_lane() {
    let mut h = Harness::one(main_branch());
    h.merge("a change");
    let (branch, head) = published(&mut h);
    let at = h.tick();
    let mut content = h.outside.commits[&head].content.clone();
    content.insert("other".to_owned(), "value".to_owned());
    let theirs = h.outside.commit(vec![head], content, "Mine", &[], at);
    h.outside.refs.insert(branch, theirs);
    h.release();
    assert!(matches!(h.waiting(), Some(For::ForeignCommits { .. })));
}

#[test]
fn an_approval_given_again_after_a_look_is_told_once() {
    let mut h = Harness::one(main_branch());
    h.merge("a change");
    h.fate = Some(Fate {
        times: 2,
        ..once("merge_change_request", Outcome::HeadMoved).unwrap()
    });
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    assert!(h.outside.done["approve_change_request"] > 1);
    let approvals = h.told().iter().filter(|turn| **turn == "approved").count();
    assert_eq!(approvals, 1);
}
