//! Stories about edits.

mod images;
mod speed;
