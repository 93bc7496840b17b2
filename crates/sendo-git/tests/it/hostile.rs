//! Names people (and attackers) come up with, with git itself as the judge.

use std::os::unix::fs::PermissionsExt;

use sendo_git::{Change, Oid, RefName, RefUpdate, TreePath};

use crate::support::{Scratch, name, run_git};

/// Every hostile piece at the start, in the middle and at the end of a name, and as a whole part.
fn hostile_names() -> Vec<String> {
    let pieces = [
        "..",
        "@{",
        "@",
        ".lock",
        ".",
        "/",
        "//",
        " ",
        "~",
        "^",
        ":",
        "?",
        "*",
        "[",
        "\\",
        "\n",
        "\r",
        "\t",
        "\x7f",
        "\x1b",
        "-",
        "--upload-pack=x",
        "-h",
        "ext::sh -c x",
        "file:///etc",
        "$(id)",
        "`id`",
        ";id",
        "|id",
        "&",
        "'",
        "\"",
        "%00",
        "\u{a0}",
        "\u{202e}",
        "船頭",
        ".git",
        "HEAD",
        "refs/heads",
        "{}",
        "@}",
        "a.lock/b",
        ".a",
        "a.",
        "#",
        "!",
        "\u{200b}",
        "<",
        ">",
        "=",
    ];
    let place = |piece: &str| {
        [
            piece.to_owned(),
            format!("{piece}x"),
            format!("x{piece}x"),
            format!("x{piece}"),
            format!("x/{piece}/x"),
        ]
    };
    pieces.into_iter().flat_map(place).collect()
}

#[tokio::test]
async fn agrees_with_git_about_two_hundred_ref_names() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_names();
    assert!(names.len() >= 200);
    for short in names {
        let full = format!("refs/heads/{short}");
        let git = run_git(folder.path(), &["check-ref-format", &full], b"")
            .status
            .success();
        assert_eq!(RefName::new(full.clone()).is_ok(), git, "{full:?}");
    }
    for bad in [
        "",
        "main",
        "HEAD",
        "-h",
        "refs/",
        "refs",
        "/refs/heads/x",
        "refs/heads/\0",
    ] {
        assert!(RefName::new(bad).is_err(), "{bad:?}");
    }
    assert!(RefName::new(format!("refs/heads/{}", "x".repeat(251))).is_err());
    assert!(
        RefName::branch("-x").is_err()
            && RefName::tag("-x").is_err()
            && RefName::branch("HEAD").is_err()
    );
}

#[tokio::test]
async fn every_ref_name_taken_can_be_used() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    for (n, short) in hostile_names().into_iter().enumerate() {
        let Ok(name) = RefName::new(format!("refs/heads/n{n}/{short}")) else {
            continue;
        };
        scratch
            .repository
            .update_refs(&[RefUpdate::created(name.clone(), head)])
            .await
            .unwrap();
        assert_eq!(
            scratch.repository.resolve(&name).await.unwrap(),
            Some(head),
            "{name}"
        );
    }
}

#[tokio::test]
async fn refuses_paths_that_leave_the_tree() {
    let parts = [
        "..",
        ".git",
        ".GIT",
        ".git.",
        ".git ",
        ".git::$DATA",
        "GIT~1",
        ".g\u{200c}it",
        "\u{feff}.git",
        ".gIt. .",
    ];
    for part in parts {
        for path in [
            part.to_owned(),
            format!("{part}/x"),
            format!("x/{part}"),
            format!("x/{part}/y"),
            format!("./{part}"),
        ] {
            assert!(TreePath::new(&path).is_err(), "{path:?}");
        }
    }
    for path in [
        "",
        "/",
        ".",
        "./",
        "//",
        "/etc/passwd",
        "a\nb",
        "a\0b",
        "a\u{85}b",
        "a\\b",
        "..\\x",
        "\x1b[2J",
    ] {
        assert!(TreePath::new(path).is_err(), "{path:?}");
    }
    assert!(TreePath::new(&"x/".repeat(2_100)).is_err());
}

#[tokio::test]
async fn every_path_taken_can_be_written_and_read() {
    let scratch = Scratch::new().await;
    let tree = scratch.empty_tree();
    let mut written = 0;
    for name in hostile_names() {
        let Ok(path) = TreePath::new(&name) else {
            continue;
        };
        let change = Change::write(path.clone(), name.clone().into_bytes());
        let tree: Oid = scratch
            .repository
            .write_tree_with(tree, &[change])
            .await
            .unwrap();
        let file = scratch.repository.read_file(tree, &path).await.unwrap();
        assert_eq!(file.map(|file| file.bytes), Some(name.into_bytes()));
        written += 1;
    }
    assert!(written > 100, "{written}");
}

#[tokio::test]
async fn the_repository_cannot_make_us_run_anything() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    let witness = scratch.folder.path().join("ran");
    let script = format!("#!/bin/sh\ntouch {}\n", witness.display());
    let hooks = scratch.repository.path().join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "reference-transaction",
        "post-commit",
        "pre-receive",
        "update",
    ] {
        std::fs::write(hooks.join(hook), &script).unwrap();
        std::fs::set_permissions(hooks.join(hook), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let two = scratch.commit(Some(head), &[("x", "2")]).await;
    scratch
        .repository
        .update_refs(&[RefUpdate::moved(name("refs/heads/main"), head, two)])
        .await
        .unwrap();
    assert!(!witness.exists());
}
