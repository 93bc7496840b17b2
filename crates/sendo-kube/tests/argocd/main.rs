//! A real Argo CD that follows a real Gitea onto a real Kubernetes: `cargo xtask testbed exec --with
//! kubernetes,gitea,argocd -- cargo test -p sendo-kube --test argocd`. Without its variables every test
//! fails, so that a suite that did not run never looks like one that passed.
//!
//! We are the account of `packaging/kubernetes`, so every story also tells that its rights suffice.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod acting;
mod ailing;
mod rights;
mod seeing;
mod tools;
mod watching;
mod world;
