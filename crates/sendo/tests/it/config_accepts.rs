//! What a configuration can say.

use crate::sendo::Folder;

/// A branch for each environment in the one application, a branch and a tag in the other.
const TWO_REPOSITORIES: &str = include_str!("config/two_repositories.yaml");
const EVERYTHING: &str = include_str!("config/everything.yaml");

#[test]
fn two_repositories_with_different_triggers() {
    let folder = Folder::with(&[("sendo.yaml", TWO_REPOSITORIES)]);
    let ended = folder.run(&["validate", "--config", "sendo.yaml", "-o", "json"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(
        ended.json()["lanes"],
        serde_json::json!([
            "example1/test",
            "example1/prod",
            "example2/test",
            "example2/prod"
        ])
    );
}

#[test]
fn every_key_there_is() {
    let folder = Folder::with(&[
        ("sendo.yaml", EVERYTHING),
        ("hook.txt", "https://x.example\n"),
    ]);
    let set = [
        ("SENDO_WEBHOOK_KEY", "k"),
        ("DATABASE_URL", "postgres://sendo@db/sendo"),
    ];
    let ended = folder.run_with(&["validate", "--config", "sendo.yaml"], &set, "");
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    // Each key of the schema is written in that file, so that none is forgotten here.
    let schema = folder.run(&["schema"]).json();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for key in definition["properties"].as_object().into_iter().flatten() {
            assert!(
                EVERYTHING.contains(&format!("{}:", key.0)),
                "{name}.{} is not tried",
                key.0
            );
        }
    }
}

#[test]
fn the_schema_documents_every_key() {
    let schema = Folder::with(&[]).run(&["schema"]).json();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for (key, value) in definition["properties"].as_object().into_iter().flatten() {
            assert!(
                value["description"].is_string(),
                "{name}.{key} says nothing"
            );
        }
    }
}
