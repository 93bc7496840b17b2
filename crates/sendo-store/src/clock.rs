//! Where the time comes from: the one place in Sendo that reads a clock.
//!
//! Everything else gets the time from the store. On Postgres with the system clock it is the
//! database's time, so that replicas agree; with an injected clock it is that clock's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sendo_core::time::{Span, Timestamp};

/// A clock the store can be opened with.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Whether this is the machine's own clock. A database server's clock goes before it.
    fn is_ambient(&self) -> bool {
        false
    }
}

/// The machine's clock, which never goes back while the process runs.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    started_at: Timestamp,
}

impl SystemClock {
    /// Starts from the machine's time.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            started_at: wall(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        // When somebody turns the wall clock back, time goes on at its own pace.
        wall().max(Timestamp(self.started_at.0.saturating_add(elapsed)))
    }

    fn is_ambient(&self) -> bool {
        true
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the time; everything else is given it"
)]
fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A clock that only moves when it is told to.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
}

impl ManualClock {
    /// Starts at a time.
    #[must_use]
    pub const fn new(at: Timestamp) -> Self {
        Self {
            now: AtomicI64::new(at.0),
        }
    }

    /// Moves forward by a span and gives the new time.
    pub fn advance(&self, by: Span) -> Timestamp {
        Timestamp(self.now.fetch_add(by.as_micros(), Ordering::SeqCst) + by.as_micros())
    }

    /// Moves to a time.
    pub fn set(&self, at: Timestamp) {
        self.now.store(at.0, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// Starts on 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::new(Timestamp(1_767_225_600_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }
}
