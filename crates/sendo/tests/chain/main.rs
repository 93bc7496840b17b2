//! The real program on the real chain: Gitea, Argo CD and Kubernetes' own control plane:
//! `cargo xtask test --only chain`. Without the variables of the testbed every story fails, so that a
//! suite that did not run never looks like one that passed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail by panicking"
)]

#[path = "../gitea/world.rs"]
#[expect(dead_code, reason = "the stories of the Gitea alone use more of it")]
mod world;

mod between;
mod cluster;
mod deliveries;
mod faults;
mod observing;
mod rendering;
mod seeing;
mod services;
