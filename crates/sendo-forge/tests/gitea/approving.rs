//! Approving as the second user, pinned to a head.

use reqwest::Method;
use sendo_core::effect::{Outcome, Verdict};
use sendo_core::names::Revision;
use serde_json::{Value, json};

use crate::meddler::{Meddler, Meddling};
use crate::world::{BRANCH, World, ours};

async fn approvals(world: &World, number: u64) -> Vec<Value> {
    let path = format!("pulls/{number}/reviews");
    let all = world.on(Method::GET, &path, Value::Null).await;
    let stands = |review: &&Value| review["state"] == "APPROVED" && review["dismissed"] == false;
    all.as_array()
        .unwrap()
        .iter()
        .filter(stands)
        .cloned()
        .collect()
}

#[tokio::test]
async fn an_approval_is_of_one_head_and_given_once() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    for _ in 0..2 {
        assert_eq!(
            world.approve(number, &published.commit).await,
            Outcome::Approved
        );
    }
    let given = approvals(&world, number).await;
    assert_eq!(given.len(), 1);
    assert_eq!(given[0]["commit_id"], published.commit.as_str());
    let seen = world.look(number).await;
    let ours = ours();
    assert_eq!(
        (&seen.reviews[0].by, &seen.reviews[0].head),
        (&ours[1], &published.commit)
    );
    assert_eq!(seen.reviews[0].verdict, Verdict::Approve);
}

#[tokio::test]
async fn an_approval_whose_answer_was_lost_is_adopted() {
    let (meddler, url) = Meddler::start().await;
    let world = World::at(&url).await;
    let (published, number) = world.opened().await;
    meddler.at("POST", "/reviews", Meddling::Lose);
    let head = &published.commit;
    let lost = world
        .forge
        .approve(&world.repository, number, head, crate::world::AT);
    assert!(lost.await.unwrap_err().transient && meddler.happened());
    assert_eq!(world.approve(number, head).await, Outcome::Approved);
    assert_eq!(approvals(&world, number).await.len(), 1);
}

#[tokio::test]
async fn what_is_not_the_head_any_more_is_not_approved() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    world.push(BRANCH, "theirs", "1\n").await;
    assert_eq!(
        world.approve(number, &published.commit).await,
        Outcome::HeadMoved
    );
    assert!(approvals(&world, number).await.is_empty());
}

#[tokio::test]
async fn an_approval_is_taken_back_when_the_branch_moves_meanwhile() {
    let (meddler, url) = Meddler::start().await;
    let world = World::at(&url).await;
    let (published, number) = world.opened().await;
    for meddling in [Meddling::PushAfter, Meddling::PushBefore] {
        let head: Revision = world.head(BRANCH).await.unwrap();
        meddler.at("POST", "/reviews", meddling(world.git.clone()));
        assert_eq!(world.approve(number, &head).await, Outcome::HeadMoved);
        assert!(meddler.happened());
        assert!(approvals(&world, number).await.is_empty());
        world.set(BRANCH, Some(&published.commit)).await;
    }
}

#[tokio::test]
async fn who_proposes_cannot_approve_and_is_told_what_to_do() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    let token = crate::world::env("GITEA_PROPOSE_TOKEN");
    let acts = crate::world::acts(&crate::world::env("GITEA_URL"), &token, &token);
    let forge = sendo_forge::Forge::Gitea(acts);
    let refused = forge
        .approve(
            &world.repository,
            number,
            &published.commit,
            crate::world::AT,
        )
        .await
        .unwrap_err();
    assert_eq!(refused.reason_code, "approver_is_proposer");
    assert!(
        !refused.transient && refused.message.contains("another user"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_dismissed_review_and_one_of_another_head_do_not_count_for_this_one() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    let path = format!("pulls/{number}/reviews");
    let approval = json!({ "event": "APPROVED", "commit_id": published.commit });
    let given = world.on(Method::POST, &path, approval.clone()).await;
    let word = json!({ "message": "A mistake.", "priors": false });
    let dismissal = format!("{path}/{}/dismissals", given["id"]);
    world.on(Method::POST, &dismissal, word).await;
    assert!(world.look(number).await.reviews.is_empty());
    world.on(Method::POST, &path, approval).await;
    let theirs = world.push(BRANCH, "theirs", "1\n").await;
    let seen = world.look(number).await;
    assert_eq!(seen.head, Some(theirs));
    assert_eq!(seen.reviews[0].head, published.commit);
}
