//! The order of an effect's steps, the same for every kind.

use std::sync::Arc;
use std::time::Duration;

use sendo_core::effect::{Class, Effect, EffectError, Outcome, Publish};
use sendo_core::fact::Fact;
use sendo_core::names::Revision;
use sendo_core::notice::{Notice, Turn};
use sendo_core::time::{Span, Timestamp};
use sendo_forge::{ForgeError, Forges};
use sendo_kube::Clusters;
use sendo_report::Language;
use sendo_store::{Boundaries, ClaimedEffect, Point, Record, Side, Store, StoreError};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::engine::Engines;
use crate::fence::Fence;
use crate::notice::{Message, Targets};
use crate::places::{self, Places};
use crate::promotion::{self, Attempt};
use crate::retry::Backoff;
use crate::slack_app::Reply;

/// An effect claimed this often fails for good: whatever claims it does not survive it.
const MOST_ATTEMPTS: u32 = 1_000;
/// A heart-beat goes out this often in a lease.
const BEATS: u32 = 4;

/// What effects reach, as one configuration says it: replaced whole when another one is loaded.
#[derive(Clone)]
pub struct Reach {
    /// The forges by name.
    pub forges: Forges,
    /// The clusters by name, with their engines.
    pub clusters: Clusters,
    /// The notice targets by name.
    pub targets: Targets,
    /// The language of what people read on the forge.
    pub language: Language,
}

/// What a runner works with.
#[derive(Clone)]
pub struct Setup {
    /// Where effects are claimed and recorded.
    pub store: Arc<dyn Store>,
    /// What they reach, as it is when one is carried out.
    pub reach: watch::Receiver<Arc<Reach>>,
    /// How long a claim lasts without a heart-beat.
    pub lease: Span,
    /// When a refused attempt is made again.
    pub backoff: Backoff,
    /// Told of every step.
    pub boundaries: Arc<dyn Boundaries>,
}

/// Carries out effects, one at a time; several runners may share a store.
pub struct Runner {
    setup: Setup,
}

/// A record as it is counted.
const fn outcome(record: &Record) -> &'static str {
    match record {
        Record::Done { .. } => "done",
        Record::Retry { .. } => "retry",
        Record::Failed { .. } => "failed",
        Record::Unknown { .. } => "unknown",
    }
}

type Done = Result<(Outcome, Vec<Fact>), ForgeError>;

impl Runner {
    /// Makes a runner.
    #[must_use]
    pub const fn new(setup: Setup) -> Self {
        Self { setup }
    }

    /// Carries out the oldest effect that is ready; false when none is.
    ///
    /// # Errors
    /// [`StoreError`]; the claim runs out and the effect is adopted or repeated later.
    pub async fn step(&self) -> Result<bool, StoreError> {
        let Setup { store, lease, .. } = &self.setup;
        let began = Instant::now();
        let Some(effect) = store.claim_effect(*lease, MOST_ATTEMPTS).await? else {
            return Ok(false);
        };
        let fence = Fence::new(began, *lease);
        let mut work = std::pin::pin!(self.carry_out(&effect, &fence));
        tokio::select! {
            finished = &mut work => finished?,
            lost = self.keep(&effect, &fence) => {
                lost?;
                store.meter().lease_expired();
                tracing::warn!(effect.key = %effect.key.0, "the claim was lost; whoever holds it now goes on");
                // It sends nothing more. What was on its way may still make a branch, which has to be
                // known to be taken back.
                if matches!(effect.effect, Effect::PublishBranch(_)) {
                    work.await?;
                }
            }
        }
        Ok(true)
    }

    /// Beats the heart of a claim; returns when the claim is lost.
    async fn keep(&self, effect: &ClaimedEffect, fence: &Fence) -> Result<(), StoreError> {
        let Setup { store, lease, .. } = &self.setup;
        loop {
            tokio::time::sleep(lease.fraction(BEATS).to_duration()).await;
            let began = Instant::now();
            match timeout_at(fence.until(), store.heartbeat(effect, *lease)).await {
                Ok(Ok(Some(_))) => fence.extend(began),
                // What is being sent is still ours: the next beat may get through.
                Ok(Err(error)) if fence.holds() => {
                    tracing::warn!(effect.key = %effect.key.0, %error, "a heart-beat failed");
                }
                Ok(Err(error)) => return Err(error),
                Ok(Ok(None)) | Err(_) => return Ok(()),
            }
        }
    }

    async fn carry_out(&self, effect: &ClaimedEffect, fence: &Fence) -> Result<(), StoreError> {
        let places = places::of(&effect.effect);
        if effect.effect.class() != Class::O && !self.intend(effect, &places).await? {
            return Ok(());
        }
        // The last look before anything leaves this process.
        if !fence.holds() {
            tracing::warn!(effect.key = %effect.key.0, "the lease ran out before sending; nothing was sent");
            return Ok(());
        }
        self.reach(places.send, Side::Before);
        let began = Instant::now();
        let done = self.perform(effect, fence).await;
        self.reach(places.send, Side::After);
        let meter = self.setup.store.meter();
        let kind = effect.effect.kind();
        meter.performed(kind, began.elapsed().as_secs_f64());
        let published = match &done {
            Ok((Outcome::Published(published), _)) => Some(published.commit.clone()),
            _ => None,
        };
        let record = self.record_of(effect, done).await?;
        let outcome = outcome(&record);
        self.reach(places.record, Side::Before);
        let recorded = self.setup.store.record(effect, record).await?;
        self.reach(places.record, Side::After);
        if recorded {
            meter.effect(effect.effect.class().name(), kind, outcome);
        } else {
            tracing::warn!(effect.key = %effect.key.0, "the outcome came after the claim was lost; it will be adopted");
            if let (Effect::PublishBranch(publish), Some(head)) = (&effect.effect, published) {
                self.take_back(effect, publish, head).await?;
            }
        }
        Ok(())
    }

    /// Deletes a branch that was published after its deployment was merged or over, as when this process
    /// slept in the midst of it: nobody else will. Before that it is adopted.
    async fn take_back(
        &self,
        effect: &ClaimedEffect,
        publish: &Publish,
        head: Revision,
    ) -> Result<(), StoreError> {
        let deployment = self.setup.store.deployment(&publish.deployment).await?;
        let over = deployment.is_some_and(|deployment| deployment.state.is_terminal());
        let timeline = self.setup.store.timeline(&publish.deployment).await?;
        let merged = |notice: &Notice| matches!(notice.turn, Turn::Merged { .. });
        if !over && !timeline.iter().any(merged) {
            return Ok(());
        }
        let delete = Effect::DeleteBranch {
            repository: publish.repository.clone(),
            branch: publish.branch.clone(),
            head,
        };
        let reach = Arc::clone(&self.setup.reach.borrow());
        let attempt = Attempt::of(effect, reach.language, &|| true);
        let done = promotion::perform(&reach.forges, &delete, attempt).await;
        match done {
            Some(Err(error)) => {
                tracing::warn!(effect.key = %effect.key.0, branch = %publish.branch, %error, "a branch that came too late was not deleted");
            }
            _ => {
                tracing::info!(effect.key = %effect.key.0, branch = %publish.branch, "a branch that came too late is gone");
            }
        }
        Ok(())
    }

    async fn intend(&self, effect: &ClaimedEffect, places: &Places) -> Result<bool, StoreError> {
        self.reach(places.intent, Side::Before);
        let intent = json!({"attempt": effect.attempts, "at": effect.now});
        let written = self.setup.store.intend(effect, intent).await?;
        self.reach(places.intent, Side::After);
        Ok(written)
    }

    async fn perform(&self, effect: &ClaimedEffect, fence: &Fence) -> Done {
        let reach = Arc::clone(&self.setup.reach.borrow());
        let message = match &effect.effect {
            Effect::PostNotice { target, notice } => Some((target, Message::Notice(notice))),
            Effect::PostDigest { target, digest } => Some((target, Message::Digest(digest))),
            _ => None,
        };
        if let Some((target, message)) = message {
            let waits = reach.targets.post(target, message, effect.now).await?;
            return told(target, waits.map_or(Ok(Outcome::Posted), Err));
        }
        if let Effect::PostToThread {
            target,
            thread,
            broadcast,
            notice,
        } = &effect.effect
        {
            let reply = Reply {
                thread: thread.as_deref(),
                notice,
                broadcast: *broadcast,
                planned_at: effect.planned_at,
                again: effect.intent.is_some(),
            };
            let targets = &reach.targets;
            return told(target, targets.reply(target, &reply, effect.now).await?);
        }
        let engines = Engines {
            clusters: &reach.clusters,
            forges: &reach.forges,
        };
        let done = engines.perform(&effect.effect, &effect.subject, effect.now);
        if let Some(done) = done.await {
            return done;
        }
        let may_send = || fence.holds();
        let attempt = Attempt::of(effect, reach.language, &may_send);
        match promotion::perform(&reach.forges, &effect.effect, attempt).await {
            Some(done) => done,
            None => Err(ForgeError::refused(
                "effect_unknown",
                "no family carries out this effect",
            )),
        }
    }

    async fn record_of(&self, effect: &ClaimedEffect, done: Done) -> Result<Record, StoreError> {
        let refused = match done {
            Ok((outcome, facts)) => return Ok(Record::Done { outcome, facts }),
            Err(refused) => refused,
        };
        let error: EffectError = refused.clone().into();
        tracing::info!(
            effect.key = %effect.key.0,
            effect.kind = effect.effect.kind(),
            reason_code = %error.reason_code,
            transient = refused.transient,
            "{}", error.message
        );
        if !refused.transient {
            return Ok(Record::Failed { error });
        }
        let now = self.setup.store.now().await?;
        let next = self
            .setup
            .backoff
            .next(effect.attempts, effect.planned_at, now);
        let asked = refused.wait.map(|wait| now + span(wait));
        let turn = refused.turn.map(|turn| now + precise(turn));
        let at: Option<Timestamp> =
            next.map(|next| turn.unwrap_or_else(|| asked.map_or(next, |asked| asked.max(next))));
        Ok(at.map_or_else(
            || Record::Failed {
                error: error.clone(),
            },
            |at| Record::Retry {
                error: error.clone(),
                at,
            },
        ))
    }

    fn reach(&self, place: &'static str, side: Side) {
        self.setup.boundaries.reach(&Point { place, side });
    }
}

/// What came of telling a target, or how long it asks us to wait.
fn told(target: &str, said: Result<Outcome, Duration>) -> Done {
    said.map(|outcome| (outcome, Vec::new())).map_err(|wait| {
        let message = format!("the notice target `{target}` asks us to wait");
        ForgeError::trouble("rate_limited", message).after(wait)
    })
}

/// To the millisecond, and an hour where there are too many of them.
fn precise(turn: Duration) -> Span {
    const HOUR: u32 = 3_600_000;
    let millis = u32::try_from(turn.as_millis()).unwrap_or(HOUR);
    Span::from_millis(millis.min(HOUR))
}

/// Whole seconds, and an hour where there are too many of them.
fn span(wait: Duration) -> Span {
    Span::from_secs(u32::try_from(wait.as_secs()).unwrap_or(3600))
}
