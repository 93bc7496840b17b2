//! Many at once: nothing is claimed twice, nothing is lost.

use std::collections::BTreeSet;

use sendo_store::Accepted;

use super::bench::LEASE;
use super::make::{close, decide, delivery, done, plan, subject, waking};

contract! {
    async fn a_storm_of_duplicates_leaves_one_delivery(bench) {
        let replicas = bench.place.replicas(&bench, 2).await;
        let storm: Vec<_> = (0..16).map(|n| {
            let store = replicas[n % replicas.len()].clone();
            tokio::spawn(async move {
                let mut new = 0;
                for _ in 0..63 {
                    new += usize::from(matches!(store.accept(delivery("1")).await.unwrap(), Accepted::New(_)));
                }
                new
            })
        }).collect();
        let mut new = 0;
        for task in storm {
            new += task.await.unwrap();
        }
        assert_eq!(new, 1);
        let rows = bench.store.deliveries(None, 10).await.unwrap();
        assert_eq!((rows.len(), rows[0].duplicates), (1, 16 * 63 - 1));
    }

    async fn a_thousand_effects_are_claimed_once_each(bench) {
        let effects = (0..1_000).map(|n| close(&format!("close/{n}"))).collect();
        decide(&bench.store, "example1/test", &plan(effects)).await;
        let replicas = bench.place.replicas(&bench, 2).await;
        let workers: Vec<_> = (0..6).map(|n| {
            let store = replicas[n % replicas.len()].clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(effect) = store.claim_effect(LEASE, 3).await.unwrap() {
                    assert!(store.record(&effect, done()).await.unwrap());
                    mine.push(effect.key.0);
                }
                mine
            })
        }).collect();
        let mut all = Vec::new();
        let mut by_replica = vec![0; replicas.len()];
        for (n, worker) in workers.into_iter().enumerate() {
            let mine = worker.await.unwrap();
            by_replica[n % replicas.len()] += mine.len();
            all.extend(mine);
        }
        assert_eq!(all.len(), 1_000);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 1_000);
        assert!(by_replica.iter().all(|count| *count >= 200), "{by_replica:?}");
    }

    async fn a_thousand_deliveries_are_settled_once_each_while_lanes_are_decided(bench) {
        for n in 0..1_000 {
            bench.store.accept(delivery(&n.to_string())).await.unwrap();
        }
        let replicas = bench.place.replicas(&bench, 2).await;
        let workers: Vec<_> = (0..6).map(|n| {
            let store = replicas[n % replicas.len()].clone();
            tokio::spawn(async move {
                let mut settled = 0;
                loop {
                    let lane = subject(["a/test", "b/test", "c/test"][settled % 3]);
                    let Some(claimed) = store.claim_delivery(LEASE, 3).await.unwrap() else { break };
                    store.settle(&claimed, waking(&[&lane, &subject("z/test")])).await.unwrap();
                    settled += 1;
                    if let Some(claimed) = store.claim_subject(LEASE, &|_| Vec::new()).await.unwrap() {
                        let mut plan = plan(vec![]);
                        plan.wake = vec![subject("a/test"), subject("c/test")];
                        store.commit(&claimed, &plan, &[]).await.unwrap();
                    }
                }
                settled
            })
        }).collect();
        let mut settled = 0;
        for worker in workers {
            settled += worker.await.unwrap();
        }
        assert_eq!(settled, 1_000);
        assert_eq!(bench.store.backlog().await.unwrap().deliveries, 0);
    }
}
