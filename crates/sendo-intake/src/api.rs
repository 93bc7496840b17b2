//! Takes requests, acts and image reports as deliveries, so that they are stored before they are answered
//! and travel the same way as a webhook.

use std::sync::Arc;

use sendo_core::act::{Act, Area};
use sendo_core::audit::AuditEntry;
use sendo_core::names::Principal;
use sendo_core::subject::LaneId;
use sendo_core::time::Timestamp;
use sendo_store::{Accepted, NewDelivery, Replayed, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// The source under which deliveries of the API are stored.
pub const SOURCE: &str = "api";

/// A person's request for a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployRequest {
    /// The application.
    pub application: String,
    /// The environment.
    pub environment: String,
    /// A full commit SHA, branch or tag; without it the newest of the lane's trigger.
    pub reference: Option<String>,
}

/// CI's report that an image exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageReport {
    /// The application.
    pub application: String,
    /// The full commit SHA it was built from.
    pub revision: String,
    /// Its tag.
    pub tag: Option<String>,
    /// Its digest, `sha256:…`.
    pub digest: Option<String>,
}

/// What a person does to a lane or one of its deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActRequest {
    /// The lane.
    pub lane: LaneId,
    /// What.
    pub act: Act,
    /// Why.
    pub reason: Option<String>,
}

/// A person closes an area to deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockRequest {
    /// What is closed.
    pub area: Area,
    /// Why.
    pub reason: String,
    /// When it opens by itself.
    pub until: Option<Timestamp>,
}

/// A person opens an area again. Exactly one lane is released after a rollback, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnlockRequest {
    /// What is opened.
    pub area: Area,
}

/// A person announces a freeze for an area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeRequest {
    /// What is closed in it.
    pub area: Area,
    /// What people call it.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// A person ends an announced freeze, or withdraws one that has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnfreezeRequest {
    /// The area it was announced for.
    pub area: Area,
    /// Its name.
    pub name: String,
}

/// Why something was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The store could not keep it; nothing was promised.
    #[error("the delivery could not be stored")]
    Store(#[from] StoreError),
    /// It could not be written as JSON.
    #[error("the delivery could not be encoded")]
    Encode(#[from] serde_json::Error),
}

/// The way in for everything that is answered.
#[derive(Clone)]
pub struct Intake {
    store: Arc<dyn Store>,
    bell: Arc<Notify>,
}

impl Intake {
    /// Stores into `store` and rings `bell` so that the translator need not wait for its next look.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, bell: Arc<Notify>) -> Self {
        Self { store, bell }
    }

    /// Stores one delivery; it is durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`]: it may not have been kept, so the sender must try again; what was kept after
    /// all is found by its key.
    pub async fn accept(&self, delivery: NewDelivery) -> Result<Accepted, StoreError> {
        let accepted = self.store.accept(delivery).await?;
        self.bell.notify_one();
        Ok(accepted)
    }

    /// Lets a quarantined delivery be translated once more.
    ///
    /// # Errors
    /// [`StoreError`]; asking again is harmless.
    pub async fn replay(&self, id: &str, by: Principal) -> Result<Replayed, StoreError> {
        let entry = AuditEntry {
            action: "delivery.replayed".to_owned(),
            subject: None,
            actor: Some(by),
            cause: SOURCE.to_owned(),
            detail: serde_json::json!({ "delivery": id }),
        };
        let replayed = self.store.replay(id, entry).await?;
        self.bell.notify_one();
        Ok(replayed)
    }

    /// Takes a request for a deployment. `dedup` is the caller's idempotency key, if it gave one.
    ///
    /// # Errors
    /// See [`Intake::accept`].
    pub async fn deploy(
        &self,
        request: DeployRequest,
        by: Principal,
        dedup: String,
    ) -> Result<Accepted, IntakeError> {
        self.asked("deploy", serde_json::to_vec(&request)?, by, dedup)
            .await
    }

    /// Takes an image report. The same report twice is one delivery.
    ///
    /// # Errors
    /// See [`Intake::accept`].
    pub async fn image(
        &self,
        report: ImageReport,
        by: Principal,
        dedup: String,
    ) -> Result<Accepted, IntakeError> {
        self.asked("image", serde_json::to_vec(&report)?, by, dedup)
            .await
    }

    /// Takes what a person does to a lane or one of its deployments.
    ///
    /// # Errors
    /// See [`Intake::accept`].
    pub async fn act(
        &self,
        request: ActRequest,
        by: Principal,
        dedup: String,
    ) -> Result<Accepted, IntakeError> {
        self.asked("act", serde_json::to_vec(&request)?, by, dedup)
            .await
    }

    /// Takes a lock.
    ///
    /// # Errors
    /// See [`Intake::accept`].
    pub async fn lock(
        &self,
        request: LockRequest,
        by: Principal,
        dedup: String,
    ) -> Result<Accepted, IntakeError> {
        self.asked("lock", serde_json::to_vec(&request)?, by, dedup)
            .await
    }

    /// Takes the end of a lock.
    ///
    /// # Errors
    /// See [`Intake::accept`].
    pub async fn unlock(
        &self,
        request: UnlockRequest,
        by: Principal,
        dedup: String,
    ) -> Result<Accepted, IntakeError> {
        self.asked("unlock", serde_json::to_vec(&request)?, by, dedup)
            .await
    }

    /// Takes the announcement of a freeze.
    ///
    /// # Errors
    /// See [`Intake::accept`].
    pub async fn freeze(
        &self,
        request: FreezeRequest,
        by: Principal,
        dedup: String,
    ) -> Result<Accepted, IntakeError> {
        self.asked("freeze", serde_json::to_vec(&request)?, by, dedup)
            .await
    }

    /// Takes the end of an announced freeze.
    ///
    /// # Errors
    /// See [`Intake::accept`].
    pub async fn unfreeze(
        &self,
        request: UnfreezeRequest,
        by: Principal,
        dedup: String,
    ) -> Result<Accepted, IntakeError> {
        self.asked("unfreeze", serde_json::to_vec(&request)?, by, dedup)
            .await
    }

    async fn asked(
        &self,
        name: &str,
        body: Vec<u8>,
        by: Principal,
        dedup: String,
    ) -> Result<Accepted, IntakeError> {
        let delivery = NewDelivery {
            source: SOURCE.to_owned(),
            dedup,
            name: name.to_owned(),
            body,
            by: Some(by.to_string()),
        };
        Ok(self.accept(delivery).await?)
    }
}
