//! Reviews, comments and titles.

use sendo_core::effect::Verdict;
use sendo_forge::local::ReviewChange;

use crate::world::{REPOSITORY, World, alice, carol};

#[tokio::test]
async fn a_review_is_pinned_to_the_head_it_saw() {
    let world = World::new().await;
    let (number, first) = world.pushed_and_open("x").await;
    world
        .forge
        .review(&world.reviewing(number, first))
        .await
        .unwrap();
    let second = world.push("x", &[("a", "3\n")]).await;
    let late = world
        .forge
        .review(&ReviewChange {
            by: alice(),
            ..world.reviewing(number, first)
        })
        .await;
    assert_eq!(late.unwrap_err().reason_code(), "head_moved");
    world
        .forge
        .review(&world.reviewing(number, second))
        .await
        .unwrap();
    let heads: Vec<_> = world
        .change(number)
        .await
        .reviews
        .iter()
        .map(|review| review.head)
        .collect();
    assert_eq!(heads, [first, second]);
}

#[tokio::test]
async fn the_same_review_again_changes_nothing_and_another_verdict_does() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    for _ in 0..2 {
        world
            .forge
            .review(&world.reviewing(number, head))
            .await
            .unwrap();
    }
    let no = ReviewChange {
        verdict: Verdict::RequestChanges,
        ..world.reviewing(number, head)
    };
    world.forge.review(&no).await.unwrap();
    world
        .forge
        .review(&world.reviewing(number, head))
        .await
        .unwrap();
    let verdicts: Vec<_> = world
        .change(number)
        .await
        .reviews
        .iter()
        .map(|review| review.verdict)
        .collect();
    assert_eq!(
        verdicts,
        [Verdict::Approve, Verdict::RequestChanges, Verdict::Approve]
    );
}

#[tokio::test]
async fn a_review_after_the_end_is_refused_unless_it_was_given_before() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    world
        .forge
        .review(&world.reviewing(number, head))
        .await
        .unwrap();
    world
        .forge
        .close(REPOSITORY, number, "no", &alice(), world.now())
        .await
        .unwrap();
    world
        .forge
        .review(&world.reviewing(number, head))
        .await
        .unwrap();
    let other = ReviewChange {
        by: alice(),
        ..world.reviewing(number, head)
    };
    assert_eq!(
        world.forge.review(&other).await.unwrap_err().reason_code(),
        "closed"
    );
    world
        .forge
        .reopen(REPOSITORY, number, &alice(), world.now())
        .await
        .unwrap();
    world.merge(number, head).await.unwrap();
    assert_eq!(
        world.forge.review(&other).await.unwrap_err().reason_code(),
        "already_merged"
    );
}

#[tokio::test]
async fn a_marked_comment_is_replaced_and_not_repeated() {
    let world = World::new().await;
    let (number, _) = world.pushed_and_open("x").await;
    for body in ["waiting", "waiting", "done\n\n船"] {
        world
            .forge
            .comment(&world.commenting(number, body, Some("status")))
            .await
            .unwrap();
    }
    world
        .forge
        .comment(&world.commenting(number, "hello", None))
        .await
        .unwrap();
    let comments = world.change(number).await.comments;
    let bodies: Vec<_> = comments
        .iter()
        .map(|comment| comment.body.as_str())
        .collect();
    assert_eq!(
        (bodies, world.turns(number)),
        (vec!["done\n\n船", "hello"], 4)
    );
}

#[tokio::test]
async fn a_new_title_shows() {
    let world = World::new().await;
    let (number, _) = world.pushed_and_open("x").await;
    for _ in 0..2 {
        world
            .forge
            .retitle(REPOSITORY, number, ("New", "body"), &carol(), world.now())
            .await
            .unwrap();
    }
    let change = world.change(number).await.change;
    assert_eq!(
        (
            change.title.as_str(),
            change.body.as_str(),
            world.turns(number)
        ),
        ("New", "body", 2)
    );
}
