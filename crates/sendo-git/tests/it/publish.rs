//! Publishing: deterministic commits, and many publishers on one branch.

use sendo_git::{BareRepository, Change, GitError, Oid, RefUpdate};

use crate::support::{Scratch, name, new_commit, path};

#[tokio::test]
async fn the_same_commit_has_the_same_name() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    let tree = scratch.repository.commit(head).await.unwrap().tree;
    let commit = new_commit(tree, vec![head], "Deploy 船頭\n\nBody\n\n");
    let first = scratch.repository.commit_tree(&commit).await.unwrap();
    assert_eq!(
        scratch.repository.commit_tree(&commit).await.unwrap(),
        first
    );
    let read = scratch.repository.commit(first).await.unwrap();
    assert_eq!(
        (read.subject.as_str(), read.body.as_str()),
        ("Deploy 船頭", "Body")
    );
    assert_eq!(
        (read.author.as_str(), read.parents),
        ("Sendo <sendo@example.com>", vec![head])
    );
}

#[tokio::test]
async fn refuses_what_git_would_garble() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    let good = new_commit(head, vec![], "m");
    for (who, email) in [
        ("", "e"),
        (" . ", "e"),
        ("a\nb", "e"),
        ("a<b", "e"),
        ("a", "e>"),
        ("a", "e f"),
        (" a", "e"),
    ] {
        let mut bad = good.clone();
        (bad.author.name, bad.author.email) = (who.to_owned(), email.to_owned());
        let error = scratch.repository.commit_tree(&bad).await.unwrap_err();
        assert_eq!(error.reason_code(), "invalid_commit", "{who:?} {email:?}");
    }
    let nul = new_commit(head, vec![], "a\0b");
    assert_eq!(
        scratch
            .repository
            .commit_tree(&nul)
            .await
            .unwrap_err()
            .reason_code(),
        "invalid_commit"
    );
}

/// Reads the base, edits one file, and moves the branch; again from the start when it was too late.
async fn publish(repository: &BareRepository, file: &str, text: &str) -> usize {
    let main = name("refs/heads/main");
    for attempt in 1.. {
        let base = repository.resolve(&main).await.unwrap().unwrap();
        let change = Change::write(path(file), text.as_bytes().to_vec());
        let tree = repository.write_tree_with(base, &[change]).await.unwrap();
        let commit = new_commit(tree, vec![base], &format!("Set {file} to {text}"));
        let commit = repository.commit_tree(&commit).await.unwrap();
        match repository
            .update_refs(&[RefUpdate::moved(main.clone(), base, commit)])
            .await
        {
            Ok(()) => return attempt,
            Err(GitError::CasLost { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!()
}

/// Lets `publishers` set their own file `rounds` times at once; answers the most attempts one needed.
async fn publish_at_once(
    scratch: &Scratch,
    publishers: usize,
    rounds: usize,
    queue: bool,
) -> usize {
    let publishers = (0..publishers).map(|n| {
        let repository = scratch.repository.clone();
        tokio::spawn(async move {
            let mut worst = 0;
            for round in 0..rounds {
                let turn = match queue {
                    true => Some(repository.turn(&name("refs/heads/main")).await),
                    false => None,
                };
                let file = format!("apps/{n}/tag");
                worst = worst.max(publish(&repository, &file, &round.to_string()).await);
                drop(turn);
            }
            worst
        })
    });
    let mut worst = 0;
    for publisher in publishers.collect::<Vec<_>>() {
        worst = worst.max(publisher.await.unwrap());
    }
    worst
}

async fn assert_all_landed(scratch: &Scratch, first: Oid, publishers: usize, rounds: usize) {
    let head = scratch
        .repository
        .resolve(&name("refs/heads/main"))
        .await
        .unwrap()
        .unwrap();
    let count = scratch.git(&[
        "rev-list",
        "--count",
        "--min-parents=1",
        "--max-parents=1",
        "main",
    ]);
    assert_eq!(count, (publishers * rounds).to_string());
    assert_eq!(scratch.git(&["rev-list", "--min-parents=2", "main"]), "");
    assert!(scratch.repository.is_ancestor(first, head).await.unwrap());
    for n in 0..publishers {
        let tag = scratch.text(head, &format!("apps/{n}/tag")).await;
        assert_eq!(tag, Some((rounds - 1).to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_publishers_who_take_turns_all_land_in_one_line() {
    let (scratch, first) = Scratch::with(&[("README", "")]).await;
    assert_eq!(publish_at_once(&scratch, 8, 25, true).await, 1);
    assert_all_landed(&scratch, first, 8, 25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishers_who_do_not_know_of_each_other_all_land_too() {
    let (scratch, first) = Scratch::with(&[("README", "")]).await;
    publish_at_once(&scratch, 8, 5, false).await;
    assert_all_landed(&scratch, first, 8, 5).await;
}

#[tokio::test]
async fn ninety_files_are_one_publish() {
    let names: Vec<String> = (0..90)
        .map(|n| format!("apps/{n}/kustomization.yaml"))
        .collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "tag: 1")).collect();
    let (scratch, head) = Scratch::with(&files).await;
    let edited: Vec<String> = (0..90).map(|n| format!("tag: {n}")).collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .map(String::as_str)
        .zip(edited.iter().map(String::as_str))
        .collect();
    let next = scratch.commit(Some(head), &files).await;
    assert_eq!(
        scratch
            .text(next, "apps/77/kustomization.yaml")
            .await
            .as_deref(),
        Some("tag: 77")
    );
    assert_eq!(
        scratch
            .git(&[
                "diff-tree",
                "-r",
                "--name-only",
                &head.to_string(),
                &next.to_string()
            ])
            .lines()
            .count(),
        89
    );
}
