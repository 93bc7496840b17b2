//! Running one suite to a tally, or to the reason why it was left out.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::browser;
use super::context::{Context, POSTGRES_URL};
use super::deny;
use super::go;
use super::snapshots;
use super::table::{Suite, Work};
use super::tally::{Tally, excerpt};
use crate::Findings;
use crate::postgres::{Durability, Postgres};
use crate::process::{Ended, Logs, run};
use crate::testbed;
use crate::workspace::{cargo, cargo_path};

/// What became of a suite.
#[derive(Debug)]
pub(super) enum Outcome {
    Counted {
        tally: Tally,
        /// Why it failed, as far as the log tells, and notes; often empty.
        detail: String,
    },
    LeftOut(String),
}

impl Outcome {
    fn passed() -> Self {
        Self::Counted {
            tally: Tally::one_passed(),
            detail: String::new(),
        }
    }

    pub(super) fn failed(detail: impl Into<String>) -> Self {
        Self::Counted {
            tally: Tally::one_failed(),
            detail: detail.into(),
        }
    }
}

/// Runs a suite; an error is one of ours, not of what was tested.
pub(super) fn run_suite(suite: &Suite, context: &Context<'_>) -> Result<Outcome> {
    if let Some(parts) = suite.testbed() {
        let obtained = testbed::obtain(parts, context.workspace, context.interrupt, context.out);
        if let Err(error) = obtained {
            return Ok(Outcome::LeftOut(format!("{error:#}")));
        }
    }
    match &suite.work {
        Work::Cargo(arguments) => {
            let mut command = context.prepare(cargo());
            command.args(*arguments);
            one_check(suite, command, context)
        }
        Work::CargoTest(arguments) => cargo_test(suite, arguments, context),
        Work::GoJudge { modules, arguments } => match go::fetch(modules, context)? {
            None => cargo_test(suite, arguments, context),
            Some(reason) => Ok(Outcome::LeftOut(reason)),
        },
        Work::Program {
            package,
            target,
            postgres,
        } => program(suite, package, target, *postgres, context),
        Work::Browser(folder) => stories(suite, folder, context),
        Work::Check(check) => Ok(found(&check(context)?)),
        Work::Deny => match deny::obtain(context)? {
            Ok(program) => {
                let mut command = context.prepare(Command::new(program));
                command.args(deny::ARGUMENTS);
                one_check(suite, command, context)
            }
            Err(reason) => Ok(Outcome::LeftOut(reason)),
        },
        Work::Snapshots => look_back(context),
    }
}

fn limit(suite: &Suite) -> Duration {
    Duration::from_secs(suite.minutes * 60)
}

fn execute(suite: &Suite, command: Command, context: &Context<'_>) -> Result<(Ended, String)> {
    let command = match suite.testbed() {
        Some(parts) => testbed::around(parts, &command)?,
        None => command,
    };
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

fn cargo_test(suite: &Suite, arguments: &[&str], context: &Context<'_>) -> Result<Outcome> {
    let mut command = context.prepare(cargo());
    command.args(arguments);
    tests(suite, command, context)
}

fn tests(suite: &Suite, command: Command, context: &Context<'_>) -> Result<Outcome> {
    let (ended, log) = execute(suite, command, context)?;
    Ok(judge(&ended, &log, limit(suite)))
}

/// Counts what test programs printed; ends that no closing line tells of are failures too.
fn judge(ended: &Ended, log: &str, limit: Duration) -> Outcome {
    let mut tally = Tally::parse(log);
    let mut detail = String::new();
    if !ended.success() {
        detail = format!("{}    {}", excerpt(log), ended.reason(limit));
        if tally.failed == 0 {
            tally += Tally::one_failed();
        }
    } else if tally.is_empty() {
        "    ran no test".clone_into(&mut detail);
        tally += Tally::one_failed();
    }
    Outcome::Counted { tally, detail }
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

fn stories(suite: &Suite, folder: &str, context: &Context<'_>) -> Result<Outcome> {
    let folder = context.workspace.root().join(folder);
    let modules = match browser::fetch(&folder, context)? {
        Ok(modules) => modules,
        Err(reason) => return Ok(Outcome::LeftOut(reason)),
    };
    let built = match context.built() {
        Ok(built) => built,
        Err(error) => return Ok(Outcome::failed(format!("    {error}"))),
    };
    let program = built
        .binary("sendo")
        .context("the test build left no sendo binary")?;
    tests(
        suite,
        browser::command(&folder, &modules, program, context)?,
        context,
    )
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
    let log = context.log(&format!("{}-server", suite.name));
    Postgres::start(programs, &log, Durability::Off)
}

fn found(findings: &Findings) -> Outcome {
    let notes = findings
        .notes
        .iter()
        .map(|line| format!("    note: {line}\n"));
    let breaches = findings.breaches.iter().map(|line| format!("    {line}\n"));
    let detail = notes.chain(breaches).collect();
    let passed = findings.breaches.is_empty();
    let tally = if passed {
        Tally::one_passed()
    } else {
        Tally::one_failed()
    };
    Outcome::Counted { tally, detail }
}

/// Compares committed snapshots with those that the suites of this run looked at.
fn look_back(context: &Context<'_>) -> Result<Outcome> {
    let references = std::fs::read_to_string(context.references());
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
    Ok(found(&Findings {
        breaches,
        notes: Vec::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn judged(code: i32, log: &str) -> (Tally, String) {
        let ended = Ended::Exited(ExitStatus::from_raw(code << 8));
        match judge(&ended, log, Duration::from_secs(60)) {
            Outcome::Counted { tally, detail } => (tally, detail),
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
        assert!(matches!(outcome, Outcome::Counted { tally, detail }
            if tally.failed == 1 && detail.contains("took longer than its 60 s")));
    }
}
