//! Whatever is killed in the middle of a promotion, and started again: the same end, and nothing twice.

use std::time::Duration;

use sendo_testkit::{Server, wait};
use serde_json::Value;

use crate::between::Line;
use crate::cluster::{Chain, Environment, count, protect};
use crate::seeing::TEST;
use crate::services::{SERVICES, restart};
use crate::world::{LONGEST, env, number, quiet};

const SENDO: &str = "sendo";

/// Kills one of them, which may be our own server.
fn strike(chain: &Chain, server: &mut Server, who: &str) {
    if who == SENDO {
        server.kill();
        *server = chain.world.stage.served();
    } else {
        restart(who);
    }
}

/// The environment has the image, by so many merged change requests and not one step more.
pub(crate) fn arrived_once(chain: &Chain, told: &Value, image: &str, merges: usize) {
    for turn in ["started", "merged", "succeeded"] {
        assert_eq!(count(told, turn), 1, "{turn}: {told}");
    }
    let turns = told["timeline"].as_array().unwrap();
    assert_eq!(turns.last().unwrap()["turn"]["healthy"], true, "{told}");
    let runs = wait::until("its image alone runs", LONGEST, || {
        let runs = chain.images("test");
        (runs == format!("registry.example.com/web:{image}")).then_some(())
    });
    runs.unwrap();
    let changes = chain.world.changes();
    assert_eq!(changes.len(), merges, "{changes:?}");
    for change in &changes {
        assert_eq!(chain.world.approvals(number(change)), 1, "{change}");
    }
    assert_eq!(chain.merges(), merges);
}

#[test]
fn each_part_of_the_chain_is_killed_once_while_it_is_seen_through() {
    let chain = Chain::alone(&[TEST]);
    protect(&chain);
    chain.world.hook();
    let mut server = chain.world.served();
    for (round, who) in SERVICES.into_iter().chain([SENDO]).enumerate() {
        let (image, id) = (format!("v{}", round + 1), format!("web/test/{}", round + 1));
        chain.release(&image);
        chain.until_turn(&mut server, &id, "merged");
        strike(&chain, &mut server, who);
        let told = chain.until(&mut server, &id, &["succeeded"]);
        arrived_once(&chain, &told, &image, round + 1);
    }
}

#[test]
fn one_promotion_outlives_the_death_of_every_part_of_the_chain() {
    let chain = Chain::alone(&[TEST]);
    protect(&chain);
    chain.world.hook();
    let mut server = chain.world.served();
    chain.release("v1");
    for who in ["gitea", SENDO, "redis", "argocd-repo-server"] {
        strike(&chain, &mut server, who);
    }
    chain.opened();
    for who in ["gitea", SENDO, "kube-apiserver", "gitea"] {
        chain.check_all();
        strike(&chain, &mut server, who);
    }
    chain.until_turn(&mut server, "web/test/1", "merged");
    for who in SERVICES.into_iter().chain([SENDO]) {
        strike(&chain, &mut server, who);
    }
    let told = chain.until(&mut server, "web/test/1", &["succeeded"]);
    arrived_once(&chain, &told, "v1", 1);
}

#[test]
fn an_image_that_cannot_be_pulled_is_rolled_back_once_whoever_dies_meanwhile() {
    let chain = Chain::alone(&[TEST]);
    protect(&chain);
    chain.world.hook();
    let mut server = chain.world.served();
    chain.release("v1");
    chain.until(&mut server, "web/test/1", &["succeeded"]);
    chain.release("v2-gone");
    chain.until_turn(&mut server, "web/test/2", "merged");
    for who in ["kube-apiserver", SENDO, "argocd-application-controller"] {
        strike(&chain, &mut server, who);
    }
    let failed = chain.until(&mut server, "web/test/2", &["failed"]);
    assert_eq!(count(&failed, "failed"), 1, "{failed}");
    for who in [SENDO, "gitea", "etcd", SENDO] {
        strike(&chain, &mut server, who);
    }
    let back = chain.until(&mut server, "web/test/3", &["succeeded"]);
    arrived_once(&chain, &back, "v1", 3);
    quiet(&mut server);
    assert_eq!(chain.deployments(&mut server), 3);
}

#[test]
fn a_soak_is_kept_to_although_everybody_was_dead_for_a_part_of_it() {
    let production = Environment {
        name: "production",
        rules: "after: { environment: test, soak: 8s }",
        engine: "settle: 3s",
        automated: true,
    };
    let chain = Chain::alone(&[TEST, production]);
    chain.world.hook();
    let mut server = chain.world.served();
    chain.release("v1");
    let test = chain.until(&mut server, "web/test/1", &["succeeded"]);
    for who in [SENDO, "kube-apiserver", "gitea", SENDO] {
        strike(&chain, &mut server, who);
    }
    let there = chain.until(&mut server, "web/production/1", &["succeeded"]);
    arrived_once(&chain, &there, "v1", 2);
    let healthy = test["deployment"]["finished_at"].as_i64().unwrap();
    let turns = there["timeline"].as_array().unwrap();
    let mut merged = turns.iter().filter(|turn| turn["turn"]["turn"] == "merged");
    let merged = merged.next().unwrap()["at"].as_i64().unwrap();
    assert!(merged - healthy >= 8_000_000, "{merged}, after {healthy}");
}

#[test]
fn a_watch_that_is_cut_again_and_again_costs_no_more_than_time() {
    let chain = Chain::set(&[TEST]);
    let line = Line::to("127.0.0.1:6443");
    let cluster = env("KUBECONFIG");
    let through = chain.world.stage.folder().join("kubeconfig");
    let text = std::fs::read_to_string(&cluster).unwrap();
    let ours = text.replace("127.0.0.1:6443", &line.address().to_string());
    std::fs::write(&through, ours).unwrap();
    let through = through.to_string_lossy().into_owned();
    chain
        .world
        .reconfigure(|text| text.replace(&cluster, &through));
    chain.world.hook();
    let mut server = chain.world.served();
    chain.release("v1");
    chain.until_turn(&mut server, "web/test/1", "merged");
    for after in [10, 200, 90, 400, 700, 30, 1_100, 250] {
        wait::pass(Duration::from_millis(after));
        line.cut();
    }
    let told = chain.until(&mut server, "web/test/1", &["succeeded"]);
    assert!(line.cuts() > 1, "nobody was watching");
    assert_eq!(count(&told, "succeeded"), 1, "{told}");
    assert_eq!(chain.images("test"), "registry.example.com/web:v1");
}
