//! The tutorial is typed from top to bottom, as a newcomer would: in one folder, with one server.

use sendo_testkit::stage::Stage;
use sendo_testkit::wait;
use serde_json::Value;

use crate::documents::{blocks, end_what_serves, put_on_path, shell};
use crate::serving::LONGEST;

/// The same git user in every repository, as a newcomer has one.
const GIT: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "mei"),
    ("GIT_AUTHOR_EMAIL", "mei@example.com"),
    ("GIT_COMMITTER_NAME", "mei"),
    ("GIT_COMMITTER_EMAIL", "mei@example.com"),
];

/// Types something; gives what it printed.
fn typed(stage: &Stage, text: &str) -> String {
    let output = shell(stage, text).envs(GIT).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until a deployment stands so, as a reader would who looks again.
fn stands(stage: &Stage, deployment: &str, wanted: impl Fn(&Value) -> bool) {
    let look = || {
        let asked = format!("sendo history {deployment} -o json");
        let output = shell(stage, &asked).output().unwrap();
        let view: Value = serde_json::from_slice(&output.stdout).ok()?;
        wanted(&view["deployment"]).then_some(())
    };
    wait::until(deployment, LONGEST, look).unwrap();
}

#[test]
fn the_tutorial_takes_a_newcomer_from_an_empty_folder_to_production_and_back() {
    let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
    put_on_path(&stage);
    let port = sendo_testkit::stage::free_port().to_string();
    let mut printed = String::new();
    for block in blocks("docs/tutorials/first-deployment.md") {
        let approved = block.text.split("sendo approve ").nth(1).map(str::trim_end);
        if let Some(deployment) = approved {
            stands(&stage, deployment, |one| one["waiting"]["for"] == "people");
        }
        printed += &typed(&stage, &block.text.replace("8787", &port));
        if let Some(deployment) = approved {
            stands(&stage, deployment, |one| one["state"] == "succeeded");
        }
    }
    let first = stage.git(&stage.bare("git/web"), "reader", &["rev-parse", "main~1"]);
    let runs = |environment: &str| {
        let path = format!("web/{environment}/kustomization.yaml");
        stage.file("git/manifests", "main", &path)
    };
    assert!(
        runs("production").contains(&format!("newTag: {first}")),
        "{printed}"
    );
    assert!(!runs("test").contains(&first) && printed.contains("+    newTag: "));
    end_what_serves(&stage).unwrap();
}
