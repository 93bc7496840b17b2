//! `cargo xtask bench`: measure rows, print one table, write `bench/results.json`.
//!
//! A row is a file beside this one and a line in `ROWS`. Rows measure release builds, and
//! measure the limit in the same run wherever one can be run.

mod idle;
mod row;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::artifacts::Artifacts;
use crate::interrupt::Interrupt;
use crate::out::Out;
use crate::workspace::{Workspace, cargo};
use row::Row;

/// Every row: its name, and what measures it.
const ROWS: &[(&str, Measure)] = &[("idle", idle::measure)];

type Measure = fn(&Bench<'_>) -> Result<Vec<Row>>;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rows to measure; all when none is named.
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
    /// The configuration that the idle server is started with, instead of an empty one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What every row is given.
pub(crate) struct Bench<'a> {
    workspace: &'a Workspace,
    interrupt: &'a Interrupt,
    out: &'a Out,
    config: Option<PathBuf>,
}

pub(crate) fn run(
    args: &Args,
    workspace: &Workspace,
    interrupt: &Interrupt,
    out: &Out,
) -> Result<ExitCode> {
    let bench = Bench {
        workspace,
        interrupt,
        out,
        config: args.config.clone(),
    };
    let mut rows = Vec::new();
    for (name, measure) in select(&args.rows)? {
        out.passing(&format!("{name}: measuring"));
        rows.extend(measure(&bench).with_context(|| format!("could not measure {name}"))?);
    }
    row::print(&rows, out);
    row::write(&workspace.root().join("bench/results.json"), &rows)?;
    let met = rows.iter().all(|row| row.met);
    Ok(if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn select(names: &[String]) -> Result<Vec<(&'static str, Measure)>> {
    for name in names {
        if !ROWS.iter().any(|(row, _)| row == name) {
            let rows: Vec<_> = ROWS.iter().map(|(row, _)| *row).collect();
            bail!("no row is named {name}: there are {}", rows.join(", "));
        }
    }
    let wanted = |(row, _): &&(&str, Measure)| names.is_empty() || names.iter().any(|n| n == row);
    Ok(ROWS.iter().filter(wanted).copied().collect())
}

impl Bench<'_> {
    /// The product in release form.
    fn product(&self) -> Result<PathBuf> {
        self.out.passing("building sendo in release form");
        let output = cargo()
            .args(["build", "--release", "--package", "sendo", "--bin", "sendo"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(self.workspace.root())
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("could not run cargo build")?;
        if !output.status.success() {
            bail!("sendo does not build");
        }
        Artifacts::parse(&String::from_utf8_lossy(&output.stdout))
            .binary("sendo")
            .map(std::path::Path::to_owned)
            .context("cargo built no binary named sendo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_tells_the_right_ones() {
        let said = select(&["idel".to_owned()])
            .err()
            .map(|error| error.to_string());
        assert_eq!(
            said.as_deref(),
            Some("no row is named idel: there are idle")
        );
    }
}
