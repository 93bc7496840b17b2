//! The levels of the crates, and which dependencies break them.
//!
//! A crate sees lower levels only, and crates of one level never see each other; that holds for
//! dev-dependencies as well, except for the test kit, which every test may use. The tables below
//! are the rule: a crate that is in none of them is a breach, so that a new one has to be placed.

use crate::workspace::{Dependency, Package, Workspace};

const LEVELS: &[(&str, u8)] = &[
    ("sendo-core", 0),
    ("sendo-manifest", 0),
    ("sendo-metrics", 0),
    ("sendo-store", 1),
    ("sendo-git", 1),
    ("sendo-kube", 1),
    ("sendo-aws", 1),
    ("sendo-slack", 1),
    ("sendo-render", 1),
    ("sendo-report", 1),
    ("sendo-loop", 2),
    ("sendo-forge", 2),
    ("sendo-intake", 3),
    ("sendo-effects", 3),
    ("sendo-web", 4),
    ("sendo", 5),
];

/// May see everything; seen by tests only.
const DEV: &[&str] = &["sendo-testkit", "xtask"];

/// All that the crate of decisions may be built with: words, errors, patterns, time, ids.
const CORE_MAY_USE: &[&str] = &[
    "serde",
    "serde_json",
    "thiserror",
    "globset",
    "regex",
    "jiff",
    "uuid",
    "semver",
];

/// Pure crates: no runtime, no client, no database, not even by a third party's hand.
const PURE: &[&str] = &["sendo-manifest", "sendo-report"];
const NOT_PURE: &[&str] = &[
    "tokio", "reqwest", "hyper", "axum", "sqlx", "kube", "rustix", "rand",
];

/// Lower levels that a crate must not see all the same.
const NEVER: &[(&str, &[&str])] = &[(
    "sendo-loop",
    &["sendo-git", "sendo-kube", "sendo-aws", "sendo-slack"],
)];

/// Every dependency that breaks the rule, in words.
pub(super) fn breaches(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for package in &workspace.packages {
        if level(&package.name).is_none() && !DEV.contains(&package.name.as_str()) {
            found.push(format!(
                "{} has no level: place it in xtask/src/layers/graph.rs",
                package.name
            ));
            continue;
        }
        for dependency in &package.dependencies {
            found.extend(breach(package, dependency, workspace));
        }
    }
    found
}

fn level(name: &str) -> Option<u8> {
    LEVELS
        .iter()
        .find(|(crate_name, _)| *crate_name == name)
        .map(|(_, level)| *level)
}

fn breach(package: &Package, dependency: &Dependency, workspace: &Workspace) -> Option<String> {
    let (from, to) = (package.name.as_str(), dependency.name.as_str());
    if workspace.package(to).is_none() {
        return outside(from, dependency);
    }
    if DEV.contains(&to) {
        return (!dependency.is_dev() && !DEV.contains(&from))
            .then(|| format!("{from} depends on {to}, which only tests may use"));
    }
    // A crate of the DEV list has no level and may see everything.
    let (own, other) = (level(from)?, level(to)?);
    if other > own {
        Some(format!(
            "{from} (level {own}) sees {to} (level {other}): lower levels only"
        ))
    } else if other == own && from != to {
        Some(format!(
            "{from} sees {to}: crates of level {own} never see each other"
        ))
    } else if NEVER
        .iter()
        .any(|(name, never)| *name == from && never.contains(&to))
    {
        Some(format!("{from} sees {to}: it works without adapters"))
    } else {
        None
    }
}

/// Breaches that lie in what a crate takes from outside the workspace.
fn outside(from: &str, dependency: &Dependency) -> Option<String> {
    let to = dependency.name.as_str();
    if dependency.is_dev() {
        None
    } else if from == "sendo-core" && !CORE_MAY_USE.contains(&to) {
        Some(format!(
            "sendo-core depends on {to}: decisions are made with {} only",
            CORE_MAY_USE.join(", ")
        ))
    } else if PURE.contains(&from) && NOT_PURE.contains(&to) {
        Some(format!("{from} depends on {to}: it is pure"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A workspace of the given `(crate, dependency, kind)` lines.
    fn workspace(lines: &[(&str, &str, Option<&str>)]) -> Workspace {
        let mut names: Vec<&str> = lines.iter().map(|line| line.0).collect();
        names.extend(
            lines
                .iter()
                .map(|line| line.1)
                .filter(|name| name.starts_with("sendo") || DEV.contains(name)),
        );
        names.sort_unstable();
        names.dedup();
        let packages: Vec<_> = names
            .iter()
            .map(|name| {
                let dependencies: Vec<_> = lines
                    .iter()
                    .filter(|line| line.0 == *name)
                    .map(|line| json!({"name": line.1, "kind": line.2}))
                    .collect();
                json!({"name": name, "manifest_path": "/w/Cargo.toml", "dependencies": dependencies})
            })
            .collect();
        let json = json!({
            "packages": packages, "workspace_root": "/w", "target_directory": "/w/target",
        });
        Workspace::parse(json.to_string().as_bytes()).unwrap()
    }

    fn only_breach(from: &str, to: &str, kind: Option<&str>) -> String {
        let found = breaches(&workspace(&[(from, to, kind)]));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn lower_levels_are_seen() {
        let lines = [
            ("sendo", "sendo-web", None),
            ("sendo-web", "sendo-intake", None),
            ("sendo-intake", "sendo-store", None),
            ("sendo-forge", "sendo-git", None),
            ("sendo-loop", "sendo-store", None),
            ("sendo-store", "sendo-core", None),
        ];
        assert_eq!(breaches(&workspace(&lines)), Vec::<String>::new());
    }

    #[test]
    fn a_higher_level_is_a_breach() {
        let said = only_breach("sendo-core", "sendo-store", None);
        assert_eq!(
            said,
            "sendo-core (level 0) sees sendo-store (level 1): lower levels only"
        );
    }

    #[test]
    fn a_sibling_is_a_breach() {
        let said = only_breach("sendo-store", "sendo-git", None);
        assert_eq!(
            said,
            "sendo-store sees sendo-git: crates of level 1 never see each other"
        );
    }

    #[test]
    fn a_dev_dependency_keeps_to_the_levels() {
        assert!(only_breach("sendo-git", "sendo-forge", Some("dev")).contains("lower levels only"));
    }

    #[test]
    fn the_loop_sees_no_adapter() {
        assert!(only_breach("sendo-loop", "sendo-git", None).contains("without adapters"));
    }

    #[test]
    fn only_tests_see_the_test_kit() {
        let said = only_breach("sendo-effects", "sendo-testkit", None);
        assert_eq!(
            said,
            "sendo-effects depends on sendo-testkit, which only tests may use"
        );
        let fine = workspace(&[
            ("sendo-effects", "sendo-testkit", Some("dev")),
            ("sendo-testkit", "sendo", None),
            ("xtask", "sendo-testkit", None),
        ]);
        assert_eq!(breaches(&fine), Vec::<String>::new());
    }

    #[test]
    fn the_core_is_built_with_a_short_list() {
        for third_party in ["tokio", "reqwest", "sqlx", "anyhow"] {
            assert!(only_breach("sendo-core", third_party, None).contains(third_party));
        }
        let fine = workspace(&[
            ("sendo-core", "serde", None),
            ("sendo-core", "insta", Some("dev")),
        ]);
        assert_eq!(breaches(&fine), Vec::<String>::new());
    }

    #[test]
    fn a_pure_crate_has_no_runtime() {
        assert_eq!(
            only_breach("sendo-report", "tokio", None),
            "sendo-report depends on tokio: it is pure"
        );
    }

    #[test]
    fn a_crate_without_a_level_has_to_be_placed() {
        let said = only_breach("sendo-mail", "serde", None);
        assert_eq!(
            said,
            "sendo-mail has no level: place it in xtask/src/layers/graph.rs"
        );
    }
}
