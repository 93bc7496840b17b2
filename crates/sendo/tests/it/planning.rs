//! `sendo plan`: what a configuration would do, and that planning does nothing.

use sendo_testkit::Server;
use sendo_testkit::stage::{Ended, Stage};
use serde_json::Value;

use crate::serving::{ask, stage, until};

/// A stage on which `shop` was deployed once and the server is at rest.
fn deployed() -> (Stage, Server) {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    (stage, server)
}

/// Plans by a configuration that differs from the one in use.
fn plan(stage: &Stage, server: &mut Server, change: impl Fn(&str) -> String) -> Ended {
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    std::fs::write(stage.folder().join("next.yaml"), change(&text)).unwrap();
    let url = format!("http://{}", server.address().unwrap());
    stage.sendo(&["plan", "--config", "next.yaml", "--server", &url])
}

fn refs(stage: &Stage) -> [std::collections::BTreeMap<String, String>; 2] {
    [stage.refs("shop"), stage.refs("manifests")]
}

#[test]
fn a_first_plan_starts_nothing_and_shows_what_stands_in_the_files() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let planned = stage.sendo(&["plan", "--config", "sendo.yaml", "--offline", "--all"]);
    assert_eq!(planned.code, 0, "{}", planned.err);
    assert!(
        planned.out.contains("shop  shop: 0000000"),
        "{}",
        planned.out
    );
    assert!(
        planned.out.contains("nothing would be done"),
        "{}",
        planned.out
    );
    assert!(!stage.folder().join("sendo.db").exists());
}

#[test]
fn an_edit_without_a_place_and_a_branch_that_is_not_there_are_in_the_way() {
    let stage = stage("");
    stage.repository("shop", "trunk", &[("README.md", "# It sells things.\n")]);
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    stage.configure(&text.replace("image: shop", "image: shoop"));
    let planned = stage.sendo(&["plan", "--config", "sendo.yaml", "--offline", "-o", "json"]);
    assert_eq!(planned.code, 1, "{}", planned.err);
    let plan: Value = serde_json::from_str(&planned.out).unwrap();
    let trouble = plan["lanes"][0]["trouble"].to_string();
    assert!(trouble.contains("no branch `main`"), "{trouble}");
    assert!(trouble.contains("shoop"), "{trouble}");
}

#[test]
fn the_configuration_in_use_plans_nothing() {
    let (stage, mut server) = deployed();
    let planned = plan(&stage, &mut server, str::to_owned);
    assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
}

#[test]
fn another_trigger_plans_a_deployment_and_does_not_start_it() {
    let (stage, mut server) = deployed();
    stage.git(
        &stage.clone_of("shop"),
        "mei",
        &["checkout", "-q", "-b", "next"],
    );
    stage.write("shop", "README.md", "# It sells hats.\n");
    let revision = stage.commit("shop", "mei", "Sell hats");
    stage.push("shop", "next");
    let before = refs(&stage);
    let planned = plan(&stage, &mut server, |text| {
        text.replace("merged_into: main", "pushed_to: next")
    });
    assert_eq!(planned.code, 2, "{}{}", planned.out, planned.err);
    assert!(planned.out.contains(&revision[..7]), "{}", planned.out);
    assert_eq!(refs(&stage), before);
    let all = server.get("/api/v1/deployments").unwrap();
    assert_eq!(all["deployments"].as_array().unwrap().len(), 1);
}

#[test]
fn lanes_that_come_and_lanes_that_go_are_named() {
    let (stage, mut server) = deployed();
    let planned = plan(&stage, &mut server, |text| {
        text.replace("      production:", "      staging:")
    });
    assert_eq!(planned.code, 2, "{}{}", planned.out, planned.err);
    assert!(
        planned.out.contains("shop/production\n  goes"),
        "{}",
        planned.out
    );
    assert!(planned.out.contains("shop/staging  new"), "{}", planned.out);
}

#[test]
fn nothing_is_looked_at_on_a_forge_that_the_server_does_not_know() {
    let (stage, mut server) = deployed();
    let planned = plan(&stage, &mut server, |text| text.replace("here:", "there:"));
    assert_eq!(planned.code, 1, "{}{}", planned.out, planned.err);
    assert!(
        planned.out.contains("does not know the forge `there`"),
        "{}",
        planned.out
    );
    // What the server remembers of the lane stays.
    assert!(!planned.out.contains("shop/production  new"));
}

#[test]
fn whoever_may_only_read_plans_nothing() {
    let (stage, mut server) = deployed();
    let create = ["token", "create", "reader", "--scope", "read", "-o", "json"];
    let made = ask(&stage, &mut server, &create, None);
    let made: Value = serde_json::from_str(&made.out).unwrap();
    let token = made["secret"].as_str().unwrap();
    let url = format!("http://{}", server.address().unwrap());
    let mut command = stage.command(env!("CARGO_BIN_EXE_sendo").as_ref());
    command.args(["plan", "--config", "sendo.yaml", "--server", &url]);
    let refused = command.env("SENDO_TOKEN", token).output().unwrap();
    assert_eq!(refused.status.code(), Some(4));
}

#[test]
fn what_stands_in_a_repository_that_no_lane_delivers_into_is_not_shown() {
    let (stage, mut server) = deployed();
    stage.repository("private", "main", &[("notes.yaml", "word: mellon\n")]);
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    let edits = "[{ kustomization: shop, image: shop, tag: \"{sha}\" }]";
    let next = text.replace("here:manifests", "here:private").replace(
        edits,
        "[{ file: notes.yaml, set: .word, value: \"{sha}\" }]",
    );
    assert_ne!(next, text);
    std::fs::write(stage.folder().join("next.yaml"), next).unwrap();
    let url = format!("http://{}", server.address().unwrap());
    let asked = ["plan", "--config", "next.yaml", "--server", &url, "--all"];
    let planned = stage.sendo(&asked);
    assert!(!planned.out.contains("mellon"), "{}", planned.out);
    let here = stage.sendo(&["plan", "--config", "next.yaml", "--offline", "--all"]);
    assert!(here.out.contains("mellon"), "{}{}", here.out, here.err);
}
