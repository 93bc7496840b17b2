//! What is asked all the time walks an index, so that a long history costs nothing.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};

use crate::suite::bench::Bench;

macro_rules! statements {
    ($($file:literal),*) => { [$(($file, include_str!(concat!("../../sql/", $file, ".sql")))),*] };
}

const HOT: [(&str, &str); 10] = statements![
    "shared/board",
    "shared/deployments_newest",
    "shared/deployments_of_application",
    "shared/deployments_in_state",
    "shared/timeline",
    "sqlite/claim_delivery",
    "sqlite/claim_effect",
    "shared/live_effects",
    "shared/prune_bodies",
    "shared/queues"
];

/// Lanes are the short list everything starts from, a subject is a lane or a lock, and what waits
/// for the sealer waits for seconds.
const SHORT: [&str; 3] = ["SCAN l", "SCAN subjects", "SCAN audit_pending"];

#[tokio::test]
async fn no_frequent_statement_reads_a_whole_history() {
    let bench = Bench::new().await;
    let options = SqliteConnectOptions::new().filename(bench.place.path());
    let mut connection = options.connect().await.unwrap();
    for (name, text) in HOT {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        for step in sqlx::query(explain)
            .fetch_all(&mut connection)
            .await
            .unwrap()
        {
            let step: String = step.get("detail");
            let whole = step.starts_with("SCAN ")
                && !step.contains("INDEX")
                && !SHORT.contains(&step.as_str());
            assert!(!whole, "{name}: {step}");
        }
    }
    bench.store.close().await;
}
