//! What cargo built, read from the messages of `--message-format json`.
//!
//! Test programs are run directly from here rather than by another `cargo test --package …`,
//! because that would resolve features anew and build half of the workspace a second time.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One program that a build left behind.
#[derive(Debug)]
pub(crate) struct Artifact {
    package: PathBuf,
    name: String,
    kind: Vec<String>,
    test: bool,
    executable: PathBuf,
}

/// All programs of one build.
#[derive(Debug, Default)]
pub(crate) struct Artifacts(Vec<Artifact>);

#[derive(Deserialize)]
struct Message {
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    executable: PathBuf,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Artifacts {
    /// Reads the messages; lines that tell of no program are passed over.
    pub(crate) fn parse(messages: &str) -> Self {
        let read = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Message>(line).ok());
        let artifacts = read.map(|message| Artifact {
            package: message
                .manifest_path
                .parent()
                .map(Path::to_owned)
                .unwrap_or_default(),
            name: message.target.name,
            kind: message.target.kind,
            test: message.profile.test,
            executable: message.executable,
        });
        Self(artifacts.collect())
    }

    /// The binary of that name.
    pub(crate) fn binary(&self, name: &str) -> Option<&Path> {
        self.find(|found| !found.test && found.name == name && found.is("bin"))
    }

    /// The example of that name.
    pub(crate) fn example(&self, name: &str) -> Option<&Path> {
        self.find(|found| !found.test && found.name == name && found.is("example"))
    }

    /// The integration test of that name in the crate in `package`.
    pub(crate) fn integration_test(&self, package: &Path, name: &str) -> Option<&Path> {
        self.find(|found| {
            found.test && found.name == name && found.is("test") && found.package == package
        })
    }

    fn find(&self, wanted: impl Fn(&Artifact) -> bool) -> Option<&Path> {
        self.0
            .iter()
            .find(|found| wanted(found))
            .map(|found| found.executable.as_path())
    }
}

impl Artifact {
    fn is(&self, kind: &str) -> bool {
        self.kind.iter().any(|found| found == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(
        folder: &str,
        name: &str,
        kind: &str,
        test: bool,
        executable: Option<&str>,
    ) -> String {
        json!({
            "reason": "compiler-artifact",
            "manifest_path": format!("{folder}/Cargo.toml"),
            "target": {"name": name, "kind": [kind]},
            "profile": {"test": test},
            "executable": executable,
        })
        .to_string()
    }

    #[test]
    fn programs_are_found_by_what_they_are() {
        let messages = [
            message("/w/sendo", "sendo", "lib", false, None),
            message("/w/sendo", "sendo", "lib", true, Some("/t/unit")),
            message("/w/sendo", "sendo", "bin", false, Some("/t/sendo")),
            message("/w/sendo", "it", "test", true, Some("/t/it-1")),
            message("/w/store", "it", "test", true, Some("/t/it-2")),
            message("/w/store", "cost", "example", false, Some("/t/cost")),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
            "no JSON at all".to_owned(),
        ];
        let built = Artifacts::parse(&messages.join("\n"));
        assert_eq!(built.binary("sendo"), Some(Path::new("/t/sendo")));
        assert_eq!(built.example("cost"), Some(Path::new("/t/cost")));
        let store = built.integration_test(Path::new("/w/store"), "it");
        assert_eq!(store, Some(Path::new("/t/it-2")));
        assert_eq!(built.integration_test(Path::new("/w/store"), "crash"), None);
    }
}
