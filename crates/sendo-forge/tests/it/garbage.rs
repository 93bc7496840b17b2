//! Mirrors, many change requests, and refs that somebody else wrote.

use std::time::{Duration, Instant};

use sendo_core::effect::ChangeState;
use sendo_forge::local::{LocalForge, StateFilter};
use sendo_git::{NewCommit, Oid, Signature};

use crate::world::{REPOSITORY, World, run_git};

#[tokio::test]
async fn a_mirror_carries_everything() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    world
        .forge
        .review(&world.reviewing(number, head))
        .await
        .unwrap();
    let mirrors = tempfile::tempdir().unwrap();
    let from = world.git.path().to_str().unwrap().to_owned();
    assert!(
        run_git(
            mirrors.path(),
            &["clone", "-q", "--mirror", &from, "acme/web.git"]
        )
        .status
        .success()
    );
    let mirror = LocalForge::new(mirrors.path());
    assert_eq!(
        mirror.change(REPOSITORY, number).await.unwrap(),
        world.change(number).await
    );
}

/// Puts a commit with the empty tree and this message where a log should be.
async fn plant(world: &World, number: u64, message: &str) {
    let who = Signature {
        name: "x".to_owned(),
        email: "x".to_owned(),
        at_seconds: 0,
    };
    let tree = world.git.write_empty_tree().await.unwrap();
    let (author, committer, message) = (who.clone(), who, message.to_owned());
    let commit = NewCommit {
        tree,
        parents: Vec::new(),
        author,
        committer,
        message,
    };
    let oid = world.git.commit_tree(&commit).await.unwrap();
    world
        .set(
            &format!("refs/sendo/changes/{number}/head"),
            world.head("main").await,
        )
        .await;
    world
        .set(&format!("refs/sendo/changes/{number}/log"), Some(oid))
        .await;
}

#[tokio::test]
async fn garbage_is_told_and_hides_nothing() {
    let world = World::new().await;
    let (good, _) = world.pushed_and_open("x").await;
    let main: Option<Oid> = world.head("main").await;
    let blob = world.git(&["rev-parse", "main:a"]).parse().ok();
    let documents = [
        "not json",
        "{}",
        r#"{"sendo":1,"by":"local:a","at":0,"turn":"reopened"}"#,
        r#"{"sendo":1,"by":"local:a","at":0,"turn":"exploded"}"#,
        r#"{"sendo":2,"by":"nobody"}"#,
    ];
    for (number, document) in (2..).zip(documents) {
        plant(&world, number, document).await;
    }
    for name in [
        "7/head",
        "8/log",
        "9/log",
        "9/head",
        "10/odd",
        "x/head",
        "011/head",
        "99999999999999999999/head",
    ] {
        world.set(&format!("refs/sendo/changes/{name}"), main).await;
    }
    world.set("refs/sendo/changes/12/head", blob).await;
    world.git(&[
        "update-ref",
        "refs/sendo/changes/12/log",
        "refs/sendo/changes/1/log",
    ]);
    world.git(&["update-ref", "refs/sendo/changes/13", "main"]);
    let listed = world
        .forge
        .list(REPOSITORY, StateFilter::All)
        .await
        .unwrap();
    assert_eq!(
        listed
            .changes
            .iter()
            .map(|change| change.number)
            .collect::<Vec<_>>(),
        [good]
    );
    assert_eq!(listed.unreadable.len(), 14, "{:#?}", listed.unreadable);
    for number in [2, 3, 4, 5, 6, 7, 8, 9, 12] {
        let error = world.forge.change(REPOSITORY, number).await.unwrap_err();
        assert_eq!(
            error.reason_code(),
            "change_unreadable",
            "{number}: {error}"
        );
    }
    let (next, _) = world.pushed_and_open("y").await;
    assert_eq!((next, world.state(good).await), (14, ChangeState::Open));
}

#[tokio::test]
async fn garbage_in_the_place_of_checks_is_told() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    world
        .set(&format!("refs/sendo/checks/{head}"), Some(head))
        .await;
    let error = world.forge.change(REPOSITORY, number).await.unwrap_err();
    assert_eq!(error.reason_code(), "change_unreadable");
}

#[tokio::test]
async fn a_long_log_is_read_to_its_start() {
    let world = World::new().await;
    let (number, _) = world.pushed_and_open("x").await;
    for n in 0..30 {
        world
            .forge
            .comment(&world.commenting(number, &n.to_string(), None))
            .await
            .unwrap();
    }
    let fresh = LocalForge::new(world.folder.path());
    let details = fresh.change(REPOSITORY, number).await.unwrap();
    assert_eq!(
        (details.comments.len(), details.change.title.as_str()),
        (30, "Deploy x")
    );
}

/// A thousand change requests of three turns each, written by `git fast-import`.
fn write_a_thousand(world: &World, head: Oid) {
    let who = "committer x <x> 0 +0000";
    let mut script = String::new();
    for number in 1..=1_000 {
        let own = format!("refs/sendo/changes/{number}");
        script.push_str(&format!("reset {own}/head\nfrom {head}\n\n"));
        let by = format!(r#""sendo":1,"by":"local:a","at":{number}"#);
        let opened = format!(
            r#"{{{by},"turn":"opened","title":"t","body":"","base":"main","branch":"b{number}","head":"{head}"}}"#
        );
        let closed = format!(r#"{{{by},"turn":"closed","reason":"no"}}"#);
        let reopened = format!(r#"{{{by},"turn":"reopened"}}"#);
        for document in [opened, closed, reopened] {
            let length = document.len();
            script.push_str(&format!(
                "commit {own}/log\n{who}\ndata {length}\n{document}\n"
            ));
        }
    }
    let file = world.folder.path().join("script");
    std::fs::write(&file, script).unwrap();
    let import = format!("git fast-import --quiet <{}", file.display());
    let mut shell = std::process::Command::new("sh");
    assert!(
        shell
            .args(["-c", &import])
            .current_dir(world.git.path())
            .status()
            .unwrap()
            .success()
    );
}

#[tokio::test]
async fn a_thousand_are_listed_in_less_than_seconds() {
    let world = World::new().await;
    let head = world.push("x", &[("a", "2\n")]).await;
    write_a_thousand(&world, head);
    world.git.write_empty_tree().await.unwrap();
    for name in ["cold", "warm"] {
        let start = Instant::now();
        let listed = world
            .forge
            .list(REPOSITORY, StateFilter::All)
            .await
            .unwrap();
        println!("{name} listing of 1,000: {:?}", start.elapsed());
        assert_eq!((listed.changes.len(), listed.unreadable.len()), (1_000, 0));
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
