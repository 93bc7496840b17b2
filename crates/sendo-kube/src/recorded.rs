//! What a real Argo CD 3.2.6 and a real Kubernetes 1.36.3 said, for tests: the files of `tests/recorded`.

use serde_json::{Value, json};

/// The address of the repository that every recorded Application follows.
pub(crate) const MANIFESTS: &str = "http://127.0.0.1:3000/testbed-admin/manifests.git";

/// The objects that Applications are, by the names of their files.
pub(crate) const APPLICATIONS: [&str; 12] = [
    "comparison-error",
    "healthy",
    "hook-failed",
    "image-pull-failed",
    "invalid-spec",
    "job-failed",
    "manual-out-of-sync",
    "multi-source",
    "progressing",
    "retrying",
    "sync-failed",
    "window-closed",
];

pub(crate) fn recorded(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The items of a recorded list.
pub(crate) fn items(name: &str) -> Vec<Value> {
    recorded(name)["items"].as_array().unwrap().clone()
}

/// Calls `read` with the object damaged at every place in turn: missing, and of every wrong type.
pub(crate) fn damaged(object: &Value, read: impl Fn(&Value)) {
    let wrong = [
        json!(null),
        json!(true),
        json!(-7.5),
        json!("\u{0}船"),
        json!([[{}], "x", null]),
        json!({"source": 1, "sources": [{}, 2], "revisions": {}}),
    ];
    let mut places = Vec::new();
    walk(object, String::new(), &mut places);
    assert!(places.len() > 20, "{places:?}");
    let mut damaged = object.clone();
    for place in &places {
        for value in &wrong {
            let right = std::mem::replace(damaged.pointer_mut(place).unwrap(), value.clone());
            read(&damaged);
            *damaged.pointer_mut(place).unwrap() = right;
        }
    }
    assert_eq!(&damaged, object);
}

fn walk(value: &Value, at: String, places: &mut Vec<String>) {
    let below = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                walk(value, below(key), places);
            }
        }
        Value::Array(entries) => {
            for (key, value) in entries.iter().enumerate() {
                walk(value, below(&key.to_string()), places);
            }
        }
        _ => {}
    }
    places.push(at);
}
