//! What people read, snapshot by snapshot, in every language.

mod change_request;
mod every;
mod explain;
mod fleet;
mod machines;
mod page;
mod refusals;
mod rendered;
mod sample;
mod terminal;
mod words;
