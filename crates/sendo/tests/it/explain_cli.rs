//! `sendo explain`: which lanes react, and clause by clause why not the others.

use serde_json::{Value, json};

use crate::sendo::{Ended, Folder};

const CONFIG: &str = include_str!("config/two_repositories.yaml");
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn folder() -> Folder {
    Folder::with(&[("sendo.yaml", CONFIG)])
}

fn explain(event: &str, payload: &Value) -> Ended {
    let arguments = [
        "explain",
        "--config",
        "sendo.yaml",
        "--event",
        event,
        "-",
        "-o",
        "json",
    ];
    folder().run_with(&arguments, &[], &payload.to_string())
}

fn pull_request(action: &str, merged: bool, base: &str, repository: &str) -> Value {
    json!({
        "action": action, "number": 7,
        "pull_request": {"merged": merged, "merge_commit_sha": SHA, "number": 7, "base": {"ref": base}, "user": {"id": 1}},
        "repository": {"full_name": repository, "name": "example1"},
    })
}

fn push(reference: &str, after: &str, repository: &str) -> Value {
    json!({"ref": reference, "before": "0".repeat(40), "after": after, "deleted": false, "repository": {"full_name": repository}})
}

/// `application/environment: reason_code` of every refusal.
fn refused(ended: &Ended) -> Vec<String> {
    let refused = ended.json()["refused"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    refused
        .as_array()
        .unwrap()
        .iter()
        .map(|lane| {
            assert!(!text(&lane["message"]).is_empty() && !text(&lane["clause"]).is_empty());
            format!(
                "{}/{}: {}",
                text(&lane["application"]),
                text(&lane["environment"]),
                text(&lane["reason_code"])
            )
        })
        .collect()
}

#[test]
fn a_merge_starts_the_lane_of_its_branch() {
    let ended = explain(
        "pull_request",
        &pull_request("closed", true, "develop", "acme/example1"),
    );
    assert_eq!(ended.code, 0);
    let told = ended.json();
    assert_eq!(told["event"], "PullRequestMerged");
    let started = &told["deployments"];
    assert_eq!(started.as_array().unwrap().len(), 1);
    assert_eq!(started[0]["application"], "example1");
    assert_eq!(started[0]["environment"], "test");
    assert_eq!(started[0]["revision"], SHA);
    assert_eq!(started[0]["strategy"], "promotion");
    assert_eq!(
        refused(&ended),
        [
            "example1/prod: branch_differs",
            "example2/test: repository_differs",
            "example2/prod: repository_differs"
        ]
    );
}

#[test]
fn a_close_without_a_merge_starts_nothing() {
    let ended = explain(
        "pull_request",
        &pull_request("closed", false, "develop", "acme/example1"),
    );
    assert_eq!(ended.json()["event"], "PullRequestClosed");
    assert_eq!(ended.json()["deployments"], json!([]));
    assert_eq!(refused(&ended)[0], "example1/test: not_merged");
}

#[test]
fn another_action_is_answered_by_every_lane() {
    let ended = explain(
        "pull_request",
        &pull_request("opened", false, "develop", "acme/example1"),
    );
    assert_eq!(
        (ended.code, &ended.json()["event"]),
        (0, &json!("PullRequestOpened"))
    );
    assert_eq!(ended.json()["deployments"], json!([]));
    assert_eq!(
        refused(&ended),
        [
            "example1/test: trigger_differs",
            "example1/prod: trigger_differs",
            "example2/test: repository_differs",
            "example2/prod: repository_differs"
        ]
    );
    assert_eq!(
        refused(&explain("issues", &json!({"action": "opened"}))).len(),
        4
    );
}

#[test]
fn a_tag_is_matched_whole() {
    let starts = |tag: &str| {
        let ended = explain(
            "push",
            &push(&format!("refs/tags/{tag}"), SHA, "acme/example2"),
        );
        assert_eq!(ended.json()["event"], "TagPushed");
        ended.json()["deployments"].as_array().unwrap().len()
    };
    assert_eq!(starts("release-1"), 1);
    assert_eq!(starts("pre-release-1"), 0);
    assert_eq!(starts("release-1/hotfix"), 0);
}

#[test]
fn a_repository_of_the_same_name_elsewhere_is_another_one() {
    let ended = explain(
        "pull_request",
        &pull_request("closed", true, "develop", "other/example1"),
    );
    assert_eq!(ended.json()["deployments"], json!([]));
    assert!(
        refused(&ended)
            .iter()
            .all(|lane| lane.ends_with("repository_differs"))
    );
}

#[test]
fn a_deleted_branch_starts_nothing() {
    let mut payload = push("refs/heads/develop", &"0".repeat(40), "acme/example1");
    payload["deleted"] = json!(true);
    assert_eq!(
        refused(&explain("push", &payload))[0],
        "example1/test: deleted"
    );
}

#[test]
fn a_person_may_ask_for_a_revision() {
    let asked = json!({"application": "example2", "environment": "prod", "reference": SHA});
    let told = explain("deploy", &asked).json();
    assert_eq!(told["event"], "DeployRequested");
    assert_eq!(told["deployments"][0]["revision"], SHA);
}

#[test]
fn people_read_it_as_sentences() {
    let payload = pull_request("closed", true, "master", "acme/example1").to_string();
    let folder = Folder::with(&[("sendo.yaml", CONFIG), ("payload.json", &payload)]);
    let ended = folder.run(&[
        "explain",
        "--config",
        "sendo.yaml",
        "--event",
        "pull_request",
        "payload.json",
    ]);
    insta::assert_snapshot!(ended.out);
}

#[test]
fn a_payload_that_cannot_be_read_is_refused_with_its_place() {
    let folder = Folder::with(&[("sendo.yaml", CONFIG), ("p.json", "{\n  \"ref\": 1\n}")]);
    let ended = folder.run(&[
        "explain",
        "--config",
        "sendo.yaml",
        "--event",
        "push",
        "p.json",
    ]);
    assert_eq!((ended.code, ended.out.as_str()), (3, ""));
    insta::assert_snapshot!(ended.err);
    let missing = folder.run(&[
        "explain",
        "--config",
        "sendo.yaml",
        "--event",
        "push",
        "no.json",
    ]);
    assert_eq!(missing.code, 5);
}

#[test]
fn other_forges_can_be_explained_though_not_served() {
    let github = CONFIG.replace(
        "kind: local, root: repositories",
        "kind: github, webhook_secret: \"${file:/nowhere}\", proposer: { app_id: 101 }",
    );
    let folder = Folder::with(&[("sendo.yaml", &github)]);
    let payload = pull_request("closed", true, "develop", "acme/example1").to_string();
    for forge in ["github", "acme"] {
        let arguments = [
            "explain",
            "--config",
            "sendo.yaml",
            "--forge",
            forge,
            "--event",
            "pull_request",
            "-",
            "-o",
            "json",
        ];
        let ended = folder.run_with(&arguments, &[], &payload);
        assert_eq!(
            ended.json()["deployments"][0]["environment"],
            "test",
            "{ended:?}"
        );
    }
    assert_eq!(folder.run(&["validate", "--config", "sendo.yaml"]).code, 3);
}

#[test]
fn a_forge_nobody_knows_is_refused() {
    let arguments = [
        "explain",
        "--config",
        "sendo.yaml",
        "--forge",
        "akme",
        "--event",
        "push",
        "-",
    ];
    let ended = folder().run_with(&arguments, &[], "{}");
    assert_eq!(ended.code, 3);
    assert!(
        ended.err.contains("there is no forge `akme`"),
        "{}",
        ended.err
    );
}

#[test]
fn a_payload_of_a_gitea_is_read_as_the_server_reads_it() {
    let config = CONFIG.replace("kind: local, root: repositories", "kind: gitea, url: \"https://git.example.com\", webhook_secret: \"${env:K}\", proposer: { token: \"${env:P}\" }, approver: { token: \"${env:A}\" }");
    let folder = Folder::with(&[("sendo.yaml", &config)]);
    let closed = pull_request("closed", true, "develop", "acme/example1");
    for (event, payload, started) in [
        ("pull_request", closed.clone(), 1),
        ("push", push("refs/heads/other", SHA, "acme/example1"), 0),
        (
            "create",
            json!({"ref": "release-1", "ref_type": "tag", "sha": SHA, "repository": {"full_name": "acme/example2"}}),
            1,
        ),
        (
            "status",
            json!({"sha": SHA, "repository": {"full_name": "acme/example1"}}),
            0,
        ),
        (
            "image",
            json!({"application": "example1", "revision": SHA, "tag": "x"}),
            0,
        ),
    ] {
        let arguments = [
            "explain",
            "--config",
            "sendo.yaml",
            "--event",
            event,
            "-",
            "-o",
            "json",
        ];
        let ended = folder.run_with(&arguments, &[], &payload.to_string());
        assert_eq!(ended.code, 0, "{event}: {ended:?}");
        let deployments = ended.json()["deployments"].as_array().unwrap().len();
        assert_eq!(deployments, started, "{event}: {ended:?}");
    }
}
