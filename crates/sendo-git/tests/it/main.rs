//! The crate against real git: every test makes its own repository, and ends with `git fsck`.

mod files;
mod history;
mod hostile;
mod publish;
mod refs;
mod spool;
mod support;
