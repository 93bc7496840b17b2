//! What people ask for.

use super::harness::Harness;
use super::lanes::{main_branch, who};
use crate::deployment::DeploymentState::{Failed, Succeeded, Superseded, Waiting};
use crate::deployment::Waiting as For;
use crate::promotion::Trigger;

#[test]
fn a_person_may_ask_for_the_newest_whatever_it_touches() {
    let mut h = Harness::but(|rules| rules.paths = vec!["services/web/**".to_owned()]);
    let merged = h.merge_touching("elsewhere", &["README"]);
    h.run();
    h.deploy("web/test", None, "alice");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (merged.to_string(), vec![Succeeded])
    );
    assert_eq!(
        h.rows.values().next().unwrap().requested_by,
        Some(who("alice"))
    );
}

#[test]
fn a_deployment_names_the_deliveries_that_caused_it() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    let causes = |h: &Harness, at: usize| h.rows.values().nth(at).unwrap().caused_by.clone();
    let merged = h.merge("one");
    h.run();
    let announced = causes(&h, 0);
    assert!(
        !announced.is_empty() && announced[0] == "000001",
        "{announced:?}"
    );
    h.deploy("web/test", Some(merged.as_str()), "alice");
    h.run();
    let joined = causes(&h, 0);
    assert!(
        joined.starts_with(&announced) && joined.len() == announced.len() + 1,
        "{joined:?}"
    );
}

#[test]
fn a_request_overtaken_by_a_later_one_is_not_followed_after_it() {
    let mut h = Harness::one(super::lanes::tagged("v*", crate::promotion::TagOrder::Date));
    let (one, two, three) = (h.merge("one"), h.merge("two"), h.merge("three"));
    h.push_tag("v3", &three);
    h.deploy("web/test", Some(one.as_str()), "alice");
    h.deploy("web/test", Some(two.as_str()), "bob");
    h.run();
    let brought = |revision| {
        h.rows
            .values()
            .any(|row| row.revision == revision && row.version.is_some())
    };
    assert!(!brought(one) && brought(two));
}

#[test]
fn a_person_may_ask_for_the_last_image_again() {
    let mut h = Harness::one(Trigger::Image);
    let merged = h.merge("one");
    h.report_image(&merged, "1.0");
    h.run();
    h.set_by_hand("test.yaml.tag", "by hand");
    h.deploy("web/test", None, "alice");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (merged.to_string(), vec![Succeeded, Succeeded])
    );
}

#[test]
fn a_command_deploys_a_revision_a_branch_or_a_tag() {
    for by in ["revision", "feature", "v1"] {
        let mut h = Harness::one(Trigger::Command);
        let wanted = h.merge("one");
        h.push("feature", &wanted);
        h.push_tag("v1", &wanted);
        h.run();
        assert!(h.rows.is_empty());
        let reference = if by == "revision" {
            wanted.as_str()
        } else {
            by
        };
        h.deploy("web/test", Some(reference), "alice");
        h.run();
        assert_eq!(
            (h.at("test"), h.standing()),
            (wanted.to_string(), vec![Succeeded]),
            "{by}"
        );
    }
}

#[test]
fn a_request_for_nothing_that_exists_fails_where_whoever_asked_can_see_it() {
    for reference in [Some("no-such-branch"), None] {
        let mut h = Harness::one(Trigger::Command);
        h.deploy("web/test", reference, "alice");
        h.run();
        assert_eq!(h.audit, ["request.not_found"]);
        h.sweep();
        let rows: Vec<_> = h
            .rows
            .values()
            .map(|row| (row.state, row.error.clone()))
            .collect();
        let [(Failed, Some(failure))] = &rows[..] else {
            panic!("one failed row, not {rows:?}");
        };
        assert_eq!(
            (h.audit.len(), failure.reason_code.as_str()),
            (1, "revision_not_found")
        );
    }
}

#[test]
fn a_requested_older_revision_needs_a_person_who_did_not_ask() {
    let mut h = Harness::one(main_branch());
    let older = h.merge("one");
    h.run();
    let newer = h.merge("two");
    h.run();
    h.deploy("web/test", Some(older.as_str()), "alice");
    h.run();
    assert!(matches!(
        h.waiting(),
        Some(For::People {
            backwards: true,
            needed: 1,
            ..
        })
    ));
    h.approve_by("alice");
    h.run();
    assert_eq!(h.at("test"), newer.as_str());
    h.approve_by("bob");
    h.run();
    h.sweep();
    assert_eq!(
        h.at("test"),
        older.as_str(),
        "the branch's head does not overrule the person"
    );
    assert_eq!(h.standing(), [Succeeded, Succeeded, Succeeded]);
}

#[test]
fn a_request_for_what_is_on_its_way_joins_it() {
    let mut h = Harness::but(|rules| rules.deliver.checks = vec!["ci".to_owned()]);
    let merged = h.merge("one");
    h.run();
    h.deploy("web/test", Some(merged.as_str()), "alice");
    h.deploy("web/test", None, "alice");
    h.run();
    assert_eq!((h.standing(), h.outside.changes.len()), (vec![Waiting], 1));
    assert!(h.audit.iter().any(|action| action == "request.joined"));
}

#[test]
fn of_two_requests_the_newest_is_followed_and_the_other_is_not_lost() {
    let mut h = Harness::one(Trigger::Command);
    let (one, two) = (h.merge("one"), h.merge("two"));
    h.deploy("web/test", Some(one.as_str()), "alice");
    h.deploy("web/test", Some("main"), "bob");
    h.run();
    assert_eq!(
        (h.at("test"), h.standing()),
        (two.to_string(), vec![Superseded, Succeeded])
    );
}

#[test]
fn announcements_that_arrive_while_a_reference_is_looked_up_keep_their_place() {
    let mut h = Harness::one(main_branch());
    let old = h.outside.branches["main"].clone();
    h.deploy("web/test", Some(old.as_str()), "alice");
    h.deliver_all();
    (0..3).for_each(|_| assert!(h.step()));
    h.merge("one");
    let newest = h.merge("two");
    h.run();
    let row = |revision| {
        h.rows
            .values()
            .filter(move |row| row.revision == revision)
            .count()
    };
    assert_eq!((row(old), row(newest)), (1, 1));
    assert_eq!(h.rows.len(), 3);
}
