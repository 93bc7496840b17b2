//! What may go after the retention time: bodies of settled deliveries, effects, sessions
//! and sign-in links that are over.
//!
//! It goes in small transactions, so that nothing else waits long.

use sendo_core::time::{Span, Timestamp};

use crate::boundary::place;
use crate::db::statement::{PRUNE_BODIES, PRUNE_EFFECTS, PRUNE_LINKS, PRUNE_SESSIONS};
use crate::db::{Db, Kind, args, transact};
use crate::sessions::{LINK_LIFE, SESSION_LIFE};
use crate::store::Result;

/// How many rows one transaction takes.
const BATCH: u64 = 500;

pub(crate) async fn prune(db: &Db, before: Timestamp) -> Result<u64> {
    let mut pruned = 0;
    let whole = Span::default();
    for (statement, life) in [
        (&PRUNE_BODIES, whole),
        (&PRUNE_EFFECTS, whole),
        (&PRUNE_SESSIONS, SESSION_LIFE),
        (&PRUNE_LINKS, LINK_LIFE),
    ] {
        loop {
            let batch = transact!(db, Kind::Write(place::PRUNE), tx => {
                tx.run(statement, args![before - life, BATCH as i64]).await
            })?;
            pruned += batch;
            if batch < BATCH {
                break;
            }
        }
    }
    Ok(pruned)
}
