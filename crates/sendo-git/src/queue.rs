//! Waiting one's turn at a branch, within this process.
//!
//! Owns fairness, not correctness: publishers to one branch who wait here do not lose the
//! compare-and-swap to each other over and over. Other processes and pushes are not held up, and
//! whoever skips the queue is still safe.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::ref_name::RefName;
use crate::repository::BareRepository;

type Queue = tokio::sync::Mutex<()>;

/// Queues somebody stands in, by repository and ref.
type Queues = HashMap<(PathBuf, RefName), Weak<Queue>>;

static QUEUES: LazyLock<Mutex<Queues>> = LazyLock::new(Mutex::default);

/// It is the holder's turn until this is dropped.
#[derive(Debug)]
#[must_use = "the turn ends when this is dropped"]
pub struct Turn {
    _queue: OwnedMutexGuard<()>,
}

impl BareRepository {
    /// Waits for a turn at a ref: first come, first served among all of this process. Take it before
    /// reading the base, and hold no other turn meanwhile.
    pub async fn turn(&self, name: &RefName) -> Turn {
        Turn {
            _queue: self.queue(name).lock_owned().await,
        }
    }

    fn queue(&self, name: &RefName) -> Arc<Queue> {
        let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (self.path().to_owned(), name.clone());
        if let Some(queue) = queues.get(&key).and_then(Weak::upgrade) {
            return queue;
        }
        // Only queues somebody stands in are kept.
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::new(Queue::default());
        queues.insert(key, Arc::downgrade(&queue));
        queue
    }
}
