//! Commits, logs, ancestry and three-way merges.

use sendo_git::{LogQuery, Merged, Oid};

use crate::support::{Scratch, new_commit, oid};

fn since(from: Oid, to: Oid) -> LogQuery {
    LogQuery {
        to,
        from_exclusive: Some(from),
        first_parent: false,
        limit: 100,
        touched: true,
    }
}

#[tokio::test]
async fn a_log_tells_what_each_commit_touched() {
    let (scratch, one) = Scratch::with(&[("a", "1"), ("b/c", "1")]).await;
    let two = scratch
        .commit(Some(one), &[("a", "2"), ("d/船", "1")])
        .await;
    let three = scratch.commit(Some(two), &[("b/c", "2")]).await;
    let log = scratch.repository.log(since(one, three)).await.unwrap();
    let touched = |n: usize| log.commits[n].touched.clone().unwrap().paths;
    assert_eq!((log.commits.len(), log.cut), (2, false));
    assert_eq!(
        (touched(0), touched(1)),
        (
            vec!["b/c".to_owned()],
            vec!["a".to_owned(), "d/船".to_owned()]
        )
    );
    let whole = LogQuery {
        from_exclusive: None,
        limit: 2,
        ..since(one, three)
    };
    let log = scratch.repository.log(whole).await.unwrap();
    assert!(log.cut && log.commits[1].info.oid == two);
}

#[tokio::test]
async fn a_log_follows_first_parents_when_asked() {
    let (scratch, base) = Scratch::with(&[("a", "1")]).await;
    let side = scratch.commit(Some(base), &[("side", "1")]).await;
    let ours = scratch.commit(Some(base), &[("ours", "1")]).await;
    let Merged::Clean(tree) = scratch.repository.merge_trees(ours, side).await.unwrap() else {
        panic!()
    };
    let merge = scratch
        .repository
        .commit_tree(&new_commit(tree, vec![ours, side], "Merge"))
        .await
        .unwrap();
    let all = scratch.repository.log(since(base, merge)).await.unwrap();
    let query = LogQuery {
        first_parent: true,
        ..since(base, merge)
    };
    let first = scratch.repository.log(query).await.unwrap();
    assert_eq!((all.commits.len(), first.commits.len()), (3, 2));
    assert_eq!(first.commits[0].touched.clone().unwrap().paths, ["side"]);
}

#[tokio::test]
async fn a_commit_that_touched_too_much_says_so() {
    let names: Vec<String> = (0..3_500).map(|n| format!("f/{n}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "same")).collect();
    let (scratch, head) = Scratch::with(&files).await;
    let query = LogQuery {
        from_exclusive: None,
        ..since(head, head)
    };
    let log = scratch.repository.log(query).await.unwrap();
    let touched = log.commits[0].touched.clone().unwrap();
    assert_eq!((touched.paths.len(), touched.cut), (3_000, true));
}

#[tokio::test]
async fn knows_ancestry() {
    let (scratch, base) = Scratch::with(&[("a", "1")]).await;
    let one = scratch.commit(Some(base), &[("a", "2")]).await;
    let two = scratch.commit(Some(base), &[("b", "2")]).await;
    let alone = scratch.commit(None, &[("z", "1")]).await;
    let repository = &scratch.repository;
    assert!(repository.is_ancestor(base, one).await.unwrap());
    assert!(!repository.is_ancestor(one, two).await.unwrap());
    assert_eq!(repository.merge_base(one, two).await.unwrap(), Some(base));
    assert_eq!(repository.merge_base(one, alone).await.unwrap(), None);
}

#[tokio::test]
async fn a_conflict_names_its_paths() {
    let (scratch, base) = Scratch::with(&[("a", "1\n"), ("b", "1\n")]).await;
    let ours = scratch.commit(Some(base), &[("a", "2\n")]).await;
    let theirs = scratch
        .commit(Some(base), &[("a", "3\n"), ("b", "3\n")])
        .await;
    let merged = scratch.repository.merge_trees(ours, theirs).await.unwrap();
    assert_eq!(merged, Merged::Conflict(vec!["a".to_owned()]));
}

#[tokio::test]
async fn says_what_is_missing_or_of_another_kind() {
    let (scratch, head) = Scratch::with(&[("a", "1")]).await;
    let repository = &scratch.repository;
    let nowhere = oid("1234567890123456789012345678901234567890");
    let tree = repository.commit(head).await.unwrap().tree;
    for (at, code) in [(nowhere, "object_missing"), (tree, "wrong_object_kind")] {
        assert_eq!(repository.commit(at).await.unwrap_err().reason_code(), code);
        assert_eq!(
            repository
                .is_ancestor(at, head)
                .await
                .unwrap_err()
                .reason_code(),
            code
        );
        assert_eq!(
            repository
                .merge_base(head, at)
                .await
                .unwrap_err()
                .reason_code(),
            code
        );
        assert_eq!(
            repository
                .merge_trees(head, at)
                .await
                .unwrap_err()
                .reason_code(),
            code
        );
        assert_eq!(
            repository
                .log(since(head, at))
                .await
                .unwrap_err()
                .reason_code(),
            code
        );
    }
    let error = repository.list_dir(nowhere, None).await.unwrap_err();
    assert_eq!(error.reason_code(), "object_missing");
}

#[tokio::test]
async fn a_replacement_does_not_change_what_is_read() {
    let (scratch, head) = Scratch::with(&[("a", "true")]).await;
    let other = scratch.commit(None, &[("a", "false")]).await;
    scratch.git(&["replace", &head.to_string(), &other.to_string()]);
    assert_eq!(scratch.text(head, "a").await.as_deref(), Some("true"));
    scratch.git(&["replace", "-d", &head.to_string()]);
}
