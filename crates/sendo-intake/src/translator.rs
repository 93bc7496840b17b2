//! Claims stored deliveries, translates and settles them.
//!
//! An attempt counts when it is claimed, so a delivery that kills the process ends in quarantine
//! instead of killing it for ever.

use std::sync::Arc;

use sendo_core::event::Event;
use sendo_core::job::{Jobs, Wake};
use sendo_core::names::{ForgeName, Principal};
use sendo_core::time::Span;
use sendo_store::{Delivery, DeliveryOutcome, Settlement, Store, StoreError};
use tokio::sync::watch;

use crate::translate::{Translated, Unreadable, asked, translate};
use crate::{api, clusters, gitea};

/// A delivery that failed this often is quarantined.
const MOST_ATTEMPTS: u32 = 8;

/// Turns stored deliveries into events and wakes.
pub struct Translator {
    store: Arc<dyn Store>,
    jobs: watch::Receiver<Arc<Jobs>>,
    lease: Span,
}

impl Translator {
    /// Translates from `store`, waking the subjects of `jobs`, as they are when a step begins.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, jobs: watch::Receiver<Arc<Jobs>>, lease: Span) -> Self {
        Self { store, jobs, lease }
    }

    /// Settles the oldest delivery that waits; false when there is none.
    ///
    /// # Errors
    /// [`StoreError`]; the delivery stays and is tried again after its lease.
    pub async fn step(&self) -> Result<bool, StoreError> {
        let Some(delivery) = self.store.claim_delivery(self.lease, MOST_ATTEMPTS).await? else {
            return Ok(false);
        };
        let settlement = self.read(&delivery);
        tracing::debug!(delivery.id = %delivery.id, outcome = ?settlement.outcome, "delivery settled");
        self.store.settle(&delivery, settlement).await?;
        Ok(true)
    }

    fn read(&self, delivery: &Delivery) -> Settlement {
        let nothing = |outcome| Settlement {
            events: Vec::new(),
            wakes: Vec::new(),
            outcome,
        };
        match events(delivery) {
            Err(unreadable) => nothing(DeliveryOutcome::Quarantined {
                reason_code: unreadable.reason_code.to_owned(),
                message: unreadable.message,
            }),
            Ok(Translated::Ignored {
                reason_code,
                message,
            }) => nothing(DeliveryOutcome::Ignored {
                reason_code: reason_code.to_owned(),
                message,
            }),
            Ok(Translated::Events(events)) => {
                let wakes = self.wakes(delivery, &events);
                let outcome = if wakes.is_empty() {
                    DeliveryOutcome::Ignored {
                        reason_code: "no_rule_matches".to_owned(),
                        message:
                            "no lane listens to this; `sendo explain` says why, clause by clause"
                                .to_owned(),
                    }
                } else {
                    DeliveryOutcome::Done
                };
                Settlement {
                    events,
                    wakes,
                    outcome,
                }
            }
        }
    }

    fn wakes(&self, delivery: &Delivery, events: &[Event]) -> Vec<Wake> {
        let jobs = Arc::clone(&self.jobs.borrow());
        let numbered = events.iter().enumerate();
        numbered
            .flat_map(|(n, event)| {
                let id = format!("{}/{n}", delivery.id);
                jobs.all
                    .iter()
                    .flat_map(move |job| job.wakes(&id, event, delivery.received_at))
            })
            .collect()
    }
}

fn events(delivery: &Delivery) -> Result<Translated, Unreadable> {
    let by = delivery
        .by
        .as_deref()
        .and_then(|by| Principal::new(by).ok());
    if delivery.source == api::SOURCE {
        return asked(&delivery.name, &delivery.body, by.as_ref());
    }
    if let Some(forge) = gitea::sender(&delivery.source) {
        return gitea::translate(&forge, &delivery.name, &delivery.body);
    }
    if let Some(cluster) = clusters::cluster(&delivery.source) {
        return clusters::translate(cluster, &delivery.body);
    }
    let forge = delivery
        .source
        .strip_prefix("forge:")
        .and_then(|name| ForgeName::new(name).ok());
    let forge = forge.ok_or_else(|| Unreadable {
        reason_code: "unknown_source",
        message: format!("nothing is known about the source `{}`", delivery.source),
    })?;
    translate(&forge, &delivery.name, &delivery.body, by.as_ref())
}
