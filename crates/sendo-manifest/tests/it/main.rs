//! Stories about edits.

#[path = "../fuzzing/mod.rs"]
mod fuzzing;

mod corpus;
mod fuzz;
mod images;
mod limits;
mod properties;
