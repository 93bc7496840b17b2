//! What the suites of one run share: the workspace, the machine, the logs, one build.

use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

use super::machine::Machine;
use super::snapshots;
use super::table::PROGRAMS;
use crate::artifacts::Artifacts;
use crate::interrupt::Interrupt;
use crate::out::Out;
use crate::process::{Logs, run};
use crate::workspace::{Workspace, cargo};

/// Where tests find a Postgres; without it they do without.
pub(super) const POSTGRES_URL: &str = "SENDO_TEST_POSTGRES";
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

impl<'a> Context<'a> {
    pub(super) fn new(
        workspace: &'a Workspace,
        machine: &'a Machine,
        interrupt: &'a Interrupt,
        out: &'a Out,
    ) -> Self {
        let context = Self {
            workspace,
            machine,
            interrupt,
            out,
            complete: Cell::new(true),
            logs: workspace.target().join("xtask"),
            built: OnceCell::new(),
        };
        // Tests append to it, so that of another run has to go.
        let _ = std::fs::remove_file(context.references());
        context
    }

    /// Where tests tell which snapshots they looked at.
    pub(super) fn references(&self) -> PathBuf {
        self.logs.join("snapshots.txt")
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

    /// Two builds with one resolution of features: everything that plain `cargo test` runs, then the
    /// test programs it leaves out because they need a part of their own.
    fn build(&self) -> Result<Artifacts> {
        let mut messages = self.build_part("build", &[])?;
        let apart: Vec<&str> = PROGRAMS
            .iter()
            .filter(|(package, target)| self.workspace.has_test(package, target))
            .flat_map(|(_, target)| ["--test", *target])
            .collect();
        if !apart.is_empty() {
            messages.push_str(&self.build_part("build-apart", &apart)?);
        }
        Ok(Artifacts::parse(&messages))
    }

    fn build_part(&self, name: &str, targets: &[&str]) -> Result<String> {
        let (log, messages) = (self.log(name), self.logs.join(format!("{name}.json")));
        let mut command = cargo();
        command
            .args(["test", "--workspace", "--no-run"])
            .args(["--message-format", "json-render-diagnostics"])
            .args(targets)
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
        std::fs::read_to_string(&messages).context("cargo told nothing")
    }

    /// A command in an environment where tests tell which snapshots they looked at.
    pub(super) fn prepare(&self, mut command: Command) -> Command {
        command
            .current_dir(self.workspace.root())
            .env(snapshots::VARIABLE, self.references())
            .env("CARGO_TERM_COLOR", "never")
            .env("NO_COLOR", "1")
            .env_remove(POSTGRES_URL);
        command
    }
}
