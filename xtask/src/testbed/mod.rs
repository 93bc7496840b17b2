//! `cargo xtask testbed`: the real parts that Sendo is tested against.
//!
//! `part` says what there is and `versions` at which version; `find` says where a program is here,
//! `build` builds it into the cache, `status` tells. `exec` runs a command with parts around it, in
//! namespaces that `possible` knows about; `inside` is what happens in them. How each part is set up
//! lies in `xtask/testbed`: wrapper modules that its programs are built from, and its configuration.

mod build;
mod exec;
mod find;
mod http;
mod inside;
mod part;
mod possible;
mod signals;
mod status;
mod versions;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::interrupt::{self, Interrupt};
use crate::out::Out;
use crate::workspace::Workspace;
use build::Builder;
pub(crate) use exec::around;
use find::Places;
use part::PROGRAMS;
pub(crate) use part::Part;
pub(crate) use possible::packages;

/// The exit code of a run that failed before, or beside, its command.
const TROUBLE: u8 = 125;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Build parts into the cache; all when none is named. What is there is kept.
    Build {
        #[arg(value_name = "PART")]
        parts: Vec<Part>,
    },
    /// Tell which parts are here, at which version, and what gets the others.
    Status,
    /// Run a command inside a fresh testbed; its exit status is handed on (125: the testbed failed).
    ///
    /// The command gets the programs of the parts on PATH and, as far as its parts are there,
    /// `KUBECONFIG`, `GITEA_URL`, `GITEA_ADMIN_TOKEN`, `GITEA_PROPOSE_TOKEN`, `GITEA_APPROVE_TOKEN`
    /// and `DATABASE_URL`. It reaches this run's loopback and no other network. Everything ends
    /// with it.
    ///
    /// `TESTBED_SERVICES` is a folder with a folder for each program that runs, such as `etcd`: with
    /// its `pid`, and where the empty files `kill` and `start` are orders, gone once carried out.
    Exec {
        /// Parts, separated by commas; all when not given. argocd brings kubernetes along.
        #[arg(long, value_name = "PART", value_delimiter = ',')]
        with: Vec<Part>,
        /// The command and its arguments.
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
    /// What `exec` starts as the first process of its namespaces.
    #[command(hide = true)]
    Inside {
        plan: String,
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<ExitCode> {
    match &args.verb {
        Verb::Build { parts } => build(parts, out),
        Verb::Status => {
            status::tell(&Places::look()?, out);
            Ok(ExitCode::SUCCESS)
        }
        // Standard output belongs to the command.
        Verb::Exec { with, command } => Ok(or_trouble(exec(with, command))),
        Verb::Inside { plan, command } => {
            Ok(or_trouble(inside::run(plan, command, &Out::stderr())))
        }
    }
}

fn build(parts: &[Part], out: &Out) -> Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    if let Err(error) = obtain(parts, &Workspace::read()?, &interrupt, out) {
        return or_interrupted(error, &interrupt, out);
    }
    let places = Places::look()?;
    let mut whole = true;
    for part in Part::with_what_they_need(parts) {
        if let Some(reason) = possible::lacks(&[part], &places) {
            whole = false;
            out.line(&format!("{} cannot be run: {reason}", part.name()));
        }
    }
    if !whole {
        return Ok(ExitCode::FAILURE);
    }
    out.line("everything is there");
    Ok(ExitCode::SUCCESS)
}

fn exec(with: &[Part], command: &[OsString]) -> Result<ExitCode> {
    let (interrupt, out) = (Interrupt::listen()?, Out::stderr());
    let builder = Builder {
        places: &Places::look()?,
        workspace: &Workspace::read()?,
        interrupt: &interrupt,
        out: &out,
    };
    exec::run(with, command, &builder).or_else(|error| or_interrupted(error, &interrupt, &out))
}

/// What somebody stopped has failed in no other way.
fn or_interrupted(error: anyhow::Error, interrupt: &Interrupt, out: &Out) -> Result<ExitCode> {
    if !interrupt.asked() {
        return Err(error);
    }
    out.line(&format!("testbed: {error:#}"));
    Ok(ExitCode::from(interrupt::EXIT_CODE))
}

fn or_trouble(ended: Result<ExitCode>) -> ExitCode {
    ended.unwrap_or_else(|error| {
        Out::stderr().line(&format!("testbed: {error:#}"));
        ExitCode::from(TROUBLE)
    })
}

/// Builds what these parts lack and can be built.
pub(crate) fn obtain(
    parts: &[Part],
    workspace: &Workspace,
    interrupt: &Interrupt,
    out: &Out,
) -> Result<()> {
    let programs: Vec<_> = Part::with_what_they_need(parts)
        .iter()
        .flat_map(|part| part.programs())
        .collect();
    let builder = Builder {
        places: &Places::look()?,
        workspace,
        interrupt,
        out,
    };
    builder.build(&programs)
}

/// One program of a part, built if need be.
pub(crate) fn program(
    name: &str,
    workspace: &Workspace,
    interrupt: &Interrupt,
    out: &Out,
) -> Result<PathBuf> {
    let program = PROGRAMS
        .iter()
        .find(|program| program.name == name)
        .with_context(|| format!("no part has a program named {name}"))?;
    let places = Places::look()?;
    let builder = Builder {
        places: &places,
        workspace,
        interrupt,
        out,
    };
    builder.build(&[program])?;
    let found = places.find(program);
    Ok(found.with_context(|| format!("{name} is not here"))?.path)
}

/// Why these parts cannot be run here, if so. What can be built is not missing.
pub(crate) fn lacks(parts: &[Part]) -> Option<String> {
    match Places::look() {
        Ok(places) => possible::lacks(&Part::with_what_they_need(parts), &places),
        Err(error) => Some(format!("{error:#}")),
    }
}
