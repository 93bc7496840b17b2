//! What goes wrong between a Gitea and a server: nothing is lost, and nothing is done twice.

use std::net::SocketAddr;
use std::time::Duration;

use sendo_testkit::{http, wait};
use serde_json::{Value, json};

use crate::world::{LONGEST, World, head, number, quiet, until};

#[test]
fn without_any_delivery_the_sweep_carries_it_all_the_way() {
    let world = World::swept("1s");
    world.protect(1);
    let mut server = world.served();
    let revision = world.merge("one");
    let change = world.change();
    world.check(&head(&change), "success");
    assert_eq!(
        until(&mut server, "succeeded")["revision"],
        revision.as_str()
    );
    assert_eq!(world.approvals(number(&change)), 1);
}

#[test]
fn a_server_that_is_killed_again_and_again_ends_where_an_undisturbed_one_does() {
    let world = World::swept("1s");
    world.protect(1);
    world.hook();
    let mut server = world.served();
    let revision = world.merge("one");
    // At moments that no step is aware of, until it is merged.
    for after in [90, 240, 400, 650, 1_000, 1_500, 300, 800] {
        wait::pass(Duration::from_millis(after));
        server.kill();
        server = world.stage.served();
        if let Some(change) = world.changes().first() {
            world.check(&head(change), "success");
        }
    }
    let change = world.change();
    world.check(&head(&change), "success");
    assert_eq!(
        until(&mut server, "succeeded")["revision"],
        revision.as_str()
    );
    let all = world.changes();
    assert_eq!(all.len(), 1, "{all:?}");
    // Where it died with the answer to its merge on the way, a Gitea moves the base and leaves the change
    // request for whoever deletes the branch to close.
    quiet(&mut server);
    assert_ne!(world.changes()[0]["state"], "open");
    assert_eq!(world.approvals(number(&change)), 1);
    let log = world.on("GET", "commits?sha=main&limit=50", &Value::Null);
    let ours = |commit: &&Value| {
        commit["commit"]["message"]
            .to_string()
            .contains("Sendo-Deployment")
    };
    assert_eq!(
        log.as_array().unwrap().iter().filter(ours).count(),
        1,
        "{log}"
    );
}

#[test]
fn what_is_forged_malformed_or_sent_again_changes_nothing() {
    let world = World::set();
    world.hook();
    let mut server = world.served();
    let address = server.address().unwrap();
    let body = json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": "1".repeat(40),
        "repository": { "full_name": format!("{}/{}", world.owner, world.web) },
    });
    let body = body.to_string();
    let wrong = "0".repeat(64);
    for (signature, status, code) in [
        (Some(wrong.as_str()), 403, "signature_mismatch"),
        (Some("nonsense"), 403, "signature_malformed"),
        (None, 403, "signature_missing"),
    ] {
        let (got, told) = deliver(address, signature, &body);
        assert_eq!(got, status, "{told}");
        assert!(told.contains(code), "{told}");
    }
    // What the Gitea itself delivers again is the same delivery.
    let revision = world.merge("one");
    let change = world.change();
    until(&mut server, "checks");
    let hooks = world.on("GET", "hooks", &Value::Null);
    let path = format!("hooks/{}/tests", hooks[0]["id"]);
    world.on("POST", &path, &Value::Null);
    world.check(&head(&change), "success");
    assert_eq!(
        until(&mut server, "succeeded")["revision"],
        revision.as_str()
    );
    assert_eq!(world.changes().len(), 1);
    quiet(&mut server);
    // Nothing of what was forged was taken up.
    let listed = server.get("/api/v1/deployments?limit=10").unwrap();
    assert_eq!(
        listed["deployments"].as_array().unwrap().len(),
        1,
        "{listed}"
    );
    let quarantined = server
        .get("/api/v1/deliveries?outcome=quarantined")
        .unwrap();
    assert_eq!(quarantined["deliveries"], json!([]));
}

fn deliver(address: SocketAddr, signature: Option<&str>, body: &str) -> (u16, String) {
    let mut headers = vec![
        ("Content-Type", "application/json"),
        ("X-Gitea-Event", "push"),
        ("X-Gitea-Delivery", "0b1f3d4e"),
    ];
    headers.extend(signature.map(|signature| ("X-Gitea-Signature", signature)));
    http::request(address, "POST", "/webhooks/gitea", &headers, body).unwrap()
}

#[test]
fn a_gitea_that_is_not_there_is_waited_for_and_named() {
    let world = World::set();
    world.reconfigure(|text| text.replace(&crate::world::env("GITEA_URL"), "http://127.0.0.1:9"));
    let mut server = world.stage.served();
    let blind = wait::until("it says so", LONGEST, || {
        let board = server.get("/api/v1/board")?;
        let why = board["lanes"][0]["blind"].as_str()?.to_owned();
        why.contains("127.0.0.1:9").then_some(())
    });
    blind.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    let shown = world.stage.sendo(&["status", "--config", "sendo.yaml"]);
    let told = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("Nobody can see what is newest for web/test"),
        "{told}{}",
        shown.err
    );
}
