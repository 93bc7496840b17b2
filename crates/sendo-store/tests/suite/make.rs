//! Small values of every kind the store keeps.

use std::sync::Arc;

use sendo_core::audit::AuditEntry;
use sendo_core::deployment::{Deployment, DeploymentId, DeploymentState, Strategy};
use sendo_core::effect::{CloseReason, Effect, EffectError, EffectKey, Outcome, PlannedEffect};
use sendo_core::fact::Fact;
use sendo_core::job::Wake;
use sendo_core::names::{ApplicationName, EnvironmentName, Principal, Repository, Revision};
use sendo_core::notice::{Notice, Turn};
use sendo_core::plan::Plan;
use sendo_core::subject::{LaneId, SubjectId};
use sendo_core::time::Timestamp;
use sendo_store::{
    Claimed, Committed, Delivery, DeliveryOutcome, NewDelivery, Record, Settlement, Store,
};
use serde_json::json;

use super::bench::LEASE;

pub(crate) fn lane(name: &str) -> LaneId {
    let (application, environment) = name.split_once('/').unwrap_or((name, "test"));
    LaneId::new(
        ApplicationName::new(application).unwrap(),
        EnvironmentName::new(environment).unwrap(),
    )
}

pub(crate) fn subject(name: &str) -> SubjectId {
    lane(name).subject()
}

pub(crate) fn delivery(dedup: &str) -> NewDelivery {
    NewDelivery {
        source: "forge:acme".to_owned(),
        dedup: dedup.to_owned(),
        name: "push".to_owned(),
        body: format!("{{\"of\":\"{dedup}\"}}").into_bytes(),
        by: Some("local:alice".to_owned()),
    }
}

pub(crate) fn fact(subject: &SubjectId, key: &str, value: i64, at: Timestamp) -> Fact {
    Fact {
        subject: subject.clone(),
        key: key.to_owned(),
        value: json!({ "value": value }),
        observed_at: at,
    }
}

pub(crate) fn waking(subjects: &[&SubjectId]) -> Settlement {
    Settlement {
        events: Vec::new(),
        wakes: subjects
            .iter()
            .map(|subject| Wake {
                subject: (*subject).clone(),
                hint: true,
                facts: Vec::new(),
            })
            .collect(),
        outcome: DeliveryOutcome::Done,
    }
}

/// A settlement of what cannot be read.
pub(crate) fn quarantining() -> Settlement {
    let outcome = DeliveryOutcome::Quarantined {
        reason_code: "json_malformed".to_owned(),
        message: "it is no JSON".to_owned(),
    };
    Settlement {
        outcome,
        ..waking(&[])
    }
}

pub(crate) fn repository() -> Repository {
    "acme:acme/manifests".parse().unwrap()
}

/// An observation.
pub(crate) fn look(key: &str) -> PlannedEffect {
    planned(
        key,
        Effect::ObserveChange {
            fact: "change/1".to_owned(),
            repository: repository(),
            number: 1,
            edits: Vec::new(),
        },
    )
}

/// An effect outside.
pub(crate) fn close(key: &str) -> PlannedEffect {
    planned(
        key,
        Effect::CloseChangeRequest {
            repository: repository(),
            number: 1,
            why: CloseReason::Superseded {
                by: DeploymentId("example1/test/2".to_owned()),
            },
        },
    )
}

/// A notice on its way to a target.
pub(crate) fn post(key: &str) -> PlannedEffect {
    planned(
        key,
        Effect::PostNotice {
            target: "ops".to_owned(),
            notice: notice("example1/test/1", 1),
        },
    )
}

fn planned(key: &str, effect: Effect) -> PlannedEffect {
    PlannedEffect {
        key: EffectKey(key.to_owned()),
        deployment: Some(DeploymentId("example1/test/1".to_owned())),
        effect,
    }
}

pub(crate) fn revision() -> Revision {
    Revision::new("a".repeat(40)).unwrap()
}

pub(crate) fn notice(deployment: &str, n: u32) -> Notice {
    Notice {
        id: format!("{deployment}#{n}"),
        deployment: DeploymentId(deployment.to_owned()),
        lane: lane("example1/test"),
        revision: revision(),
        at: Timestamp(i64::from(n)),
        change: None,
        authors: Vec::new(),
        turn: Turn::Succeeded {
            unchanged: false,
            healthy: false,
        },
    }
}

pub(crate) fn deployment(lane_name: &str, ordinal: u64, state: DeploymentState) -> Deployment {
    let lane = lane(lane_name);
    Deployment {
        id: DeploymentId::new(&lane, ordinal),
        lane,
        strategy: Strategy::Promotion,
        revision: revision(),
        reference: "refs/heads/develop".to_owned(),
        version: None,
        state,
        waiting: None,
        created_at: Timestamp(i64::try_from(ordinal).unwrap()),
        finished_at: None,
        requested_by: Some(Principal::new("local:alice").unwrap()),
        superseded_by: None,
        change: None,
        included: Vec::new(),
        error: None,
        caused_by: Vec::new(),
        brings: None,
    }
}

pub(crate) fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        action: action.to_owned(),
        subject: Some(subject("example1/test")),
        actor: Some(Principal::new("local:alice").unwrap()),
        cause: "test".to_owned(),
        detail: json!({ "z": 1, "a": [1, 2] }),
    }
}

pub(crate) fn keys(keys: &[&str]) -> Vec<EffectKey> {
    keys.iter()
        .map(|key| EffectKey((*key).to_owned()))
        .collect()
}

pub(crate) fn done() -> Record {
    Record::Done {
        outcome: Outcome::Closed,
        facts: Vec::new(),
    }
}

pub(crate) fn trouble() -> EffectError {
    EffectError {
        reason_code: "forge_unavailable".to_owned(),
        message: "closing change request 1 gave 503".to_owned(),
    }
}

/// Claims the subject that is awake.
pub(crate) async fn claim(store: &Arc<dyn Store>) -> Claimed {
    store
        .claim_subject(LEASE, &|_| Vec::new())
        .await
        .unwrap()
        .expect("a subject is awake")
}

/// Claims the delivery that waits.
pub(crate) async fn claim_delivery(store: &Arc<dyn Store>) -> Delivery {
    store
        .claim_delivery(LEASE, 3)
        .await
        .unwrap()
        .expect("a delivery waits")
}

/// Wakes a subject and commits a plan for it.
pub(crate) async fn decide(store: &Arc<dyn Store>, name: &str, plan: &Plan) {
    store.hint(&[subject(name)]).await.unwrap();
    let claimed = claim(store).await;
    assert_eq!(claimed.world.subject, subject(name));
    let committed = store.commit(&claimed, plan, &[]).await.unwrap();
    assert_eq!(committed, Committed::Yes);
}

/// A plan with these effects.
pub(crate) fn plan(effects: Vec<PlannedEffect>) -> Plan {
    Plan {
        state: json!({ "n": 1 }),
        effects,
        ..Plan::default()
    }
}
