//! Effect out: claim, intend, do, record.
//!
//! An effect is claimed under a lease with a fencing number. Its intent is written before anything
//! is sent; the lease is checked again right before sending; what an earlier attempt may have done
//! is looked for and adopted. What became of it goes back to the decision that planned it.
//!
//! | Module | What it does |
//! |---|---|
//! | [`runner`] | the order of these steps, the same for every effect |
//! | [`fence`] | how long a claim may still be trusted |
//! | [`retry`] | when a refused attempt is made again |
//! | [`places`] | the points at which a test can stop the process |
//! | [`promotion`] | the effects of promotions, carried out on a forge |
//! | [`engine`] | the effects on engines, and where each is reached |
//! | [`forecast`] | what a lane would do, without doing it |
//! | [`notice`] | delivering notices to people and machines |
//! | [`slack_app`] | Slack by its Web API, with threads |
//! | [`egress`] | the one HTTP client |

pub mod egress;
pub mod engine;
pub mod fence;
pub mod forecast;
pub mod notice;
pub mod places;
pub mod promotion;
pub mod retry;
pub mod runner;
pub mod slack_app;

pub use notice::{Target, Targets};
pub use retry::Backoff;
pub use runner::{Reach, Runner, Setup};
pub use slack_app::SlackApp;
