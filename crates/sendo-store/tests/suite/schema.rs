//! Schemas: brought up to date with what is in them, refused when they are too new.

use sendo_core::deployment::DeploymentId;
use sendo_store::{SCHEMA, StoreError, open};

use super::bench::{Bench, options};
use super::make::{claim, claim_delivery, subject};
use crate::place::Place;

/// The table that says which migrations ran.
const VERSIONS: &str = "CREATE TABLE schema_versions (version BIGINT PRIMARY KEY, \
    name TEXT NOT NULL, compatible_from BIGINT NOT NULL, applied_at BIGINT NOT NULL)";

/// For each migration, the tables it leaves and rows that were written under it.
const HISTORY: [(i64, &str, &str, &str); 2] = [
    (
        1,
        include_str!("../../migrations/sqlite/0001_initial.sql"),
        include_str!("../../migrations/postgres/0001_initial.sql"),
        include_str!("../data/0001_initial.sql"),
    ),
    (
        2,
        include_str!("../../migrations/sqlite/0002_sessions.sql"),
        include_str!("../../migrations/postgres/0002_sessions.sql"),
        include_str!("../data/0002_sessions.sql"),
    ),
];

#[tokio::test]
async fn rows_written_under_every_migration_are_still_read() {
    assert_eq!(
        HISTORY.len(),
        usize::try_from(SCHEMA).unwrap(),
        "each migration has sample rows"
    );
    for known in 1..=HISTORY.len() {
        let place = Place::new().await;
        place.run(VERSIONS.to_owned()).await;
        for (version, sqlite, postgres, rows) in &HISTORY[..known] {
            let tables = if place.is_postgres() {
                postgres
            } else {
                sqlite
            };
            place.run((*tables).to_owned()).await;
            place.run((*rows).to_owned()).await;
            let row = format!("INSERT INTO schema_versions VALUES ({version}, 'sample', 1, 0)");
            place.run(row).await;
        }
        let bench = Bench::at(place).await;
        read_everything(&bench, known).await;
        bench.store.close().await;
    }
}

async fn read_everything(bench: &Bench, known: usize) {
    let store = &bench.store;
    assert_eq!(store.installation().await.unwrap(), "sample");
    assert_eq!(claim_delivery(store).await.id, "000000000002");
    assert_eq!(
        store.deliveries(Some("ignored"), 10).await.unwrap().len(),
        1
    );
    let world = claim(store).await.world;
    assert_eq!(world.subject, subject("example1/test"));
    assert_eq!(
        (world.effects.len(), world.state["v"].as_i64()),
        (1, Some(1))
    );
    assert!(
        world
            .facts
            .get::<serde_json::Value>(&world.subject, "source")
            .is_some()
    );
    assert_eq!(store.board().await.unwrap().len(), 1);
    let timeline = store
        .timeline(&DeploymentId("example1/test/1".to_owned()))
        .await
        .unwrap();
    assert_eq!(timeline.len(), 1);
    assert_eq!(store.tokens().await.unwrap().len(), known);
    let verdict = store.verify_audit().await.unwrap();
    assert_eq!(
        (verdict.verified, verdict.unsealed, verdict.broken),
        (1, 1, None)
    );
    if known >= 2 {
        assert!(
            store
                .end_session("session-2", super::make::entry("session.ended"))
                .await
                .unwrap()
        );
    }
}

/// A database that says a newer binary changed it.
async fn newer(compatible_from: i64) -> Result<(), StoreError> {
    let bench = Bench::new().await;
    bench.store.close().await;
    let (version, name) = (SCHEMA + 1, "newer");
    bench
        .place
        .run(format!(
            "INSERT INTO schema_versions VALUES ({version}, '{name}', {compatible_from}, 0)"
        ))
        .await;
    let opened = open(&bench.place.url(), options(&bench.clock)).await;
    if let Ok(store) = &opened {
        store.close().await;
    }
    opened.map(drop)
}

#[tokio::test]
async fn a_newer_schema_that_says_it_is_compatible_is_accepted() {
    newer(SCHEMA).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_in_plain_words() {
    let refused = newer(SCHEMA + 1).await.unwrap_err();
    assert_eq!(refused.reason_code(), "schema_newer");
    assert!(
        refused.to_string().contains("run the newer Sendo"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_table_changed_by_hand_is_found_at_the_start() {
    let bench = Bench::new().await;
    bench.store.close().await;
    bench
        .place
        .run("ALTER TABLE tokens RENAME COLUMN scopes TO rights".to_owned())
        .await;
    let refused = open(&bench.place.url(), options(&bench.clock))
        .await
        .err()
        .unwrap();
    assert_eq!(refused.reason_code(), "database_self_test");
}

#[tokio::test]
async fn the_installation_is_drawn_once_and_the_clock_never_goes_back() {
    let bench = Bench::new().await;
    bench
        .store
        .audit(super::make::entry("token.created"))
        .await
        .unwrap();
    bench.store.close().await;
    let before = bench.now();
    bench
        .clock
        .set(sendo_core::time::Timestamp(before.0 - 3_600_000_000));
    let mut again = options(&bench.clock);
    again.installation = Some("other".to_owned());
    let store = open(&bench.place.url(), again).await.unwrap();
    assert_eq!(store.installation().await.unwrap(), "tests1");
    if !bench.place.is_postgres() {
        assert!(store.now().await.unwrap() >= before);
    }
    store.close().await;
}
