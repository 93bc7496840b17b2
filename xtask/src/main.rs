//! Tests, generated files, layer checks and benchmarks of this workspace.
//!
//! `cargo xtask VERB` is the one door for people and for CI. Each verb is a folder; what they
//! share (the workspace, running a program, printing) is a file beside this one. Nothing here is
//! part of the product, and nothing in the product may depend on it.

mod artifacts;
mod bench;
mod docs;
mod generate;
mod interrupt;
mod layers;
mod out;
mod postgres;
mod process;
mod suites;
mod testbed;
mod unprivileged;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::interrupt::Interrupt;
use crate::out::Out;
use crate::workspace::Workspace;

/// Tests, generated files, layer checks and benchmarks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run every suite whose parts this machine has, one line each, and a total.
    Test(suites::Args),
    /// Write the generated files anew; with --check, fail when they differ.
    Gen(generate::Args),
    /// Check what each crate may see, and the budgets of the files.
    CheckLayers,
    /// Check links, anchors and code paths in the Markdown files.
    CheckDocs,
    /// The real parts that Sendo is tested against: build them, run a command among them.
    Testbed(testbed::Args),
    /// Measure rows against their goals and write bench/results.json.
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let out = Out::stdout();
    match run(&Args::parse(), &out) {
        Ok(code) => code,
        Err(error) => {
            out.line(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args, out: &Out) -> Result<ExitCode> {
    // Reads the workspace where it has one: the half inside a testbed has none.
    if let Verb::Testbed(args) = &args.verb {
        return testbed::run(args, out);
    }
    let workspace = Workspace::read()?;
    match &args.verb {
        Verb::Test(args) => suites::run(args, &workspace, &Interrupt::listen()?, out),
        Verb::Testbed(args) => testbed::run(args, out),
        Verb::Gen(args) => generate::run(args, &workspace, out),
        Verb::CheckLayers => Ok(verdict(out, &layers::check(&workspace)?)),
        Verb::CheckDocs => Ok(verdict(out, &docs::check(workspace.root())?)),
        Verb::Bench(args) => bench::run(args, &workspace, &Interrupt::listen()?, out),
    }
}

/// What a check found: breaches fail it, notes only inform.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) breaches: Vec<String>,
    pub(crate) notes: Vec<String>,
}

fn verdict(out: &Out, findings: &Findings) -> ExitCode {
    for note in &findings.notes {
        out.line(&format!("note: {note}"));
    }
    for breach in &findings.breaches {
        out.line(&format!("breach: {breach}"));
    }
    if findings.breaches.is_empty() {
        out.line("ok");
        ExitCode::SUCCESS
    } else {
        out.line(&format!("{} found", findings.breaches.len()));
        ExitCode::FAILURE
    }
}
