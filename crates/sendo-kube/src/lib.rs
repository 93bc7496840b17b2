//! Kubernetes clusters, and the Argo CD that applies manifests to them.
//!
//! Owns the way to a cluster ([`Cluster`]), what an Argo CD says of its applications and is asked to do
//! ([`ArgoCd`]), and what pods say of why something ails. It decides nothing: what it saw is put into the
//! vocabulary of [`sendo_core::engine`], and judged there. It reads no clock; where the time of day
//! matters, it comes in.

mod ailing;
mod argocd;
mod cluster;
mod clusters;
mod error;
#[cfg(test)]
mod recorded;

pub use argocd::observe::Observed;
pub use argocd::sync::{Asked, Wanted};
pub use argocd::watch::{Blind, Sight, Touched};
pub use argocd::{ArgoCd, repository::Addresses};
pub use cluster::{Access, Cluster};
pub use clusters::{Clusters, Configured};
pub use error::{Fault, KubeError, Said};
