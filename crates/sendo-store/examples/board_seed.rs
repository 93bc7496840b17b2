//! Fills a SQLite file with finished deployments, spread evenly over lanes; used by `cargo xtask bench
//! board`, which asks how a board reads when its history is long.
//!
//! `board_seed FILE APPLICATIONS ENVIRONMENTS DEPLOYMENTS` makes the file. The newest deployment of
//! every fortieth lane failed, all others succeeded; `ENVIRONMENTS` is a list with commas. Written
//! beside the store, in bulk: running a million of them would take days.

use std::error::Error;
use std::str::FromStr as _;

use sendo_core::deployment::{Deployment, DeploymentId, DeploymentState, Strategy};
use sendo_core::names::{ApplicationName, EnvironmentName, Revision};
use sendo_core::subject::LaneId;
use sendo_core::time::Timestamp;
use sendo_store::Options;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _, SqliteConnection};

/// The first of January 2026, in microseconds: a place in the body for the moment of each.
const BEGAN: i64 = 1_767_225_600_000_000;
/// A place in the body for the revision of each.
const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// Deployments `1` to `$7` of a lane, with what differs put into a body that is the same for all.
const INSERT: &str = "
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $7)
INSERT INTO deployments (id, lane, ordinal, application, environment, state, moving, created_at, body)
SELECT $1 || '/' || n, $1, n, $2, $3, state, 0, $4 + n * 60000000,
       replace(replace(replace(replace($5, '/0\"', '/' || n || '\"'), $6, printf('%08x%08x%08x%08x%08x', v, v, v, v, v)),
               'succeeded', state), cast($4 AS TEXT), cast($4 + n * 60000000 AS TEXT))
  FROM (SELECT n, (n * 2654435761 + $8 * 2654404609) % 4294967296 AS v,
               CASE WHEN n = $7 AND $8 % 40 = 0 THEN 'failed' ELSE 'succeeded' END AS state FROM numbers)";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, applications, environments, deployments] = args.as_slice() else {
        return Err("usage: board_seed FILE APPLICATIONS ENVIRONMENTS DEPLOYMENTS".into());
    };
    let url = format!("sqlite:{file}");
    let store = sendo_store::open(&url, Options::default()).await?;
    store.close().await;
    drop(store);
    let mut connection = SqliteConnection::connect_with(
        &SqliteConnectOptions::from_str(&url)?
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("cache_size", "-400000")
            .pragma("temp_store", "MEMORY"),
    )
    .await?;
    let environments: Vec<&str> = environments.split(',').collect();
    let applications: usize = applications.parse()?;
    let of_each = deployments
        .parse::<usize>()?
        .div_ceil(applications * environments.len());
    // Built anew afterwards, they are built in order.
    let indexes = "SELECT name, sql FROM sqlite_master
                    WHERE type = 'index' AND tbl_name = 'deployments' AND sql IS NOT NULL";
    let indexes = sqlx::query(indexes).fetch_all(&mut connection).await?;
    for index in &indexes {
        let drop = format!("DROP INDEX {}", index.get::<String, _>("name"));
        connection.execute(AssertSqlSafe(drop)).await?;
    }
    connection.execute("BEGIN").await?;
    for lane in 0..applications * environments.len() {
        let environment = environments[lane % environments.len()];
        let application = format!("app-{:03}", lane / environments.len());
        let name = format!("{application}/{environment}");
        sqlx::query(INSERT)
            .bind(&name)
            .bind(&application)
            .bind(environment)
            .bind(BEGAN)
            .bind(body(&application, environment)?)
            .bind(REVISION)
            .bind(i64::try_from(of_each)?)
            .bind(i64::try_from(lane)?)
            .execute(&mut connection)
            .await?;
        let lanes = sqlx::query("INSERT INTO lanes (lane) VALUES ($1)").bind(&name);
        lanes.execute(&mut connection).await?;
    }
    connection.execute("COMMIT").await?;
    for index in &indexes {
        let create = index.get::<String, _>("sql");
        connection.execute(AssertSqlSafe(create)).await?;
    }
    connection.close().await?;
    Ok(())
}

/// The body of a lane's deployments, with the number 0.
fn body(application: &str, environment: &str) -> Result<String, Box<dyn Error>> {
    let lane = LaneId::new(
        ApplicationName::new(application)?,
        EnvironmentName::new(environment)?,
    );
    Ok(serde_json::to_string(&Deployment {
        id: DeploymentId::new(&lane, 0),
        lane,
        strategy: Strategy::Promotion,
        revision: Revision::new(REVISION)?,
        reference: "refs/heads/main".to_owned(),
        version: Some(REVISION.to_owned()),
        state: DeploymentState::Succeeded,
        waiting: None,
        created_at: Timestamp(BEGAN),
        finished_at: Some(Timestamp(BEGAN)),
        requested_by: None,
        superseded_by: None,
        change: None,
        included: Vec::new(),
        error: None,
        caused_by: Vec::new(),
        brings: None,
    })?)
}
