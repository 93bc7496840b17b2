//! Stories about edits.

#[path = "../fuzzing/mod.rs"]
mod fuzzing;

mod fuzz;
mod images;
mod speed;
