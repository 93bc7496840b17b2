//! Decisions about lanes, told as stories on an outside that lives in memory.
//!
//! `outside` is that outside, `cluster` an engine in it, `perform` and `observe` what effects do to it and find there;
//! `harness`, `worker` and `store` play the loop and check, after every commit, what must hold after
//! each of them; `verbs` are what people do, `outcome` how a story asks what came of it.

mod acting;
mod announcing;
mod arriving;
mod asking;
mod cluster;
mod convergence;
mod freezing;
mod gates;
mod going;
mod harness;
mod lanes;
mod observe;
mod observing;
mod outcome;
mod outside;
mod perform;
mod random;
mod seeing;
mod store;
mod tags;
mod telling;
mod troubles;
mod undoing;
mod verbs;
mod worker;
