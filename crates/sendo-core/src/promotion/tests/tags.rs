//! Which tag is the newest.

use super::harness::Harness;
use super::lanes::tagged;
use crate::deployment::DeploymentState::{Succeeded, Superseded};
use crate::promotion::{TagOrder, TagPattern, Trigger};

fn told(h: &mut Harness, tags: &[&str]) -> Vec<String> {
    let mut at = Vec::new();
    for tag in tags {
        let parent = h.outside.branches["main"].clone();
        let revision = h.write(vec![parent], tag, &[]);
        h.push("main", &revision);
        h.push_tag(tag, &revision);
        h.run();
        let deployed = h.at("test");
        let commit = h
            .outside
            .commits
            .iter()
            .find(|(revision, _)| revision.as_str() == deployed);
        at.push(commit.map_or(deployed.clone(), |(_, commit)| commit.title.clone()));
    }
    at
}

#[test]
fn tags_with_a_slash_travel_like_any_other() {
    let mut h = Harness::one(tagged("release/*", TagOrder::Semver));
    assert_eq!(
        told(&mut h, &["release/1.2", "release/1.10"]),
        ["release/1.2", "release/1.10"]
    );
    assert_eq!(
        h.rows.values().next().unwrap().reference,
        "refs/tags/release/1.2"
    );
    h.leaves_nothing();
}

#[test]
fn a_pattern_is_anchored_at_both_ends() {
    let mut h = Harness::one(tagged("release-*", TagOrder::Date));
    assert_eq!(
        told(&mut h, &["not-a-release-x", "release-1/x"]),
        ["old", "old"]
    );
    let pattern = TagPattern::Regex(r"v\d+".to_owned());
    let mut h = Harness::one(Trigger::Tag {
        pattern,
        order: TagOrder::Date,
    });
    assert_eq!(told(&mut h, &["dev1", "v1-rc", "v1"]), ["old", "old", "v1"]);
}

#[test]
fn a_lower_version_does_not_deploy_and_shows_as_superseded() {
    let mut h = Harness::one(tagged("v*", TagOrder::Semver));
    let tags = [
        "v1.9.0",
        "v1.10.0",
        "v1.9.1",
        "v2.0.0-rc.1",
        "v2.0.0",
        "vlatest",
    ];
    let at = told(&mut h, &tags);
    assert_eq!(
        at,
        [
            "v1.9.0",
            "v1.10.0",
            "v1.10.0",
            "v2.0.0-rc.1",
            "v2.0.0",
            "v2.0.0"
        ]
    );
    assert_eq!(
        h.standing(),
        [
            Succeeded, Succeeded, Superseded, Succeeded, Succeeded, Superseded
        ]
    );
}

#[test]
fn by_date_the_latest_tag_wins() {
    let mut h = Harness::one(tagged("v*", TagOrder::Date));
    assert_eq!(told(&mut h, &["v2", "v1"]), ["v2", "v1"]);
}

#[test]
fn in_the_order_of_pushes_an_older_date_does_not_matter() {
    let mut h = Harness::one(tagged("v*", TagOrder::Pushed));
    told(&mut h, &["v2", "v1"]);
    let old = h.outside.tags["v2"].1;
    let revision = h.write(vec![h.outside.branches["main"].clone()], "v3", &[]);
    h.push_tag("v3", &revision);
    h.outside.tags.get_mut("v3").unwrap().1 = crate::time::Timestamp(old.0 - 1);
    h.run();
    h.sweep();
    h.sweep();
    assert_eq!((h.at("test"), h.rows.len()), (revision.to_string(), 3));
}

#[test]
fn a_second_tag_on_the_same_revision_is_not_a_second_deployment() {
    for order in [TagOrder::Date, TagOrder::Pushed, TagOrder::Semver] {
        let mut h = Harness::one(tagged("v*", order));
        told(&mut h, &["v1"]);
        let revision = h.outside.tags["v1"].0.clone();
        h.push_tag("v2", &revision);
        h.run();
        assert_eq!(h.standing(), [Succeeded]);
        assert_eq!(told(&mut h, &["v3"]), ["v3"]);
    }
}

#[test]
fn a_deleted_tag_takes_the_lane_back_only_with_a_person() {
    let mut h = Harness::one(tagged("v*", TagOrder::Semver));
    told(&mut h, &["v1", "v2"]);
    h.outside.tags.remove("v2");
    h.sweep();
    assert!(h.is_waiting_for_people());
    h.approve_by("alice");
    h.run();
    assert_eq!(h.at("test"), h.outside.tags["v1"].0.as_str());
}
