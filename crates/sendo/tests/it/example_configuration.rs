//! The configurations that people copy: the example beside the README, and the one inside it.

use crate::sendo::Folder;

const EXAMPLE: &str = include_str!("../../../../sendo.example.yaml");
const README: &str = include_str!("../../../../README.md");

#[test]
fn the_example_is_valid_as_it_is() {
    let folder = Folder::with(&[("sendo.yaml", EXAMPLE)]);
    let ended = folder.run(&["validate", "--config", "sendo.yaml", "-o", "json"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(
        ended.json()["lanes"],
        serde_json::json!([
            "example1/test",
            "example1/production",
            "example2/test",
            "example2/production"
        ])
    );
}

#[test]
fn the_notices_it_leaves_out_are_valid_too() {
    let (active, notices) = EXAMPLE.split_once("  # - ").unwrap();
    let notices = format!("  - {}", notices.replace("\n  # ", "\n  "));
    let whole = format!("{active}{notices}").replace("/run/secrets/ledger", "ledger.key");
    let folder = Folder::with(&[("sendo.yaml", &whole), ("ledger.key", "k\n")]);
    let set = [
        ("SLACK_WEBHOOK", "https://slack.example.com/x"),
        ("SLACK_TOKEN", "xoxb-x"),
    ];
    let ended = folder.run_with(&["validate", "--config", "sendo.yaml"], &set, "");
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

#[test]
fn the_freezes_it_leaves_out_are_valid_too() {
    let (before, rest) = EXAMPLE.split_once("# freezes:").unwrap();
    let (freezes, after) = rest.split_once("\n\n").unwrap();
    let whole = format!(
        "{before}freezes:{}\n\n{after}",
        freezes.replace("\n#", "\n")
    );
    assert!(whole.contains("\n   - name: year-end"));
    let folder = Folder::with(&[("sendo.yaml", &whole)]);
    let ended = folder.run(&["validate", "--config", "sendo.yaml"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

#[test]
fn the_configuration_in_the_readme_is_valid() {
    let (_, after) = README.split_once("```yaml\n").unwrap();
    let (yaml, _) = after.split_once("```").unwrap();
    let folder = Folder::with(&[("sendo.yaml", yaml)]);
    let ended = folder.run(&["validate", "--config", "sendo.yaml", "-o", "json"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(ended.json()["lanes"], serde_json::json!(["web/test"]));
}
