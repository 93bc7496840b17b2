//! Committed snapshots that no test looks at any more.
//!
//! insta writes the path of each snapshot file it compares to the file that
//! `INSTA_SNAPSHOT_REFERENCES_FILE` names. What is committed and not in there is left over.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The variable that makes insta tell which files it looked at.
pub(super) const VARIABLE: &str = "INSTA_SNAPSHOT_REFERENCES_FILE";

/// Every `.snap` file below `root`'s crates that is not among the `references`.
pub(super) fn unreferenced(root: &Path, references: &str) -> Result<Vec<String>> {
    let referenced: BTreeSet<PathBuf> = references
        .lines()
        .filter_map(|line| Path::new(line).canonicalize().ok())
        .collect();
    let mut committed = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&root.join(folder), &mut committed)?;
    }
    committed.sort();
    let left_over = committed
        .into_iter()
        .filter(|path| !referenced.contains(path));
    Ok(left_over
        .map(|path| {
            let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
            path.strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string()
        })
        .collect())
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry
            .with_context(|| format!("could not list {}", folder.display()))?
            .path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "snap")
        {
            found.extend(path.canonicalize().ok());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_test_looks_at_is_told() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("crates/one/src/snapshots");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["used.snap", "left.snap", "other.txt"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        // insta names files as it finds them, with folders to climb out of.
        let references = format!("{}\n", folder.join("../snapshots/used.snap").display());
        let found = unreferenced(root.path(), &references).unwrap();
        assert_eq!(found, ["crates/one/src/snapshots/left.snap"]);
    }

    #[test]
    fn without_snapshots_nothing_is_left_over() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(unreferenced(root.path(), "").unwrap(), Vec::<String>::new());
    }
}
