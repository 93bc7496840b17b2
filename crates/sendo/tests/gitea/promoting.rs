//! A push becomes a merged change request, past whatever the Gitea asks for.

use serde_json::{Value, json};

use crate::world::{World, call, head, login, number, quiet, until};

/// Every step of a deployment's timeline, by its name.
fn turns(server: &mut sendo_testkit::Server, id: &str) -> Vec<String> {
    let told = server.get(&format!("/api/v1/deployments/{id}")).unwrap();
    let turns = told["timeline"].as_array().unwrap();
    let name = |notice: &Value| notice["turn"]["turn"].as_str().map(str::to_owned);
    turns.iter().filter_map(name).collect()
}

#[test]
fn a_push_travels_through_a_protected_branch_and_is_merged_at_its_checked_head() {
    let world = World::set();
    world.protect(1);
    world.hook();
    let mut server = world.served();
    let revision = world.merge("one");
    let change = world.change();
    assert_eq!(
        change["user"]["login"],
        login("GITEA_PROPOSE_TOKEN").as_str()
    );
    until(&mut server, "checks");
    world.check(&head(&change), "success");
    let arrived = until(&mut server, "succeeded");
    assert_eq!(arrived["revision"], revision.as_str());
    let merged = world.on("GET", &format!("pulls/{}", number(&change)), &Value::Null);
    assert_eq!(merged["merged"], true, "{merged}");
    assert_eq!(
        merged["merged_by"]["login"],
        login("GITEA_APPROVE_TOKEN").as_str()
    );
    assert_eq!(head(&merged), head(&change));
    assert_eq!(world.approvals(number(&change)), 1);
    assert!(
        world.manifest().contains(&revision[..7]),
        "{}",
        world.manifest()
    );
    let told = turns(&mut server, "web/test/1");
    let expected = [
        "started",
        "change_request_opened",
        "waits",
        "approved",
        "merged",
        "succeeded",
    ];
    assert_eq!(told, expected);
    // Its branch goes, and nothing else was opened.
    quiet(&mut server);
    let branches = world.on("GET", "branches", &Value::Null);
    assert_eq!(branches.as_array().unwrap().len(), 1, "{branches}");
    assert_eq!(world.changes().len(), 1);
}

#[test]
fn a_merge_that_the_branch_refuses_waits_for_what_lacks_and_then_succeeds() {
    let world = World::set();
    // Ours counts as one: a person has to give the second.
    world.protect(2);
    world.hook();
    let mut server = world.served();
    let revision = world.merge("one");
    let change = world.change();
    world.check(&head(&change), "success");
    let waits = until(&mut server, "protected");
    let why = waits["waiting"]["why"].as_str().unwrap();
    assert!(why.contains("approval"), "{waits}");
    let path = format!("pulls/{}/reviews", number(&change));
    let review = json!({ "event": "APPROVED", "commit_id": head(&change) });
    world.on("POST", &path, &review);
    let arrived = until(&mut server, "succeeded");
    assert_eq!(arrived["revision"], revision.as_str());
    assert_eq!(world.approvals(number(&change)), 1);
}

#[test]
fn what_was_merged_meanwhile_is_a_new_base_and_not_a_conflict() {
    let world = World::set();
    world.hook();
    let mut server = world.served();
    let revision = world.merge("one");
    let change = world.change();
    until(&mut server, "checks");
    // Somebody changes the same file before the check is green.
    let text = world.manifest().replace("# ours", "# theirs");
    world.push_file(&world.manifests, "web/test/kustomization.yaml", &text);
    world.check(&head(&change), "success");
    // The head may be built anew on what is there now; it is checked again then.
    let arrived = sendo_testkit::wait::until("it arrives", crate::world::LONGEST, || {
        let newest = world.changes().pop()?;
        let at = head(&newest);
        let statuses = world.on("GET", &format!("commits/{at}/status"), &Value::Null);
        if newest["state"] == "open" && statuses["state"] != "success" {
            world.check(&at, "success");
        }
        let listed = server.get("/api/v1/deployments?limit=1")?;
        let newest = listed["deployments"][0].clone();
        (newest["state"] == "succeeded").then_some(newest)
    });
    let arrived = arrived.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    assert_eq!(arrived["revision"], revision.as_str());
    let now = world.manifest();
    assert!(
        now.contains("# theirs") && now.contains(&revision[..7]),
        "{now}"
    );
}

#[test]
fn somebody_elses_commit_on_our_branch_is_never_merged_by_us() {
    let world = World::set();
    world.hook();
    let mut server = world.served();
    world.merge("one");
    let change = world.change();
    until(&mut server, "checks");
    let branch = change["head"]["ref"].as_str().unwrap();
    let file = json!({
        "branch": branch, "message": "Slip something in",
        "content": "ZXZpbAo=",
    });
    world.on("POST", "contents/evil.txt", &file);
    let waits = until(&mut server, "foreign_commits");
    assert!(waits.to_string().contains("Slip something in"), "{waits}");
    let now = world.change();
    world.check(&head(&now), "success");
    sendo_testkit::wait::pass(std::time::Duration::from_secs(3));
    let now = world.on("GET", &format!("pulls/{}", number(&change)), &Value::Null);
    assert_eq!(now["merged"], false, "{now}");
    assert_eq!(world.approvals(number(&change)), 0);
}

#[test]
fn a_persons_review_on_the_gitea_counts_and_our_own_does_not() {
    let world = World::set();
    world.reconfigure(|text| text + "        approval: { people: 1 }\n");
    world.hook();
    let mut server = world.served();
    world.merge("one");
    let change = world.change();
    world.check(&head(&change), "success");
    until(&mut server, "people");
    let path = format!("pulls/{}/reviews", number(&change));
    // Our proposer cannot: it is no person, and Gitea lets nobody approve what is their own.
    let review = json!({ "event": "APPROVED", "commit_id": head(&change) });
    let ours = format!("/repos/{}/{}/{path}", world.owner, world.manifests);
    call("GITEA_APPROVE_TOKEN", "POST", &ours, &review);
    sendo_testkit::wait::pass(std::time::Duration::from_secs(2));
    until(&mut server, "people");
    world.on("POST", &path, &review);
    until(&mut server, "succeeded");
}

#[test]
fn a_newer_push_takes_the_place_of_one_that_waits() {
    let world = World::set();
    world.hook();
    let mut server = world.served();
    world.merge("one");
    until(&mut server, "checks");
    let second = world.merge("two");
    let change =
        sendo_testkit::wait::until("a second change request", crate::world::LONGEST, || {
            let all = world.changes();
            (all.len() == 2).then(|| all[1].clone())
        });
    let change = change.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    world.check(&head(&change), "success");
    let arrived = until(&mut server, "succeeded");
    assert_eq!(arrived["revision"], second.as_str());
    let first = &world.changes()[0];
    assert_eq!(
        (&first["state"], &first["merged"]),
        (&json!("closed"), &json!(false))
    );
}
