//! Setting a Gitea up: webhooks, rights, keys and tokens.

use serde_json::{Value, json};

use crate::world::{World, env, head, login, until};

#[test]
fn a_hook_is_installed_once_for_each_repository_and_doctor_sees_it() {
    let world = World::set();
    let before = world.stage.sendo(&["doctor", "--offline"]);
    assert_eq!(before.code, 1, "{}", before.out);
    assert!(before.out.contains("has no webhook"), "{}", before.out);
    assert!(
        before.out.contains("next: run `sendo hook install`"),
        "{}",
        before.out
    );
    let told = world.hook().out;
    assert_eq!(
        told.matches(": created, to http://127.0.0.1:").count(),
        2,
        "{told}"
    );
    let again = world.hook().out;
    assert_eq!(again.matches(": replaced, to ").count(), 2, "{again}");
    let hooks = world.on("GET", "hooks", &Value::Null);
    assert_eq!(hooks.as_array().unwrap().len(), 1, "{hooks}");
    let after = world.stage.sendo(&["doctor", "--offline"]);
    assert_eq!(after.code, 0, "{}{}", after.out, after.err);
    for secret in [env("GITEA_PROPOSE_TOKEN"), env("GITEA_APPROVE_TOKEN")] {
        assert!(!after.out.contains(&secret));
    }
}

#[test]
fn doctor_names_each_right_that_lacks() {
    let world = World::set();
    let approver = login("GITEA_APPROVE_TOKEN");
    let read = json!({ "permission": "read" });
    world.on("PUT", &format!("collaborators/{approver}"), &read);
    let looked = world.stage.sendo(&["doctor", "--offline", "-o", "json"]);
    assert_eq!(looked.code, 1, "{}", looked.out);
    let told: Value = serde_json::from_str(&looked.out).unwrap();
    let checks = told["checks"].as_array().unwrap();
    let lacks: Vec<_> = checks.iter().filter(|check| check["ok"] == false).collect();
    let all = format!("{lacks:?}");
    assert!(all.contains("`approver` may not write to"), "{all}");
    assert!(all.contains("may see the webhooks"), "{all}");
    assert!(lacks.iter().all(|check| check["next"].is_string()), "{all}");
    let refused = world.stage.sendo(&["hook", "install"]);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.err.contains(&world.manifests), "{}", refused.err);
}

#[test]
fn a_repository_that_no_lane_names_gets_no_hook() {
    let world = World::set();
    let refused = world
        .stage
        .sendo(&["hook", "install", "acme:nobody/nothing"]);
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(
        refused.err.contains("acme:nobody/nothing"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("next:"), "{}", refused.err);
}

#[test]
fn a_key_is_replaced_while_the_server_runs_and_nothing_is_lost() {
    let world = World::set();
    world.hook();
    let mut server = world.served();
    // Both count while the new one is made known, then only the new one.
    std::fs::write(world.stage.folder().join("newer.secret"), "hush-hush").unwrap();
    world.reconfigure(|text| {
        text.replace(
            "\"${file:webhook.secret}\"",
            "[\"${file:newer.secret}\", \"${file:webhook.secret}\"]",
        )
    });
    loaded(&mut server, 2);
    world.merge("by the old key");
    until(&mut server, "checks");
    world.hook();
    world.reconfigure(|text| text.replace(", \"${file:webhook.secret}\"]", "]"));
    loaded(&mut server, 3);
    let revision = world.merge("by the new key");
    let change = sendo_testkit::wait::until("its change request", crate::world::LONGEST, || {
        let all = world.changes();
        (all.len() == 2).then(|| all[1].clone())
    });
    world.check(&head(&change.unwrap()), "success");
    assert_eq!(
        until(&mut server, "succeeded")["revision"],
        revision.as_str()
    );
}

fn loaded(server: &mut sendo_testkit::Server, generation: u64) {
    let found = sendo_testkit::wait::until("it is loaded", crate::world::LONGEST, || {
        let board = server.get("/api/v1/board")?;
        (board["configuration"]["generation"] == generation).then_some(())
    });
    found.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
}
