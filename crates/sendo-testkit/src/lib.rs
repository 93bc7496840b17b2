//! What the tests that run the real program stand on: a stage with real repositories, people who
//! act on it by `git push` and the command line, servers that can be killed and stopped, and a
//! checker that looks at what is visible outside.
//!
//! Black box: nothing here knows a crate of the product. A helper fails by panicking, as a test does.
//!
//! | Module | What it does |
//! |---|---|
//! | [`stage`] | a folder with bare repositories, clones and a configuration |
//! | [`story`] | the merges, checks and approvals of a run, by people who look at the board |
//! | [`process`] | a server as a child process: started, killed, stopped, continued |
//! | [`http`] | requests to a server over loopback |
//! | [`receiver`] | takes notices in and counts them |
//! | [`slack`] | Slack's Web API as a model in memory |
//! | [`checker`] | what must hold when everything has settled |
//! | [`database`] | SQLite in the stage's folder, or a schema of its own on Postgres |
//! | [`shim`] | a `git` that fails at the N-th call |
//! | [`wait`] | waiting for a condition until a deadline |
//! | [`suite`] | runs tests by name and prints the closing line of Rust's test programs |

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail by panicking"
)]

pub mod checker;
pub mod database;
pub mod http;
pub mod process;
pub mod receiver;
pub mod shim;
pub mod slack;
pub mod stage;
pub mod story;
pub mod suite;
pub mod wait;

pub use checker::{Counts, Findings};
pub use database::Database;
pub use process::Server;
pub use receiver::Receiver;
pub use slack::Slack;
pub use stage::Stage;
pub use story::{Story, Telling};
