//! Seals audit lines into the hash chain, behind the transactions that wrote them.
//!
//! One holder of a lease seals at a time, so writers never queue behind the chain.

use std::sync::Arc;

use sendo_core::time::Span;
use sendo_store::{Store, StoreError};

/// The name of the sealer's lease.
pub const LEASE: &str = "audit-sealer";
/// Lines sealed in one transaction.
const AT_ONCE: u32 = 500;

/// Seals for one process.
pub struct Sealer {
    store: Arc<dyn Store>,
    holder: String,
    lease: Span,
}

impl Sealer {
    /// Seals in the name of `holder`, which is unique to this process.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, holder: String, lease: Span) -> Self {
        Self {
            store,
            holder,
            lease,
        }
    }

    /// Seals what waits; false when nothing does or another process seals.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn step(&self) -> Result<bool, StoreError> {
        if self.store.backlog().await?.unsealed == 0 {
            return Ok(false);
        }
        let Some(fence) = self.store.lease(LEASE, &self.holder, self.lease).await? else {
            return Ok(false);
        };
        Ok(self.store.seal(&self.holder, fence, AT_ONCE).await? > 0)
    }
}
