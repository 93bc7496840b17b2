//! Waiting for a condition until a deadline: the only place where a test sleeps.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// Looks until there is something; the error names what was waited for.
///
/// # Errors
/// When the deadline passes first.
pub fn until<T>(
    what: &str,
    longest: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> Result<T, String> {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if started.elapsed() > longest {
            return Err(format!("{what}: not within {longest:?}"));
        }
        std::thread::sleep(LOOK);
    }
}

/// Lets time itself pass, where time is what a test is about: a lease that must run out.
pub fn pass(time: Duration) {
    let _ = until("time", time, || None::<()>);
}
