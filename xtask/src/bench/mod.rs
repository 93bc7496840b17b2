//! `cargo xtask bench`: measure rows, print one table, write `bench/results.json`.
//!
//! A row is a file beside this one and a line in `ROWS`. Rows measure release builds, and
//! measure the limit in the same run wherever one can be run.

mod board;
mod chain;
mod clones;
mod edit;
mod idle;
mod intake;
mod kustomize;
mod load;
mod manifests;
mod publish;
mod row;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::artifacts::Artifacts;
use crate::interrupt::Interrupt;
use crate::out::Out;
use crate::workspace::{Workspace, cargo};
use row::Row;

/// Every row: its name, and what measures it.
const ROWS: &[(&str, Measure)] = &[
    ("edit", edit::measure),
    ("publish", publish::measure),
    ("intake", intake::measure),
    ("idle", idle::measure),
    ("board", board::measure),
    ("chain", chain::measure),
];

type Measure = fn(&Bench<'_>) -> Result<Vec<Row>>;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rows to measure; all when none is named.
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
    /// The `sendo` that is measured, instead of one built from this tree.
    #[arg(long, value_name = "FILE")]
    product: Option<PathBuf>,
    /// Where the half of `chain` that runs inside its testbed writes its rows.
    #[arg(long, value_name = "FILE", hide = true)]
    rows_to: Option<PathBuf>,
    #[command(flatten)]
    edit: clones::Edit,
}

/// What every row is given.
pub(crate) struct Bench<'a> {
    workspace: &'a Workspace,
    interrupt: &'a Interrupt,
    out: &'a Out,
    product: Option<PathBuf>,
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
        product: args.product.clone(),
    };
    if let Some(published) = clones::inside(&args.edit, out) {
        return published.map(|()| ExitCode::SUCCESS);
    }
    if let Some(rows) = &args.rows_to {
        chain::inside(&bench, rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for (name, measure) in select(&args.rows)? {
        out.passing(&format!("{name}: measuring"));
        match measure(&bench) {
            Ok(measured) => rows.extend(measured),
            Err(error) => failed.push(format!("{name} was not measured: {error:#}")),
        }
    }
    row::print(&rows, out);
    row::write(&workspace.root().join("bench/results.json"), &rows)?;
    for failure in &failed {
        out.line(failure);
    }
    let met = failed.is_empty() && rows.iter().all(|row| row.met);
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
        if let Some(product) = &self.product {
            return std::path::absolute(product).context("no such place");
        }
        let built = self.build("sendo", &["--bin", "sendo"])?;
        built
            .binary("sendo")
            .map(std::path::Path::to_owned)
            .context("cargo built no binary named sendo")
    }

    /// A measuring program of a crate, in release form: it links what is measured, we do not.
    fn example(&self, package: &str, name: &str) -> Result<PathBuf> {
        let built = self.build(package, &["--example", name])?;
        built
            .example(name)
            .map(std::path::Path::to_owned)
            .with_context(|| format!("cargo built no example named {name}"))
    }

    fn build(&self, package: &str, target: &[&str]) -> Result<Artifacts> {
        self.out
            .passing(&format!("building {package} in release form"));
        let output = cargo()
            .args(["build", "--release", "--package", package])
            .args(target)
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(self.workspace.root())
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("could not run cargo build")?;
        if !output.status.success() {
            bail!("{package} does not build");
        }
        Ok(Artifacts::parse(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// The middle one; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(Vec::new()), 0.0);
    }

    #[test]
    fn a_wrong_name_tells_the_right_ones() {
        let said = select(&["idel".to_owned()])
            .err()
            .map(|error| error.to_string());
        assert_eq!(
            said.as_deref(),
            Some("no row is named idel: there are edit, publish, intake, idle, board, chain")
        );
    }
}
