//! Deliveries, events, facts, subjects, effects, leases and audit on SQLite and Postgres.
//!
//! The store owns everything durable and every lock. It knows no jobs: a job's state is versioned
//! JSON in its subject. [`open`] gives a [`Store`]; how the two databases differ stays inside.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`mod@store`] | the contract every database keeps |
//! | `open`, `database` | addresses and options; the one type behind the contract |
//! | `db` | connections, transactions, rows, statements, migrations: the only code that knows two databases |
//! | `accepting` | deliveries that arrive together share a transaction |
//! | `deliveries`, `subjects`, `commit`, `effects` | the loop's side, in the order of the loop |
//! | `record`, `audit`, `leases` | what became of effects, the hash chain, named leases |
//! | `copy` | backups, restores and moves of the whole database |
//! | `tokens`, `sessions` | what callers show to be let in, by its hash |
//! | `board`, `retention` | what people and programs read, and what may go |

mod accepting;
mod audit;
mod board;
mod boundary;
mod clock;
mod codec;
mod commit;
mod copy;
mod database;
mod db;
mod deliveries;
mod effects;
mod error;
mod leases;
mod open;
mod record;
mod retention;
mod sessions;
pub mod store;
mod subjects;
mod tokens;

pub use boundary::{Boundaries, NoBoundaries, PLACES, Point, Side};
pub use clock::{Clock, ManualClock, SystemClock};
pub use copy::{Copied, CopyError, Progress, Restore, Watch, backup, migrate, restore};
pub use error::StoreError;
pub use sendo_metrics::Meter;

pub use open::{Options, SCHEMA, is_held, open};
pub use sessions::{LINK_LIFE, SESSION_IDLE, SESSION_LIFE};
pub use store::*;
