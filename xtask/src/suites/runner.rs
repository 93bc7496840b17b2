//! Running one suite to a tally, or to the reason why it was left out.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

use super::deny;
use super::machine::Machine;
use super::postgres::Postgres;
use super::snapshots;
use super::table::{Suite, Work};
use super::tally::{Tally, excerpt};
use crate::Findings;
use crate::artifacts::Artifacts;
use crate::interrupt::Interrupt;
use crate::out::Out;
use crate::process::{Ended, Logs, run};
use crate::workspace::{Workspace, cargo, cargo_path};

/// Where tests find a Postgres; without it they do without.
const POSTGRES_URL: &str = "SENDO_TEST_POSTGRES";
/// How long the tests of the whole workspace may take to build with nothing built before.
const BUILD: Duration = Duration::from_secs(40 * 60);

/// What every suite of one run shares.
pub(super) struct Context<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) machine: &'a Machine,
    pub(super) interrupt: &'a Interrupt,
    pub(super) out: &'a Out,
    /// Whether every suite that runs tests was run, and passed.
    pub(super) complete: Cell<bool>,
    logs: PathBuf,
    built: OnceCell<std::result::Result<Artifacts, String>>,
}

/// What became of a suite.
#[derive(Debug)]
pub(super) enum Outcome {
    Counted {
        tally: Tally,
        /// Why it failed, as far as the log tells; empty when it did not.
        why: String,
    },
    LeftOut(String),
}

impl Outcome {
    fn passed() -> Self {
        Self::Counted {
            tally: Tally::one_passed(),
            why: String::new(),
        }
    }

    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self::Counted {
            tally: Tally::one_failed(),
            why: why.into(),
        }
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(
        workspace: &'a Workspace,
        machine: &'a Machine,
        interrupt: &'a Interrupt,
        out: &'a Out,
    ) -> Self {
        let logs = workspace.target().join("xtask");
        let _ = std::fs::remove_file(logs.join("snapshots.txt"));
        Self {
            workspace,
            machine,
            interrupt,
            out,
            complete: Cell::new(true),
            logs,
            built: OnceCell::new(),
        }
    }

    /// Where the output of a suite goes.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// The test programs and the product, built once for all suites.
    pub(super) fn built(&self) -> Result<&Artifacts> {
        let built = self
            .built
            .get_or_init(|| self.build().map_err(|error| format!("{error:#}")));
        built.as_ref().map_err(|error| anyhow!("{error}"))
    }

    fn build(&self) -> Result<Artifacts> {
        let (log, messages) = (self.log("build"), self.logs.join("build.json"));
        let mut command = cargo();
        command
            .args(["test", "--workspace", "--no-run"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(self.workspace.root());
        let logs = Logs {
            log: &log,
            stdout: Some(&messages),
        };
        let ended = run(command, &logs, BUILD, self.interrupt, &|line| {
            self.out.passing(&format!("building tests: {line}"));
        })?;
        if !ended.success() {
            bail!(
                "the tests do not build ({}): see {}",
                ended.reason(BUILD),
                log.display()
            );
        }
        let messages = std::fs::read_to_string(&messages).context("cargo told nothing")?;
        Ok(Artifacts::parse(&messages))
    }

    /// A command in an environment where tests tell which snapshots they looked at.
    fn prepare(&self, mut command: Command) -> Command {
        command
            .current_dir(self.workspace.root())
            .env(snapshots::VARIABLE, self.logs.join("snapshots.txt"))
            .env("CARGO_TERM_COLOR", "never")
            .env("NO_COLOR", "1")
            .env_remove(POSTGRES_URL);
        command
    }
}

/// Runs a suite; an error is one of ours, not of what was tested.
pub(super) fn run_suite(suite: &Suite, context: &Context<'_>) -> Result<Outcome> {
    match &suite.work {
        Work::Cargo(arguments) => {
            let mut command = context.prepare(cargo());
            command.args(*arguments);
            one_check(suite, command, context)
        }
        Work::CargoTest(arguments) => {
            let mut command = context.prepare(cargo());
            command.args(*arguments);
            tests(suite, command, context)
        }
        Work::Program {
            package,
            target,
            postgres,
        } => program(suite, package, target, *postgres, context),
        Work::Check(check) => Ok(found(suite, &check(context)?, context)),
        Work::Deny => match deny::obtain(context)? {
            Ok(program) => {
                let mut command = context.prepare(Command::new(program));
                command.args(deny::ARGUMENTS);
                one_check(suite, command, context)
            }
            Err(reason) => Ok(Outcome::LeftOut(reason)),
        },
        Work::Snapshots => look_back(suite, context),
    }
}

fn limit(suite: &Suite) -> Duration {
    Duration::from_secs(suite.minutes * 60)
}

fn execute(suite: &Suite, command: Command, context: &Context<'_>) -> Result<(Ended, String)> {
    let log = context.log(suite.name);
    let logs = Logs {
        log: &log,
        stdout: None,
    };
    let ended = run(command, &logs, limit(suite), context.interrupt, &|line| {
        context.out.passing(&format!("{}: {line}", suite.name));
    })?;
    let bytes = std::fs::read(&log).with_context(|| format!("could not read {}", log.display()))?;
    Ok((ended, String::from_utf8_lossy(&bytes).into_owned()))
}

fn one_check(suite: &Suite, command: Command, context: &Context<'_>) -> Result<Outcome> {
    let (ended, log) = execute(suite, command, context)?;
    if ended.success() {
        return Ok(Outcome::passed());
    }
    Ok(Outcome::failed(format!(
        "{}    {}",
        excerpt(&log),
        ended.reason(limit(suite))
    )))
}

fn tests(suite: &Suite, command: Command, context: &Context<'_>) -> Result<Outcome> {
    let (ended, log) = execute(suite, command, context)?;
    Ok(judge(&ended, &log, limit(suite)))
}

/// Counts what test programs printed; ends that no closing line tells of are failures too.
fn judge(ended: &Ended, log: &str, limit: Duration) -> Outcome {
    let mut tally = Tally::parse(log);
    let mut why = String::new();
    if !ended.success() {
        why = format!("{}    {}", excerpt(log), ended.reason(limit));
        if tally.failed == 0 {
            tally += Tally::one_failed();
        }
    } else if tally.is_empty() {
        "    ran no test".clone_into(&mut why);
        tally += Tally::one_failed();
    }
    Outcome::Counted { tally, why }
}

fn program(
    suite: &Suite,
    package: &str,
    target: &str,
    postgres: bool,
    context: &Context<'_>,
) -> Result<Outcome> {
    let built = match context.built() {
        Ok(built) => built,
        Err(error) => return Ok(Outcome::failed(format!("    {error}"))),
    };
    let folder = context
        .workspace
        .package(package)
        .context("no such package")?
        .folder();
    let path = built
        .integration_test(folder, target)
        .with_context(|| format!("the build left no {target} of {package}"))?;
    let server = if postgres {
        Some(start_postgres(suite, context)?)
    } else {
        None
    };
    let mut command = context.prepare(Command::new(path));
    command
        .current_dir(folder)
        .env("CARGO_MANIFEST_DIR", folder)
        .env("CARGO", cargo_path());
    if let Some(server) = &server {
        command.env(POSTGRES_URL, server.url());
    }
    tests(suite, command, context)
}

fn start_postgres(suite: &Suite, context: &Context<'_>) -> Result<Postgres> {
    let programs: &Path = context
        .machine
        .postgres
        .as_deref()
        .context("no Postgres server programs")?;
    context
        .out
        .passing(&format!("{}: starting Postgres", suite.name));
    Postgres::start(programs, &context.log(&format!("{}-server", suite.name)))
}

fn found(suite: &Suite, findings: &Findings, context: &Context<'_>) -> Outcome {
    let lines: Vec<String> = findings
        .breaches
        .iter()
        .map(|line| format!("    {line}"))
        .collect();
    for note in &findings.notes {
        context.out.line(&format!("note: {}: {note}", suite.name));
    }
    if lines.is_empty() {
        Outcome::passed()
    } else {
        Outcome::failed(lines.join("\n"))
    }
}

/// Compares committed snapshots with those that the suites of this run looked at.
fn look_back(suite: &Suite, context: &Context<'_>) -> Result<Outcome> {
    let references = std::fs::read_to_string(context.logs.join("snapshots.txt"));
    let left_over =
        snapshots::unreferenced(context.workspace.root(), &references.unwrap_or_default())?;
    if left_over.is_empty() {
        return Ok(Outcome::passed());
    }
    if !context.complete.get() {
        return Ok(Outcome::LeftOut(format!(
            "{} snapshots were not looked at, but not every test was run and passed",
            left_over.len()
        )));
    }
    let breaches = left_over
        .iter()
        .map(|path| format!("{path}: no test looks at it"))
        .collect();
    Ok(found(
        suite,
        &Findings {
            breaches,
            notes: Vec::new(),
        },
        context,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn judged(code: i32, log: &str) -> (Tally, String) {
        let ended = Ended::Exited(ExitStatus::from_raw(code << 8));
        match judge(&ended, log, Duration::from_secs(60)) {
            Outcome::Counted { tally, why } => (tally, why),
            Outcome::LeftOut(reason) => (Tally::default(), reason),
        }
    }

    #[test]
    fn tests_that_pass_are_counted() {
        let (tally, why) = judged(0, "test result: ok. 2 passed; 0 failed; 1 ignored; …\n");
        assert_eq!(
            (tally.passed, tally.failed, tally.skipped, why.as_str()),
            (2, 0, 1, "")
        );
    }

    #[test]
    fn a_suite_that_ran_no_test_failed() {
        let (tally, why) = judged(0, "test result: ok. 0 passed; 0 failed; 0 ignored; …\n");
        assert_eq!((tally.failed, why.trim()), (1, "ran no test"));
    }

    #[test]
    fn a_build_that_failed_is_one_failure() {
        let (tally, why) = judged(101, "error[E0308]: mismatched types\n");
        assert_eq!((tally.passed, tally.failed), (0, 1));
        assert!(
            why.contains("E0308") && why.ends_with("exit code 101"),
            "{why}"
        );
    }

    #[test]
    fn a_program_that_died_between_closing_lines_is_a_failure() {
        let (tally, _) = judged(101, "test result: ok. 5 passed; 0 failed; 0 ignored; …\n");
        assert_eq!((tally.passed, tally.failed), (5, 1));
    }

    #[test]
    fn time_over_is_a_failure() {
        let outcome = judge(&Ended::OverTime, "", Duration::from_secs(60));
        assert!(matches!(outcome, Outcome::Counted { tally, why }
            if tally.failed == 1 && why.contains("took longer than its 60 s")));
    }
}
