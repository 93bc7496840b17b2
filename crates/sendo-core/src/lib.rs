//! Sendo's vocabulary and every decision it takes.
//!
//! Nothing in this crate performs I/O, reads a clock or draws a random number. Each job is a pure
//! function from a [`World`](world::World) to a [`Plan`](plan::Plan); the loop loads the one and
//! commits the other. What a person reads is rendered elsewhere, from the data defined here.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`names`] | validated names: applications, environments, repositories, revisions, principals |
//! | [`time`] | points in time and spans, always passed in |
//! | [`event`] | what came in, in the past tense |
//! | [`act`] | what people do, and who may |
//! | [`subject`] | what the loop wakes and decides about |
//! | [`fact`] | what is known about the outside, with the time it was observed |
//! | [`effect`] | what shall be done outside, its class, and what became of it |
//! | [`engine`] | what applies a base to a cluster, and the verdict on what it says |
//! | [`deployment`] | the read model of one attempt to bring an environment to a revision |
//! | [`notice`] | what a person must be told |
//! | [`world`], [`plan`], [`job`] | the two sides of a decision and the contract of a job |
//! | [`routing`] | which notices go where |
//! | [`promotion`] | the first job: a revision travels into a manifests repository |
//! | [`lock`] | the second: an area is closed to deployments until somebody opens it |
//! | [`mailbox`] | the third: what waits for a target of notices, and when it is told |
//! | [`freeze`] | windows of local time in which nothing is merged |
//! | [`rendering`] | what a manifests repository looks like to the cluster, and how two sides differ |
//! | [`view`] | what pages and the command line show |

pub mod act;
pub mod audit;
pub mod deployment;
pub mod effect;
pub mod engine;
pub mod event;
pub mod fact;
pub mod freeze;
pub mod job;
pub mod lock;
pub mod mailbox;
pub mod names;
pub mod notice;
pub mod plan;
pub mod promotion;
pub mod rendering;
pub mod routing;
pub mod subject;
pub mod template;
pub mod time;
pub mod view;
pub mod world;
