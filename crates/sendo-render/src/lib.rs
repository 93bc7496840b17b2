//! What a manifests repository looks like to a cluster, and how two sides of it differ, object by object.
//!
//! Owns which files a rendering needs ([`Source`] hands them out), the run of `kustomize` and `helm` on
//! them in a folder that is gone afterwards, and the comparison of what comes out. It fetches nothing,
//! runs no plugin, and is for people: no decision reads what it finds. How a repository is read is said
//! elsewhere.

mod compare;
mod fault;
mod gather;
mod parse;
mod programs;
mod renderer;
mod run;
mod source;

pub use fault::Fault;
pub use programs::Programs;
pub use renderer::{Limits, Renderer};
pub use source::{Entry, Found, Source};
