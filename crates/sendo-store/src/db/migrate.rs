//! Bringing the tables up to date, one transaction for each step.
//!
//! Each step says from which version on an older binary can still work with the tables it leaves:
//! tables are first widened, and narrowed only when no supported binary needs the old shape. A
//! database newer than this binary is accepted when its newest step says so, and refused otherwise.

use super::statement::{
    CREATE_VERSIONS, DRAW_INSTALLATION, HAS_VERSIONS, INSERT_VERSION, MIGRATION_LOCK,
    NEWEST_VERSION, Statement,
};
use super::{Db, Kind, Tx, args, transact};
use crate::boundary::place;
use crate::error::StoreError;
use crate::open::Options;
use crate::store::Result;

/// One step.
struct Migration {
    version: i64,
    name: &'static str,
    /// The oldest version whose binary works with the tables after this step.
    compatible_from: i64,
    script: Statement,
}

macro_rules! migration {
    ($version:literal, $file:literal, compatible_from $from:literal) => {
        Migration {
            version: $version,
            name: $file,
            compatible_from: $from,
            script: Statement {
                name: $file,
                sqlite: include_str!(concat!("../../migrations/sqlite/", $file, ".sql")),
                postgres: include_str!(concat!("../../migrations/postgres/", $file, ".sql")),
            },
        }
    };
}

const MIGRATIONS: [Migration; 2] = [
    migration!(1, "0001_initial", compatible_from 1),
    migration!(2, "0002_sessions", compatible_from 1),
];

/// The newest version this binary knows.
pub(crate) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// Runs the steps this database has not seen.
pub(super) async fn run(db: &Db, options: &Options) -> Result<()> {
    let found = transact!(db, Kind::Write(place::MIGRATE), tx => {
        tx.rows(&MIGRATION_LOCK, args![]).await?;
        tx.script(&CREATE_VERSIONS).await?;
        newest(&mut tx).await
    })?;
    if let Some((found, compatible_from)) = found
        && found > KNOWN
    {
        return if compatible_from <= KNOWN {
            Ok(())
        } else {
            Err(StoreError::NewerSchema {
                found,
                known: KNOWN,
            })
        };
    }
    for step in &MIGRATIONS {
        transact!(db, Kind::Write(place::MIGRATE), tx => {
            tx.rows(&MIGRATION_LOCK, args![]).await?;
            let done = newest(&mut tx).await?.map_or(0, |(version, _)| version);
            if done >= step.version {
                tx.abandon();
                Ok(())
            } else {
                take(&mut tx, step).await
            }
        })?;
    }
    let drawn = options.installation.clone().unwrap_or_else(draw);
    transact!(db, Kind::Write(place::MIGRATE), tx => {
        tx.run(&DRAW_INSTALLATION, args![drawn.as_str()]).await?;
        Ok(())
    })
}

async fn take(tx: &mut Tx, step: &Migration) -> Result<()> {
    tracing::info!(db.schema = step.version, "migrating to {}", step.name);
    tx.script(&step.script).await?;
    let now = tx.now;
    tx.run(
        &INSERT_VERSION,
        args![step.version, step.name, step.compatible_from, now],
    )
    .await?;
    Ok(())
}

/// The schema a database has, `None` before the first step. It may lack the table of versions.
pub(crate) async fn schema(tx: &mut Tx) -> Result<Option<i64>> {
    if tx.row(&HAS_VERSIONS, args![]).await?.is_none() {
        return Ok(None);
    }
    Ok(newest(tx).await?.map(|(version, _)| version))
}

/// Takes the steps after `from` up to `to` in a transaction of the caller.
pub(crate) async fn steps(tx: &mut Tx, from: i64, to: i64) -> Result<()> {
    tx.script(&CREATE_VERSIONS).await?;
    for step in MIGRATIONS
        .iter()
        .filter(|step| step.version > from && step.version <= to)
    {
        take(tx, step).await?;
    }
    Ok(())
}

async fn newest(tx: &mut Tx) -> Result<Option<(i64, i64)>> {
    tx.row(&NEWEST_VERSION, args![])
        .await?
        .map(|row| Ok((row.int("version")?, row.int("compatible_from")?)))
        .transpose()
}

/// Six characters that nobody confuses, for branch names.
pub(crate) fn draw() -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    (0..6)
        .map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]))
        .collect()
}
