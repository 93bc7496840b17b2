//! `cargo xtask test`: every suite whose parts this machine has, and a total that leaves nothing
//! unsaid.
//!
//! The pipeline: `machine` looks at what is there, `table` says what each suite needs, `runner`
//! runs one, `tally` counts, `closing` tells. What a suite prints goes to a log file below the
//! target folder and is shown when it fails. `--all` turns everything left out into a failure.

mod browser;
mod closing;
mod context;
mod deny;
mod go;
mod install;
mod machine;
mod runner;
mod snapshots;
mod table;
mod tally;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::interrupt::{self, Interrupt};
use crate::out::Out;
use crate::workspace::Workspace;
pub(crate) use browser::CHROMIUM;
use closing::Closing;
use context::Context;
use machine::Machine;
use runner::{Outcome, run_suite};
use table::{SUITES, Suite};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Fail when anything has to be left out.
    #[arg(long)]
    all: bool,
    /// Install missing system packages with apt first (as root or by sudo).
    #[arg(long)]
    install: bool,
    /// Run only this suite; may be given more than once.
    #[arg(long, value_name = "SUITE")]
    only: Vec<String>,
    /// List the suites and what they lack here; run nothing.
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(
    args: &Args,
    workspace: &Workspace,
    interrupt: &Interrupt,
    out: &Out,
) -> Result<ExitCode> {
    let suites = select(&args.only)?;
    let mut machine = Machine::look();
    if args.install {
        install::install(&machine, interrupt, out)?;
        machine = Machine::look();
    }
    let planned: Vec<(&Suite, Option<String>)> = suites
        .into_iter()
        .map(|suite| (suite, lacks(suite, &machine, workspace)))
        .collect();
    if args.list {
        list(&planned, out);
        return Ok(ExitCode::SUCCESS);
    }
    if args.all && planned.iter().any(|(_, lack)| lack.is_some()) {
        refuse(&planned, out);
        return Ok(ExitCode::FAILURE);
    }
    let closing = run_all(&planned, &Context::new(workspace, &machine, interrupt, out));
    closing.tell(args.all, out);
    if interrupt.asked() {
        out.line("interrupted");
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    Ok(if closing.is_success(args.all) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn select(only: &[String]) -> Result<Vec<&'static Suite>> {
    for name in only {
        if !SUITES.iter().any(|suite| suite.name == name) {
            let names: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
            bail!("no suite is named {name}: there are {}", names.join(", "));
        }
    }
    let wanted = |suite: &&Suite| only.is_empty() || only.iter().any(|name| name == suite.name);
    Ok(SUITES.iter().filter(wanted).collect())
}

/// Everything the suite needs and the machine or the workspace has not.
fn lacks(suite: &Suite, machine: &Machine, workspace: &Workspace) -> Option<String> {
    let lacks: Vec<String> = suite
        .needs
        .iter()
        .filter_map(|need| machine.missing(*need, workspace))
        .collect();
    (!lacks.is_empty()).then(|| lacks.join("; "))
}

fn list(planned: &[(&Suite, Option<String>)], out: &Out) {
    for (suite, lack) in planned {
        out.line(&format!("{:<15} {}", suite.name, suite.about));
        if let Some(lack) = lack {
            out.line(&format!("{:<15}   left out here: {lack}", ""));
        }
    }
}

/// `--all` on a machine that is known to lack something: nothing is run.
fn refuse(planned: &[(&Suite, Option<String>)], out: &Out) {
    out.line("--all leaves nothing out, but here these would be:");
    for (suite, lack) in planned {
        if let Some(lack) = lack {
            out.line(&format!("{:<15} {lack}", suite.name));
        }
    }
}

fn run_all(planned: &[(&Suite, Option<String>)], context: &Context<'_>) -> Closing {
    let mut closing = Closing::default();
    let chosen = |suite: &Suite| {
        planned
            .iter()
            .any(|(planned, _)| planned.name == suite.name)
    };
    context.complete.set(
        SUITES
            .iter()
            .all(|suite| !suite.work.runs_tests() || chosen(suite)),
    );
    for (suite, lack) in planned {
        if context.interrupt.asked() {
            break;
        }
        context.out.passing(&format!("{}: starting", suite.name));
        let started = Instant::now();
        let outcome = match lack {
            Some(reason) => Outcome::LeftOut(reason.clone()),
            None => run_suite(suite, context)
                .unwrap_or_else(|error| Outcome::failed(format!("    {error:#}"))),
        };
        if suite.work.runs_tests()
            && !matches!(&outcome, Outcome::Counted { tally, .. } if tally.failed == 0)
        {
            context.complete.set(false);
        }
        closing.add(suite.name, outcome, started.elapsed(), context.out);
    }
    closing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_tells_the_right_ones() {
        let said = select(&["units".to_owned()])
            .err()
            .map(|error| error.to_string());
        assert!(said.is_some_and(|said| said.contains("there are format, layers")));
    }

    #[test]
    fn only_what_is_asked_for_is_selected() {
        let names = |only: &[&str]| -> Vec<&str> {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            select(&only)
                .unwrap()
                .into_iter()
                .map(|suite| suite.name)
                .collect()
        };
        assert_eq!(names(&["unit", "format"]), ["format", "unit"]);
        assert_eq!(names(&[]).len(), SUITES.len());
    }
}
