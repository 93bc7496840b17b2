//! The lanes of the stories.

use crate::act::Access;
use crate::engine::{Engine, OnDegraded};
use crate::names::{BranchName, Principal, Repository};
use crate::promotion::{
    After, Approval, EditRule, LaneRules, Mode, Promotion, TagOrder, TagPattern, Trigger,
};
use crate::subject::LaneId;
use crate::template::Template;
use crate::time::Span;

pub(super) fn who(name: &str) -> Principal {
    Principal::new(format!("local:{name}")).unwrap()
}

pub(super) fn app() -> Repository {
    "acme:acme/web".parse().unwrap()
}

pub(super) fn manifests() -> Repository {
    "acme:acme/manifests".parse().unwrap()
}

pub(super) fn id(lane: &str) -> LaneId {
    lane.parse().unwrap()
}

pub(super) fn main_branch() -> Trigger {
    Trigger::MergedInto(BranchName::new("main").unwrap())
}

pub(super) fn tagged(glob: &str, order: TagOrder) -> Trigger {
    let pattern = TagPattern::Glob(glob.to_owned());
    Trigger::Tag { pattern, order }
}

/// A lane that writes the revision into `ENVIRONMENT.yaml`.
pub(super) fn lane(name: &str, on: Trigger) -> LaneRules {
    let lane = id(name);
    LaneRules {
        repository: app(),
        on,
        paths: Vec::new(),
        after: None,
        approval: Approval::Automatic,
        deliver: Promotion {
            repository: manifests(),
            base: BranchName::new("main").unwrap(),
            mode: Mode::ChangeRequest,
            edits: vec![EditRule::Value {
                path: format!("{}.yaml", lane.environment),
                at: ".tag".to_owned(),
                value: Template::new("{sha}").unwrap(),
                document: None,
            }],
            checks: Vec::new(),
            render: None,
        },
        access: Access::default(),
        freezes: Vec::new(),
        engine: None,
        ours: vec![super::perform::approver()],
        lane,
    }
}

/// An engine that applies by itself or not: an environment has ten minutes, and half a minute to recover.
pub(super) fn engine(degraded: OnDegraded) -> Option<Engine> {
    Some(Engine {
        cluster: "north".parse().unwrap(),
        applications: vec!["web-test".parse().unwrap()],
        sync: false,
        deadline: Span::from_secs(600),
        settle: Span::from_secs(30),
        degraded,
    })
}

pub(super) fn people(count: u32) -> Approval {
    Approval::People {
        count,
        from: Vec::new(),
    }
}

pub(super) fn after(environment: &str, same_tree: bool) -> Option<After> {
    let environment = environment.parse().unwrap();
    Some(After {
        environment,
        same_tree,
        soak: Span::default(),
    })
}
