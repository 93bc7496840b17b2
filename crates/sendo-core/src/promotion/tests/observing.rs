//! Where people merge into the manifests repository themselves: Sendo only follows what they merged.

use super::harness::Harness;
use super::lanes::{app, engine, main_branch};
use crate::act::Act;
use crate::deployment::DeploymentState::{Succeeded, Superseded, Waiting};
use crate::deployment::Strategy;
use crate::effect::Class;
use crate::engine::{Health, OnDegraded};
use crate::notice::Turn;
use crate::promotion::{LaneRules, Mode, Trigger};

/// The repository that people merge into is the one the stories merge into.
fn observed(change: impl FnOnce(&mut LaneRules)) -> Harness {
    Harness::but(|rules| {
        let Trigger::MergedInto(main) = main_branch() else {
            unreachable!()
        };
        rules.on = Trigger::PushedTo(main);
        rules.deliver.repository = app();
        rules.deliver.mode = Mode::Observe;
        rules.deliver.edits.clear();
        change(rules);
    })
}

/// Effects that change something outside.
fn writes(h: &Harness) -> usize {
    let class = |class| matches!(class, Class::B | Class::C | Class::D | Class::E);
    let all = h.effects.iter();
    all.filter(|(_, effect, _)| class(effect.effect.class()))
        .count()
}

#[test]
fn what_people_merge_becomes_a_deployment_and_nothing_is_written() {
    let mut h = observed(|_| {});
    let merged = h.merge("Raise the limit");
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    assert_eq!(h.told(), ["started", "succeeded"]);
    let Turn::Started {
        observed, version, ..
    } = &h.notices[0].turn
    else {
        panic!("{:?}", h.notices)
    };
    assert!(*observed && version == merged.as_str());
    let row = h.rows.values().next().unwrap();
    assert_eq!((row.strategy, &row.revision), (Strategy::Observe, &merged));
    assert_eq!(writes(&h), 0);
    assert_eq!(h.outside.refs.len(), 1);
    h.leaves_nothing();
}

#[test]
fn a_merge_that_touches_none_of_its_files_begins_nothing() {
    let mut h = observed(|rules| rules.paths = vec!["web/production/**".to_owned()]);
    h.merge_touching("Elsewhere", &["api/production/deployment.yaml"]);
    h.run();
    assert!(h.standing().is_empty());
    let ours = h.merge_touching("Here", &["web/production/deployment.yaml"]);
    h.run();
    assert_eq!(h.standing(), [Succeeded]);
    assert_eq!(h.rows.values().next().unwrap().revision, ours);
}

#[test]
fn going_back_to_an_older_commit_is_followed_as_anything_that_people_do() {
    let mut h = observed(|_| {});
    let first = h.merge("one");
    h.run();
    h.merge("two");
    h.run();
    h.push("main", &first);
    h.run();
    let states = h.standing();
    assert_eq!(states.last(), Some(&Succeeded), "{states:?}");
    assert_eq!(h.state("web/test").succeeded[0].revision, first);
    assert_eq!(writes(&h), 0);
}

#[test]
fn nobody_deploys_or_goes_back_with_sendo_there() {
    let mut h = observed(|_| {});
    h.merge("one");
    h.run();
    h.merge("two");
    h.run();
    h.deploy("web/test", None, "mei");
    h.act(
        Act::Rollback {
            to: None,
            from: None,
        },
        "mei",
    );
    h.run();
    assert_eq!(h.standing(), [Succeeded, Succeeded]);
    assert!(h.audit.iter().any(|action| action == "request.refused"));
    assert!(h.audit.iter().any(|action| action == "act.refused"));
    assert!(!h.standing().contains(&Superseded));
}

#[test]
fn health_that_no_pod_shows_has_to_last() {
    let mut h = observed(|rules| rules.engine = engine(OnDegraded::Report)).with_cluster();
    // What an engine says right after it applied is how the objects were before.
    h.next_is(Health::Healthy);
    let merged = h.merge("Raise the limit");
    h.outside.refs.insert("main".to_owned(), merged);
    h.run();
    assert_eq!(h.standing(), [Waiting]);
    h.health(Health::Progressing);
    h.run();
    assert_eq!(h.standing(), [Waiting]);
    h.health(Health::Healthy);
    h.run();
    assert_eq!(h.standing(), [Waiting]);
    h.pass(10);
    assert_eq!(h.standing(), [Succeeded]);
}
