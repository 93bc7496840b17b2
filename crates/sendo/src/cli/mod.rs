//! The command line: one verb, one file.
//!
//! A verb is a variant of [`Verb`] with its arguments, and a `run` that returns how it ended. What
//! goes wrong is a [`Failure`]: what, why, and the next command. A runtime is started by the verbs
//! that need one.

mod act;
mod asked;
mod audit;
mod backup;
mod change;
mod completion;
mod context;
mod copying;
mod delivery;
mod demo;
mod deploy;
mod dialect;
mod diff;
mod doctor;
mod explain;
mod failure;
mod follow;
mod freeze;
mod history;
mod hook;
mod init;
mod input;
mod lock;
mod login;
mod logs;
mod manifest;
mod migrate;
mod names;
mod plan;
mod reference;
mod restore;
mod schema;
mod serve;
mod status;
mod token;
mod validate;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::exit::Exit;
use crate::out::{Out, Output, note_lost, write_error};

pub(crate) use context::IN_THE_OPEN;
pub use failure::{Failure, Outcome};

/// Carries a commit to where it runs.
#[derive(Debug, Parser)]
#[command(
    name = "sendo",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = false,
    after_help = "Exit codes: 0 ok, 1 failed, 2 would change, 3 invalid, 5 not found; `sendo reference codes` lists all."
)]
struct Args {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb understands.
#[derive(Debug, Clone, clap::Args)]
struct Global {
    /// How to print data.
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value = "text",
        value_name = "FORMAT",
        help_heading = "Global options"
    )]
    output: Output,
    /// Print data and errors, and nothing else.
    #[arg(short, long, global = true, help_heading = "Global options")]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// See the main job on this machine, with no account anywhere.
    Demo(demo::Args),
    /// Run the server.
    Serve(serve::Args),
    /// Show what is where, as a river.
    Status(status::Args),
    /// List deployments, or show one with its timeline.
    History(history::Args),
    /// Tell what happened to deployments, line by line, and go on telling.
    Logs(logs::Args),
    /// Show what a deployment changes in the files.
    Diff(diff::Args),
    /// Ask for a deployment.
    Deploy(deploy::Deploy),
    /// Agree to a deployment.
    #[command(after_help = "Examples:
  sendo approve shop/production/12

Who asked for a deployment never approves it. A review on a forge counts as well.")]
    Approve(act::OnDeployment),
    /// End a deployment that is under way or queued; its change request is closed.
    #[command(after_help = "Examples:
  sendo cancel shop/production/12 --reason \"wrong branch\"

The revision is not deployed again by itself; `sendo retry` starts it again.")]
    Cancel(act::OnDeployment),
    /// Start one again that failed or was cancelled, or let one under way look again at once.
    #[command(after_help = "Examples:
  sendo retry shop/production/12")]
    Retry(act::OnDeployment),
    /// Break glass: carry a deployment past people, soak, locks, holds and freezes.
    #[command(after_help = "Examples:
  sendo override shop/production/12 --reason \"production is down, incident 4711\"

Checks and the proof of the files still count. Everybody who hears of the deployment is told.")]
    Override(act::OnDeployment),
    /// Go back to the last successful revision, and hold the lane there.
    Rollback(act::Rollback),
    /// Close an application, an environment or a lane to deployments.
    Lock(lock::ToLock),
    /// Open again what was locked, or a lane that was rolled back.
    Unlock(lock::ToUnlock),
    /// List what is locked.
    Locks(lock::List),
    /// Announce a time in which nothing is merged in an application, an environment or a lane.
    Freeze(freeze::ToFreeze),
    /// End a freeze that was announced, or withdraw one that has not begun.
    Unfreeze(freeze::ToUnfreeze),
    /// List when nothing is merged: what was announced, and what the configuration says.
    Freezes(freeze::List),
    /// Tell the server that CI built an image.
    ReportImage(deploy::Report),
    /// Change requests on a local forge.
    #[command(subcommand)]
    Change(change::Verb),
    /// Servers by name, and which one verbs talk to.
    #[command(subcommand)]
    Context(context::Verb),
    /// Print a link that signs a browser in, once.
    Login(login::Args),
    /// Prove the audit trail.
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Webhooks, by which forges tell the server what happens on them.
    #[command(subcommand)]
    Hook(hook::Verb),
    /// What came in, and having what was quarantined translated once more.
    #[command(subcommand)]
    Delivery(delivery::Verb),
    /// API tokens.
    #[command(subcommand)]
    Token(token::Verb),
    /// Write the whole database to a file, while the server runs.
    Backup(backup::Args),
    /// Make a backup the database again.
    Restore(restore::Args),
    /// Move everything into another database: from SQLite to Postgres, or back.
    Migrate(migrate::Args),
    /// Propose a configuration from what a manifests repository says today.
    Init(init::Args),
    /// Check a configuration, and show everything that is wrong with it.
    Validate(validate::Args),
    /// Say what a configuration would do, before it counts.
    Plan(plan::Args),
    /// Go through everything a deployment needs, and say what lacks.
    Doctor(doctor::Args),
    /// Print the JSON Schema of the configuration.
    Schema(schema::Args),
    /// Say which lanes an event starts a deployment in, and why it does not in the others.
    Explain(explain::Args),
    /// Edit manifests byte by byte: only what is to change changes, and the edit is proved.
    #[command(subcommand)]
    Manifest(manifest::Verb),
    /// Print a script that completes commands in a shell.
    Completion(completion::Args),
    /// Print a chapter of the reference, as Markdown.
    #[command(hide = true)]
    Reference(reference::Args),
}

impl Verb {
    fn run(self, out: &Out) -> Outcome {
        match self {
            Self::Demo(args) => demo::run(&args, out),
            Self::Serve(args) => serve::run(&args, out),
            Self::Status(args) => status::run(&args, out),
            Self::History(args) => history::run(&args, out),
            Self::Logs(args) => logs::run(&args, out),
            Self::Diff(args) => diff::run(&args, out),
            Self::Deploy(args) => deploy::deploy(&args, out),
            Self::Approve(args) => act::on_deployment("approve", &args, out),
            Self::Cancel(args) => act::on_deployment("cancel", &args, out),
            Self::Retry(args) => act::on_deployment("retry", &args, out),
            Self::Override(args) => act::on_deployment("override", &args, out),
            Self::Rollback(args) => act::rollback(&args, out),
            Self::Lock(args) => lock::lock(&args, out),
            Self::Unlock(args) => lock::unlock(&args, out),
            Self::Locks(args) => lock::list(&args, out),
            Self::Freeze(args) => freeze::freeze(&args, out),
            Self::Unfreeze(args) => freeze::unfreeze(&args, out),
            Self::Freezes(args) => freeze::list(&args, out),
            Self::ReportImage(args) => deploy::report_image(&args, out),
            Self::Change(verb) => change::run(verb, out),
            Self::Context(verb) => context::run(&verb, out),
            Self::Login(args) => login::run(&args, out),
            Self::Audit(verb) => audit::run(&verb, out),
            Self::Hook(verb) => hook::run(&verb, out),
            Self::Delivery(verb) => delivery::run(&verb, out),
            Self::Token(verb) => token::run(&verb, out),
            Self::Backup(args) => backup::run(&args, out),
            Self::Restore(args) => restore::run(&args, out),
            Self::Migrate(args) => migrate::run(&args, out),
            Self::Init(args) => init::run(&args, out),
            Self::Validate(args) => validate::run(&args, out),
            Self::Plan(args) => plan::run(&args, out),
            Self::Doctor(args) => doctor::run(&args, out),
            Self::Schema(args) => schema::run(&args, out),
            Self::Explain(args) => explain::run(&args, out),
            Self::Manifest(verb) => manifest::run(verb, out),
            Self::Completion(args) => completion::run(&args, out),
            Self::Reference(args) => reference::run(&args, out),
        }
    }
}

/// The whole program: reads the command line, runs a verb, tells what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let said = panic.payload();
        let said = said
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| said.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message")
            .replace('\n', " ");
        write_error(&format!(
            "sendo: defect{place}: {said}; please report this line"
        ));
    }));
    std::panic::catch_unwind(AssertUnwindSafe(|| run(std::env::args_os())))
        .unwrap_or(Exit::Failed)
        .into()
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let parsed = command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Args::from_arg_matches(&matches));
    let args = match parsed {
        Ok(args) => args,
        Err(error) => return refused(&error),
    };
    let out = Out::new(args.global.output, args.global.quiet);
    match args.verb.run(&out).and_then(|exit| arrived(exit, &out)) {
        Ok(exit) => exit,
        Err(failure) => {
            failure.show(&out);
            failure.exit()
        }
    }
}

/// Whatever a verb did, one whose data is lost did not end well.
fn arrived(exit: Exit, out: &Out) -> Outcome {
    out.lost().map_or(Ok(exit), |why| {
        let what = "what was to be printed could not be written";
        Err(Failure::new(Exit::Failed, "output_lost", what)
            .why(why)
            .next("make room there; what the command changed is done all the same"))
    })
}

/// The command line as clap knows it, also for completion and the reference.
fn command() -> clap::Command {
    Args::command()
}

/// Help and version are data and success; anything else is a wrong command line.
fn refused(error: &clap::Error) -> Exit {
    use clap::error::ErrorKind;
    if let Err(lost) = error.print() {
        note_lost(lost);
    }
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let out = Out::new(Output::Text, false);
            arrived(Exit::Ok, &out).unwrap_or_else(|failure| {
                failure.show(&out);
                failure.exit()
            })
        }
        _ => Exit::Usage,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
    }
}
