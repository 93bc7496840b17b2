//! Random sequences of calls give the same answers on this database as in the model.
//!
//! 256 cases of 60 calls each, or as many cases as `PROPTEST_CASES` says. A failing sequence is
//! made as short as possible and printed.
//!
//! Size: what a call is, how it is drawn and how it is compared belong together.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sendo_core::deployment::{DeploymentId, DeploymentState as State};
use sendo_core::effect::{EffectKey, Outcome, PlannedEffect};
use sendo_core::plan::Plan;
use sendo_core::subject::SubjectId;
use sendo_core::time::{Span, Timestamp};
use sendo_store::{
    Accepted, Claimed, ClaimedEffect, Committed, Delivery, DeliveryOutcome, DeploymentFilter,
    ManualClock, Record, SEALER, Store, open,
};
use serde_json::json;

use super::bench::{LEASE, options};
use super::make;
use super::model::{Claim, MOST, Model};
use crate::place::Place;

/// One call. Numbers pick among few possibilities, so that calls meet each other often.
#[derive(Debug, Clone)]
enum Call {
    Accept {
        source: u8,
        dedup: u8,
    },
    ClaimDelivery,
    Settle {
        which: usize,
        outcome: u8,
        subjects: u8,
        hint: bool,
        ago: u8,
    },
    Hint {
        subjects: u8,
    },
    ClaimSubject,
    Commit {
        which: usize,
        plan: Draft,
    },
    ClaimEffect,
    Intend {
        which: usize,
    },
    Heartbeat {
        which: usize,
    },
    Release {
        which: usize,
    },
    Record {
        which: usize,
        kind: u8,
        ago: u8,
    },
    Redrive,
    Advance {
        seconds: u8,
    },
    Lease {
        holder: u8,
    },
    Seal {
        holder: u8,
        limit: u8,
    },
    Prune {
        ago: u8,
    },
}

#[derive(Debug, Clone)]
struct Draft {
    effects: Vec<u8>,
    posts: Vec<u8>,
    cancel: Option<u8>,
    retire: Option<u8>,
    publish: Option<u8>,
    forget: bool,
    wake: u8,
    wake_in: Option<u8>,
    deployment: Option<(u64, u8)>,
    notice: Option<u32>,
}

fn draft() -> impl Strategy<Value = Draft> {
    let option = |range| proptest::option::weighted(0.3, range);
    (
        (
            prop::collection::vec(0..6_u8, 0..3),
            prop::collection::vec(0..3_u8, 0..2),
            option(0..6_u8),
            option(0..6_u8),
            option(0..4_u8),
        ),
        (
            any::<bool>(),
            0..8_u8,
            option(0..90_u8),
            proptest::option::weighted(0.3, (1..5_u64, 0..7_u8)),
            proptest::option::weighted(0.3, 0..4_u32),
        ),
    )
        .prop_map(|(a, b)| Draft {
            effects: a.0,
            posts: a.1,
            cancel: a.2,
            retire: a.3,
            publish: a.4,
            forget: b.0,
            wake: b.1,
            wake_in: b.2,
            deployment: b.3,
            notice: b.4,
        })
}

fn call() -> impl Strategy<Value = Call> {
    let which = || 0..4_usize;
    prop_oneof![
        3 => (0..2_u8, 0..5_u8).prop_map(|(source, dedup)| Call::Accept { source, dedup }),
        3 => Just(Call::ClaimDelivery),
        3 => (which(), 0..3_u8, 0..8_u8, any::<bool>(), 0..4_u8).prop_map(
            |(which, outcome, subjects, hint, ago)| Call::Settle { which, outcome, subjects, hint, ago }
        ),
        3 => (1..8_u8).prop_map(|subjects| Call::Hint { subjects }),
        6 => Just(Call::ClaimSubject),
        6 => (which(), draft()).prop_map(|(which, plan)| Call::Commit { which, plan }),
        6 => Just(Call::ClaimEffect),
        3 => which().prop_map(|which| Call::Intend { which }),
        2 => which().prop_map(|which| Call::Heartbeat { which }),
        2 => which().prop_map(|which| Call::Release { which }),
        5 => (which(), 0..4_u8, 0..4_u8).prop_map(|(which, kind, ago)| Call::Record { which, kind, ago }),
        1 => Just(Call::Redrive),
        5 => (0..90_u8).prop_map(|seconds| Call::Advance { seconds }),
        1 => (0..2_u8).prop_map(|holder| Call::Lease { holder }),
        2 => (0..2_u8, 1..4_u8).prop_map(|(holder, limit)| Call::Seal { holder, limit }),
        1 => (0..120_u8).prop_map(|ago| Call::Prune { ago }),
    ]
}

fn lanes() -> [SubjectId; 3] {
    ["a/test", "b/test", "c/test"].map(make::subject)
}

fn picked(mask: u8) -> Vec<SubjectId> {
    let lanes = lanes().into_iter().enumerate();
    lanes
        .filter(|(n, _)| mask & (1 << n) != 0)
        .map(|(_, lane)| lane)
        .collect()
}

fn effect(n: u8) -> PlannedEffect {
    if n < 2 {
        make::look(&key(n).0)
    } else {
        make::close(&key(n).0)
    }
}

fn key(n: u8) -> EffectKey {
    EffectKey(format!("effect/{n}"))
}

fn before(now: Timestamp, seconds: u8) -> Timestamp {
    now - Span::from_secs(u32::from(seconds))
}

/// The store, the model, and the claims both gave out; the newest are used most.
struct Pair {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    model: Model,
    /// Of the deliveries, in the order of the model's.
    ids: Vec<String>,
    deliveries: Vec<(Delivery, Claim)>,
    subjects: Vec<(Claimed, i64)>,
    effects: Vec<(ClaimedEffect, Claim)>,
    fences: [i64; 2],
}

/// Counts from the newest claim backwards.
fn newest<T>(claims: &[T], which: usize) -> Option<&T> {
    claims.get(claims.len().checked_sub(which + 1)?)
}

impl Pair {
    async fn take(&mut self, call: &Call) {
        let (store, now) = (Arc::clone(&self.store), self.model.now);
        match call {
            Call::Accept { source, dedup } => {
                let mut delivery = make::delivery(&dedup.to_string());
                delivery.source = source.to_string();
                let expected = self.model.accept(&delivery.source, &delivery.dedup);
                let (new, id) = match store.accept(delivery).await.unwrap() {
                    Accepted::New(id) => (true, id),
                    Accepted::Duplicate(id) => (false, id),
                };
                if new {
                    // Numbers grow; on Postgres a duplicate burns one.
                    assert!(self.ids.last().is_none_or(|last| *last < id));
                    self.ids.push(id.clone());
                }
                assert_eq!((new, Some(&id)), (expected.0, self.ids.get(expected.1)));
            }
            Call::ClaimDelivery => {
                let claimed = store.claim_delivery(LEASE, MOST).await.unwrap();
                let expected = self.model.claim_delivery();
                assert_eq!(
                    claimed.as_ref().map(|one| one.attempts),
                    expected.map(|one| one.1)
                );
                if let (Some(claimed), Some((claim, _))) = (claimed, expected) {
                    self.deliveries.push((claimed, claim));
                }
            }
            Call::Settle {
                which,
                outcome,
                subjects,
                hint,
                ago,
            } => {
                let Some((delivery, claim)) = newest(&self.deliveries, *which) else {
                    return;
                };
                let picked = picked(*subjects);
                let mut settlement = make::waking(&picked.iter().collect::<Vec<_>>());
                for wake in &mut settlement.wakes {
                    wake.hint = *hint;
                    let at = before(now, *ago);
                    wake.facts = vec![make::fact(&wake.subject, "source", at.0 % 97, at)];
                }
                let words = ("code".to_owned(), "words".to_owned());
                let (name, outcome) = match outcome {
                    0 => ("done", DeliveryOutcome::Done),
                    1 => (
                        "ignored",
                        DeliveryOutcome::Ignored {
                            reason_code: words.0,
                            message: words.1,
                        },
                    ),
                    _ => (
                        "quarantined",
                        DeliveryOutcome::Quarantined {
                            reason_code: words.0,
                            message: words.1,
                        },
                    ),
                };
                settlement.outcome = outcome;
                let expected = self.model.settle(*claim, name, &settlement);
                assert_eq!(store.settle(delivery, settlement).await.is_ok(), expected);
            }
            Call::Hint { subjects } => {
                let picked = picked(*subjects);
                picked
                    .iter()
                    .for_each(|subject| self.model.wake(subject, true));
                store.hint(&picked).await.unwrap();
            }
            Call::ClaimSubject => {
                let reads = |_: &SubjectId| lanes().to_vec();
                let claimed = store.claim_subject(LEASE, &reads).await.unwrap();
                let expected = self.model.claim_subject();
                assert_eq!(
                    claimed.as_ref().map(|one| &one.world),
                    expected.as_ref().map(|one| &one.2)
                );
                if let (Some(claimed), Some((id, fence, _))) = (claimed, expected) {
                    assert_eq!((claimed.version, claimed.wakes), self.model.versions(&id));
                    self.subjects.push((claimed, fence));
                }
            }
            Call::Commit { which, plan } => {
                let Some((claimed, fence)) = newest(&self.subjects, *which) else {
                    return;
                };
                let id = &claimed.world.subject;
                let (plan, posts) = planned(id, now, plan);
                let against = (claimed.version, claimed.wakes, *fence);
                let expected = self.model.commit(id, against, &plan, &posts);
                let committed = store.commit(claimed, &plan, &posts).await.unwrap();
                assert_eq!(committed == Committed::Yes, expected);
            }
            Call::ClaimEffect => {
                let claimed = store.claim_effect(LEASE, MOST).await.unwrap();
                let expected = self.model.claim_effect();
                let told = claimed.as_ref().map(|one| {
                    format!(
                        "{} {} {} {:?}",
                        one.subject, one.key.0, one.attempts, one.intent
                    )
                });
                assert_eq!(told, expected.as_ref().map(|one| one.1.clone()));
                if let (Some(claimed), Some((claim, _))) = (claimed, expected) {
                    assert_eq!((claimed.now, claimed.lease_until), (now, now + LEASE));
                    self.effects.push((claimed, claim));
                }
            }
            _ => self.take_effect(call).await,
        }
    }

    async fn take_effect(&mut self, call: &Call) {
        let (store, now) = (Arc::clone(&self.store), self.model.now);
        match call {
            Call::Intend { which } => {
                let Some((effect, claim)) = newest(&self.effects, *which) else {
                    return;
                };
                let intent = json!({ "at": now });
                let expected = self.model.intend(*claim, &intent);
                assert_eq!(store.intend(effect, intent).await.unwrap(), expected);
            }
            Call::Heartbeat { which } => {
                let Some((effect, claim)) = newest(&self.effects, *which) else {
                    return;
                };
                let expected = self.model.heartbeat(*claim);
                assert_eq!(store.heartbeat(effect, LEASE).await.unwrap(), expected);
            }
            Call::Release { which } => {
                let Some((effect, claim)) = newest(&self.effects, *which) else {
                    return;
                };
                self.model.release(*claim);
                store.release(effect).await.unwrap();
            }
            Call::Record { which, kind, ago } => {
                let Some((effect, claim)) = newest(&self.effects, *which) else {
                    return;
                };
                let error = make::trouble();
                let facts = vec![make::fact(
                    &effect.subject,
                    "change",
                    i64::from(*ago),
                    before(now, *ago),
                )];
                let record = match kind {
                    0 => Record::Done {
                        outcome: Outcome::Closed,
                        facts,
                    },
                    1 => Record::Retry {
                        error,
                        at: now + Span::from_secs(u32::from(*ago) * 10),
                    },
                    2 => Record::Failed { error },
                    _ => Record::Unknown { error },
                };
                let expected = self.model.record(*claim, &record);
                assert_eq!(store.record(effect, record).await.unwrap(), expected);
            }
            Call::Redrive => {
                let deployment = DeploymentId("example1/test/1".to_owned());
                let redriven = store
                    .redrive(&deployment, make::entry("effect.redriven"))
                    .await
                    .unwrap();
                assert_eq!(redriven, self.model.redrive());
            }
            Call::Advance { seconds } => {
                let by = Span::from_secs(u32::from(*seconds));
                self.clock.advance(by);
                self.model.advance(by);
            }
            Call::Lease { holder } => {
                let fence = store
                    .lease(SEALER, &holder.to_string(), LEASE)
                    .await
                    .unwrap();
                assert_eq!(fence, self.model.lease(&holder.to_string()));
                self.fences[usize::from(*holder)] = fence.unwrap_or(0);
            }
            Call::Seal { holder, limit } => {
                let (name, fence) = (holder.to_string(), self.fences[usize::from(*holder)]);
                let sealed = store.seal(&name, fence, u32::from(*limit)).await.ok();
                assert_eq!(sealed, self.model.seal(&name, fence, usize::from(*limit)));
            }
            Call::Prune { ago } => {
                let before = before(now, *ago);
                assert_eq!(store.prune(before).await.unwrap(), self.model.prune(before));
            }
            _ => {}
        }
    }

    /// Everything that can be read is the same.
    async fn compare(&self) {
        let (store, model) = (&self.store, &self.model);
        let rows = store.deliveries(None, 100).await.unwrap();
        assert_eq!(rows.len(), model.deliveries.len());
        for (row, expected) in rows.iter().rev().zip(&model.deliveries) {
            assert_eq!(
                (&row.source, row.duplicates),
                (&expected.name.0, expected.duplicates)
            );
            let outcome = serde_json::to_value(&row.outcome).unwrap();
            assert_eq!(outcome["outcome"].as_str(), expected.outcome.as_deref());
        }
        for lane in lanes() {
            assert_eq!(store.effects(&lane).await.unwrap(), model.views(&lane));
        }
        let listed = store
            .deployments(&DeploymentFilter::default())
            .await
            .unwrap();
        assert_eq!(listed.len(), model.deployments.len());
        for row in listed {
            assert_eq!(Some(&row), model.deployments.get(row.id.as_str()));
        }
        // What a failed notice of `make` leaves stands in the timeline of its own deployment.
        for deployment in ["a/test/1", "example1/test/1"] {
            let id = DeploymentId(deployment.to_owned());
            let timeline = store.timeline(&id).await.unwrap();
            let ids: Vec<_> = timeline.into_iter().map(|notice| notice.id).collect();
            let prefix = format!("{deployment}#");
            let told = model.notices.iter().filter(|id| id.starts_with(&prefix));
            assert_eq!(ids, told.cloned().collect::<Vec<_>>());
        }
        assert_eq!(store.revision().await.unwrap(), model.revision);
        let lines = store.audit_rows(0, 1_000).await.unwrap();
        let actions: Vec<_> = lines.iter().map(|line| line.entry.action.clone()).collect();
        assert_eq!(actions, model.audit);
        let verdict = store.verify_audit().await.unwrap();
        assert_eq!(usize::try_from(verdict.verified).unwrap(), model.sealed);
        assert_eq!(verdict.broken, None);
    }
}

/// The plan a draft stands for.
fn planned(id: &SubjectId, now: Timestamp, draft: &Draft) -> (Plan, Vec<PlannedEffect>) {
    let states = [
        State::Queued,
        State::Running,
        State::Waiting,
        State::Succeeded,
        State::Superseded,
        State::Cancelled,
        State::Failed,
    ];
    let name = id.key.as_str();
    let plan = Plan {
        state: json!({ "at": now }),
        effects: draft.effects.iter().map(|n| effect(*n)).collect(),
        cancel: draft.cancel.map(key).into_iter().collect(),
        retire: draft.retire.map(key).into_iter().collect(),
        publish: draft
            .publish
            .map(|ago| make::fact(id, "published", i64::from(ago), before(now, ago)))
            .into_iter()
            .collect(),
        forget: draft
            .forget
            .then(|| "source".to_owned())
            .into_iter()
            .collect(),
        wake: picked(draft.wake),
        wake_at: draft
            .wake_in
            .map(|seconds| now + Span::from_secs(u32::from(seconds))),
        deployments: draft
            .deployment
            .map(|(n, state)| make::deployment(name, n, states[usize::from(state)]))
            .into_iter()
            .collect(),
        notices: draft
            .notice
            .map(|n| make::notice("a/test/1", n))
            .into_iter()
            .collect(),
        audit: Vec::new(),
    };
    let posts = draft
        .posts
        .iter()
        .map(|n| make::post(&format!("post/{n}")))
        .collect();
    (plan, posts)
}

async fn run(calls: &[Call]) {
    let place = Place::new().await;
    let clock = Arc::new(ManualClock::default());
    let url = if place.is_postgres() {
        place.url()
    } else {
        "sqlite::memory:".to_owned()
    };
    let mut pair = Pair {
        store: open(&url, options(&clock)).await.unwrap(),
        model: Model::at(sendo_store::Clock::now(&*clock)),
        clock,
        ids: Vec::new(),
        deliveries: Vec::new(),
        subjects: Vec::new(),
        effects: Vec::new(),
        fences: [0; 2],
    };
    for call in calls {
        pair.take(call).await;
        assert_eq!(pair.store.backlog().await.unwrap(), pair.model.backlog());
    }
    pair.compare().await;
    pair.store.close().await;
}

#[test]
fn any_sequence_of_calls_gives_the_same_answers_as_the_model() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let calls = prop::collection::vec(call(), 60);
    TestRunner::new(config)
        .run(&calls, |calls| {
            runtime.block_on(run(&calls));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
