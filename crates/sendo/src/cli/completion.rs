//! `sendo completion`: scripts that complete commands in a shell.

use clap_complete::Shell;

use super::Outcome;
use crate::exit::Exit;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  source <(sendo completion bash)
  sendo completion fish > ~/.config/fish/completions/sendo.fish")]
pub(super) struct Args {
    /// Which shell.
    shell: Shell,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "sendo", &mut script);
    out.data(&String::from_utf8_lossy(&script));
    Ok(Exit::Ok)
}
