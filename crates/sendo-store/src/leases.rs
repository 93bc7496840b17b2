//! Named leases: one holder at a time, with a fencing number that grows with each change of hands.

use sendo_core::time::Span;

use crate::boundary::place;
use crate::db::statement::TAKE_LEASE;
use crate::db::{Db, Kind, args, transact};
use crate::store::Result;

pub(crate) async fn take(db: &Db, name: &str, holder: &str, lease: Span) -> Result<Option<i64>> {
    transact!(db, Kind::Write(place::LEASE), tx => {
        let now = tx.now;
        tx.row(&TAKE_LEASE, args![name, holder, now, now + lease])
            .await?
            .map(|row| row.int("fence"))
            .transpose()
    })
}
