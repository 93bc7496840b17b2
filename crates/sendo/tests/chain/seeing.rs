//! From a developer's push to a healthy environment, and back from one that is not.

use std::time::Duration;

use sendo_testkit::wait;

use crate::cluster::{Chain, Environment, count, kubectl, protect, turns};
use crate::world::{LONGEST, quiet};

pub(crate) const TEST: Environment = Environment {
    name: "test",
    rules: "",
    engine: "settle: 3s, on_degraded: roll_back",
    automated: true,
};

#[test]
fn a_push_becomes_pods_that_run_its_image_and_only_then_a_success() {
    let chain = Chain::set(&[TEST]);
    protect(&chain);
    chain.world.hook();
    let mut server = chain.world.served();
    let revision = chain.release("v1");
    let told = chain.until(&mut server, "web/test/1", &["succeeded"]);
    assert_eq!(told["deployment"]["revision"], revision.as_str());
    assert_eq!(chain.images("test"), "registry.example.com/web:v1");
    let mut steps = turns(&told);
    // For what it waited, and whether that was worth a word, depends on who was faster.
    steps.retain(|step| step != "waits");
    let expected = [
        "started",
        "change_request_opened",
        "approved",
        "merged",
        "succeeded",
    ];
    assert_eq!(steps, expected);
    let succeeded = &told["timeline"].as_array().unwrap().last().unwrap()["turn"];
    assert_eq!(succeeded["healthy"], true, "{succeeded}");
    // Each step has its time, and they are in order.
    let times: Vec<_> = told["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| turn["at"].as_i64())
        .collect();
    assert!(
        times.iter().all(Option::is_some) && times.is_sorted(),
        "{told}"
    );
}

#[test]
fn an_image_that_cannot_be_pulled_is_named_and_the_last_healthy_one_comes_back() {
    let chain = Chain::set(&[TEST]);
    chain.world.hook();
    let mut server = chain.world.served();
    chain.release("v1");
    chain.until(&mut server, "web/test/1", &["succeeded"]);
    chain.release("v2-gone");
    let told = chain.until(&mut server, "web/test/2", &["failed"]);
    let error = &told["deployment"]["error"];
    assert_eq!(error["reason_code"], "degraded", "{error}");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("ImagePullBackOff"),
        "{error}"
    );
    assert_eq!(count(&told, "failed"), 1, "{told}");
    let back = chain.until(&mut server, "web/test/3", &["succeeded"]);
    assert_eq!(count(&back, "succeeded"), 1, "{back}");
    let runs = wait::until("the old image alone runs", LONGEST, || {
        (chain.images("test") == "registry.example.com/web:v1").then_some(())
    });
    runs.unwrap();
    // It is not tried again by itself.
    quiet(&mut server);
    let listed = server.get("/api/v1/deployments?limit=10").unwrap();
    assert_eq!(
        listed["deployments"].as_array().unwrap().len(),
        3,
        "{listed}"
    );
}

#[test]
fn production_waits_until_test_has_been_healthy_for_the_soak() {
    let production = Environment {
        name: "production",
        rules: "after: { environment: test, soak: 8s }",
        engine: "settle: 3s",
        automated: true,
    };
    let chain = Chain::set(&[TEST, production]);
    chain.world.hook();
    let mut server = chain.world.served();
    chain.release("v1");
    let test = chain.until(&mut server, "web/test/1", &["succeeded"]);
    let healthy = test["deployment"]["finished_at"].as_i64().unwrap();
    let there = chain.until(&mut server, "web/production/1", &["succeeded"]);
    let merged = there["timeline"].as_array().unwrap().iter();
    let merged = merged.filter(|turn| turn["turn"]["turn"] == "merged");
    let merged = merged
        .map(|turn| turn["at"].as_i64().unwrap())
        .next_back()
        .unwrap();
    assert!(
        merged - healthy >= 8_000_000,
        "merged {merged}, healthy since {healthy}"
    );
    assert_eq!(chain.images("production"), "registry.example.com/web:v1");
}

#[test]
fn what_nobody_applies_waits_for_a_person_and_says_so() {
    let manual = Environment {
        name: "test",
        rules: "",
        engine: "settle: 3s",
        automated: false,
    };
    let chain = Chain::set(&[manual]);
    chain.world.hook();
    let mut server = chain.world.served();
    chain.release("v1");
    let found = wait::until("it waits for a person in Argo CD", LONGEST, || {
        chain.until(
            &mut server,
            "web/test/1",
            &["running", "waiting", "succeeded"],
        )["deployment"]["waiting"]["lacks"]
            .as_str()
            .filter(|lacks| *lacks == "person")
            .map(drop)
    });
    found.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    // A person syncs it, as `argocd app sync` does.
    let application = chain.application_of("test");
    let sync = r#"{"operation": {"initiatedBy": {"username": "mei"}, "sync": {"syncOptions": ["CreateNamespace=true"]}}}"#;
    kubectl(&[
        "patch",
        "application",
        &application,
        "-n=argocd",
        "--type=merge",
        "-p",
        sync,
    ]);
    chain.until(&mut server, "web/test/1", &["succeeded"]);
    assert_eq!(chain.images("test"), "registry.example.com/web:v1");
}

#[test]
fn a_server_that_is_killed_while_it_sees_through_ends_where_an_undisturbed_one_does() {
    let chain = Chain::set(&[TEST]);
    chain.world.hook();
    let mut server = chain.world.served();
    chain.release("v1");
    for after in [700, 1_200, 900, 2_000, 400] {
        wait::pass(Duration::from_millis(after));
        server.kill();
        server = chain.world.stage.served();
        for change in chain.world.changes() {
            chain.world.check(&crate::world::head(&change), "success");
        }
    }
    let told = chain.until(&mut server, "web/test/1", &["succeeded"]);
    for turn in ["started", "merged", "succeeded"] {
        assert_eq!(count(&told, turn), 1, "{told}");
    }
    assert_eq!(chain.world.changes().len(), 1);
    assert_eq!(chain.images("test"), "registry.example.com/web:v1");
}

#[test]
fn doctor_looks_at_the_cluster_and_names_an_application_that_is_not_there() {
    let chain = Chain::set(&[TEST]);
    chain.world.hook();
    let application = chain.application_of("test");
    let fine = wait::until("nothing lacks", LONGEST, || {
        let looked = chain.world.stage.sendo(&["doctor", "--offline"]);
        (looked.code == 0).then_some(looked.out)
    });
    let fine = fine.unwrap_or_else(|error| {
        let looked = chain.world.stage.sendo(&["doctor", "--offline"]);
        panic!("{error}\n{}{}", looked.out, looked.err)
    });
    assert!(
        fine.contains(&format!("{application} follows the manifests")),
        "{fine}"
    );
    let from = format!("applications: [{application}]");
    chain
        .world
        .reconfigure(|text| text.replace(&from, "applications: [nowhere]"));
    let looked = chain.world.stage.sendo(&["doctor", "--offline"]);
    assert_eq!(looked.code, 1, "{}", looked.out);
    let said = "there is no application nowhere in Argo CD";
    assert!(looked.out.contains(said), "{}", looked.out);
    assert!(
        looked
            .out
            .contains("next: make it, or correct `applications`"),
        "{}",
        looked.out
    );
}
