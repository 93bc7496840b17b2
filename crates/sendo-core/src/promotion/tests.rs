//! Decisions about lanes, told as stories on an outside that lives in memory.
//!
//! [`outside`] is that outside, [`perform`] what effects do to it; [`harness`] plays the loop and
//! checks, after every commit, what must hold after each of them; [`verbs`] are what people do.

mod arriving;
mod convergence;
mod gates;
mod going;
mod harness;
mod outside;
mod perform;
mod random;
mod tags;
mod telling;
mod troubles;
mod verbs;
