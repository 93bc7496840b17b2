//! Waiting for a condition until a deadline: the only place where these tests sleep.

use std::time::{Duration, Instant};

/// Looks until there is something; panics with what was waited for.
pub(crate) fn until<T>(what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            started.elapsed() < Duration::from_secs(seconds),
            "{what}: not within {seconds} s"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}
