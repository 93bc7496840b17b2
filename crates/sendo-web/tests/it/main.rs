//! Stories of callers, told to a real listener on a real store.

mod acts;
mod api;
mod client;
mod description;
mod diffs;
mod feed;
mod freezes;
mod harness;
mod limits;
mod log;
mod matrix;
mod origin;
mod pages;
mod probes;
mod refusals;
mod replaying;
mod seed;
mod sessions;
mod sign_in;
mod tokens;
mod webhooks;
