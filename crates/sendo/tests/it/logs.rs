//! `sendo logs`: timelines line by line, told against the real program.

use sendo_testkit::stage::Stage;
use sendo_testkit::{Server, story, wait};
use serde_json::Value;

use crate::serving::{LONGEST, ask, stage, until};
use crate::typed::typed;

const ONE_PERSON: &str = "approval: { people: 1 }";

fn shop(approval: &str) -> (Stage, Server) {
    let stage = stage(approval);
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let server = stage.served();
    (stage, server)
}

/// A shop whose first deployment waits for a person.
fn waiting() -> (Stage, Server) {
    let (stage, mut server) = shop(ONE_PERSON);
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "people");
    (stage, server)
}

#[test]
fn timelines_are_told_together_oldest_first() {
    let (stage, mut server) = shop("");
    for title in ["Add a cart", "Add a till"] {
        let revision = stage.work("shop", "main", title);
        while until(&mut server, "succeeded")["revision"] != revision.as_str() {}
    }
    let told = ask(&stage, &mut server, &["logs", "shop"], None);
    assert_eq!(told.code, 0, "{}", told.err);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(lines.is_sorted_by_key(|line| &line[..19]), "{}", told.out);
    for (line, number) in [(lines[0], 1), (lines[lines.len() - 1], 2)] {
        assert!(
            line.contains(&format!(" UTC  shop/production/{number}  ")),
            "{line}"
        );
    }
    let one = ask(&stage, &mut server, &["logs", "shop/production/2"], None);
    assert!(!one.out.contains("production/1") && one.out.contains("production/2"));
    let lane = ask(&stage, &mut server, &["logs", "shop/production"], None);
    assert_eq!(lane.out, told.out);
}

#[test]
fn a_program_gets_the_entries_of_the_timeline_one_on_a_line() {
    let (stage, mut server) = shop("");
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let logs = ["logs", "shop/production/1", "-o", "json"];
    let lines = ask(&stage, &mut server, &logs, None).out;
    let lines: Result<Vec<Value>, _> = lines.lines().map(serde_json::from_str).collect();
    let history = ["history", "shop/production/1", "-o", "json"];
    let view = ask(&stage, &mut server, &history, None).out;
    let view: Value = serde_json::from_str(&view).unwrap();
    assert_eq!(Value::from(lines.unwrap()), view["timeline"]);
}

#[test]
fn only_what_happened_since_is_told_by_the_clock_of_the_server() {
    let (stage, mut server) = shop("");
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let day = ["logs", "shop", "--since", "1d"];
    assert!(
        ask(&stage, &mut server, &day, None)
            .out
            .contains("succeeded")
    );
    let second = ["logs", "shop", "--since", "1s"];
    wait::until("it is longer ago", LONGEST, || {
        let told = ask(&stage, &mut server, &second, None);
        (told.code == 0 && told.out.is_empty()).then_some(())
    })
    .unwrap();
}

#[test]
fn following_one_deployment_ends_as_it_ends() {
    let (stage, mut server) = waiting();
    let mut follow = typed(&stage, &mut server, "logs shop/production/1 --follow");
    follow.says("waits for a person");
    let review = [
        "change",
        "review",
        "manifests.git",
        "1",
        "--approve",
        "--as",
        "bo",
    ];
    assert_eq!(stage.sendo(&review).code, 0);
    assert_eq!(follow.ended(), 0, "{}", follow.err());
    follow.says("succeeded");
    stage.work("shop", "main", "Add a till");
    until(&mut server, "people");
    let mut follow = typed(&stage, &mut server, "logs shop/production/2 --follow");
    let cancel = ["cancel", "shop/production/2"];
    assert_eq!(ask(&stage, &mut server, &cancel, None).code, 0);
    assert_eq!(follow.ended(), 2, "{}", follow.err());
}

#[test]
fn following_a_deployment_that_fails_ends_with_1() {
    let (stage, mut server) = shop("");
    let without = story::kustomization("other");
    stage.write("manifests", "shop/kustomization.yaml", &without);
    stage.commit("manifests", "mei", "Take the shop out");
    stage.push("manifests", "main");
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "failed");
    let follow = ["logs", "shop/production/1", "--follow"];
    let failed = ask(&stage, &mut server, &follow, None);
    assert_eq!(failed.code, 1, "{}", failed.err);
    assert!(failed.out.contains("image_not_found"), "{}", failed.out);
    let told = ask(&stage, &mut server, &follow[..2], None);
    assert_eq!((told.code, told.out), (0, failed.out));
}

#[test]
fn following_an_application_goes_on_until_it_is_interrupted_and_tells_nothing_twice() {
    let (stage, mut server) = shop("");
    let mut follow = typed(&stage, &mut server, "logs shop --follow");
    for number in 1..=2 {
        stage.work("shop", "main", &format!("Work {number}"));
        follow.says(&format!("shop/production/{number}  ◉"));
    }
    follow.interrupt();
    assert_eq!(follow.ended(), 130, "{}", follow.err());
    let told = ask(&stage, &mut server, &["logs", "shop"], None);
    assert_eq!(follow.out(), told.out);
}

#[test]
fn it_is_told_in_the_language_of_who_asks() {
    let (stage, mut server) = waiting();
    let mut command = crate::typed::command(&stage, &mut server, "logs shop");
    let told = command.env("LANG", "ja_JP.UTF-8").output().unwrap();
    assert!(String::from_utf8_lossy(&told.stdout).contains("人の承認を待って"));
}

#[test]
fn what_is_not_there_is_not_followed() {
    let (stage, mut server) = shop("");
    for (what, code) in [
        ("shap", 5),
        ("shop/production/7", 5),
        ("shop/production/1/2", 3),
        ("shop//1", 3),
    ] {
        let ended = ask(&stage, &mut server, &["logs", what, "--follow"], None);
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (code, ""),
            "{}",
            ended.err
        );
        assert!(ended.err.contains("next: "), "{}", ended.err);
    }
}

#[test]
fn a_reader_that_went_away_ends_it() {
    let (stage, mut server) = shop("");
    let mut command = crate::typed::command(&stage, &mut server, "logs shop --follow");
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    stage.work("shop", "main", "Add a cart");
    let ended = wait::until("it ends", LONGEST, || child.try_wait().unwrap());
    assert_eq!(ended.unwrap().code(), Some(0));
}
