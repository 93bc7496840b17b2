//! The binary's parts: its configuration, its command line, and the server they start.

pub mod cli;
pub mod client;
pub mod config;
pub mod connect;
pub mod contexts;
pub mod exit;
pub mod feed;
pub mod lifecycle;
pub mod live;
pub mod out;
pub mod reload;
pub mod server;
pub mod token_file;
pub mod wiring;

mod answer;
mod demo;
mod differing;
mod init;
mod listening;
mod planning;
mod rendering;
