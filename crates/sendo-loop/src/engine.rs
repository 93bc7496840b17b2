//! One turn of the loop, and the sweep.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use sendo_core::job::Job;
use sendo_core::notice::Turn;
use sendo_core::plan::Plan;
use sendo_core::promotion::ROLLED_BACK;
use sendo_core::routing::{Route, deliveries};
use sendo_core::subject::SubjectId;
use sendo_core::time::Span;
use sendo_core::world::World;
use sendo_store::{Committed, Store, StoreError};

/// Wakes, loads, decides and commits for a set of jobs.
pub struct Engine {
    store: Arc<dyn Store>,
    jobs: Vec<Arc<dyn Job>>,
    routes: Vec<Route>,
    lease: Span,
}

impl Engine {
    /// Decides for `jobs` on `store`; each notice goes to the routes that want it.
    #[must_use]
    pub const fn new(
        store: Arc<dyn Store>,
        jobs: Vec<Arc<dyn Job>>,
        routes: Vec<Route>,
        lease: Span,
    ) -> Self {
        Self {
            store,
            jobs,
            routes,
            lease,
        }
    }

    fn job(&self, subject: &SubjectId) -> Option<&Arc<dyn Job>> {
        self.jobs.iter().find(|job| job.kind() == subject.kind)
    }

    /// Decides about one subject that is awake; false when none is.
    ///
    /// # Errors
    /// [`StoreError`]; the subject stays awake and is decided again once its lease ends.
    pub async fn step(&self) -> Result<bool, StoreError> {
        let reads = |subject: &SubjectId| {
            self.job(subject)
                .map(|job| job.reads(subject))
                .unwrap_or_default()
        };
        let Some(claimed) = self.store.claim_subject(self.lease, &reads).await? else {
            return Ok(false);
        };
        let subject = &claimed.world.subject;
        let Some(plan) = self.decide(&claimed.world) else {
            // The claim runs out by itself, so a decision that panics is tried once in a lease.
            return Ok(true);
        };
        let notices = deliveries(&self.routes, &plan.notices);
        match self.store.commit(&claimed, &plan, &notices).await? {
            Committed::Yes => {
                self.count(&plan);
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

    fn decide(&self, world: &World) -> Option<Plan> {
        let job = self.job(&world.subject)?;
        let decided = catch_unwind(AssertUnwindSafe(|| job.decide(world)));
        if decided.is_err() {
            tracing::error!(subject.id = %world.subject, "the decision panicked; it is tried again after the lease");
        }
        decided.ok()
    }

    /// Counts what a plan ended and began. Only configured lanes are named.
    fn count(&self, plan: &Plan) {
        let meter = self.store.meter();
        for notice in &plan.notices {
            let outcome = match notice.turn {
                Turn::Succeeded { .. } => "succeeded",
                Turn::Failed { .. } => "failed",
                Turn::Cancelled { .. } => "cancelled",
                Turn::Superseded { .. } => "superseded",
                _ => continue,
            };
            let lane = &notice.lane;
            let id = lane.subject();
            let known = self
                .job(&id)
                .is_some_and(|job| job.subjects().contains(&id));
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
        let subjects: Vec<SubjectId> = self.jobs.iter().flat_map(|job| job.subjects()).collect();
        self.store.hint(&subjects).await?;
        self.store
            .meter()
            .swept(self.store.now().await?.0 as f64 / 1e6);
        Ok(())
    }
}
