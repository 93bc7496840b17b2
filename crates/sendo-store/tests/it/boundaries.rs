//! Every place the store lists is reached, before and after its commit, and nowhere else.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use sendo_core::deployment::DeploymentId;
use sendo_core::names::Principal;
use sendo_core::plan::Plan;
use sendo_core::time::{Span, Timestamp};
use sendo_store::{
    Boundaries, Options, PLACES, Point, Record, SEALER, Side, Store, TokenRow, open,
};
use serde_json::json;

use crate::suite::bench::LEASE;
use crate::suite::make;

#[derive(Default)]
struct Seen(Mutex<Vec<Point>>);

impl Boundaries for Seen {
    fn reach(&self, point: &Point) {
        self.0.lock().unwrap().push(*point);
    }
}

async fn everything(store: &Arc<dyn Store>) {
    store.accept(make::delivery("1")).await.unwrap();
    let delivery = make::claim_delivery(store).await;
    let settlement = make::quarantining();
    store.settle(&delivery, settlement).await.unwrap();
    store
        .replay(&delivery.id, make::entry("delivery.replayed"))
        .await
        .unwrap();
    let delivery = make::claim_delivery(store).await;
    store.settle(&delivery, make::waking(&[])).await.unwrap();
    make::decide(store, "a/test", &make::plan(vec![make::close("close/1")])).await;
    store.hint(&[make::subject("a/test")]).await.unwrap();
    let void = Plan {
        cancel: make::keys(&["none"]),
        ..Plan::default()
    };
    let claimed = make::claim(store).await;
    store.commit(&claimed, &void, &[]).await.unwrap();
    let effect = store.claim_effect(LEASE, 3).await.unwrap().unwrap();
    store.release(&effect).await.unwrap();
    let effect = store.claim_effect(LEASE, 3).await.unwrap().unwrap();
    store.intend(&effect, json!({})).await.unwrap();
    store.heartbeat(&effect, LEASE).await.unwrap();
    let error = make::trouble();
    store
        .record(&effect, Record::Failed { error })
        .await
        .unwrap();
    let deployment = DeploymentId("example1/test/1".to_owned());
    store
        .redrive(&deployment, make::entry("effect.redriven"))
        .await
        .unwrap();
    store.audit(make::entry("token.created")).await.unwrap();
    let fence = store.lease(SEALER, "a", LEASE).await.unwrap().unwrap();
    store.seal("a", fence, 10).await.unwrap();
    let now = store.now().await.unwrap();
    let token = TokenRow {
        id: "t1".to_owned(),
        name: "CI".to_owned(),
        principal: Principal::new("token:t1").unwrap(),
        hash: "hash".to_owned(),
        scopes: Vec::new(),
        applications: Vec::new(),
        created_at: now,
        expires_at: now + Span::from_secs(60),
        last_used_at: None,
        revoked_at: None,
    };
    store
        .add_token(token, make::entry("token.created"))
        .await
        .unwrap();
    store.prune(Timestamp(0)).await.unwrap();
}

#[tokio::test]
async fn every_place_is_reached_before_and_after_its_commit() {
    let seen = Arc::new(Seen::default());
    let options = Options {
        boundaries: Arc::<Seen>::clone(&seen),
        ..Options::default()
    };
    let store = open("sqlite::memory:", options).await.unwrap();
    everything(&store).await;
    let seen = seen.0.lock().unwrap();
    for pair in seen.chunks(2) {
        assert_eq!(pair[0].place, pair[1].place);
        assert_eq!((pair[0].side, pair[1].side), (Side::Before, Side::After));
    }
    let reached: BTreeSet<_> = seen.iter().map(|point| point.place).collect();
    assert_eq!(reached, PLACES.into_iter().collect());
}
