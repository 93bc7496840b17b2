//! Files that the product writes about itself: committed, and checked to be what it says now.
//!
//! One row is one file and the arguments that print it. The binary is built once.

mod difference;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::Findings;
use crate::artifacts::Artifacts;
use crate::out::Out;
use crate::workspace::{Workspace, cargo};

/// Where each generated file lies, and what prints it.
const ROWS: &[Row] = &[
    Row {
        file: "docs/reference/schema.json",
        arguments: &["schema"],
    },
    Row {
        file: "docs/reference/cli.md",
        arguments: &["reference", "cli"],
    },
    Row {
        file: "docs/reference/configuration.md",
        arguments: &["reference", "configuration"],
    },
    Row {
        file: "docs/reference/codes.md",
        arguments: &["reference", "codes"],
    },
    Row {
        file: "docs/reference/metrics.md",
        arguments: &["reference", "metrics"],
    },
];

struct Row {
    file: &'static str,
    arguments: &'static [&'static str],
}

/// How a row's text is had.
type Print<'a> = &'a dyn Fn(&Row) -> Result<String>;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail when a file is not what the product prints now.
    #[arg(long)]
    check: bool,
    /// A sendo binary that is built already.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, workspace: &Workspace, out: &Out) -> Result<ExitCode> {
    let binary = match &args.binary {
        Some(path) => path.clone(),
        None => build(workspace)?,
    };
    let print = |row: &Row| print(&binary, row);
    let stale = if args.check {
        compare(&print, workspace.root())?
    } else {
        write(&print, workspace.root(), out)?;
        Vec::new()
    };
    for summary in &stale {
        out.line(summary);
    }
    if stale.is_empty() {
        out.line("ok");
        Ok(ExitCode::SUCCESS)
    } else {
        out.line("run `cargo xtask gen` and commit what it writes");
        Ok(ExitCode::FAILURE)
    }
}

fn write(print: Print<'_>, root: &Path, out: &Out) -> Result<()> {
    for row in ROWS {
        let fresh = print(row)?;
        let path = root.join(row.file);
        if std::fs::read_to_string(&path).is_ok_and(|committed| committed == fresh) {
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("could not create {}", folder.display()))?;
        }
        std::fs::write(&path, fresh).with_context(|| format!("could not write {}", row.file))?;
        out.line(&format!("wrote {}", row.file));
    }
    Ok(())
}

/// Whether the committed files are what the binary prints; a summary for each that is not.
pub(crate) fn check(binary: &Path, root: &Path) -> Result<Findings> {
    Ok(Findings {
        breaches: compare(&|row| print(binary, row), root)?,
        notes: Vec::new(),
    })
}

/// A summary for each file that is not what the binary prints.
fn compare(print: Print<'_>, root: &Path) -> Result<Vec<String>> {
    let mut stale = Vec::new();
    for row in ROWS {
        let fresh = print(row)?;
        match std::fs::read_to_string(root.join(row.file)) {
            Ok(committed) if committed == fresh => {}
            Ok(committed) => stale.push(difference::summary(row.file, &committed, &fresh)),
            Err(_) => stale.push(format!("{}: is missing", row.file)),
        }
    }
    Ok(stale)
}

fn print(binary: &Path, row: &Row) -> Result<String> {
    let verb = row.arguments.join(" ");
    let output = Command::new(binary)
        .args(row.arguments)
        .env("NO_COLOR", "1")
        .output()
        .with_context(|| format!("could not run {}", binary.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("sendo {verb} failed ({}): {}", output.status, said.trim());
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("sendo {verb} printed no text"))?;
    if text.trim().is_empty() {
        bail!("sendo {verb} printed nothing");
    }
    Ok(text)
}

/// Builds the product and tells where cargo put it.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let output = cargo()
        .args(["build", "--package", "sendo", "--bin", "sendo"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(workspace.root())
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("could not run cargo build")?;
    if !output.status.success() {
        bail!("sendo does not build");
    }
    Artifacts::parse(&String::from_utf8_lossy(&output.stdout))
        .binary("sendo")
        .map(Path::to_owned)
        .context("cargo built no binary named sendo")
}

#[cfg(test)]
mod tests;
