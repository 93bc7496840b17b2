//! What the half outside tells the half inside.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::testbed::part::Part;

/// A run: what is in it, and with which programs.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::testbed) struct Plan {
    pub(in crate::testbed) parts: Vec<Part>,
    pub(in crate::testbed) programs: Vec<Given>,
    /// The folder in which a folder of logs is kept when the command fails.
    pub(in crate::testbed) logs: PathBuf,
}

/// A program that was found.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::testbed) struct Given {
    pub(in crate::testbed) name: String,
    pub(in crate::testbed) path: PathBuf,
    /// Whether its folder is one of the cache's, with everything else it needs.
    pub(in crate::testbed) built: bool,
}
