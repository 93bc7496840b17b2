//! A workspace of one crate in a temporary folder, and runs of xtask in it.

#![expect(
    clippy::unwrap_used,
    reason = "a scene that cannot be set is a failed test"
)]

use std::process::Command;

use tempfile::TempDir;

/// The workspace; gone when dropped.
pub(crate) struct Scene {
    folder: TempDir,
}

/// What a run printed and how it ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    output: String,
}

impl Scene {
    /// Two tests that pass, one that is ignored, a README without links.
    pub(crate) fn new() -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        scene.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n",
        );
        scene.write("README.md", "# A scene\n");
        scene.write(
            "crates/sendo-core/Cargo.toml",
            "[package]\nname = \"sendo-core\"\nedition = \"2024\"\n[lib]\ndoctest = false\n",
        );
        scene.write("crates/sendo-core/src/lib.rs", "//! A scene.\n");
        scene.write(
            "crates/sendo-core/tests/it.rs",
            "#[test] fn a() {}\n#[test] fn b() {}\n\
             #[test] #[ignore = \"needs a cluster\"] fn later() {}\n",
        );
        scene
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs xtask as `cargo xtask` would start it here.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("CARGO_MANIFEST_DIR", self.folder.path())
            .env("CARGO_TARGET_DIR", self.folder.path().join("target"))
            .env_remove("CARGO_BUILD_TARGET_DIR")
            .output()
            .unwrap();
        let output_text = String::from_utf8(output.stdout).unwrap();
        Run {
            code: output.status.code().unwrap(),
            output: output_text,
        }
    }
}

impl Run {
    pub(crate) fn says(&self, words: &str) -> bool {
        self.output.contains(words)
    }

    pub(crate) fn last_line(&self) -> &str {
        self.output.lines().last().unwrap_or_default()
    }
}
