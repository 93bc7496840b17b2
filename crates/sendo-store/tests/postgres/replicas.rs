//! What only a server can show: its own clock, and replicas that agree on it.

use std::sync::Arc;

use sendo_store::{Options, open};

use crate::place::Place;

#[tokio::test]
async fn the_time_is_the_servers_unless_a_clock_is_injected() {
    let place = Place::new().await;
    let store = open(&place.url(), Options::default()).await.unwrap();
    let server: Vec<String> = place
        .texts(
            "SELECT CAST(CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS TEXT)",
        )
        .await;
    let server: i64 = server[0].parse().unwrap();
    let now = store.now().await.unwrap().0;
    assert!((now - server).abs() < 5_000_000, "{now} {server}");
    store.close().await;
}

#[tokio::test]
async fn replicas_that_start_together_migrate_once() {
    let place = Arc::new(Place::new().await);
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let url = place.url();
            tokio::spawn(async move { open(&url, Options::default()).await.unwrap() })
        })
        .collect();
    let mut installations = Vec::new();
    for start in starts {
        let store = start.await.unwrap();
        installations.push(store.installation().await.unwrap());
        store.close().await;
    }
    installations.dedup();
    assert_eq!(installations.len(), 1);
    let versions = place.texts("SELECT name FROM schema_versions").await;
    assert_eq!(versions, ["0001_initial", "0002_sessions"]);
}
