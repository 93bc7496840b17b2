//! `sendo status`: what is where, as a river.

mod watch;

use sendo_core::view::BoardView;
use sendo_report::{Language, terminal};

use super::Outcome;
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo status
  sendo status -o wide                      (with a row for every lane)
  sendo status --watch
  sendo status --watch -o json | jq '.lanes[].running.revision'
  sendo status --server http://127.0.0.1:8787 -o json

--watch goes on until Ctrl-C, which ends with 130. Where it does not write to a terminal, it writes a
line for every lane at first, and then one for every change; with -o json a document on one line.")]
pub(super) struct Args {
    /// Go on, and show every change as it happens.
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let client = Client::connect(&args.connect, out)?;
    if args.watch {
        return watch::run(&client, out);
    }
    let board: BoardView = lifecycle::block_on(client.get("/api/v1/board"))??;
    if out.for_programs() {
        out.value(&board);
    } else {
        out.data(&drawn(&board, out));
    }
    Ok(Exit::Ok)
}

/// The river, as wide as this terminal or as wide as it gets.
fn drawn(board: &BoardView, out: &Out) -> String {
    if out.is_wide() {
        terminal::status_wide(board, language(), out.colour())
    } else {
        terminal::status(board, language(), out.width(), out.colour())
    }
}

/// The language of the person at this terminal.
pub(super) fn language() -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    Language::from_locale(&locale.unwrap_or_default())
}
