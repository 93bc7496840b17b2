//! The one type behind the contract: each method goes to the module that owns its subject matter.
//!
//! Nothing is decided here. The bodies are in the order of the contract.

use async_trait::async_trait;
use sendo_core::audit::AuditEntry;
use sendo_core::deployment::{Deployment, DeploymentId};
use sendo_core::effect::{EffectView, PlannedEffect};
use sendo_core::fact::Fact;
use sendo_core::notice::Notice;
use sendo_core::plan::Plan;
use sendo_core::subject::{SubjectId, SubjectKind};
use sendo_core::time::{Span, Timestamp};
use sendo_core::world::World;
use sendo_metrics::Meter;
use serde_json::Value;
use tokio::time::Instant;

use crate::accepting::Accepting;
use crate::db::statement::INSTALLATION;
use crate::db::{Db, Kind, args, transact};
use crate::store::{
    Accepted, AuditRow, AuditVerdict, Backlog, Claimed, ClaimedEffect, Committed, Delivery,
    DeliveryRow, DeploymentFilter, NewDelivery, NewSession, Queue, Record, Replayed, Result,
    Settlement, Store, TokenRow,
};
use crate::{
    audit, board, commit, deliveries, effects, leases, record, retention, sessions, subjects,
    tokens,
};

/// A store on either database.
pub(crate) struct Database {
    db: Db,
    accepting: Accepting,
}

impl Database {
    pub(crate) fn new(db: Db) -> Self {
        let accepting = Accepting::new(db.writers());
        Self { db, accepting }
    }
}

#[async_trait]
impl Store for Database {
    async fn now(&self) -> Result<Timestamp> {
        self.db.now().await
    }

    fn meter(&self) -> &Meter {
        &self.db.meter
    }

    async fn installation(&self) -> Result<String> {
        transact!(self.db, Kind::Read, tx => {
            let row = tx.row(&INSTALLATION, args![]).await?;
            row.map_or_else(|| Ok(String::new()), |row| row.text("value"))
        })
    }

    async fn accept(&self, delivery: NewDelivery) -> Result<Accepted> {
        let began = Instant::now();
        let accepted = self.accepting.accept(&self.db, delivery).await?;
        self.db.meter.acknowledged(began.elapsed().as_secs_f64());
        Ok(accepted)
    }

    async fn claim_delivery(&self, lease: Span, max_attempts: u32) -> Result<Option<Delivery>> {
        deliveries::claim(&self.db, lease, max_attempts).await
    }

    async fn settle(&self, delivery: &Delivery, settlement: Settlement) -> Result<()> {
        deliveries::settle(&self.db, delivery, &settlement).await
    }

    async fn replay(&self, id: &str, audit: AuditEntry) -> Result<Replayed> {
        deliveries::replay(&self.db, id, &audit).await
    }

    async fn hint(&self, subjects: &[SubjectId]) -> Result<()> {
        subjects::hint(&self.db, subjects).await
    }

    async fn claim_subject(
        &self,
        lease: Span,
        reads: &(dyn for<'a> Fn(&'a SubjectId) -> Vec<SubjectId> + Send + Sync),
    ) -> Result<Option<Claimed>> {
        subjects::claim(&self.db, lease, reads).await
    }

    async fn world(
        &self,
        subject: &SubjectId,
        reads: &(dyn for<'a> Fn(&'a SubjectId) -> Vec<SubjectId> + Send + Sync),
    ) -> Result<World> {
        subjects::world(&self.db, subject, reads).await
    }

    async fn commit(
        &self,
        claimed: &Claimed,
        plan: &Plan,
        posts: &[PlannedEffect],
    ) -> Result<Committed> {
        commit::commit(&self.db, claimed, plan, posts).await
    }

    async fn claim_effect(&self, lease: Span, max_attempts: u32) -> Result<Option<ClaimedEffect>> {
        effects::claim(&self.db, lease, max_attempts).await
    }

    async fn intend(&self, effect: &ClaimedEffect, intent: Value) -> Result<bool> {
        record::intend(&self.db, effect, &intent).await
    }

    async fn heartbeat(&self, effect: &ClaimedEffect, lease: Span) -> Result<Option<Timestamp>> {
        effects::heartbeat(&self.db, effect, lease).await
    }

    async fn record(&self, effect: &ClaimedEffect, record: Record) -> Result<bool> {
        record::record(&self.db, effect, &record).await
    }

    async fn redrive(&self, deployment: &DeploymentId, audit: AuditEntry) -> Result<u64> {
        effects::redrive(&self.db, deployment, &audit).await
    }

    async fn release(&self, effect: &ClaimedEffect) -> Result<()> {
        effects::release(&self.db, effect).await
    }

    async fn lease(&self, name: &str, holder: &str, lease: Span) -> Result<Option<i64>> {
        leases::take(&self.db, name, holder, lease).await
    }

    async fn seal(&self, holder: &str, fence: i64, limit: u32) -> Result<u64> {
        audit::seal(&self.db, holder, fence, limit).await
    }

    async fn audit(&self, entry: AuditEntry) -> Result<()> {
        audit::append_one(&self.db, &entry).await
    }

    async fn verify_audit(&self) -> Result<AuditVerdict> {
        audit::verify(&self.db).await
    }

    async fn audit_rows(&self, after: i64, limit: u32) -> Result<Vec<AuditRow>> {
        audit::rows(&self.db, after, limit).await
    }

    async fn audit_len(&self) -> Result<i64> {
        audit::len(&self.db).await
    }

    async fn deployments(&self, filter: &DeploymentFilter) -> Result<Vec<Deployment>> {
        board::deployments(&self.db, filter).await
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<Deployment>> {
        board::deployment(&self.db, id).await
    }

    async fn board(&self) -> Result<Vec<Deployment>> {
        board::board(&self.db).await
    }

    async fn timeline(&self, id: &DeploymentId) -> Result<Vec<Notice>> {
        board::timeline(&self.db, id).await
    }

    async fn facts_named(&self, kind: SubjectKind, key: &str) -> Result<Vec<Fact>> {
        subjects::facts_named(&self.db, kind, key).await
    }

    async fn effects(&self, subject: &SubjectId) -> Result<Vec<EffectView>> {
        effects::of_subject(&self.db, subject).await
    }

    async fn deliveries(&self, outcome: Option<&str>, limit: u32) -> Result<Vec<DeliveryRow>> {
        deliveries::list(&self.db, outcome, limit).await
    }

    async fn delivered(&self, source: &str, dedup: &str) -> Result<Option<String>> {
        deliveries::delivered(&self.db, source, dedup).await
    }

    async fn deliveries_of(&self, ids: &[String]) -> Result<Vec<DeliveryRow>> {
        deliveries::of(&self.db, ids).await
    }

    async fn backlog(&self) -> Result<Backlog> {
        board::backlog(&self.db).await
    }

    async fn queues(&self) -> Result<Vec<Queue>> {
        board::queues(&self.db).await
    }

    async fn revision(&self) -> Result<i64> {
        board::revision(&self.db).await
    }

    async fn add_token(&self, token: TokenRow, audit: AuditEntry) -> Result<()> {
        tokens::add(&self.db, &token, &audit).await
    }

    async fn token_by_hash(&self, hash: &str) -> Result<Option<TokenRow>> {
        tokens::by_hash(&self.db, hash).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>> {
        tokens::all(&self.db).await
    }

    async fn revoke_token(&self, id: &str, audit: AuditEntry) -> Result<bool> {
        tokens::revoke(&self.db, id, &audit).await
    }

    async fn open_session(&self, session: NewSession, audit: AuditEntry) -> Result<bool> {
        sessions::open(&self.db, &session, &audit).await
    }

    async fn session_by_hash(&self, hash: &str) -> Result<Option<TokenRow>> {
        sessions::by_hash(&self.db, hash).await
    }

    async fn end_session(&self, hash: &str, audit: AuditEntry) -> Result<bool> {
        sessions::end(&self.db, hash, &audit).await
    }

    async fn add_sign_in_link(&self, hash: &str, token: &str) -> Result<Timestamp> {
        sessions::add_link(&self.db, hash, token).await
    }

    async fn sign_in_link(&self, hash: &str) -> Result<Option<TokenRow>> {
        sessions::link(&self.db, hash).await
    }

    async fn close(&self) {
        self.db.close().await;
    }

    async fn prune(&self, before: Timestamp) -> Result<u64> {
        retention::prune(&self.db, before).await
    }
}
