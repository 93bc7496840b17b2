//! Merging: once, exactly what was pinned, and found again after a crash.

use sendo_core::effect::ChangeState;
use sendo_forge::local::MergeChange;
use sendo_git::Oid;

use crate::world::{REPOSITORY, World, alice, branch, carol, run_git};

#[tokio::test]
async fn merging_twice_is_merging_once() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let base = world.head("main").await.unwrap();
    let first = world.merge(number, head).await.unwrap();
    let again = world.merge(number, head).await.unwrap();
    assert_eq!(
        (first.already, again.already, first.oid),
        (false, true, again.oid)
    );
    let merge = world.git.commit(first.oid).await.unwrap();
    assert_eq!(
        (merge.parents, merge.tree),
        (vec![base, head], world.git.commit(head).await.unwrap().tree)
    );
    let details = world.change(number).await;
    assert_eq!(
        (
            details.change.state,
            details.merged.unwrap().by,
            details.merged_oid
        ),
        (ChangeState::Merged, alice(), Some(first.oid))
    );
    assert_eq!((details.ahead.len(), world.turns(number)), (0, 2));
}

#[tokio::test]
async fn a_base_that_went_on_is_merged_with_for_real() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let base = world.push("main", &[("b", "theirs\n")]).await;
    let merged = world.merge(number, head).await.unwrap();
    assert_eq!(
        world.git.commit(merged.oid).await.unwrap().parents,
        [base, head]
    );
    assert_eq!(
        (
            world.git(&["show", "main:a"]),
            world.git(&["show", "main:b"])
        ),
        ("x".to_owned(), "theirs".to_owned())
    );
}

#[tokio::test]
async fn a_conflict_moves_nothing_and_names_the_file() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let base = world.push("main", &[("a", "theirs\n")]).await;
    let error = world.merge(number, head).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "change request 1 does not merge: a conflict; rebuild it on the base"
    );
    assert_eq!(
        (world.head("main").await, world.state(number).await),
        (Some(base), ChangeState::Open)
    );
}

#[tokio::test]
async fn only_the_pinned_head_on_the_pinned_base_is_merged() {
    let world = World::new().await;
    let (number, first) = world.pushed_and_open("x").await;
    let base = world.head("main").await.unwrap();
    let second = world.push("x", &[("a", "3\n")]).await;
    assert_eq!(world.refused(number, first).await, "head_moved");
    world.push("main", &[("b", "2\n")]).await;
    let pinned = MergeChange {
        expected_base: Some(base),
        ..world.merging(number, second)
    };
    assert_eq!(
        world.forge.merge(&pinned).await.unwrap_err().reason_code(),
        "base_moved"
    );
    world
        .forge
        .close(REPOSITORY, number, "no", &alice(), world.now())
        .await
        .unwrap();
    assert_eq!(world.refused(number, second).await, "closed");
    assert_eq!(world.refused(99, second).await, "change_missing");
}

/// The base has moved, and the log does not say so: what a crash in the middle leaves.
async fn crashed_after_the_base_moved(world: &World, number: u64, head: Oid) -> Oid {
    let log = format!("refs/sendo/changes/{number}/log");
    let before = world.git(&["rev-parse", &log]).parse().unwrap();
    let merge = world.merge(number, head).await.unwrap().oid;
    world.set(&log, Some(before)).await;
    merge
}

#[tokio::test]
async fn a_crash_before_the_log_was_written_leaves_it_merged() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let merge = crashed_after_the_base_moved(&world, number, head).await;
    let details = world.change(number).await;
    assert_eq!(
        (details.change.state, details.merged, details.merged_oid),
        (ChangeState::Merged, None, Some(merge))
    );
    let again = world.merge(number, head).await.unwrap();
    assert_eq!((again.oid, again.already), (merge, true));
    assert_eq!(world.change(number).await.merged.unwrap().by, alice());
}

#[tokio::test]
async fn after_a_crash_a_later_push_does_not_undo_the_merge() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let merge = crashed_after_the_base_moved(&world, number, head).await;
    world.push("x", &[("a", "more\n")]).await;
    world.push("main", &[("b", "later\n")]).await;
    let details = world.change(number).await;
    assert_eq!(
        (
            details.change.state,
            details.change.head,
            details.merged_oid
        ),
        (ChangeState::Merged, head, Some(merge))
    );
}

#[tokio::test]
async fn a_merge_by_push_is_a_merge_without_a_name() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let clone = world.folder.path().join("clone");
    run_git(
        world.folder.path(),
        &["clone", "-q", "acme/web.git", "clone"],
    );
    run_git(
        &clone,
        &["merge", "-q", "--no-ff", "-m", "By hand", "origin/x"],
    );
    assert!(
        run_git(&clone, &["push", "-q", "origin", "main"])
            .status
            .success()
    );
    let details = world.change(number).await;
    assert_eq!(
        (details.change.state, details.merged, details.merged_oid),
        (ChangeState::Merged, None, world.head("main").await)
    );
    assert!(world.merge(number, head).await.unwrap().already);
    assert_eq!(
        (world.change(number).await.merged, world.turns(number)),
        (None, 1)
    );
}

#[tokio::test]
async fn a_fast_forward_of_the_base_is_a_merge_too() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    world.set("refs/heads/main", Some(head)).await;
    assert_eq!(world.change(number).await.merged_oid, Some(head));
    world.push("main", &[("b", "later\n")]).await;
    let details = world.change(number).await;
    assert_eq!(
        (details.change.state, details.merged_oid),
        (ChangeState::Merged, Some(head))
    );
}

#[tokio::test]
async fn a_part_that_landed_is_not_a_merge() {
    let world = World::new().await;
    let (number, first) = world.pushed_and_open("x").await;
    world.set("refs/heads/main", Some(first)).await;
    let second = world.push("x", &[("a", "3\n")]).await;
    let details = world.change(number).await;
    assert_eq!(
        (details.change.state, details.change.head),
        (ChangeState::Open, second)
    );
}

#[tokio::test]
async fn a_branch_set_back_to_the_base_is_not_a_merge() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    world.set("refs/heads/x", world.head("main").await).await;
    assert_eq!(
        (world.state(number).await, world.state(number).await),
        (ChangeState::Open, ChangeState::Open)
    );
    assert_eq!(world.refused(number, head).await, "head_moved");
    assert_eq!(
        world
            .refused(number, world.head("main").await.unwrap())
            .await,
        "head_moved"
    );
}

#[tokio::test]
async fn a_base_moved_back_ends_it_for_good() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let base = world.head("main").await;
    world.merge(number, head).await.unwrap();
    world.set("refs/heads/main", base).await;
    assert_eq!(world.state(number).await, ChangeState::Closed);
    assert_eq!(world.refused(number, head).await, "closed");
    let error = world
        .forge
        .reopen(REPOSITORY, number, &alice(), world.now())
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "already_merged");
}

#[tokio::test]
async fn a_base_that_is_gone_leaves_what_the_log_says() {
    let world = World::new().await;
    let (open, head) = world.pushed_and_open("x").await;
    let (merged, other) = world.pushed_and_open("y").await;
    world.merge(merged, other).await.unwrap();
    world.set("refs/heads/main", None).await;
    assert_eq!(
        (world.state(open).await, world.state(merged).await),
        (ChangeState::Open, ChangeState::Merged)
    );
    assert_eq!(world.refused(open, head).await, "branch_missing");
}

#[tokio::test]
async fn a_branch_is_deleted_only_where_it_was_seen() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    world.merge(number, head).await.unwrap();
    let (x, main) = (branch("x"), branch("main"));
    let newer = world.push("x", &[("a", "9\n")]).await;
    let delete = async |name, head| {
        world
            .forge
            .delete_branch(REPOSITORY, name, head, world.now())
            .await
    };
    assert_eq!(
        delete(&x, head).await.unwrap_err().reason_code(),
        "head_moved"
    );
    assert!(delete(&x, newer).await.unwrap());
    assert!(!delete(&x, newer).await.unwrap());
    assert_eq!(
        delete(&main, newer).await.unwrap_err().reason_code(),
        "default_branch"
    );
    assert_eq!(world.state(number).await, ChangeState::Merged);
}

#[tokio::test]
async fn a_merge_by_another_person_keeps_the_first_name() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let merge = crashed_after_the_base_moved(&world, number, head).await;
    let other = MergeChange {
        by: carol(),
        ..world.merging(number, head)
    };
    assert_eq!(world.forge.merge(&other).await.unwrap().oid, merge);
    assert_eq!(world.change(number).await.merged, None);
}
