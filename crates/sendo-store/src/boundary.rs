//! Named points around every commit, where a test can kill or stop the process.
//!
//! The transaction wrapper reaches a point immediately before and after the commit of each write
//! transaction. In production nothing listens. Every place is listed, so that a suite can go
//! through all of them.

/// Every place the store commits at.
pub const PLACES: [&str; 20] = [
    place::ACCEPT,
    place::CLAIM_DELIVERY,
    place::SETTLE,
    place::REPLAY,
    place::HINT,
    place::CLAIM_SUBJECT,
    place::COMMIT,
    place::RELEASE_SUBJECT,
    place::CLAIM_EFFECT,
    place::INTEND,
    place::HEARTBEAT,
    place::RECORD,
    place::REDRIVE,
    place::RELEASE,
    place::LEASE,
    place::SEAL,
    place::AUDIT,
    place::TOKEN,
    place::PRUNE,
    place::MIGRATE,
];

pub(crate) mod place {
    //! The names, one for each transaction.
    pub(crate) const ACCEPT: &str = "store.accept";
    pub(crate) const CLAIM_DELIVERY: &str = "store.claim_delivery";
    pub(crate) const SETTLE: &str = "store.settle";
    pub(crate) const REPLAY: &str = "store.replay";
    pub(crate) const HINT: &str = "store.hint";
    pub(crate) const CLAIM_SUBJECT: &str = "store.claim_subject";
    pub(crate) const COMMIT: &str = "store.commit";
    pub(crate) const RELEASE_SUBJECT: &str = "store.release_subject";
    pub(crate) const CLAIM_EFFECT: &str = "store.claim_effect";
    pub(crate) const INTEND: &str = "store.intend";
    pub(crate) const HEARTBEAT: &str = "store.heartbeat";
    pub(crate) const RECORD: &str = "store.record";
    pub(crate) const REDRIVE: &str = "store.redrive";
    pub(crate) const RELEASE: &str = "store.release";
    pub(crate) const LEASE: &str = "store.lease";
    pub(crate) const SEAL: &str = "store.seal";
    pub(crate) const AUDIT: &str = "store.audit";
    pub(crate) const TOKEN: &str = "store.token";
    pub(crate) const PRUNE: &str = "store.prune";
    pub(crate) const MIGRATE: &str = "store.migrate";
}

/// Whether a point lies before or after its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Nothing is durable yet.
    Before,
    /// Everything is durable.
    After,
}

/// A point the process can be stopped at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Point {
    /// One of [`PLACES`], or a place of the effect runner.
    pub place: &'static str,
    /// On which side of it.
    pub side: Side,
}

/// Told of each point as it is reached.
pub trait Boundaries: Send + Sync {
    /// The process is at this point. May block, and may never return.
    fn reach(&self, point: &Point);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBoundaries;

impl Boundaries for NoBoundaries {
    fn reach(&self, _: &Point) {}
}
