//! Reading and writing files of a tree: modes, links, submodules, depth, size.

use sendo_git::{BareRepository, Change, LogQuery, Mode, Oid};

use crate::support::{Scratch, new_commit, oid, path};

#[tokio::test]
async fn reads_what_was_written_byte_for_byte() {
    let odd = "\u{feff}a: 1\r\n# 船頭\r\nno: newline";
    let (scratch, head) = Scratch::with(&[("a/b/odd.yaml", odd), ("top", "")]).await;
    assert_eq!(
        scratch.text(head, "a/b/odd.yaml").await.as_deref(),
        Some(odd)
    );
    assert_eq!(
        scratch.text(head, "./a//b/./odd.yaml").await.as_deref(),
        Some(odd)
    );
    assert_eq!(scratch.text(head, "top").await.as_deref(), Some(""));
    assert_eq!(scratch.text(head, "a/none").await, None);
    assert_eq!(scratch.text(head, "none/b").await, None);
}

#[tokio::test]
async fn rewrites_only_the_trees_along_the_path() {
    let (scratch, head) = Scratch::with(&[("a/x", "1"), ("a/b/y", "1"), ("c/z", "1")]).await;
    let next = scratch.commit(Some(head), &[("a/x", "2")]).await;
    let changed = scratch.git(&[
        "diff-tree",
        "-r",
        "-t",
        "--name-only",
        &head.to_string(),
        &next.to_string(),
    ]);
    assert_eq!(changed, "a\na/x");
}

#[tokio::test]
async fn writes_no_tree_when_nothing_differs() {
    let (scratch, head) = Scratch::with(&[("a/x", "1")]).await;
    let tree = scratch.repository.commit(head).await.unwrap().tree;
    for changes in [
        vec![],
        vec![Change::write(path("a/x"), b"1".to_vec())],
        vec![Change::remove(path("q/r"))],
    ] {
        assert_eq!(
            scratch
                .repository
                .write_tree_with(head, &changes)
                .await
                .unwrap(),
            tree
        );
        assert_eq!(
            scratch
                .repository
                .write_tree_with(tree, &changes)
                .await
                .unwrap(),
            tree
        );
    }
}

#[tokio::test]
async fn keeps_the_executable_bit() {
    let scratch = Scratch::new().await;
    let blob = scratch.git_with(&["hash-object", "-w", "--stdin"], b"#!/bin/sh\n");
    let tree = oid(&scratch.git_with(&["mktree"], format!("100755 blob {blob}\trun\n").as_bytes()));
    let changes = [Change::write(path("run"), b"#!/bin/sh\nexit 1\n".to_vec())];
    let tree = scratch
        .repository
        .write_tree_with(tree, &changes)
        .await
        .unwrap();
    let file = scratch
        .repository
        .read_file(tree, &path("run"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((file.mode, file.bytes.len()), (Mode::Executable, 17));
}

#[tokio::test]
async fn removes_files_and_the_folders_they_leave_empty() {
    let (scratch, head) = Scratch::with(&[("a/b/c/x", "1"), ("k", "1")]).await;
    let gone = [Change::remove(path("a/b/c/x"))];
    let tree = scratch
        .repository
        .write_tree_with(head, &gone)
        .await
        .unwrap();
    assert_eq!(
        scratch.git(&["ls-tree", "-r", "-t", "--name-only", &tree.to_string()]),
        "k"
    );
    let all = [gone[0].clone(), Change::remove(path("k"))];
    assert_eq!(
        scratch
            .repository
            .write_tree_with(head, &all)
            .await
            .unwrap(),
        Oid::EMPTY_TREE
    );
}

#[tokio::test]
async fn never_follows_links_or_submodules() {
    let (scratch, head) = Scratch::with(&[("real/file", "1")]).await;
    let link = scratch.git_with(&["hash-object", "-w", "--stdin"], b"real");
    let lines = format!("120000 blob {link}\tlink\n160000 commit {head}\tsub\n");
    let tree = oid(&scratch.git_with(&["mktree"], lines.as_bytes()));
    for (at, code) in [
        ("link", "symlink"),
        ("link/file", "symlink"),
        ("sub", "submodule"),
        ("sub/x/y", "submodule"),
    ] {
        let read = scratch
            .repository
            .read_file(tree, &path(at))
            .await
            .unwrap_err();
        let change = [Change::write(path(at), b"2".to_vec())];
        let write = scratch
            .repository
            .write_tree_with(tree, &change)
            .await
            .unwrap_err();
        assert_eq!(
            (read.reason_code(), write.reason_code()),
            (code, code),
            "{at}"
        );
    }
    let listed = scratch
        .repository
        .list_dir(tree, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        listed.iter().map(|line| line.mode).collect::<Vec<_>>(),
        [Mode::Symlink, Mode::Submodule]
    );
}

#[tokio::test]
async fn says_whether_a_file_or_a_folder_stands_in_the_way() {
    let (scratch, head) = Scratch::with(&[("a/x", "1")]).await;
    let folder = scratch
        .repository
        .read_file(head, &path("a"))
        .await
        .unwrap_err();
    let below = scratch
        .repository
        .read_file(head, &path("a/x/y/z"))
        .await
        .unwrap_err();
    assert_eq!(
        (folder.reason_code(), below.reason_code()),
        ("not_a_file", "not_a_folder")
    );
    assert_eq!(
        below.to_string(),
        "a/x is a file, not a folder; correct the path"
    );
    let twice = [
        Change::write(path("n"), vec![]),
        Change::write(path("n/m"), vec![]),
    ];
    let error = scratch
        .repository
        .write_tree_with(head, &twice)
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "invalid_path");
}

#[tokio::test]
async fn knows_an_lfs_pointer_and_hands_it_over_unchanged() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    let (scratch, head) = Scratch::with(&[("big.bin", pointer), ("small", "version 1")]).await;
    let files = [path("big.bin"), path("small")];
    let files = scratch.repository.read_files(head, &files).await.unwrap();
    let lfs: Vec<bool> = files
        .iter()
        .flatten()
        .map(|file| file.is_lfs_pointer())
        .collect();
    assert_eq!(lfs, [true, false]);
}

#[tokio::test]
async fn goes_two_hundred_folders_deep() {
    let deep = format!("{}file", "d/".repeat(200));
    let (scratch, head) = Scratch::with(&[(&deep, "1")]).await;
    let next = scratch.commit(Some(head), &[(&deep, "2")]).await;
    assert_eq!(scratch.text(next, &deep).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn refuses_a_file_it_is_not_prepared_to_hold() {
    let (scratch, head) = Scratch::with(&[("small", "1")]).await;
    let large = [Change::write(
        path("large"),
        vec![b'x'; 16 * 1024 * 1024 + 1],
    )];
    let tree = scratch
        .repository
        .write_tree_with(head, &large)
        .await
        .unwrap();
    let error = scratch
        .repository
        .read_file(tree, &path("large"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "large is 16777217 bytes, more than the limit of 16777216"
    );
    assert_eq!(scratch.text(tree, "small").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn edits_one_line_of_a_folder_with_thousands() {
    let names: Vec<String> = (0..2_000)
        .map(|n| format!("apps/{n:04}/kustomization.yaml"))
        .collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "tag: 1")).collect();
    let (scratch, head) = Scratch::with(&files).await;
    let next = scratch
        .commit(Some(head), &[("apps/0999/kustomization.yaml", "tag: 2")])
        .await;
    let changed = scratch.git(&[
        "diff-tree",
        "-r",
        "--name-only",
        &head.to_string(),
        &next.to_string(),
    ]);
    assert_eq!(changed, "apps/0999/kustomization.yaml");
}

/// What can be read of a repository, from a fresh start.
async fn seen(scratch: &Scratch, head: Oid) -> String {
    let fresh = BareRepository::open(scratch.repository.path()).await;
    let fresh = fresh.unwrap();
    let query = LogQuery {
        to: head,
        from_exclusive: None,
        first_parent: false,
        limit: 10,
        touched: true,
    };
    let files = [path("a/b/x"), path("y"), path("none")];
    let folder = path("a/b");
    format!(
        "{:?}",
        (
            fresh.log(query).await.unwrap(),
            fresh.read_files(head, &files).await.unwrap(),
            fresh.list_dir(head, Some(&folder)).await.unwrap(),
            fresh.all_files(head, |_| true, 9, 3).await.unwrap(),
            fresh.ref_oids(&["refs/heads", "refs/tags"]).await.unwrap(),
            fresh.refs(&["refs/tags", "refs/heads"]).await.unwrap(),
            fresh.resolve(&"refs/heads/main".parse().unwrap()).await,
        )
    )
}

#[tokio::test]
async fn what_was_packed_is_read_as_it_was() {
    let (scratch, one) = Scratch::with(&[("a/b/x", "1"), ("y", "much too large")]).await;
    scratch.git(&["tag", "-a", "-m", "one", "v1", "main"]);
    scratch.git(&["tag", "-a", "-m", "of a tag", "v2", "v1"]);
    let pack = || {
        scratch.git(&["pack-refs", "--all", "--prune"]);
        scratch.git(&["repack", "-a", "-d", "-q"]);
        scratch.git(&["prune-packed", "-q"]);
    };
    let before = seen(&scratch, one).await;
    pack();
    assert!(!scratch.repository.path().join("refs/heads/main").exists());
    assert_eq!(seen(&scratch, one).await, before);
    // The newer half is loose, and leads to what is packed.
    let two = scratch.commit(Some(one), &[("a/b/x", "2")]).await;
    scratch.set("refs/heads/main", Some(two)).await;
    let before = seen(&scratch, two).await;
    pack();
    assert_eq!(seen(&scratch, two).await, before);
}

#[tokio::test]
async fn what_is_there_already_is_not_written_but_young_again() {
    let (scratch, head) = Scratch::with(&[("a/x", "1")]).await;
    let changes = [Change::write(path("a/x"), b"2".to_vec())];
    let write = async || {
        let tree = scratch.repository.write_tree_with(head, &changes).await;
        let commit = new_commit(tree.unwrap(), vec![head], "Once");
        scratch.repository.commit_tree(&commit).await.unwrap()
    };
    let once = write().await;
    let name = once.to_string();
    let file = scratch.repository.path().join("objects");
    let file = file.join(&name[..2]).join(&name[2..]);
    let modified = || file.metadata().unwrap().modified().unwrap();
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
    let opened = std::fs::File::open(&file).unwrap();
    opened.set_modified(long_ago).unwrap();
    assert_eq!(write().await, once);
    assert!(modified() > long_ago);
}
