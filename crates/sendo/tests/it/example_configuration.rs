//! The configurations that people copy: the example beside the README, and the one inside it.

use crate::sendo::Folder;

const EXAMPLE: &str = include_str!("../../../../sendo.example.yaml");
const README: &str = include_str!("../../../../README.md");
const HOW_TO: &str = include_str!("../../../../docs/how-to/promote-with-gitea-and-argocd.md");

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
fn the_gitea_and_the_engine_it_leaves_out_are_valid_too() {
    let (before, rest) = EXAMPLE.split_once("  acme:\n    kind: local").unwrap();
    let (_, rest) = rest.split_once("\n  # acme:").unwrap();
    let (forge, rest) = rest.split_once("\n\n").unwrap();
    let forge = forge.replace("\n  # ", "\n  ");
    let rest = rest
        .replace("# clusters:", "clusters:")
        .replace("#   hub:", "  hub:")
        .replace("# engine:", "engine:");
    let whole = format!("{before}  acme:{forge}\n\n{rest}");
    assert!(whole.contains("\n    kind: gitea") && whole.contains("\n        engine:"));
    let secrets = ["proposer", "approver", "webhook", "hub.kubeconfig"];
    let secrets = secrets.map(|name| (format!("secrets/{name}"), format!("{name}\n")));
    let mut files = vec![("sendo.yaml", whole.as_str())];
    files.extend(
        secrets
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    let folder = Folder::with(&files);
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

#[test]
fn the_configuration_of_a_gitea_and_an_argocd_is_valid() {
    let (_, after) = HOW_TO.split_once("```yaml\n").unwrap();
    let (yaml, rest) = after.split_once("```").unwrap();
    let secrets = [
        "proposer",
        "approver",
        "webhook",
        "webhook-2",
        "hub.kubeconfig",
    ];
    let secrets = secrets.map(|name| (format!("secrets/{name}"), format!("{name}\n")));
    let valid = |yaml: &str| {
        let mut files = vec![("sendo.yaml", yaml)];
        files.extend(
            secrets
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        );
        let folder = Folder::with(&files);
        let ended = folder.run(&["validate", "--config", "sendo.yaml", "-o", "json"]);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        let lanes = serde_json::json!(["web/test", "web/production"]);
        assert_eq!(ended.json()["lanes"], lanes);
    };
    valid(yaml);
    // With two keys, while one takes the other's place.
    let (_, after) = rest.split_once("```yaml\n").unwrap();
    let (keys, _) = after.split_once("```").unwrap();
    let one = "    webhook_secret: \"${file:secrets/webhook}\"\n";
    assert!(yaml.contains(one));
    valid(&yaml.replace(one, keys));
}
