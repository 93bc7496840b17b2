//! The hook under real pushes, and the spool it shares with Sendo.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sendo_git::{RefMove, SPOOL_FOLDER, SpoolContent};

use crate::support::{NOON, Scratch, name, run_git};

fn push(clone: &Path, text: &str) -> std::process::Output {
    std::fs::write(clone.join("x"), text).unwrap();
    assert!(
        run_git(clone, &["commit", "-q", "-a", "-m", text], b"")
            .status
            .success()
    );
    run_git(
        clone,
        &["push", "-q", "origin", "HEAD:main", "HEAD:refs/heads/copy"],
        b"",
    )
}

fn moves(scratch: &Scratch) -> Vec<Vec<RefMove>> {
    let read = |entry: sendo_git::SpoolEntry| match entry.content {
        SpoolContent::Moves(moves) => moves,
        SpoolContent::Malformed { reason, .. } => panic!("{reason}"),
    };
    scratch
        .repository
        .read_spool(100)
        .unwrap()
        .into_iter()
        .map(read)
        .collect()
}

#[tokio::test]
async fn a_push_is_noted_once_and_in_order() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    scratch.repository.install_hook().await.unwrap();
    scratch.repository.install_hook().await.unwrap();
    let clone = scratch.clone("clone");
    assert!(push(&clone, "2").status.success() && push(&clone, "3").status.success());
    let moves = moves(&scratch);
    let main: Vec<&RefMove> = moves
        .iter()
        .flatten()
        .filter(|m| m.name.short() == "main")
        .collect();
    assert_eq!(
        (moves.len(), main[0].old, main[0].new),
        (2, Some(head), main[1].old)
    );
    assert_eq!(
        (
            moves[0].len(),
            moves[0]
                .iter()
                .find(|m| m.name.short() == "copy")
                .unwrap()
                .old
        ),
        (2, None)
    );
    for entry in scratch.repository.read_spool(100).unwrap() {
        entry.remove().unwrap();
        entry.remove().unwrap();
    }
    assert_eq!(
        std::fs::read_dir(scratch.repository.path().join(SPOOL_FOLDER))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_push_succeeds_when_it_cannot_be_noted() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    scratch.repository.install_hook().await.unwrap();
    let spool = scratch.repository.path().join(SPOOL_FOLDER);
    std::fs::remove_dir_all(&spool).unwrap();
    // Root writes into read-only folders, so the test puts a file where the folder should be.
    std::fs::write(&spool, "").unwrap();
    let output = push(&scratch.clone("clone"), "2");
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("sendo: this push could not be noted"),
        "{said}"
    );
    assert_eq!(scratch.git(&["show", "main:x"]), "2");
}

#[tokio::test]
async fn a_spool_folder_that_was_deleted_comes_back() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    scratch.repository.install_hook().await.unwrap();
    std::fs::remove_dir_all(scratch.repository.path().join(SPOOL_FOLDER)).unwrap();
    assert!(scratch.repository.read_spool(100).unwrap().is_empty());
    assert!(push(&scratch.clone("clone"), "2").status.success());
    assert_eq!(moves(&scratch).len(), 1);
}

#[tokio::test]
async fn a_hook_that_was_there_still_runs() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    let hooks = scratch.repository.path().join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    std::fs::write(
        hooks.join("post-receive"),
        "#!/bin/sh\ncat >>heard\nexit 1\n",
    )
    .unwrap();
    std::fs::set_permissions(hooks.join("post-receive"), PermissionsExt::from_mode(0o755)).unwrap();
    scratch.repository.install_hook().await.unwrap();
    scratch.repository.install_hook().await.unwrap();
    assert!(push(&scratch.clone("clone"), "2").status.success());
    let heard = std::fs::read_to_string(scratch.repository.path().join("heard")).unwrap();
    assert_eq!((heard.lines().count(), moves(&scratch).len()), (2, 1));
    assert_eq!(
        std::fs::read_dir(hooks.join("post-receive.d"))
            .unwrap()
            .count(),
        1
    );
}

#[tokio::test]
async fn a_copy_of_the_hook_among_those_it_runs_does_not_run_for_ever() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    scratch.repository.install_hook().await.unwrap();
    let hooks = scratch.repository.path().join("hooks");
    std::fs::create_dir_all(hooks.join("post-receive.d")).unwrap();
    let copy = hooks.join("post-receive.d/01-copy");
    std::fs::copy(hooks.join("post-receive"), &copy).unwrap();
    let clone = scratch.clone("clone");
    assert!(push(&clone, "2").status.success());
    assert_eq!(moves(&scratch).len(), 1);
}

#[tokio::test]
async fn a_hook_that_may_not_be_executed_is_mended() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    scratch.repository.install_hook().await.unwrap();
    let hook = scratch.repository.path().join("hooks/post-receive");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(!scratch.repository.has_hook());
    scratch.repository.install_hook().await.unwrap();
    assert!(scratch.repository.has_hook());
    let clone = scratch.clone("clone");
    assert!(push(&clone, "2").status.success());
    assert_eq!(moves(&scratch).len(), 1);
}

#[tokio::test]
async fn a_hook_that_was_a_link_still_runs() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    let hooks = scratch.repository.path().join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    std::fs::write(hooks.join("theirs"), "#!/bin/sh\ncat >heard\n").unwrap();
    std::fs::set_permissions(hooks.join("theirs"), PermissionsExt::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("theirs", hooks.join("post-receive")).unwrap();
    scratch.repository.install_hook().await.unwrap();
    assert!(push(&scratch.clone("clone"), "2").status.success());
    assert!(scratch.repository.path().join("heard").exists());
    assert_eq!(moves(&scratch).len(), 1);
}

#[tokio::test]
async fn hooks_kept_elsewhere_are_not_overlooked() {
    let (scratch, _) = Scratch::with(&[("x", "1")]).await;
    scratch.git(&["config", "core.hooksPath", "/somewhere"]);
    let error = scratch.repository.install_hook().await.unwrap_err();
    assert_eq!(error.reason_code(), "hooks_elsewhere");
}

#[tokio::test]
async fn what_sendo_moves_itself_is_noted_the_same_way() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    let moved = RefMove {
        old: None,
        new: Some(head),
        name: name("refs/heads/new"),
    };
    let deleted = RefMove {
        old: Some(head),
        new: None,
        name: name("refs/heads/old"),
    };
    for at in [NOON * 1_000_000 + 1, NOON * 1_000_000, NOON * 1_000_000] {
        scratch
            .repository
            .spool(&[moved.clone(), deleted.clone()], at)
            .unwrap();
    }
    assert_eq!(moves(&scratch), vec![vec![moved, deleted]; 3]);
    assert_eq!(scratch.repository.read_spool(2).unwrap().len(), 2);
}

#[tokio::test]
async fn a_malformed_entry_comes_back_whole_and_hides_nothing() {
    let (scratch, head) = Scratch::with(&[("x", "1")]).await;
    let spool = scratch.repository.path().join(SPOOL_FOLDER);
    let good = RefMove {
        old: None,
        new: Some(head),
        name: name("refs/heads/main"),
    };
    scratch
        .repository
        .spool(std::slice::from_ref(&good), NOON)
        .unwrap();
    std::fs::write(spool.join("tmp.half"), "x").unwrap();
    let bad: [&[u8]; 5] = [
        b"",
        b"\xff\xfe",
        b"a b c\n",
        b"one line\n",
        b"0 0 refs/heads/../x\n",
    ];
    for (n, raw) in bad.iter().enumerate() {
        std::fs::write(spool.join(format!("{n}.push")), raw).unwrap();
    }
    // Nobody spools folders; one could not be removed as a file is.
    std::fs::create_dir(spool.join("5.push")).unwrap();
    let entries = scratch.repository.read_spool(100).unwrap();
    let raws: Vec<&[u8]> = entries
        .iter()
        .filter_map(|entry| match &entry.content {
            SpoolContent::Malformed { raw, .. } => Some(raw.as_slice()),
            SpoolContent::Moves(_) => None,
        })
        .collect();
    assert_eq!((entries.len(), raws), (6, bad.to_vec()));
}
