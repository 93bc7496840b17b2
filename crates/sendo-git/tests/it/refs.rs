//! Opening repositories, and moving refs by compare-and-swap.

use sendo_git::{BareRepository, Expect, GitError, RefUpdate};

use crate::support::{NOON, Scratch, name, oid, run_git};

#[tokio::test]
async fn loses_the_swap_with_what_it_found() {
    let (scratch, one) = Scratch::with(&[("x", "1")]).await;
    let two = scratch.commit(Some(one), &[("x", "2")]).await;
    scratch.set("refs/heads/main", Some(two)).await;
    let stale = RefUpdate::moved(name("refs/heads/main"), one, two);
    let other = RefUpdate::created(name("refs/heads/other"), two);
    match scratch
        .repository
        .update_refs(&[other, stale])
        .await
        .unwrap_err()
    {
        GitError::CasLost {
            name,
            expected: Expect::Oid(expected),
            actual,
        } => {
            assert_eq!((name.short(), expected, actual), ("main", one, Some(two)));
        }
        error => panic!("{error}"),
    }
    assert_eq!(
        scratch
            .repository
            .resolve(&name("refs/heads/other"))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn moves_creates_deletes_and_verifies_together() {
    let (scratch, one) = Scratch::with(&[("x", "1")]).await;
    let two = scratch.commit(Some(one), &[("x", "2")]).await;
    scratch.set("refs/heads/old", Some(one)).await;
    let updates = [
        RefUpdate::moved(name("refs/heads/main"), one, two),
        RefUpdate::created(name("refs/heads/new"), two),
        RefUpdate::deleted(name("refs/heads/old"), one),
        RefUpdate::unmoved(name("refs/heads/none"), None),
    ];
    scratch.repository.update_refs(&updates).await.unwrap();
    let refs = scratch.repository.ref_oids(&["refs/heads/"]).await.unwrap();
    assert_eq!(
        refs,
        [
            (name("refs/heads/main"), two),
            (name("refs/heads/new"), two)
        ]
    );
    let again = scratch.repository.update_refs(&updates).await.unwrap_err();
    assert!(again.is_cas_lost());
}

#[tokio::test]
async fn deleting_what_is_gone_and_verifying_what_moved() {
    let (scratch, one) = Scratch::with(&[("x", "1")]).await;
    scratch.set("refs/heads/gone", None).await;
    let two = scratch.commit(Some(one), &[("x", "2")]).await;
    let verify = RefUpdate::unmoved(name("refs/heads/main"), Some(two));
    assert!(
        scratch
            .repository
            .update_refs(&[verify])
            .await
            .unwrap_err()
            .is_cas_lost()
    );
    let absent = RefUpdate::unmoved(name("refs/heads/main"), None);
    assert!(
        scratch
            .repository
            .update_refs(&[absent])
            .await
            .unwrap_err()
            .is_cas_lost()
    );
}

#[tokio::test]
async fn names_the_ref_that_is_in_the_way() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    for (new, other) in [
        ("refs/heads/main/below", "refs/heads/main"),
        ("refs/heads/top", "refs/heads/top/below"),
    ] {
        scratch
            .repository
            .update_refs(&[RefUpdate::created(name("refs/heads/top/below"), head)])
            .await
            .ok();
        match scratch
            .repository
            .update_refs(&[RefUpdate::created(name(new), head)])
            .await
            .unwrap_err()
        {
            GitError::RefInTheWay { other: found, .. } => assert_eq!(found.as_str(), other),
            error => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_lock_left_behind_is_named_and_not_waited_for_for_ever() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    let lock = scratch.repository.path().join("refs/heads/main.lock");
    std::fs::write(&lock, "").unwrap();
    let two = scratch.commit(Some(head), &[("x", "2")]).await;
    let update = [RefUpdate::moved(name("refs/heads/main"), head, two)];
    let error = scratch.repository.update_refs(&update).await.unwrap_err();
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("refs_locked", true)
    );
    std::fs::remove_file(lock).unwrap();
    scratch.repository.update_refs(&update).await.unwrap();
}

#[tokio::test]
async fn a_ref_is_not_moved_to_an_object_that_is_not_there() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    let nowhere = oid("1234567890123456789012345678901234567890");
    let update = RefUpdate::created(name("refs/heads/new"), nowhere);
    let error = scratch.repository.update_refs(&[update]).await.unwrap_err();
    assert_eq!(error.reason_code(), "object_missing");
}

#[tokio::test]
async fn peels_tags_all_the_way() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    scratch.git(&["tag", "-a", "-m", "one", "v1", "main"]);
    scratch.git(&["tag", "-a", "-m", "a tag of a tag", "v1-again", "v1"]);
    scratch.git(&["tag", "light", "main"]);
    scratch.git(&["tag", "tree", "main^{tree}"]);
    let refs = scratch.repository.refs(&["refs/tags"]).await.unwrap();
    let peeled: Vec<_> = refs
        .iter()
        .map(|tag| (tag.name.short(), tag.commit))
        .collect();
    assert_eq!(
        peeled,
        [
            ("light", Some(head)),
            ("tree", None),
            ("v1", Some(head)),
            ("v1-again", Some(head))
        ]
    );
    assert_eq!(refs[0].created_at, Some(NOON));
    assert!(refs[2].created_at.is_some() && refs[1].created_at.is_none());
}

#[tokio::test]
async fn resolves_exact_names_only() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    scratch.set("refs/heads/refs/heads/x", Some(head)).await;
    scratch.set("refs/heads/a/b", Some(head)).await;
    for absent in [
        "refs/heads/x",
        "refs/heads/a",
        "refs/main",
        "refs/heads/mai",
    ] {
        assert_eq!(
            scratch.repository.resolve(&name(absent)).await.unwrap(),
            None,
            "{absent}"
        );
    }
    let main = scratch
        .repository
        .resolve(&name("refs/heads/main"))
        .await
        .unwrap();
    assert_eq!(main, Some(head));
}

#[tokio::test]
async fn opens_only_bare_sha1_repositories() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    run_git(
        folder.path(),
        &["init", "-q", "--bare", "--object-format=sha256", "new.git"],
        b"",
    );
    run_git(folder.path(), &["init", "-q", "work"], b"");
    std::fs::create_dir(at("empty")).unwrap();
    for (path, code) in [
        ("new.git", "unsupported_object_format"),
        ("work/.git", "not_bare"),
        ("work", "not_a_repository"),
        ("empty", "not_a_repository"),
        ("none", "not_a_repository"),
    ] {
        let error = BareRepository::open(&at(path)).await.unwrap_err();
        assert_eq!(error.reason_code(), code, "{path}");
    }
}

#[tokio::test]
async fn creates_a_repository_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme/new.git");
    for branch in ["trunk", "other"] {
        let repository = BareRepository::init(&path, branch).await.unwrap();
        let default = repository.default_branch().await.unwrap();
        assert_eq!(default, Some(name("refs/heads/trunk")));
    }
    let error = BareRepository::init(&folder.path().join("x.git"), "--bad")
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "invalid_ref_name");
}

#[tokio::test]
async fn a_stuck_command_is_stopped() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    let fifo = scratch.repository.path().join("packed-refs");
    // Nobody ever writes to it, so whoever opens it to read waits.
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let hurried = scratch
        .repository
        .clone()
        .with_time_limit(std::time::Duration::from_millis(50));
    let error = hurried.ref_oids(&["refs/heads"]).await.unwrap_err();
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("git_timed_out", true)
    );
    std::fs::remove_file(fifo).unwrap();
}

#[tokio::test]
async fn tells_which_refs_a_commit_contains() {
    let (scratch, one) = Scratch::with(&[("x", "1")]).await;
    let two = scratch.commit(Some(one), &[("x", "2")]).await;
    scratch.set("refs/keep/in", Some(one)).await;
    scratch.set("refs/keep/out", Some(two)).await;
    scratch.git(&["update-ref", "refs/keep/tree", "main^{tree}"]);
    let merged = scratch
        .repository
        .refs_merged_into("refs/keep/", one)
        .await
        .unwrap();
    assert_eq!(
        merged.into_iter().collect::<Vec<_>>(),
        [(name("refs/keep/in"), one)]
    );
}
