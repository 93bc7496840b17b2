//! Many at once: openers, reviewers, mergers, and people who push between look and merge.

use std::sync::Arc;

use sendo_core::effect::ChangeState;
use sendo_forge::local::{LocalForge, OpenChange, StateFilter};

use crate::world::{REPOSITORY, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_head_races_none_merges_what_was_not_pinned() {
    let world = Arc::new(World::new().await);
    let mut merged = 0;
    for round in 0..200 {
        let name = format!("x{round}");
        let file = format!("files/{round}");
        let approved = world.push(&name, &[(&file, "approved")]).await;
        let number = world.open(&name).await.change.number;
        let pushing = tokio::spawn({
            let (world, name, file) = (world.clone(), name.clone(), file.clone());
            async move { world.push(&name, &[(&file, "evil")]).await }
        });
        let outcome = world.merge(number, approved).await;
        pushing.await.unwrap();
        match outcome {
            Ok(_) => merged += 1,
            Err(error) => assert_eq!(error.reason_code(), "head_moved"),
        }
    }
    let evil = world.git(&["log", "--format=%H", "-S", "evil", "main"]);
    assert_eq!(evil, "");
    println!("{merged} of 200 merged before the push");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_who_open_one_branch_get_one_change_request() {
    let world = Arc::new(World::new().await);
    world.push("x", &[("a", "2\n")]).await;
    let opening = (0..8).map(|n| {
        // Every other one is another process, which knows nothing of the first.
        let forge = if n % 2 == 0 {
            world.forge.clone()
        } else {
            LocalForge::new(world.folder.path())
        };
        let open = OpenChange {
            marker: Some(format!("m{n}")),
            ..world.opening("x")
        };
        tokio::spawn(async move { forge.open_change(&open).await.unwrap() })
    });
    let mut fresh = 0;
    for opened in opening.collect::<Vec<_>>() {
        let opened = opened.await.unwrap();
        assert_eq!(opened.change.number, 1);
        fresh += usize::from(!opened.adopted);
    }
    assert_eq!(fresh, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_branches_get_eight_numbers_and_all_merge() {
    let world = Arc::new(World::new().await);
    let mut runs = Vec::new();
    for n in 0..8 {
        let (name, file) = (format!("b{n}"), format!("files/{n}"));
        let head = world.push(&name, &[(&file, "1")]).await;
        let world = world.clone();
        runs.push(tokio::spawn(async move {
            let number = world.open(&name).await.change.number;
            world
                .forge
                .review(&world.reviewing(number, head))
                .await
                .unwrap();
            world.merge(number, head).await.unwrap();
        }));
    }
    for run in runs {
        run.await.unwrap();
    }
    let merged = StateFilter::Only(ChangeState::Merged);
    let listed = world.forge.list(REPOSITORY, merged).await.unwrap();
    assert_eq!(
        listed
            .changes
            .iter()
            .map(|change| change.number)
            .collect::<Vec<_>>(),
        (1..=8).collect::<Vec<_>>()
    );
    assert_eq!(
        world
            .git(&["ls-tree", "--name-only", "main:files"])
            .lines()
            .count(),
        8
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_close_and_a_merge_at_once_one_wins() {
    let world = Arc::new(World::new().await);
    for round in 0..10 {
        let (number, head) = world.pushed_and_open(&format!("x{round}")).await;
        let closing = tokio::spawn({
            let world = world.clone();
            async move {
                let by = crate::world::carol();
                world
                    .forge
                    .close(REPOSITORY, number, "race", &by, world.now())
                    .await
            }
        });
        let merged = world.merge(number, head).await;
        let closed = closing.await.unwrap();
        let state = if merged.is_ok() {
            ChangeState::Merged
        } else {
            ChangeState::Closed
        };
        assert_eq!(
            (world.state(number).await, merged.is_ok()),
            (state, closed.is_err()),
            "{merged:?} {closed:?}"
        );
        world
            .set(
                "refs/heads/main",
                world
                    .git(&["rev-list", "--max-parents=0", "main"])
                    .parse()
                    .ok(),
            )
            .await;
    }
}
