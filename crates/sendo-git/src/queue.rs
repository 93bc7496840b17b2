//! Waiting one's turn at a branch, within this process.
//!
//! Owns fairness, not correctness: publishers to one branch who wait here do not lose the
//! compare-and-swap to each other over and over. Other processes and pushes are not held up, and
//! whoever skips the queue is still safe.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::ref_name::RefName;
use crate::repository::BareRepository;

type Queue = tokio::sync::Mutex<()>;

/// Queues somebody stands in, by repository (its folder or URL) and ref.
type Queues = HashMap<(String, RefName), Weak<Queue>>;

static QUEUES: LazyLock<Mutex<Queues>> = LazyLock::new(Mutex::default);

/// It is the holder's turn until this is dropped.
#[derive(Debug)]
#[must_use = "the turn ends when this is dropped"]
pub struct Turn {
    _queue: OwnedMutexGuard<()>,
}

impl Turn {
    pub(crate) async fn at(repository: String, name: &RefName) -> Self {
        Self {
            _queue: queue(repository, name).lock_owned().await,
        }
    }

    pub(crate) fn now_at(repository: String, name: &RefName) -> Option<Self> {
        let queue = queue(repository, name).try_lock_owned().ok()?;
        Some(Self { _queue: queue })
    }
}

impl BareRepository {
    /// Waits for a turn at a ref: first come, first served among all of this process. Take it before
    /// reading the base, and hold no other turn meanwhile.
    pub async fn turn(&self, name: &RefName) -> Turn {
        Turn::at(self.path().display().to_string(), name).await
    }
}

fn queue(repository: String, name: &RefName) -> Arc<Queue> {
    let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (repository, name.clone());
    if let Some(queue) = queues.get(&key).and_then(Weak::upgrade) {
        return queue;
    }
    // Only queues somebody stands in are kept.
    queues.retain(|_, queue| queue.strong_count() > 0);
    let queue = Arc::new(Queue::default());
    queues.insert(key, Arc::downgrade(&queue));
    queue
}
