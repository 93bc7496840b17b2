//! One turn of the loop, and the sweep.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use sendo_core::job::Job;
use sendo_core::plan::Plan;
use sendo_core::routing::{Route, dispatch};
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
        let Some(mut plan) = self.decide(&claimed.world) else {
            // The claim runs out by itself, so a decision that panics is tried once in a lease.
            return Ok(true);
        };
        let notices = dispatch(&self.routes, &mut plan, claimed.world.now);
        match self.store.commit(&claimed, &plan, &notices).await? {
            Committed::Yes => tracing::debug!(
                subject.id = %subject,
                effects = plan.effects.len(),
                notices = plan.notices.len(),
                "decided"
            ),
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

    /// Wakes every configured subject, as if something outside had hinted at each of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let subjects: Vec<SubjectId> = self.jobs.iter().flat_map(|job| job.subjects()).collect();
        self.store.hint(&subjects).await
    }
}
