//! One turn of the loop, and the sweep.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use sendo_core::job::{Job, Jobs};
use sendo_core::notice::Turn;
use sendo_core::plan::Plan;
use sendo_core::promotion::ROLLED_BACK;
use sendo_core::routing::dispatch;
use sendo_core::subject::SubjectId;
use sendo_core::time::Span;
use sendo_core::world::World;
use sendo_store::{Committed, Store, StoreError};
use tokio::sync::watch;

/// Wakes, loads, decides and commits for a set of jobs.
pub struct Engine {
    store: Arc<dyn Store>,
    jobs: watch::Receiver<Arc<Jobs>>,
    lease: Span,
}

impl Engine {
    /// Decides for `jobs` on `store`, as they are when a step begins; each notice goes to the routes
    /// that want it.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, jobs: watch::Receiver<Arc<Jobs>>, lease: Span) -> Self {
        Self { store, jobs, lease }
    }

    fn jobs(&self) -> Arc<Jobs> {
        Arc::clone(&self.jobs.borrow())
    }

    /// Decides about one subject that is awake; false when none is.
    ///
    /// # Errors
    /// [`StoreError`]; the subject stays awake and is decided again once its lease ends.
    pub async fn step(&self) -> Result<bool, StoreError> {
        let jobs = self.jobs();
        let reads = |subject: &SubjectId| {
            jobs.of(subject)
                .map(|job| job.reads(subject))
                .unwrap_or_default()
        };
        let Some(claimed) = self.store.claim_subject(self.lease, &reads).await? else {
            return Ok(false);
        };
        let subject = &claimed.world.subject;
        let decided = jobs
            .of(subject)
            .and_then(|job| decide(job.as_ref(), &claimed.world));
        let Some(mut plan) = decided else {
            // The claim runs out by itself, so a decision that panics is tried once in a lease.
            return Ok(true);
        };
        let notices = dispatch(&jobs.routes, &mut plan, claimed.world.now);
        match self.store.commit(&claimed, &plan, &notices).await? {
            Committed::Yes => {
                self.count(&plan, &jobs);
                tracing::debug!(
                    subject.id = %subject,
                    effects = plan.effects.len(),
                    notices = plan.notices.len(),
                    "decided"
                );
            }
            Committed::Conflict => {
                tracing::debug!(subject.id = %subject, "somebody was faster, deciding again")
            }
        }
        Ok(true)
    }

    /// Counts what a plan ended and began. Only configured lanes are named.
    fn count(&self, plan: &Plan, jobs: &Jobs) {
        let meter = self.store.meter();
        for notice in &plan.notices {
            let outcome = match notice.turn {
                Turn::Succeeded { .. } => "succeeded",
                Turn::Failed { .. } => "failed",
                Turn::Cancelled { .. } => "cancelled",
                Turn::Superseded { .. } | Turn::Displaced { .. } => "superseded",
                _ => continue,
            };
            let lane = &notice.lane;
            let id = lane.subject();
            let known = jobs.of(&id).is_some_and(|job| job.subjects().contains(&id));
            let names = (lane.application.as_str(), lane.environment.as_str());
            let mut rows = plan.deployments.iter();
            let began = rows
                .find(|row| row.id == notice.deployment)
                .map_or(notice.at, |row| row.created_at);
            let took = (notice.at - began).as_micros() as f64 / 1e6;
            meter.deployment(known.then_some(names), outcome, took);
        }
        let rollbacks = plan.audit.iter().filter(|line| line.action == ROLLED_BACK);
        rollbacks.for_each(|_| meter.rollback());
    }

    /// Wakes every configured subject, as if something outside had hinted at each of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep(&self) -> Result<(), StoreError> {
        self.store.hint(&self.jobs().subjects()).await?;
        self.store
            .meter()
            .swept(self.store.now().await?.0 as f64 / 1e6);
        Ok(())
    }
}

fn decide(job: &dyn Job, world: &World) -> Option<Plan> {
    let decided = catch_unwind(AssertUnwindSafe(|| job.decide(world)));
    if decided.is_err() {
        tracing::error!(subject.id = %world.subject, "the decision panicked; it is tried again after the lease");
    }
    decided.ok()
}
