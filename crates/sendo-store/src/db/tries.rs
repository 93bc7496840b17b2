//! Trying a transaction again when the database rolled it back for reasons of its own.
//!
//! Serialization failures, deadlocks and lost connections are nobody's mistake; the transaction
//! runs again from its beginning, after a short and growing pause with jitter. A connection lost
//! during the commit is not tried again: what was asked may have happened.

use std::time::Duration;

use sendo_metrics::Meter;

use crate::error::StoreError;

/// How often a transaction runs at most, and how long the pauses are: about three seconds in all.
const PAUSES_MS: [u64; 8] = [5, 20, 50, 100, 200, 500, 1_000, 1_000];

/// The tries of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    made: usize,
}

impl Tries {
    /// Whether to run again; waits before it says yes.
    pub(crate) async fn again(&mut self, error: &StoreError, meter: &Meter) -> bool {
        let Some(pause) = PAUSES_MS.get(self.made).filter(|_| error.is_transient()) else {
            return false;
        };
        self.made += 1;
        meter.busy();
        let pause = rand::random_range(pause / 2..=*pause);
        tracing::debug!(db.tries = self.made, %error, "transaction runs again");
        tokio::time::sleep(Duration::from_millis(pause)).await;
        true
    }
}

/// Runs a block in a transaction and commits it; again, where that is safe and useful.
macro_rules! transact {
    ($db:expr, $kind:expr, $tx:ident => $body:block) => {{
        let mut tries = $crate::db::Tries::default();
        loop {
            let attempt: $crate::store::Result<_> = async {
                let mut $tx = $db.begin($kind).await?;
                let value: $crate::store::Result<_> = async { $body }.await;
                let value = value?;
                $tx.finish().await?;
                Ok(value)
            }
            .await;
            match attempt {
                Err(error) if tries.again(&error, &$db.meter).await => {}
                done => break done,
            }
        }
    }};
}
pub(crate) use transact;
