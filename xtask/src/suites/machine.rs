//! What this machine and this workspace have of what the suites need.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::browser;
use super::table::Need;
use crate::testbed;
use crate::workspace::{Workspace, cargo};

/// Looked at once, before anything runs.
#[derive(Debug, Default)]
pub(super) struct Machine {
    pub(super) components: Vec<&'static str>,
    pub(super) git: bool,
    pub(super) go: bool,
    /// Node.js with npm, new enough.
    pub(super) node: bool,
    pub(super) chromium: bool,
    /// The folder of `initdb` and `postgres`.
    pub(super) postgres: Option<PathBuf>,
    /// Packages with programs that a testbed lacks.
    pub(super) testbed: Vec<&'static str>,
}

impl Machine {
    pub(super) fn look() -> Self {
        let components = ["fmt", "clippy"]
            .into_iter()
            .filter(|component| answers(cargo().args([component, "--version"])));
        Self {
            components: components.collect(),
            git: answers(Command::new("git").arg("--version")),
            go: answers(Command::new("go").arg("version")),
            node: has_node(),
            chromium: answers(Command::new(browser::CHROMIUM).arg("--version")),
            postgres: crate::postgres::programs(),
            testbed: testbed::packages(),
        }
    }

    /// Why a need is not met here, if so.
    pub(super) fn missing(&self, need: Need, workspace: &Workspace) -> Option<String> {
        let (there, reason) = match need {
            Need::Component(name) => (
                self.components.contains(&name),
                format!("the toolchain has no {name}: `rustup component add {name}`"),
            ),
            Need::Git => (
                self.git,
                "git is not installed: --install gets it".to_owned(),
            ),
            Need::Go => (self.go, "Go is not installed".to_owned()),
            Need::Node => (
                self.node,
                format!(
                    "no Node.js {} or newer with npm: --install gets what Debian has",
                    browser::OLDEST_NODE
                ),
            ),
            Need::Chromium => (
                self.chromium,
                format!("{} does not run: --install gets it", browser::CHROMIUM),
            ),
            Need::Postgres => (
                self.postgres.is_some(),
                "no Postgres server programs (initdb, postgres): --install gets them".to_owned(),
            ),
            Need::Testbed(parts) => return testbed::lacks(parts),
            Need::Target(package, target) => (
                workspace.has_test(package, target),
                format!("{package} has no integration test named {target}"),
            ),
            Need::File(path) => (
                workspace.root().join(path).exists(),
                format!("{path} does not exist"),
            ),
        };
        (!there).then_some(reason)
    }
}

fn has_node() -> bool {
    let version = Command::new("node").arg("--version").output();
    let new_enough = version.is_ok_and(|output| {
        browser::major(&String::from_utf8_lossy(&output.stdout))
            .is_some_and(|major| major >= browser::OLDEST_NODE)
    });
    new_enough && answers(Command::new("npm").arg("--version"))
}

fn answers(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use serde_json::json;

    fn workspace(root: &Path) -> Workspace {
        let json = json!({
            "packages": [{
                "name": "sendo-store",
                "manifest_path": root.join("crates/sendo-store/Cargo.toml"),
                "targets": [{"name": "it", "kind": ["test"]}, {"name": "crash", "kind": ["lib"]}],
            }],
            "workspace_root": root,
            "target_directory": root.join("target"),
        });
        Workspace::parse(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_machine_with_nothing_tells_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path());
        let machine = Machine::default();
        let said = |need| machine.missing(need, &workspace).unwrap();
        assert!(said(Need::Component("clippy")).contains("rustup component add clippy"));
        assert!(said(Need::Git).contains("--install"));
        assert_eq!(said(Need::Go), "Go is not installed");
        assert!(said(Need::Node).contains("Node.js 20 or newer with npm"));
        assert!(said(Need::Chromium).contains("/usr/bin/chromium does not run"));
        assert!(said(Need::Postgres).contains("initdb"));
        assert_eq!(said(Need::File("deny.toml")), "deny.toml does not exist");
        assert_eq!(
            said(Need::Target("sendo-store", "crash")),
            "sendo-store has no integration test named crash"
        );
    }

    #[test]
    fn what_is_there_is_not_missing() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path());
        let machine = Machine {
            git: true,
            go: true,
            ..Machine::default()
        };
        for need in [Need::Git, Need::Go, Need::Target("sendo-store", "it")] {
            assert_eq!(machine.missing(need, &workspace), None, "{need:?}");
        }
    }
}
