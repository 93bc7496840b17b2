//! What may go after the retention time: bodies of settled deliveries, and effects that are over.
//!
//! It goes in small transactions, so that nothing else waits long.

use sendo_core::time::Timestamp;

use crate::boundary::place;
use crate::db::statement::{PRUNE_BODIES, PRUNE_EFFECTS};
use crate::db::{Db, Kind, args, transact};
use crate::store::Result;

/// How many rows one transaction takes.
const BATCH: u64 = 500;

pub(crate) async fn prune(db: &Db, before: Timestamp) -> Result<u64> {
    let mut pruned = 0;
    for statement in [&PRUNE_BODIES, &PRUNE_EFFECTS] {
        loop {
            let batch = transact!(db, Kind::Write(place::PRUNE), tx => {
                tx.run(statement, args![before, BATCH as i64]).await
            })?;
            pruned += batch;
            if batch < BATCH {
                break;
            }
        }
    }
    Ok(pruned)
}
