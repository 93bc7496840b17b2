//! Opening, listing, closing and reopening.

use sendo_core::effect::ChangeState;
use sendo_forge::local::{LocalForge, OpenChange, StateFilter};
use sendo_git::{BareRepository, SpoolContent};

use crate::world::{REPOSITORY, World, alice, branch, carol};

#[tokio::test]
async fn a_change_request_says_what_it_would_bring() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("feature/x").await;
    let details = world.change(number).await;
    let change = &details.change;
    assert_eq!(
        (number, change.state, change.head),
        (1, ChangeState::Open, head)
    );
    assert_eq!(
        (change.title.as_str(), change.body.as_str()),
        ("Deploy feature/x", "Why: 船頭\n\nbecause")
    );
    assert_eq!(
        (&change.opened_by, change.base.as_str()),
        (&alice(), "main")
    );
    assert_eq!(details.base_head, world.head("main").await);
    assert_eq!(details.merge_base, details.base_head);
    assert_eq!(
        (
            details.ahead.len(),
            details.ahead[0].oid,
            details.ahead[0].tree
        ),
        (1, head, details.head_tree)
    );
    assert_eq!(details.ahead[0].author, "Bob <bob@example.com>");
}

#[tokio::test]
async fn opening_twice_gives_one_change_request() {
    let world = World::new().await;
    let (number, _) = world.pushed_and_open("x").await;
    let again = world.open("x").await;
    assert_eq!((again.change.number, again.adopted), (number, true));
    let other = OpenChange {
        marker: None,
        ..world.opening("x")
    };
    let adopted = world.forge.open_change(&other).await.unwrap();
    assert_eq!(
        (adopted.change.number, adopted.adopted, world.turns(number)),
        (number, true, 1)
    );
}

#[tokio::test]
async fn a_marker_finds_its_change_request_whatever_became_of_it() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    world
        .forge
        .close(REPOSITORY, number, "no", &alice(), world.now())
        .await
        .unwrap();
    let again = world.open("x").await;
    assert_eq!(
        (again.change.number, again.change.state),
        (number, ChangeState::Closed)
    );
    world
        .forge
        .reopen(REPOSITORY, number, &alice(), world.now())
        .await
        .unwrap();
    world.merge(number, head).await.unwrap();
    assert_eq!(world.open("x").await.change.state, ChangeState::Merged);
    let fresh = OpenChange {
        marker: None,
        ..world.opening("x")
    };
    let error = world.forge.open_change(&fresh).await.unwrap_err();
    assert_eq!(error.reason_code(), "nothing_to_merge");
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_with_its_reason() {
    let world = World::new().await;
    world.push("x", &[("a", "2")]).await;
    world.set("refs/heads/same", world.head("main").await).await;
    let good = world.opening("x");
    let cases = [
        (
            OpenChange {
                branch: branch("none"),
                ..good.clone()
            },
            "branch_missing",
        ),
        (
            OpenChange {
                base: branch("none"),
                ..good.clone()
            },
            "branch_missing",
        ),
        (
            OpenChange {
                branch: branch("same"),
                ..good.clone()
            },
            "nothing_to_merge",
        ),
        (
            OpenChange {
                title: "two\nlines".to_owned(),
                ..good.clone()
            },
            "invalid_text",
        ),
        (
            OpenChange {
                title: " ".to_owned(),
                ..good.clone()
            },
            "invalid_text",
        ),
        (
            OpenChange {
                body: "x".repeat(300_000),
                ..good.clone()
            },
            "invalid_text",
        ),
        (
            OpenChange {
                repository: "acme/none".to_owned(),
                ..good.clone()
            },
            "repository_missing",
        ),
        (
            OpenChange {
                repository: "../etc".to_owned(),
                ..good.clone()
            },
            "bad_repository",
        ),
        (
            OpenChange {
                repository: "acme/-x".to_owned(),
                ..good.clone()
            },
            "bad_repository",
        ),
    ];
    for (open, code) in cases {
        assert_eq!(
            world
                .forge
                .open_change(&open)
                .await
                .unwrap_err()
                .reason_code(),
            code
        );
    }
    assert!(
        world
            .forge
            .list(REPOSITORY, StateFilter::All)
            .await
            .unwrap()
            .changes
            .is_empty()
    );
}

#[tokio::test]
async fn a_branch_is_open_for_one_base_at_a_time() {
    let world = World::new().await;
    let (number, _) = world.pushed_and_open("x").await;
    world
        .set("refs/heads/other", world.head("main").await)
        .await;
    let open = OpenChange {
        base: branch("other"),
        marker: None,
        ..world.opening("x")
    };
    let error = world.forge.open_change(&open).await.unwrap_err();
    assert_eq!(
        (
            error.reason_code(),
            error.to_string().contains(&number.to_string())
        ),
        ("branch_in_use", true)
    );
}

#[tokio::test]
async fn the_head_follows_the_branch_until_it_is_closed_or_gone() {
    let world = World::new().await;
    let (number, _) = world.pushed_and_open("x").await;
    let second = world.push("x", &[("a", "3\n")]).await;
    assert_eq!(world.change(number).await.change.head, second);
    assert_eq!(
        world.git(&["rev-parse", "refs/sendo/changes/1/head"]),
        second.to_string()
    );
    world
        .forge
        .close(REPOSITORY, number, "later", &alice(), world.now())
        .await
        .unwrap();
    let third = world.push("x", &[("a", "4\n")]).await;
    assert_eq!(world.change(number).await.change.head, second);
    world
        .forge
        .reopen(REPOSITORY, number, &alice(), world.now())
        .await
        .unwrap();
    assert_eq!(world.change(number).await.change.head, third);
    world.set("refs/heads/x", None).await;
    assert_eq!(world.change(number).await.change.head, third);
}

#[tokio::test]
async fn closing_and_reopening_twice_is_doing_it_once() {
    let world = World::new().await;
    let (number, _) = world.pushed_and_open("x").await;
    for _ in 0..2 {
        world
            .forge
            .close(REPOSITORY, number, "superseded", &carol(), world.now())
            .await
            .unwrap();
    }
    let details = world.change(number).await;
    let closed = details.closed.unwrap();
    assert_eq!(
        (details.change.state, closed.by, closed.reason.as_str()),
        (ChangeState::Closed, carol(), "superseded")
    );
    for _ in 0..2 {
        world
            .forge
            .reopen(REPOSITORY, number, &carol(), world.now())
            .await
            .unwrap();
    }
    let details = world.change(number).await;
    assert_eq!(
        (details.change.state, details.closed, world.turns(number)),
        (ChangeState::Open, None, 3)
    );
}

#[tokio::test]
async fn lists_by_state_and_finds_by_branch() {
    let world = World::new().await;
    let (merged, head) = world.pushed_and_open("one").await;
    let (closed, _) = world.pushed_and_open("two").await;
    let (open, _) = world.pushed_and_open("three").await;
    world.merge(merged, head).await.unwrap();
    world
        .forge
        .close(REPOSITORY, closed, "no", &alice(), world.now())
        .await
        .unwrap();
    for (state, number) in [
        (ChangeState::Merged, merged),
        (ChangeState::Closed, closed),
        (ChangeState::Open, open),
    ] {
        let listed = world
            .forge
            .list(REPOSITORY, StateFilter::Only(state))
            .await
            .unwrap();
        assert_eq!(
            listed
                .changes
                .iter()
                .map(|change| change.number)
                .collect::<Vec<_>>(),
            [number]
        );
    }
    let found = world
        .forge
        .find_open(REPOSITORY, &branch("three"))
        .await
        .unwrap();
    assert_eq!(found.map(|change| change.number), Some(open));
    assert_eq!(
        world
            .forge
            .find_open(REPOSITORY, &branch("two"))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn every_move_is_told_to_a_running_server() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    world.merge(number, head).await.unwrap();
    world
        .forge
        .delete_branch(REPOSITORY, &branch("x"), head, world.now())
        .await
        .unwrap();
    let names = |entry: sendo_git::SpoolEntry| match entry.content {
        SpoolContent::Moves(moves) => moves.iter().map(|m| m.name.to_string()).collect::<Vec<_>>(),
        SpoolContent::Malformed { reason, .. } => panic!("{reason}"),
    };
    let told: Vec<_> = world
        .git
        .read_spool(100)
        .unwrap()
        .into_iter()
        .map(names)
        .collect();
    let own = |leaf: &str| format!("refs/sendo/changes/1/{leaf}");
    assert_eq!(told[0], [own("head"), own("log")]);
    assert_eq!(told[1], ["refs/heads/main".to_owned(), own("log")]);
    assert_eq!(told[2], ["refs/heads/x"]);
}

#[tokio::test]
async fn a_repository_without_dot_git_is_found_too() {
    let folder = tempfile::tempdir().unwrap();
    BareRepository::init(&folder.path().join("team/group/plain"), "main")
        .await
        .unwrap();
    let forge = LocalForge::new(folder.path());
    let listed = forge
        .list("team/group/plain", StateFilter::All)
        .await
        .unwrap();
    assert!(listed.changes.is_empty());
    assert_eq!(
        forge
            .change("team/group/plain", 1)
            .await
            .unwrap_err()
            .reason_code(),
        "change_missing"
    );
}
