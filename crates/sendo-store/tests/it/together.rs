//! Deliveries that arrive while another is written share one commit, and nothing else.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use sendo_store::{
    Accepted, Boundaries, NewDelivery, Options, Point, Result, Side, Store, StoreError, open,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};

use crate::suite::make;

/// Counts commits of deliveries, and holds the first of them until it is let go.
#[derive(Default)]
struct Gate {
    commits: AtomicUsize,
    held: AtomicBool,
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Boundaries for Gate {
    fn reach(&self, point: &Point) {
        if point.place != "store.accept" || point.side != Side::Before {
            return;
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.held.store(true, Ordering::SeqCst);
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }
}

struct Place {
    store: Arc<dyn Store>,
    gate: Arc<Gate>,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let (gate, folder) = (Arc::<Gate>::default(), tempfile::tempdir().unwrap());
        let options = Options {
            boundaries: Arc::<Gate>::clone(&gate),
            ..Options::default()
        };
        let url = format!("sqlite:{}", folder.path().join("sendo.db").display());
        let store = open(&url, options).await.unwrap();
        Self {
            store,
            gate,
            folder,
        }
    }

    /// Begins to store a delivery, and comes back when its commit is held at the gate.
    async fn hold_the_first(&self) -> tokio::task::JoinHandle<Result<Accepted>> {
        let store = Arc::clone(&self.store);
        let first = tokio::spawn(async move { store.accept(make::delivery("first")).await });
        while !self.gate.held.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        first
    }

    /// Stores three deliveries that arrive while the first is held.
    async fn three(&self, [a, b, c]: [NewDelivery; 3]) -> [Result<Accepted>; 3] {
        let (store, gate) = (Arc::clone(&self.store), Arc::clone(&self.gate));
        // Each is begun in turn before the gate opens.
        let three = tokio::spawn(async move {
            let (a, b, c, ()) =
                tokio::join!(store.accept(a), store.accept(b), store.accept(c), async {
                    gate.open();
                });
            [a, b, c]
        });
        three.await.unwrap()
    }
}

fn is_new(answer: &Result<Accepted>) -> bool {
    matches!(answer, Ok(Accepted::New(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_arrives_while_another_is_written_shares_one_commit() {
    let place = Place::new().await;
    let first = place.hold_the_first().await;
    let three = ["a", "b", "a"].map(make::delivery);
    let [a, b, again] = place.three(three).await;
    assert!(is_new(&first.await.unwrap()) && is_new(&a) && is_new(&b));
    let Ok(Accepted::New(a)) = a else {
        panic!("it is new")
    };
    assert!(matches!(again, Ok(Accepted::Duplicate(id)) if id == a));
    assert_eq!(place.gate.commits.load(Ordering::SeqCst), 2);
    let stored = place.store.deliveries(None, 10).await.unwrap();
    assert_eq!(stored.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_delivery_the_database_refuses_takes_no_other_with_it() {
    let place = Place::new().await;
    let mut other = SqliteConnectOptions::new()
        .filename(place.folder.path().join("sendo.db"))
        .connect()
        .await
        .unwrap();
    other
        .execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON deliveries WHEN NEW.dedup = 'bad'
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .await
        .unwrap();
    let first = place.hold_the_first().await;
    let three = ["a", "bad", "b"].map(make::delivery);
    let [a, bad, b] = place.three(three).await;
    assert!(is_new(&first.await.unwrap()) && is_new(&a) && is_new(&b));
    assert!(matches!(bad, Err(StoreError::Database { .. })), "{bad:?}");
    let stored = place.store.deliveries(None, 10).await.unwrap();
    assert_eq!(stored.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_caller_that_gives_up_takes_no_other_with_it() {
    let place = Place::new().await;
    place.gate.open();
    for round in 0..50 {
        let callers: Vec<_> = (0..12)
            .map(|n| {
                let store = Arc::clone(&place.store);
                let dedup = format!("{round}/{n}");
                tokio::spawn(async move { store.accept(make::delivery(&dedup)).await })
            })
            .collect();
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        for (n, caller) in callers.into_iter().enumerate() {
            if n % 3 == 0 {
                caller.abort();
            } else {
                caller.await.unwrap().unwrap();
            }
        }
    }
    let stored = place.store.deliveries(None, 1_000).await.unwrap();
    assert!(stored.len() >= 50 * 8, "{} are stored", stored.len());
}
