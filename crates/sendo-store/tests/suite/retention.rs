//! What may go goes; what is still needed stays.

use sendo_core::plan::Plan;
use sendo_core::time::Span;

use super::bench::LEASE;
use super::make::{claim_delivery, close, decide, delivery, done, keys, plan, subject, waking};

contract! {
    async fn only_settled_bodies_and_retired_effects_are_pruned(bench) {
        for dedup in ["1", "2"] {
            bench.store.accept(delivery(dedup)).await.unwrap();
        }
        let claimed = claim_delivery(&bench.store).await;
        bench.store.settle(&claimed, waking(&[])).await.unwrap();
        decide(&bench.store, "example1/test", &plan(vec![close("close/1"), close("close/2")])).await;
        let effect = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
        bench.store.record(&effect, done()).await.unwrap();
        let retire = Plan { retire: keys(&["close/1"]), ..plan(vec![]) };
        decide(&bench.store, "example1/test", &retire).await;
        assert_eq!(bench.store.prune(bench.now()).await.unwrap(), 0, "nothing is old yet");
        let later = bench.clock.advance(Span::from_secs(1));
        assert_eq!(bench.store.prune(later).await.unwrap(), 2);
        assert_eq!(bench.store.prune(later).await.unwrap(), 0);
        assert_eq!(bench.store.effects(&subject("example1/test")).await.unwrap().len(), 1);
        assert_eq!(bench.store.deliveries(None, 10).await.unwrap().len(), 2, "rows stay");
        let left = claim_delivery(&bench.store).await;
        assert_eq!(left.body, delivery("2").body);
    }
}
