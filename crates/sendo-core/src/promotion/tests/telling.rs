//! What people are told: every turn once.

use super::harness::Harness;
use super::lanes::{main_branch, people};
use crate::deployment::DeploymentState::{Failed, Succeeded};
use crate::effect::{CheckState, EffectError};
use crate::promotion::EditRule;
use crate::template::Template;

fn waits(h: &Harness) -> usize {
    h.told().iter().filter(|turn| **turn == "waits").count()
}

#[test]
fn waiting_for_the_same_thing_is_told_once() {
    let mut h = Harness::but(|rules| {
        rules.deliver.checks = vec!["a".to_owned(), "b".to_owned()];
        rules.approval = people(2);
    });
    h.merge("one");
    h.run();
    h.sweep();
    h.report_check("a", CheckState::Success);
    h.run();
    assert_eq!(waits(&h), 1, "one check less is progress");
    h.report_check("b", CheckState::Success);
    h.run();
    h.approve_by("alice");
    h.run();
    assert_eq!(waits(&h), 2, "one approval more is progress");
}

#[test]
fn more_foreign_commits_are_no_second_message() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    for _ in 0..3 {
        h.foreign_push();
        h.run();
    }
    assert_eq!(waits(&h), 2);
}

#[test]
fn a_call_that_is_tried_again_is_told_once_and_only_if_that_lasts() {
    let mut h = Harness::one(main_branch());
    h.break_effect("open_change_request", false);
    h.merge("one");
    h.run();
    assert_eq!(waits(&h), 0);
    h.pass(300);
    assert_eq!(waits(&h), 1);
    h.outside.broken.clear();
    h.pass(20);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn others_that_are_merged_first_are_no_trouble_however_long_that_takes() {
    let mut h = Harness::one(main_branch());
    let error = EffectError {
        reason_code: EffectError::OTHERS_FIRST.to_owned(),
        message: "others wait for the same branch".to_owned(),
    };
    let broken = &mut h.outside.broken;
    broken.insert("merge_change_request", (error, false));
    h.merge("one");
    h.run();
    h.pass(300);
    assert_eq!(waits(&h), 0);
    h.outside.broken.clear();
    h.pass(20);
    assert_eq!(h.standing(), [Succeeded]);
}

#[test]
fn an_interruption_does_not_make_old_news_new() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    h.merge("one");
    h.run();
    for _ in 0..3 {
        h.break_effect("observe_change", false);
        h.sweep();
        h.pass(60);
        h.outside.broken.clear();
        h.pass(60);
    }
    assert_eq!(
        waits(&h),
        2,
        "the checks and the trouble, each once: {:?}",
        h.notices
    );
}

#[test]
fn a_template_without_a_value_fails_and_says_which() {
    let mut h = Harness::but(|rules| {
        let value = Template::new("{digest}").unwrap();
        let path = "test.yaml".to_owned();
        rules.deliver.edits = vec![EditRule::Value {
            path,
            at: ".tag".to_owned(),
            value,
            document: None,
        }];
    });
    h.merge("one");
    h.run();
    let row = h.rows.values().next().unwrap();
    let error = row.error.clone().unwrap();
    assert_eq!(
        (row.state, error.reason_code.as_str()),
        (Failed, "template")
    );
    assert!(
        error.message.contains("`{digest}` has no value"),
        "{}",
        error.message
    );
    assert_eq!(h.told(), ["started", "failed"]);
    h.leaves_nothing();
}
