//! Closing, and deleting what is ours.

use reqwest::Method;
use sendo_core::effect::{ChangeState, Outcome};
use serde_json::Value;

use crate::meddler::{Meddler, Meddling};
use crate::world::{AT, BRANCH, World, branch};

const WHY: &str = "A newer revision took its place.";

async fn comments(world: &World, number: u64) -> usize {
    let path = format!("issues/{number}/comments");
    let all = world.on(Method::GET, &path, Value::Null).await;
    all.as_array().unwrap().len()
}

#[tokio::test]
async fn closing_says_why_once_and_tells_who_it_was() {
    let world = World::new().await;
    let (_, number) = world.opened().await;
    for _ in 0..2 {
        let closed = world.forge.close(&world.repository, number, WHY, AT).await;
        assert_eq!(closed.unwrap(), Outcome::Closed);
    }
    assert_eq!(comments(&world, number).await, 1);
    let seen = world.look(number).await;
    assert_eq!(seen.state, ChangeState::Closed);
    assert_eq!(
        seen.ended_by,
        Some(world.acts.ours().await.unwrap().swap_remove(0))
    );
}

#[tokio::test]
async fn what_was_said_is_not_said_again_when_closing_broke_off() {
    for path in ["/comments", "/pulls/1"] {
        let (meddler, url) = Meddler::start().await;
        let world = World::at(&url).await;
        let (_, number) = world.opened().await;
        let method = if path == "/comments" { "POST" } else { "PATCH" };
        meddler.at(method, path, Meddling::Lose);
        let lost = world.forge.close(&world.repository, number, WHY, AT).await;
        assert!(lost.unwrap_err().transient && meddler.happened());
        let closed = world.forge.close(&world.repository, number, WHY, AT).await;
        assert_eq!(closed.unwrap(), Outcome::Closed);
        assert_eq!(comments(&world, number).await, 1);
        assert_eq!(world.look(number).await.state, ChangeState::Closed);
    }
}

#[tokio::test]
async fn a_person_who_closed_it_is_named() {
    let world = World::new().await;
    let (_, number) = world.opened().await;
    let closed = serde_json::json!({ "state": "closed" });
    world
        .on(Method::PATCH, &format!("pulls/{number}"), closed)
        .await;
    let seen = world.look(number).await;
    let owner = world.call(Method::GET, "/user", Value::Null).await;
    assert_eq!(
        seen.ended_by.unwrap().as_str(),
        format!("gitea:acme/{}", owner["id"])
    );
}

#[tokio::test]
async fn our_branch_is_deleted_and_deleting_it_again_is_nothing() {
    let world = World::new().await;
    let published = world.published(None).await;
    let name = branch(BRANCH);
    for _ in 0..2 {
        let deleted = world
            .forge
            .delete_branch(&world.repository, &name, &published.commit, AT);
        assert_eq!(deleted.await.unwrap(), Outcome::Deleted);
        assert_eq!(world.head(BRANCH).await, None);
    }
}

#[tokio::test]
async fn a_branch_with_somebody_else_s_commit_is_theirs() {
    let world = World::new().await;
    let published = world.published(None).await;
    let theirs = world.push(BRANCH, "theirs", "1\n").await;
    let name = branch(BRANCH);
    let deleted = world
        .forge
        .delete_branch(&world.repository, &name, &published.commit, AT);
    assert_eq!(deleted.await.unwrap(), Outcome::Deleted);
    assert_eq!(world.head(BRANCH).await, Some(theirs));
}

#[tokio::test]
async fn a_branch_that_is_gone_ends_its_change_request() {
    let world = World::new().await;
    let (_, number) = world.opened().await;
    world.set(BRANCH, None).await;
    let seen = world
        .until(number, |seen| {
            seen.head.is_none() || seen.state == ChangeState::Closed
        })
        .await;
    assert_ne!(seen.state, ChangeState::Merged);
}
