//! What people read: deployments, the board, timelines, and what is still under way.
//!
//! No decision reads these rows. Every query walks an index, so that a long history costs nothing.

use std::cmp::Reverse;

use sendo_core::deployment::{Deployment, DeploymentId};
use sendo_core::notice::Notice;
use sendo_core::time::Timestamp;

use crate::db::statement::{
    BACKLOG, BOARD, DEPLOYMENT, DEPLOYMENTS_IN_STATE, DEPLOYMENTS_NEWEST,
    DEPLOYMENTS_OF_APPLICATION, QUEUES, REVISION, TIMELINE,
};
use crate::db::{Db, Kind, Row, Tx, args, transact};
use crate::store::{Backlog, DeploymentFilter, Queue, Result};

/// How many deployments are listed when nobody says.
const USUAL: u32 = 100;
/// How many deployments are listed at most.
const MOST: u32 = 1_000;

pub(crate) async fn deployments(db: &Db, filter: &DeploymentFilter) -> Result<Vec<Deployment>> {
    let limit = match filter.limit {
        0 => USUAL,
        limit => limit.min(MOST),
    };
    let mut found: Vec<Deployment> = transact!(db, Kind::Read, tx => {
        let rows = select(&mut tx, filter, i64::from(limit)).await?;
        bodies(&rows)
    })?;
    // Several states are several queries, each in order.
    found.sort_by_key(|one| Reverse((one.created_at, ordinal(&one.id), one.id.clone())));
    found.dedup_by(|one, other| one.id == other.id);
    found.truncate(limit as usize);
    Ok(found)
}

/// The number at the end of a deployment's id.
pub(crate) fn ordinal(id: &DeploymentId) -> i64 {
    let digits = id.as_str().rsplit_once('/').map(|(_, digits)| digits);
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Picks the query whose index fits the filter.
async fn select(tx: &mut Tx, filter: &DeploymentFilter, limit: i64) -> Result<Vec<Row>> {
    let environment = filter.environment.clone();
    let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
    if let Some(application) = &filter.application {
        let states = (!states.is_empty()).then(|| format!(",{},", states.join(",")));
        let args = args![limit, application.as_str(), environment, states];
        return tx.rows(&DEPLOYMENTS_OF_APPLICATION, args).await;
    }
    if states.is_empty() {
        let args = args![limit, environment];
        return tx.rows(&DEPLOYMENTS_NEWEST, args).await;
    }
    let mut rows = Vec::new();
    for state in states {
        let args = args![limit, state, environment.clone()];
        rows.extend(tx.rows(&DEPLOYMENTS_IN_STATE, args).await?);
    }
    Ok(rows)
}

fn bodies<T: serde::de::DeserializeOwned>(rows: &[Row]) -> Result<Vec<T>> {
    rows.iter().map(|row| row.json("body")).collect()
}

pub(crate) async fn deployment(db: &Db, id: &DeploymentId) -> Result<Option<Deployment>> {
    transact!(db, Kind::Read, tx => {
        let row = tx.row(&DEPLOYMENT, args![id.as_str()]).await?;
        row.map(|row| row.json("body")).transpose()
    })
}

pub(crate) async fn board(db: &Db) -> Result<Vec<Deployment>> {
    transact!(db, Kind::Read, tx => { bodies(&tx.rows(&BOARD, args![]).await?) })
}

pub(crate) async fn timeline(db: &Db, id: &DeploymentId) -> Result<Vec<Notice>> {
    transact!(db, Kind::Read, tx => { bodies(&tx.rows(&TIMELINE, args![id.as_str()]).await?) })
}

pub(crate) async fn backlog(db: &Db) -> Result<Backlog> {
    transact!(db, Kind::Read, tx => {
        let now = tx.now;
        let Some(row) = tx.row(&BACKLOG, args![now]).await? else {
            return Ok(Backlog::default());
        };
        Ok(Backlog {
            deliveries: row.int("deliveries")?,
            subjects: row.int("subjects")?,
            effects: row.int("effects")?,
            notices: row.int("notices")?,
            unsealed: row.int("unsealed")?,
        })
    })
}

pub(crate) async fn queues(db: &Db) -> Result<Vec<Queue>> {
    transact!(db, Kind::Read, tx => {
        let now = tx.now;
        let rows = tx.rows(&QUEUES, args![now]).await?;
        let queue = |row: &Row| {
            Ok(Queue {
                name: row.text("queue")?,
                state: row.text("state")?,
                count: row.int("n")?,
                oldest: row.opt_int("oldest")?.map(Timestamp),
            })
        };
        rows.iter().map(queue).collect()
    })
}

pub(crate) async fn revision(db: &Db) -> Result<i64> {
    transact!(db, Kind::Read, tx => {
        let row = tx.row(&REVISION, args![]).await?;
        row.map_or(Ok(0), |row| row.int("value"))
    })
}
