//! How long, how deep and how named the source files of a crate may be.
//!
//! Counted is what ships: files and folders of tests are free, and so is an inline test module
//! at the end of a file. Names and module docs are asked of tests, too.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::Findings;

/// Above this a file says why, in a line of its module doc that starts with `//! Size:`.
const EXPLAIN: usize = 400;
/// Above this it is refused.
const REFUSE: usize = 600;
/// Components of a path below `src`, the file included.
const DEPTH: usize = 4;
/// Names that tell nothing about what is inside.
const NO_NAMES: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "manager", "managers", "misc",
];

/// Walks one crate and adds what it finds.
pub(super) fn check(root: &Path, package: &Path, findings: &mut Findings) -> Result<()> {
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        collect(&package.join(folder), &mut files)?;
    }
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("could not read {}", file.display()))?;
        let inside = file.strip_prefix(package).unwrap_or(&file);
        let shown = file
            .strip_prefix(root)
            .unwrap_or(&file)
            .display()
            .to_string();
        look(&shown, inside, &text, findings);
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry
            .with_context(|| format!("could not list {}", folder.display()))?
            .path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Holds one file against the budgets; `inside` is its path within the crate.
fn look(shown: &str, inside: &Path, text: &str, findings: &mut Findings) {
    for name in inside
        .iter()
        .filter_map(|part| Path::new(part).file_stem()?.to_str())
    {
        if NO_NAMES.contains(&name) {
            findings
                .breaches
                .push(format!("{shown}: the name {name} tells nothing"));
        }
    }
    let Ok(below_src) = inside.strip_prefix("src") else {
        return;
    };
    let depth = below_src.components().count();
    if depth > DEPTH {
        findings
            .breaches
            .push(format!("{shown}: {depth} deep below src, {DEPTH} at most"));
    }
    if !text.trim().is_empty() && !text.trim_start().starts_with("//!") {
        findings
            .breaches
            .push(format!("{shown}: does not start with a module doc (//!)"));
    }
    if is_test(below_src) {
        return;
    }
    let lines = shipped_lines(text);
    if lines > REFUSE {
        findings
            .breaches
            .push(format!("{shown}: {lines} lines, {REFUSE} at most"));
    } else if lines > EXPLAIN && !text.lines().any(|line| line.starts_with("//! Size:")) {
        findings.notes.push(format!(
            "{shown}: {lines} lines; above {EXPLAIN} the module doc says why (//! Size: …)"
        ));
    }
}

/// Whether a file below `src` holds nothing but tests, by its name or a folder's.
fn is_test(below_src: &Path) -> bool {
    below_src
        .iter()
        .filter_map(|part| Path::new(part).file_stem()?.to_str())
        .any(|name| name == "tests" || name.ends_with("_tests") || name.starts_with("tests_"))
}

/// Lines up to the inline test module.
fn shipped_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .position(|pair| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        })
        .unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(inside: &str, text: &str) -> Findings {
        let mut findings = Findings::default();
        look(inside, Path::new(inside), text, &mut findings);
        findings
    }

    fn file_of(lines: usize) -> String {
        format!("//! Doc.\n{}", "fn f() {}\n".repeat(lines - 1))
    }

    #[test]
    fn an_ordinary_file_is_fine() {
        assert_eq!(
            seen("src/promotion/decide.rs", &file_of(400)),
            Findings::default()
        );
    }

    #[test]
    fn above_the_refusal_it_fails() {
        let found = seen("src/a.rs", &file_of(601));
        assert_eq!(found.breaches, ["src/a.rs: 601 lines, 600 at most"]);
    }

    #[test]
    fn above_the_aim_it_is_listed_until_it_says_why() {
        let long = file_of(401);
        assert_eq!(seen("src/a.rs", &long).notes.len(), 1);
        let explained = format!("//! Doc.\n//! Size: one table, which is read as a whole.\n{long}");
        assert_eq!(seen("src/a.rs", &explained), Findings::default());
    }

    #[test]
    fn tests_are_free() {
        assert_eq!(seen("src/job/tests.rs", &file_of(900)), Findings::default());
        assert_eq!(
            seen("src/job/tests/queue.rs", &file_of(900)),
            Findings::default()
        );
        let inline = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            file_of(300),
            file_of(900)
        );
        assert_eq!(seen("src/a.rs", &inline), Findings::default());
    }

    #[test]
    fn too_deep_a_file_fails() {
        assert_eq!(seen("src/a/b/c/d.rs", "//! Doc.\n"), Findings::default());
        let found = seen("src/a/b/c/d/e.rs", "//! Doc.\n");
        assert_eq!(
            found.breaches,
            ["src/a/b/c/d/e.rs: 5 deep below src, 4 at most"]
        );
    }

    #[test]
    fn a_name_has_to_tell_something() {
        for path in [
            "src/utils.rs",
            "src/helpers/mod.rs",
            "tests/common/mod.rs",
            "src/manager.rs",
        ] {
            assert_eq!(seen(path, "//! Doc.\n").breaches.len(), 1, "{path}");
        }
        assert_eq!(
            seen("src/common_name.rs", "//! Doc.\n"),
            Findings::default()
        );
    }

    #[test]
    fn every_file_starts_with_its_doc() {
        let found = seen("src/a.rs", "use std::fmt;\n//! Late.\n");
        assert_eq!(
            found.breaches,
            ["src/a.rs: does not start with a module doc (//!)"]
        );
        assert_eq!(seen("src/a.rs", "\n"), Findings::default());
    }

    #[test]
    fn a_crate_on_disk_is_walked() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("crates/one");
        std::fs::create_dir_all(package.join("src/deep")).unwrap();
        std::fs::write(package.join("src/deep/utils.rs"), "//! Doc.\n").unwrap();
        std::fs::write(package.join("src/lib.rs"), "mod deep;\n").unwrap();
        let mut findings = Findings::default();
        check(folder.path(), &package, &mut findings).unwrap();
        assert_eq!(
            findings.breaches,
            [
                "crates/one/src/deep/utils.rs: the name utils tells nothing",
                "crates/one/src/lib.rs: does not start with a module doc (//!)",
            ]
        );
    }
}
