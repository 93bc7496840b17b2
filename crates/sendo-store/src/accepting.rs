//! Deliveries that arrive while another is being written share the next transaction, and with it
//! the one wait for the disk. Each is answered after its own commit, never before.
//!
//! There is no task in the background: whoever gets the turn writes everything that waits, in the
//! order of arrival, and tells the others. When the one whose turn it was is given up half-way, the
//! others find their answer gone and queue again; a delivery that was stored after all is found by
//! its key. A statement that fails on one delivery fails the transaction, so each is then tried in
//! a transaction of its own and only the bad one is refused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, oneshot};

use crate::db::Db;
use crate::deliveries;
use crate::error::StoreError;
use crate::store::{Accepted, NewDelivery, Result};

/// Deliveries and bytes of one transaction at most, so that other writers get their turn.
const MOST: usize = 64;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What waits to be stored.
pub(crate) struct Accepting {
    waiting: Mutex<VecDeque<Waiting>>,
    turns: Semaphore,
}

struct Waiting {
    delivery: Arc<NewDelivery>,
    answer: oneshot::Sender<Result<Accepted>>,
}

impl Accepting {
    /// With as many transactions at the same time as the database does well with.
    pub(crate) fn new(turns: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            turns: Semaphore::new(turns),
        }
    }

    /// Stores a delivery; it is durable when this returns.
    pub(crate) async fn accept(&self, db: &Db, delivery: NewDelivery) -> Result<Accepted> {
        let delivery = Arc::new(delivery);
        let mut told = self.queue(&delivery);
        loop {
            let answer = tokio::select! {
                biased;
                answer = &mut told => answer,
                _turn = self.turns.acquire() => {
                    if self.write(db).await {
                        continue;
                    }
                    // Nothing waits, so ours was taken by a turn that is under way.
                    (&mut told).await
                }
            };
            match answer {
                Ok(answer) => return answer,
                Err(_) => told = self.queue(&delivery),
            }
        }
    }

    fn queue(&self, delivery: &Arc<NewDelivery>) -> oneshot::Receiver<Result<Accepted>> {
        let (answer, told) = oneshot::channel();
        let delivery = Arc::clone(delivery);
        self.lock().push_back(Waiting { delivery, answer });
        told
    }

    /// Writes and answers what waits, as much as one transaction takes; whether there was anything.
    async fn write(&self, db: &Db) -> bool {
        let batch = self.take();
        let deliveries: Vec<&NewDelivery> = batch.iter().map(|one| &*one.delivery).collect();
        let stored = match deliveries.as_slice() {
            [] => return false,
            deliveries => deliveries::accept(db, deliveries).await,
        };
        // An answer nobody waits for any more is dropped.
        match stored {
            Ok(stored) => {
                for (one, accepted) in batch.into_iter().zip(stored) {
                    let _ = one.answer.send(Ok(accepted));
                }
            }
            Err(error) if batch.len() > 1 && error.is_of_a_statement() => {
                for one in batch {
                    let alone = deliveries::accept(db, &[&one.delivery]).await;
                    let first = alone.map(|stored| stored.into_iter().next());
                    let answer = first.and_then(|stored| {
                        stored.ok_or_else(|| StoreError::unreadable("the stored delivery", "none"))
                    });
                    let _ = one.answer.send(answer);
                }
            }
            Err(error) => {
                // Each is told why, and whether its commit was under way.
                let error = Arc::new(error);
                for one in batch {
                    let _ = one.answer.send(Err(StoreError::Shared(Arc::clone(&error))));
                }
            }
        }
        true
    }

    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.lock();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < MOST
            && bytes < MOST_BYTES
            && let Some(one) = waiting.pop_front()
        {
            // Whoever went away was promised nothing.
            if !one.answer.is_closed() {
                bytes += one.delivery.body.len();
                batch.push(one);
            }
        }
        batch
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
