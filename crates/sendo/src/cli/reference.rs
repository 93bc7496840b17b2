//! `sendo reference`: the chapters of the reference that the program writes about itself.

mod chapters;
mod codes;
mod metrics;

use super::Outcome;
use crate::exit::Exit;
use crate::out::Out;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which chapter.
    #[arg(value_enum)]
    chapter: Chapter,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Chapter {
    /// Every command with its options.
    Cli,
    /// Every key of the configuration.
    Configuration,
    /// Exit codes, reason codes and other words for programs.
    Codes,
    /// Everything that is scraped.
    Metrics,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    out.data(&match args.chapter {
        Chapter::Cli => chapters::cli(&mut super::command()),
        Chapter::Configuration => chapters::configuration(&crate::config::schema()),
        Chapter::Codes => codes::all(),
        Chapter::Metrics => metrics::all(),
    });
    Ok(Exit::Ok)
}
