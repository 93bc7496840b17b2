//! Files and inflation, off the threads that everything else in this process runs on.
//!
//! Owns how much of it goes on at a time. A pack that fits into memory is dealt with in a moment and
//! waits for nobody; large ones, which take minutes and a disk, wait for each other.

use tokio::sync::Semaphore;

use super::fault::Garbled;

/// Large packs worked on at a time.
pub(crate) const SEATS: usize = 2;

static FREE: Semaphore = Semaphore::const_new(SEATS);

/// Does work on a pack. It goes on to its end, and keeps its seat till then, when nobody waits for it
/// any more.
pub(crate) async fn heavy<T: Send + 'static>(
    large: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Garbled> {
    let nobody = || Garbled("a pack nobody could read".to_owned());
    let seat = match large {
        true => Some(FREE.acquire().await.map_err(|_| nobody())?),
        false => None,
    };
    let working = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(seat);
        done
    });
    working.await.map_err(|_| nobody())
}

/// All seats, so that no large pack is worked on.
#[cfg(test)]
pub(crate) async fn all_seats() -> tokio::sync::SemaphorePermit<'static> {
    FREE.acquire_many(SEATS as u32).await.unwrap()
}
