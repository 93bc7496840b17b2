//! The transactions a server seldom or never makes, each by itself: killed on both sides of its
//! commit, they leave a whole database on which everything can be done again.

use std::sync::{Arc, OnceLock};

use sendo_core::audit::AuditEntry;
use sendo_core::deployment::DeploymentId;
use sendo_core::effect::{CloseReason, Effect, EffectError, EffectKey, PlannedEffect};
use sendo_core::job::Wake;
use sendo_core::names::{ApplicationName, EnvironmentName};
use sendo_core::plan::Plan;
use sendo_core::subject::{LaneId, SubjectId};
use sendo_core::time::{Span, Timestamp};
use sendo_store::{
    Boundaries, DeliveryOutcome, NewDelivery, Options, Record, Settlement, Store, StoreError, open,
};
use sendo_testkit::suite::{in_parallel, say};
use sendo_testkit::{Stage, wait};

use crate::child::{self, Asked};
use crate::points::{self, At, Reached};
use crate::run;

const LEASE: Span = Span::from_millis(300);

type Done = Result<(), StoreError>;

fn subject() -> SubjectId {
    let application = ApplicationName::new("example1").unwrap();
    LaneId::new(application, EnvironmentName::new("test").unwrap()).subject()
}

fn said(action: &str) -> AuditEntry {
    AuditEntry {
        action: action.to_owned(),
        subject: None,
        actor: None,
        cause: "a test".to_owned(),
        detail: serde_json::json!({}),
    }
}

/// Goes through every transaction there is; may be killed anywhere, and begun again.
pub(crate) async fn every_rare_transaction(url: &str, boundaries: Arc<dyn Boundaries>) -> Done {
    let options = Options {
        boundaries,
        ..Options::default()
    };
    let store = open(url, options).await?;
    take_in(store.as_ref()).await?;
    let round = store.audit_rows(0, 1000).await?.len();
    decide(store.as_ref(), round).await?;
    carry_out(store.as_ref()).await?;
    let deployment = DeploymentId("example1/test/1".to_owned());
    store.redrive(&deployment, said("effect.redriven")).await?;
    store.audit(said("test.done")).await?;
    let fence = loop {
        if let Some(fence) = store.lease(sendo_store::SEALER, "a", LEASE).await? {
            break fence;
        }
    };
    store.seal("a", fence, 1000).await?;
    store.revoke_token("none", said("token.revoked")).await?;
    store.prune(Timestamp(0)).await?;
    store.close().await;
    Ok(())
}

async fn take_in(store: &dyn Store) -> Done {
    let delivery = NewDelivery {
        source: "forge:here".to_owned(),
        dedup: "1".to_owned(),
        name: "push".to_owned(),
        body: b"{}".to_vec(),
        by: None,
    };
    store.accept(delivery).await?;
    let mut replayed = false;
    while store.backlog().await?.deliveries > 0 {
        let Some(claimed) = store.claim_delivery(LEASE, 100).await? else {
            continue;
        };
        if !replayed {
            replayed = true;
            store.settle(&claimed, quarantining()).await?;
            store.replay(&claimed.id, said("delivery.replayed")).await?;
            continue;
        }
        let settlement = Settlement {
            events: Vec::new(),
            wakes: vec![Wake {
                subject: subject(),
                hint: true,
                facts: Vec::new(),
            }],
            outcome: DeliveryOutcome::Done,
        };
        store.settle(&claimed, settlement).await?;
    }
    Ok(())
}

fn quarantining() -> Settlement {
    Settlement {
        events: Vec::new(),
        wakes: Vec::new(),
        outcome: DeliveryOutcome::Quarantined {
            reason_code: "json_malformed".to_owned(),
            message: "no".to_owned(),
        },
    }
}

async fn decide(store: &dyn Store, round: usize) -> Done {
    let effect = PlannedEffect {
        key: EffectKey(format!("close/{round}")),
        deployment: Some(DeploymentId("example1/test/1".to_owned())),
        effect: Effect::CloseChangeRequest {
            repository: "here:manifests".parse().unwrap(),
            number: 1,
            why: CloseReason::Superseded {
                by: DeploymentId("example1/test/2".to_owned()),
            },
        },
    };
    let plans = [
        Plan {
            effects: vec![effect],
            ..Plan::default()
        },
        // Withdraws what is not there, so it is void and the subject is handed back.
        Plan {
            cancel: vec![EffectKey("none".to_owned())],
            ..Plan::default()
        },
    ];
    for plan in plans {
        store.hint(&[subject()]).await?;
        let claimed = loop {
            if let Some(claimed) = store.claim_subject(LEASE, &|_| Vec::new()).await? {
                break claimed;
            }
        };
        store.commit(&claimed, &plan, &[]).await?;
    }
    Ok(())
}

async fn carry_out(store: &dyn Store) -> Done {
    let mut released = false;
    while store.backlog().await?.effects > 0 {
        let Some(effect) = store.claim_effect(LEASE, 100).await? else {
            continue;
        };
        if !released {
            released = true;
            store.release(&effect).await?;
            continue;
        }
        store.intend(&effect, serde_json::json!({})).await?;
        store.heartbeat(&effect, LEASE).await?;
        let error = EffectError {
            reason_code: "refused".to_owned(),
            message: "no".to_owned(),
        };
        store.record(&effect, Record::Failed { error }).await?;
    }
    Ok(())
}

/// What one undisturbed run reaches.
pub(crate) fn reached() -> &'static Reached {
    static REACHED: OnceLock<Reached> = OnceLock::new();
    REACHED.get_or_init(|| {
        let stage = Stage::set(run::PROGRAM);
        let reached = stage.folder().join("reached");
        let asked = Asked {
            reached: Some(reached.clone()),
            ..Asked::default()
        };
        assert_eq!(ends(&stage, &asked), Some(0));
        points::reached_of(&reached)
    })
}

/// Runs to the end; the exit code, `None` when it was killed.
fn ends(stage: &Stage, asked: &Asked) -> Option<i32> {
    let mut child = child::store(stage, asked);
    let longest = std::time::Duration::from_secs(60);
    wait::until("the store's child ends", longest, || child.exit()).unwrap_or_else(|error| {
        panic!("{error}\n{}", child.log());
    })
}

pub(crate) fn killed_in_every_transaction_the_server_seldom_makes() {
    let points: Vec<At> = reached()
        .keys()
        .map(|(place, side)| At::with(place.clone(), side.clone(), 1))
        .collect();
    let bad: Vec<String> = in_parallel(run::AT_ONCE, &points, |at| {
        let stage = Stage::set(run::PROGRAM);
        let asked = Asked {
            at: Some(at.clone()),
            ..Asked::default()
        };
        let killed = ends(&stage, &asked).is_none();
        let again = ends(&stage, &Asked::default()) == Some(0);
        let damage = stage.database().damage();
        (!killed || !again || !damage.is_empty())
            .then(|| format!("{at}: killed {killed}, again {again}, {damage:?}"))
    })
    .into_iter()
    .flatten()
    .collect();
    say(&format!(
        "killed in the store: {} points, {} of them not as they must be",
        points.len(),
        bad.len()
    ));
    assert!(bad.is_empty(), "{bad:#?}");
}
