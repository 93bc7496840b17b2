//! Event in: a delivery is verified, stored and translated.
//!
//! Nothing is answered before it is stored, and nothing that was stored is lost: what cannot be
//! read is quarantined with the reason. Translating decides nothing; it says which subjects to wake.
//!
//! | Module | What it does |
//! |---|---|
//! | [`translate`] | reads a payload into events; also offline, for `explain` |
//! | [`api`] | takes requests and image reports as deliveries |
//! | [`gitea`] | checks and reads what a Gitea delivers |
//! | [`clusters`] | takes what watches of clusters hear of a deployment under way |
//! | [`spool`] | takes what the hooks of a local forge left behind |
//! | [`translator`] | claims stored deliveries, translates and settles them |

pub mod api;
pub mod clusters;
pub mod gitea;
pub mod spool;
pub mod translate;
pub mod translator;

pub use api::{
    ActRequest, DeployRequest, FreezeRequest, ImageReport, Intake, IntakeError, LockRequest,
    UnfreezeRequest, UnlockRequest,
};
pub use translator::Translator;
