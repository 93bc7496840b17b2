//! The binary's parts: its configuration and its command line.

pub mod config;
