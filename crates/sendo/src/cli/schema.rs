//! `sendo schema`: the JSON Schema of the configuration, the one it is checked with.

use super::Outcome;
use crate::config;
use crate::exit::Exit;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo schema > sendo.schema.json
  # then, as the first line of sendo.yaml, for editors:
  # yaml-language-server: $schema=./sendo.schema.json")]
pub(super) struct Args {}

pub(super) fn run(_: &Args, out: &Out) -> Outcome {
    out.value(&config::schema());
    Ok(Exit::Ok)
}
