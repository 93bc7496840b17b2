//! How long a claim may still be trusted.
//!
//! The fencing number protects the record; this protects the outside: a worker that was stopped for
//! longer than its lease must not send any more. Times are monotonic and taken *before* the call
//! that granted the lease, so the fence always ends earlier than the lease.

use std::sync::{Mutex, PoisonError};

use sendo_core::time::Span;
use tokio::time::Instant;

/// A twelfth of the lease stays unused, for the time between the check and the send.
const MARGIN: u32 = 12;

/// The end of one claim, as seen by its worker.
#[derive(Debug)]
pub struct Fence {
    until: Mutex<Instant>,
    lease: Span,
}

impl Fence {
    /// A claim whose request was made at `began`.
    #[must_use]
    pub fn new(began: Instant, lease: Span) -> Self {
        Self {
            until: Mutex::new(end(began, lease)),
            lease,
        }
    }

    /// The lease was extended by a request made at `began`.
    pub fn extend(&self, began: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = end(began, self.lease);
    }

    /// When nothing may be sent any more.
    #[must_use]
    pub fn until(&self) -> Instant {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something may still be sent.
    #[must_use]
    pub fn holds(&self) -> bool {
        Instant::now() < self.until()
    }
}

fn end(began: Instant, lease: Span) -> Instant {
    began
        + lease
            .to_duration()
            .saturating_sub(lease.fraction(MARGIN).to_duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_fence_ends_a_twelfth_before_its_lease_and_can_be_extended() {
        let fence = Fence::new(Instant::now(), Span::from_secs(12));
        tokio::time::advance(std::time::Duration::from_secs(10)).await;
        assert!(fence.holds());
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        assert!(!fence.holds());
        fence.extend(Instant::now());
        assert!(fence.holds());
    }
}
