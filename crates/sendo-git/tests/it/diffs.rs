//! What changed between two commits, as text.

use sendo_git::{GitError, Oid};

use crate::support::{Scratch, oid};

const ROOM: u64 = 1024 * 1024;

#[tokio::test]
async fn a_diff_is_what_git_itself_prints_whatever_the_repository_wishes() {
    let files = [("a.yaml", "tag: 1\nname: x\n"), ("船/b", "old\n")];
    let (scratch, one) = Scratch::with(&files).await;
    let attributes = scratch.repository.path().join("info/attributes");
    std::fs::create_dir_all(attributes.parent().unwrap()).unwrap();
    std::fs::write(attributes, "*.yaml diff=odd\n").unwrap();
    scratch.git(&["config", "diff.odd.command", "echo"]);
    scratch.git(&["config", "diff.odd.textconv", "echo"]);
    let two = scratch
        .commit(Some(one), &[("a.yaml", "tag: 2\nname: x\n")])
        .await;
    let diff = scratch.repository.diff(one, two, ROOM).await.unwrap();
    assert!(!diff.cut);
    let (head, hunk) = diff.text.split_once("@@").unwrap();
    assert!(
        head.starts_with("diff --git a/a.yaml b/a.yaml\nindex "),
        "{head}"
    );
    assert_eq!(hunk, " -1,2 +1,2 @@\n-tag: 1\n+tag: 2\n name: x\n");
    let all = scratch
        .repository
        .diff(Oid::EMPTY_TREE, one, ROOM)
        .await
        .unwrap();
    assert!(all.text.contains("+++ b/船/b\n"), "{}", all.text);
    let none = scratch.repository.diff(two, two, ROOM).await.unwrap();
    assert_eq!(none.text, "");
}

#[tokio::test]
async fn a_diff_that_is_too_long_ends_after_a_whole_line_and_says_so() {
    let long = "a line of this file\n".repeat(1_000);
    let (scratch, one) = Scratch::with(&[("a", &long)]).await;
    let diff = scratch
        .repository
        .diff(Oid::EMPTY_TREE, one, 4_096)
        .await
        .unwrap();
    assert!(diff.cut && diff.text.len() <= 4_096 && diff.text.ends_with("+a line of this file\n"));
}

#[tokio::test]
async fn a_commit_that_is_not_there_is_named() {
    let (scratch, one) = Scratch::with(&[("a", "1")]).await;
    let nowhere = oid("1111111111111111111111111111111111111111");
    let error = scratch
        .repository
        .diff(nowhere, one, ROOM)
        .await
        .unwrap_err();
    assert!(
        matches!(error, GitError::ObjectMissing { oid, .. } if oid == nowhere),
        "{error}"
    );
}
