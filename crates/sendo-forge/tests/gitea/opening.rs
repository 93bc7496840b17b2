//! Publishing and opening, once and again.

use reqwest::Method;
use sendo_core::effect::Outcome;
use serde_json::{Value, json};

use crate::meddler::{Meddler, Meddling};
use crate::world::{AT, BRANCH, FILE, World};

async fn all(world: &World) -> Vec<Value> {
    let all = world.on(Method::GET, "pulls?state=all", Value::Null).await;
    all.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_commit_of_ours_is_published_opened_and_seen() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    let seen = world.look(number).await;
    assert_eq!(seen.head.as_ref(), Some(&published.commit));
    assert_eq!(seen.head_tree.as_ref(), Some(&published.tree));
    assert_eq!(seen.expected_tree.as_ref(), Some(&published.tree));
    assert_eq!((seen.ahead.len(), seen.base_head), (1, published.base));
    assert_eq!(published.old, ["v1"]);
}

#[tokio::test]
async fn publishing_twice_adopts_what_was_published() {
    let world = World::new().await;
    let first = world.published(None).await;
    assert_eq!(world.published(None).await, first);
}

#[tokio::test]
async fn a_published_commit_is_opened_once_however_often_it_is_asked() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    let again = world.forge.open(&world.opening(&published.commit)).await;
    assert!(matches!(again, Ok(Outcome::Opened { number: same, .. }) if same == number));
    assert_eq!(all(&world).await.len(), 1);
}

#[tokio::test]
async fn a_change_request_whose_answer_was_lost_is_adopted() {
    let (meddler, url) = Meddler::start().await;
    let world = World::at(&url).await;
    let open = world.opening(&world.published(None).await.commit);
    meddler.at("POST", "/pulls", Meddling::Lose);
    let lost = world.forge.open(&open).await.unwrap_err();
    assert!(meddler.happened() && lost.transient, "{lost}");
    let again = world.forge.open(&open).await.unwrap();
    assert!(matches!(again, Outcome::Opened { .. }));
    assert_eq!(all(&world).await.len(), 1);
}

#[tokio::test]
async fn a_request_that_a_person_opened_for_our_branch_is_taken_over() {
    let world = World::new().await;
    let published = world.published(None).await;
    let theirs = json!({ "head": BRANCH, "base": "main", "title": "Theirs" });
    let theirs = world.on(Method::POST, "pulls", theirs).await;
    let opened = world
        .forge
        .open(&world.opening(&published.commit))
        .await
        .unwrap();
    assert!(matches!(opened, Outcome::Opened { number, .. } if number == theirs["number"]));
}

#[tokio::test]
async fn an_open_request_is_taken_before_a_closed_one_of_the_same_branch() {
    let world = World::new().await;
    let (published, first) = world.opened().await;
    let closed = json!({ "state": "closed" });
    world
        .on(Method::PATCH, &format!("pulls/{first}"), closed)
        .await;
    let theirs = json!({ "head": BRANCH, "base": "main", "title": "Theirs" });
    let theirs = world.on(Method::POST, "pulls", theirs).await;
    let opened = world
        .forge
        .open(&world.opening(&published.commit))
        .await
        .unwrap();
    assert!(matches!(opened, Outcome::Opened { number, .. } if number == theirs["number"]));
}

#[tokio::test]
async fn a_request_that_was_closed_meanwhile_is_not_opened_anew() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    let closed = json!({ "state": "closed" });
    world
        .on(Method::PATCH, &format!("pulls/{number}"), closed)
        .await;
    let opened = world
        .forge
        .open(&world.opening(&published.commit))
        .await
        .unwrap();
    assert!(matches!(opened, Outcome::Opened { number: same, .. } if same == number));
    assert_eq!(all(&world).await.len(), 1);
}

#[tokio::test]
async fn a_commit_that_is_on_the_base_needs_no_request() {
    for delete in [false, true] {
        let world = World::new().await;
        let published = world.published(None).await;
        world.set("main", Some(&published.commit)).await;
        if delete {
            world.set(BRANCH, None).await;
        }
        let open = world.opening(&published.commit);
        let revision = published.commit;
        let outcome = world.forge.open(&open).await.unwrap();
        assert_eq!(outcome, Outcome::Merged { revision }, "deleted: {delete}");
    }
}

#[tokio::test]
async fn a_branch_that_was_deleted_or_set_back_is_not_opened() {
    let world = World::new().await;
    let published = world.published(None).await;
    for standing in [Some(&published.base), None] {
        world.set(BRANCH, standing).await;
        let outcome = world.forge.open(&world.opening(&published.commit)).await;
        assert_eq!(outcome.unwrap(), Outcome::Closed, "{standing:?}");
    }
    assert!(all(&world).await.is_empty());
}

#[tokio::test]
async fn a_request_gets_the_labels_that_are_there() {
    let world = World::new().await;
    let label = json!({ "name": "sendo", "color": "#00aabb" });
    world.on(Method::POST, "labels", label).await;
    let (_, number) = world.opened().await;
    let pull = world
        .on(Method::GET, &format!("pulls/{number}"), Value::Null)
        .await;
    assert_eq!(pull["labels"][0]["name"], "sendo");
    assert_eq!(pull["labels"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_base_with_a_slash_in_its_name_is_adopted_as_well() {
    let world = World::new().await;
    world
        .push("release/1", FILE, "images:\n- name: web\n  newTag: v0\n")
        .await;
    let mut plan = world.publish(None);
    plan.base = crate::world::branch("release/1");
    let message = "Deploy\n\nSendo-Deployment: web/test/1\n";
    world
        .forge
        .publish(&plan, message, false, &|| true)
        .await
        .unwrap();
    let head = world.head(BRANCH).await.unwrap();
    let mut open = world.opening(&head);
    open.base = plan.base;
    let one = world.forge.open(&open).await.unwrap();
    assert_eq!(world.forge.open(&open).await.unwrap(), one);
}

#[tokio::test]
async fn a_branch_of_ours_that_somebody_deleted_is_not_made_again() {
    let world = World::new().await;
    let published = world.published(None).await;
    world.set(BRANCH, None).await;
    let again = world.publish(Some(published.commit));
    let outcome = world
        .forge
        .publish(&again, "Deploy\n", false, &|| true)
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::HeadMoved);
    assert_eq!(world.head(BRANCH).await, None);
    let _ = AT;
}
