//! `deliver: observe`: people merge into the manifests repository themselves, told against the real
//! program.

use sendo_testkit::stage::Stage;
use serde_json::Value;

use crate::serving::{ask, until};

const CONFIGURATION: &str = r#"
server: { listen: "127.0.0.1:0", database: "DATABASE", lease: 1s, sweep: 1h }
forges: { here: { kind: local, root: . } }
applications:
  shop:
    repository: here:shop
    environments:
      production:
        deliver: { observe: { repository: here:manifests, base: main, paths: ["shop/**"] } }
"#;

fn stage() -> Stage {
    let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
    stage.repository("manifests", "main", &[("shop/limits.yaml", "cpu: 1\n")]);
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    stage.configure(CONFIGURATION);
    stage
}

fn merge(stage: &Stage, path: &str, text: &str) -> String {
    stage.write("manifests", path, text);
    let revision = stage.commit("manifests", "mei", &format!("Change {path}"));
    stage.push("manifests", "main");
    revision
}

#[test]
fn a_merge_into_the_environments_files_is_followed_and_told() {
    let stage = stage();
    let mut server = stage.served();
    merge(&stage, "api/limits.yaml", "cpu: 9\n");
    let ours = merge(&stage, "shop/limits.yaml", "cpu: 2\n");
    let row = until(&mut server, "succeeded");
    assert_eq!(row["id"], "shop/production/1");
    assert_eq!(row["revision"], ours.as_str());
    assert_eq!(row["strategy"], "observe");
    let told = server.get("/api/v1/deployments/shop/production/1").unwrap();
    let turns: Vec<&Value> = told["timeline"].as_array().unwrap().iter().collect();
    assert_eq!(turns.len(), 2, "{told}");
    let refs: Vec<String> = stage.refs("manifests").into_keys().collect();
    assert_eq!(refs, ["refs/heads/main"]);
}

#[test]
fn what_sendo_would_have_to_write_is_refused_with_what_to_do() {
    let stage = stage();
    let mut server = stage.served();
    merge(&stage, "shop/limits.yaml", "cpu: 2\n");
    until(&mut server, "succeeded");
    for verb in [
        &["deploy", "shop", "production"][..],
        &["rollback", "shop/production"],
    ] {
        let ended = ask(&stage, &mut server, verb, None);
        assert_eq!(ended.code, 7, "{}", ended.err);
        assert!(ended.err.contains("people merge there"), "{}", ended.err);
        assert!(ended.err.contains("its revert"), "{}", ended.err);
    }
}
