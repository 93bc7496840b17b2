//! Setting up: the webhook, what our users may do, and what is wrong with names and tokens.

use reqwest::Method;
use secrecy::SecretString;
use sendo_core::names::Repository;
use sendo_forge::Forge;
use sendo_forge::gitea::{Finding, GiteaActs, Hook, Installed};
use serde_json::{Value, json};

use crate::world::{World, acts, branch, env};

fn hook() -> Hook {
    Hook {
        url: "http://127.0.0.1:9/webhooks/gitea/acme".to_owned(),
        secret: SecretString::from("hush"),
    }
}

async fn examined(acts: &GiteaActs, repository: &Repository, hook: Option<&str>) -> Vec<Finding> {
    acts.examine(repository, &[branch("main")], hook).await
}

async fn bad(world: &World, hook: Option<&str>) -> Vec<&'static str> {
    let mut found = world.acts.examine_users().await;
    found.extend(examined(&world.acts, &world.repository, hook).await);
    let bad = found.iter().filter(|finding| !finding.good);
    bad.map(|finding| finding.reason_code).collect()
}

async fn administer(world: &World) {
    let users = world.acts.examine_users().await;
    let login = users[1]
        .message
        .split_whitespace()
        .nth(2)
        .unwrap()
        .to_owned();
    let right = json!({ "permission": "admin" });
    world
        .on(Method::PUT, &format!("collaborators/{login}"), right)
        .await;
}

#[tokio::test]
async fn a_hook_is_installed_and_repaired() {
    let world = World::new().await;
    administer(&world).await;
    let url = hook().url;
    assert_eq!(bad(&world, Some(&url)).await, ["hook_missing"]);
    let ours = hook();
    let install = || world.acts.install_hook(&world.repository, &ours);
    assert_eq!(install().await.unwrap(), Installed::Created);
    assert!(bad(&world, Some(&url)).await.is_empty());
    let hooks = world.on(Method::GET, "hooks", Value::Null).await;
    let broken =
        json!({ "active": false, "events": ["push"], "config": { "content_type": "form" } });
    let path = format!("hooks/{}", hooks[0]["id"]);
    world.on(Method::PATCH, &path, broken).await;
    assert_eq!(bad(&world, Some(&url)).await, ["hook_wrong"]);
    assert_eq!(install().await.unwrap(), Installed::Replaced(1));
    assert!(bad(&world, Some(&url)).await.is_empty());
    let hooks = world.on(Method::GET, "hooks", Value::Null).await;
    assert_eq!(hooks.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_may_not_install_a_hook_is_told_who_can() {
    let world = World::new().await;
    let refused = world
        .acts
        .install_hook(&world.repository, &hook())
        .await
        .unwrap_err();
    assert_eq!(refused.reason_code, "forge_forbidden", "{refused}");
    assert!(!refused.message.contains("hush"));
    assert_eq!(bad(&world, Some(&hook().url)).await, ["hook_unseen"]);
}

#[tokio::test]
async fn rights_that_are_missing_are_named() {
    let world = World::new().await;
    assert!(bad(&world, None).await.is_empty());
    let rule = json!({ "rule_name": "main", "enable_merge_whitelist": true });
    world.on(Method::POST, "branch_protections", rule).await;
    assert_eq!(bad(&world, None).await, ["merge_forbidden"]);
    let all = world.on(Method::GET, "collaborators", Value::Null).await;
    for user in all.as_array().unwrap() {
        let path = format!("collaborators/{}", user["login"].as_str().unwrap());
        world
            .on(Method::PUT, &path, json!({ "permission": "read" }))
            .await;
    }
    assert_eq!(bad(&world, None).await, ["write_access", "write_access"]);
    let token = env("GITEA_PROPOSE_TOKEN");
    let one = acts(&env("GITEA_URL"), &token, &token);
    let found = one.examine_users().await;
    let twice = found
        .iter()
        .any(|finding| finding.reason_code == "approver_is_proposer");
    assert!(twice, "{found:?}");
}

#[tokio::test]
async fn a_renamed_repository_says_its_new_name() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    let path = format!("/repos/{}", world.repository.path);
    let name = format!(
        "{}-renamed",
        world.repository.path.split('/').nth(1).unwrap()
    );
    world
        .call(Method::PATCH, &path, json!({ "name": name }))
        .await;
    let refused = world
        .forge
        .merge(
            &world.repository,
            number,
            &published.commit,
            crate::world::AT,
        )
        .await
        .unwrap_err();
    assert_eq!(refused.reason_code, "repository_moved", "{refused}");
    assert!(
        refused.message.contains(&name) && !refused.transient,
        "{refused}"
    );
}

#[tokio::test]
async fn a_wrong_token_waits_for_a_right_one_and_is_not_repeated() {
    let world = World::new().await;
    let (_, number) = world.opened().await;
    let forge = Forge::Gitea(acts(
        &env("GITEA_URL"),
        "0123456789wrong",
        "0123456789wrong",
    ));
    let edits = world.edits();
    let refused = forge
        .change_request(&world.repository, number, &edits)
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.reason_code, "forge_unauthorized", "{refused}");
    assert!(refused.transient && !refused.message.contains("0123456789wrong"));
    assert!(!format!("{forge:?}").contains("0123456789wrong"));
}
