//! The contract every database keeps.
//!
//! Each method is one transaction. The store knows deliveries, events, facts, subjects, effects,
//! deployments as read-model rows, and the audit trail; it does not know jobs. Times come from the
//! store's own clock, which is injected when it is opened.
//!
//! Size: one trait and the rows it speaks of; splitting the contract would hide half of it.

use async_trait::async_trait;
use sendo_core::audit::AuditEntry;
use sendo_core::deployment::{Deployment, DeploymentId, DeploymentState};
use sendo_core::effect::{Effect, EffectError, EffectKey, EffectView, Outcome, PlannedEffect};
use sendo_core::event::Event;
use sendo_core::fact::Fact;
use sendo_core::job::Wake;
use sendo_core::names::Principal;
use sendo_core::notice::Notice;
use sendo_core::plan::Plan;
use sendo_core::subject::{SubjectId, SubjectKind};
use sendo_core::time::{Span, Timestamp};
use sendo_core::world::World;
use sendo_metrics::Meter;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A result of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A delivery as it arrived, before it is stored.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Where it came from, such as `forge:acme` or `api`.
    pub source: String,
    /// The sender's own id; unique within the source. A repeated one is a duplicate.
    pub dedup: String,
    /// The event name the sender gave, such as `push`.
    pub name: String,
    /// The body, exactly as received; at most 25 MiB, checked by the caller before buffering.
    pub body: Vec<u8>,
    /// Who sent it, where it was signed in.
    pub by: Option<String>,
}

/// What became of storing a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is stored under this id and will be translated.
    New(String),
    /// It was stored before under this id; nothing was added but the count of duplicates.
    Duplicate(String),
}

/// A stored delivery, claimed for translation.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id: sorts by time of arrival.
    pub id: String,
    /// See [`NewDelivery`].
    pub source: String,
    /// See [`NewDelivery`].
    pub name: String,
    /// See [`NewDelivery`].
    pub body: Vec<u8>,
    /// See [`NewDelivery`].
    pub by: Option<String>,
    /// When it was stored.
    pub received_at: Timestamp,
    /// Which attempt this is, counted at the claim.
    pub attempts: u32,
    /// The fencing number of this claim.
    pub fence: i64,
}

/// The terminal outcome of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// It became events that woke at least one subject.
    Done,
    /// It is understood and concerns nobody here; the code says which clause refused it.
    Ignored {
        /// A stable code.
        reason_code: String,
        /// In words.
        message: String,
    },
    /// It cannot be read, or reading it failed too often. It is kept, and never tried again by itself.
    Quarantined {
        /// A stable code.
        reason_code: String,
        /// In words.
        message: String,
    },
}

/// What a delivery is settled with, in one transaction.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The events read from it; they get ids `DELIVERY/0`, `DELIVERY/1`, ….
    pub events: Vec<Event>,
    /// The subjects they wake and the facts they leave there.
    pub wakes: Vec<Wake>,
    /// Its terminal outcome.
    pub outcome: DeliveryOutcome,
}

/// What became of asking that a quarantined delivery is translated once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// It waits for translation again, with all of its attempts.
    Yes,
    /// It waited for translation already; nothing was changed.
    Waiting,
    /// It was settled otherwise; only quarantined ones are translated again.
    Settled,
    /// Its body was deleted after the retention time.
    Bodiless,
    /// There is none of that id.
    Unknown,
}

/// A subject claimed for a decision, with its world.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// What the decision may see.
    pub world: World,
    /// The version the plan is committed against.
    pub version: i64,
    /// The wake-up counter that was read; later wake-ups survive the commit.
    pub wakes: i64,
    /// The fencing number of this claim.
    pub fence: i64,
}

/// What became of committing a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Everything was written.
    Yes,
    /// Somebody else decided first, or an effect to be cancelled has its intent already: decide again.
    Conflict,
}

/// An effect claimed by a worker.
#[derive(Debug, Clone)]
pub struct ClaimedEffect {
    /// Its row id.
    pub id: String,
    /// Its subject.
    pub subject: SubjectId,
    /// Its key within the subject.
    pub key: EffectKey,
    /// Its deployment, if any.
    pub deployment: Option<DeploymentId>,
    /// What to do.
    pub effect: Effect,
    /// Which attempt this is, counted at the claim.
    pub attempts: u32,
    /// The fencing number of this claim.
    pub fence: i64,
    /// The intent an earlier attempt wrote; the outcome of that attempt is unknown.
    pub intent: Option<serde_json::Value>,
    /// What the attempt before this one met, if it recorded that.
    pub error: Option<EffectError>,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When this claim ends, by the store's clock.
    pub lease_until: Timestamp,
    /// The store's clock at the claim.
    pub now: Timestamp,
}

/// What a worker records for an effect it claimed.
#[derive(Debug, Clone)]
pub enum Record {
    /// Done: the outcome, and the facts it leaves with the subject.
    Done {
        /// What became of it.
        outcome: Outcome,
        /// What was observed.
        facts: Vec<Fact>,
    },
    /// Not now: tried again at that time.
    Retry {
        /// Why.
        error: EffectError,
        /// When.
        at: Timestamp,
    },
    /// Refused for good, or out of attempts.
    Failed {
        /// Why.
        error: EffectError,
    },
    /// Class E with an outcome nobody can tell.
    Unknown {
        /// What is known.
        error: EffectError,
    },
}

/// A delivery as people see it; without its body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// Its id.
    pub id: String,
    /// Where it came from.
    pub source: String,
    /// The event name the sender gave.
    pub name: String,
    /// When it was stored.
    pub received_at: Timestamp,
    /// How often the same one came again.
    pub duplicates: u32,
    /// Its terminal outcome, `None` while it is worked on.
    pub outcome: Option<DeliveryOutcome>,
}

/// The name of the lease whose holder seals the audit trail.
pub const SEALER: &str = "audit-sealer";

/// A line of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its place in the chain, from 1 without gaps.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub entry: AuditEntry,
    /// SHA-256 over the previous hash and this line, in hexadecimal; `None` until it is sealed.
    pub hash: Option<String>,
}

/// What `audit verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerdict {
    /// Lines whose hash was recomputed.
    pub verified: i64,
    /// Lines that wait for the sealer.
    pub unsealed: i64,
    /// The first line that does not fit, and why.
    pub broken: Option<(i64, String)>,
    /// The hash of the last sealed line.
    pub head: Option<String>,
}

/// An API token; its secret is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// What it is for, in the words of who made it.
    pub name: String,
    /// Who acts by it: the person who holds it, else `token:ID`.
    pub principal: Principal,
    /// SHA-256 of the secret, in hexadecimal.
    pub hash: String,
    /// What it may do: `read`, `deploy`, `approve`, `report-image`, `admin`.
    pub scopes: Vec<String>,
    /// Applications it is limited to; empty is all.
    pub applications: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; at most a year after it was made.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// SHA-256 of its secret, in hexadecimal.
    pub hash: String,
    /// The id of the token it is opened with, and whose rights it has.
    pub token: String,
    /// The hash of the link it is opened by, if any; that link is used up.
    pub link: Option<String>,
}

/// Which deployments to list; newest first.
#[derive(Debug, Clone, Default)]
pub struct DeploymentFilter {
    /// Only this application.
    pub application: Option<String>,
    /// Only this environment.
    pub environment: Option<String>,
    /// Only these states; empty is all.
    pub states: Vec<DeploymentState>,
    /// At most this many; 0 is 100, never more than 1,000.
    pub limit: u32,
}

/// Counts that tell whether anything is still under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// Deliveries not yet translated.
    pub deliveries: i64,
    /// Subjects that are awake.
    pub subjects: i64,
    /// Effects not yet done, notices left out.
    pub effects: i64,
    /// Notices not yet delivered.
    pub notices: i64,
    /// Audit lines not yet sealed.
    pub unsealed: i64,
}

/// One queue, in one of the ways what is in it can stand; and the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// `deliveries`, `subjects`, `effects`, `notices`, `audit` or `quarantine`.
    pub name: String,
    /// `ready`, `claimed` or `later`.
    pub state: String,
    /// How many.
    pub count: i64,
    /// Since when the oldest has been so.
    pub oldest: Option<Timestamp>,
}

/// Everything durable. Implemented for SQLite and Postgres, held to one conformance suite.
#[async_trait]
pub trait Store: Send + Sync {
    /// The store's clock.
    async fn now(&self) -> Result<Timestamp>;
    /// Counts and measures what happens in this process.
    fn meter(&self) -> &Meter;
    /// The text drawn once for this database.
    async fn installation(&self) -> Result<String>;

    /// Stores a delivery durably, or counts a duplicate. Returns only after the commit.
    async fn accept(&self, delivery: NewDelivery) -> Result<Accepted>;
    /// The id of the delivery that was stored under a sender's key, whatever became of it.
    async fn delivered(&self, source: &str, dedup: &str) -> Result<Option<String>>;
    /// Claims the oldest delivery that waits for translation. One that was claimed more than
    /// `max_attempts` times is quarantined with `attempts_exhausted` instead.
    async fn claim_delivery(&self, lease: Span, max_attempts: u32) -> Result<Option<Delivery>>;
    /// Settles a claimed delivery: events, wakes, announcements and outcome together. Fails with
    /// [`StoreError::ClaimLost`] when the claim ended meanwhile; nothing is written then.
    async fn settle(&self, delivery: &Delivery, settlement: Settlement) -> Result<()>;

    /// Lets a quarantined delivery be translated once more, as if it had just come; `audit` is kept
    /// only if that changes anything.
    async fn replay(&self, id: &str, audit: AuditEntry) -> Result<Replayed>;

    /// Wakes subjects because something outside may have changed; makes those that are new.
    async fn hint(&self, subjects: &[SubjectId]) -> Result<()>;
    /// Claims a subject that is awake or due, and loads its world. `reads` names the subjects whose
    /// facts the decision may see.
    async fn claim_subject(
        &self,
        lease: Span,
        reads: &(dyn for<'a> Fn(&'a SubjectId) -> Vec<SubjectId> + Send + Sync),
    ) -> Result<Option<Claimed>>;
    /// The world of a subject as a decision would see it now, for looking ahead. Claims nothing; a
    /// subject nobody knows yet has an empty one.
    async fn world(
        &self,
        subject: &SubjectId,
        reads: &(dyn for<'a> Fn(&'a SubjectId) -> Vec<SubjectId> + Send + Sync),
    ) -> Result<World>;
    /// Commits a plan against the version it was decided on, in one transaction. `posts` are the
    /// effects that carry its notices to their targets; they never enter the subject's world.
    async fn commit(
        &self,
        claimed: &Claimed,
        plan: &Plan,
        posts: &[PlannedEffect],
    ) -> Result<Committed>;

    /// Claims an effect that is ready, oldest first. `attempts` counts at the claim; one claimed
    /// more than `max_attempts` times fails with `attempts_exhausted` and wakes its subject.
    async fn claim_effect(&self, lease: Span, max_attempts: u32) -> Result<Option<ClaimedEffect>>;
    /// Writes the intent, fenced. False when the claim is lost or the effect was cancelled:
    /// nothing may be sent then.
    async fn intend(&self, effect: &ClaimedEffect, intent: serde_json::Value) -> Result<bool>;
    /// Extends the lease, fenced; gives the new end, `None` when the claim is lost.
    async fn heartbeat(&self, effect: &ClaimedEffect, lease: Span) -> Result<Option<Timestamp>>;
    /// Records what became of it, fenced, leaves its facts and wakes its subject. False when the
    /// claim is lost. An observation that is done leaves no row, only its facts.
    async fn record(&self, effect: &ClaimedEffect, record: Record) -> Result<bool>;
    /// Makes failed or unknown effects of a deployment ready again because a person said so; gives
    /// their count. Intents stay, so that what was done is adopted; those of class E are dropped.
    async fn redrive(&self, deployment: &DeploymentId, audit: AuditEntry) -> Result<u64>;
    /// Hands back claims of this process so that others need not wait for the lease to end.
    async fn release(&self, effect: &ClaimedEffect) -> Result<()>;

    /// Takes or renews a named lease for this holder; the fencing number, `None` while another holds it.
    async fn lease(&self, name: &str, holder: &str, lease: Span) -> Result<Option<i64>>;
    /// Seals up to `limit` audit lines into the chain; gives how many. Only the holder of the lease
    /// [`SEALER`] with this fencing number succeeds.
    async fn seal(&self, holder: &str, fence: i64, limit: u32) -> Result<u64>;
    /// Appends a line to the audit trail.
    async fn audit(&self, entry: AuditEntry) -> Result<()>;
    /// Recomputes the whole chain.
    async fn verify_audit(&self) -> Result<AuditVerdict>;
    /// Lines after `seq`, oldest first, at most `limit`. Lines that wait for the sealer come last,
    /// without a hash and with the number they will have if nothing comes between.
    async fn audit_rows(&self, after: i64, limit: u32) -> Result<Vec<AuditRow>>;
    /// How many lines there are, those included that wait for the sealer: the newest one's `seq`.
    async fn audit_len(&self) -> Result<i64>;

    /// Lists deployments, newest first.
    async fn deployments(&self, filter: &DeploymentFilter) -> Result<Vec<Deployment>>;
    /// One deployment.
    async fn deployment(&self, id: &DeploymentId) -> Result<Option<Deployment>>;
    /// For each lane the newest succeeded, those that are not terminal, and the newest failed or
    /// cancelled one that is newer than that success, if any; by lane, oldest first. One query,
    /// independent of history.
    async fn board(&self) -> Result<Vec<Deployment>>;
    /// The turns of a deployment, oldest first.
    async fn timeline(&self, id: &DeploymentId) -> Result<Vec<Notice>>;
    /// The facts under one key of every subject of a kind, for people; by subject.
    async fn facts_named(&self, kind: SubjectKind, key: &str) -> Result<Vec<Fact>>;
    /// Effects of a subject that are still live, for people.
    async fn effects(&self, subject: &SubjectId) -> Result<Vec<EffectView>>;
    /// The newest deliveries, at most `limit`; `None` is any state, `Some("quarantined")` only those.
    async fn deliveries(&self, outcome: Option<&str>, limit: u32) -> Result<Vec<DeliveryRow>>;
    /// The deliveries of these ids that are still kept, in the order in which they arrived.
    async fn deliveries_of(&self, ids: &[String]) -> Result<Vec<DeliveryRow>>;
    /// What is still under way.
    async fn backlog(&self) -> Result<Backlog>;
    /// How long the queues are, for a scrape: one query, independent of history.
    async fn queues(&self) -> Result<Vec<Queue>>;
    /// A number that grows whenever a deployment or notice is written; for live pages.
    async fn revision(&self) -> Result<i64>;

    /// Stores a token.
    async fn add_token(&self, token: TokenRow, audit: AuditEntry) -> Result<()>;
    /// Finds a live token by the hash of its secret, and notes that it was used.
    async fn token_by_hash(&self, hash: &str) -> Result<Option<TokenRow>>;
    /// Every token.
    async fn tokens(&self) -> Result<Vec<TokenRow>>;
    /// Revokes a token; false when there is none of that id.
    async fn revoke_token(&self, id: &str, audit: AuditEntry) -> Result<bool>;

    /// Opens a session; false, and nothing is written, when its link was used or is over.
    async fn open_session(&self, session: NewSession, audit: AuditEntry) -> Result<bool>;
    /// Finds the live token of a live session by the hash of its secret, and notes that it was used.
    async fn session_by_hash(&self, hash: &str) -> Result<Option<TokenRow>>;
    /// Ends a session; false when there is none of that hash, or it was ended before.
    async fn end_session(&self, hash: &str, audit: AuditEntry) -> Result<bool>;
    /// Stores a link by the hash of its code; gives when it is over.
    async fn add_sign_in_link(&self, hash: &str, token: &str) -> Result<Timestamp>;
    /// Finds the live token of a link that can still be used; the link stays.
    async fn sign_in_link(&self, hash: &str) -> Result<Option<TokenRow>>;

    /// Ends every connection in order and hands a SQLite file over. What is under way is finished
    /// first; a store that is dropped instead is checked at the next start.
    async fn close(&self);

    /// Deletes what retention allows: settled deliveries' bodies, retired effects, sessions
    /// and sign-in links that were over before `before`.
    async fn prune(&self, before: Timestamp) -> Result<u64>;
}
