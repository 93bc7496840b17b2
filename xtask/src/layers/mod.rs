//! What a crate may see and how large its files may grow.
//!
//! `graph` holds the levels and reads the dependencies; `budget` walks the sources. Both only
//! look: neither knows how to build anything.

mod budget;
mod graph;

use anyhow::Result;

use crate::Findings;
use crate::workspace::Workspace;

/// Every breach in the workspace, dependencies first.
pub(crate) fn check(workspace: &Workspace) -> Result<Findings> {
    let mut findings = Findings {
        breaches: graph::breaches(workspace),
        notes: Vec::new(),
    };
    for package in &workspace.packages {
        budget::check(workspace.root(), package.folder(), &mut findings)?;
    }
    Ok(findings)
}
