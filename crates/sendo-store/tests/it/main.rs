//! The store's contract on SQLite.
use sendo_store::{Accepted, NewDelivery, Options, open};

#[tokio::test]
async fn a_delivery_is_accepted_once() {
    let store = open("sqlite::memory:", Options::default()).await.unwrap();
    let new = || NewDelivery {
        source: "api".into(),
        dedup: "1".into(),
        name: "push".into(),
        body: b"{}".to_vec(),
        by: None,
    };
    assert_eq!(
        store.accept(new()).await.unwrap(),
        Accepted::New("000000000001".into())
    );
    assert_eq!(
        store.accept(new()).await.unwrap(),
        Accepted::Duplicate("000000000001".into())
    );
    assert!(
        store
            .claim_delivery(sendo_core::time::Span::from_secs(60), 3)
            .await
            .unwrap()
            .is_some()
    );
    let dir = std::env::temp_dir().join(format!("sendo-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let url = format!("sqlite:{}/a.db", dir.display());
    let store = open(&url, Options::default()).await.unwrap();
    store.accept(new()).await.unwrap();
    assert_eq!(store.backlog().await.unwrap().deliveries, 1);
    store.close().await;
    drop(store);
    open(&url, Options::default()).await.unwrap();
}
