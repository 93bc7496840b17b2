//! Publishing to a remote: the commits git itself would make, and nothing else moved.

use sendo_git::{Change, Expect, RefUpdate};

use super::reading::special_tree;
use super::{Stage, main, pairs, wide, write};
use crate::support::{name, new_commit, path};

const FILES: &[(&str, &str)] = &[
    ("README", "hello"),
    ("apps/web/prod/k.yaml", "tag: v1\n"),
    ("apps/web/test/k.yaml", "tag: v2\n"),
    ("apps/web.yaml", "x"),
];

#[tokio::test]
async fn a_publish_is_one_request_when_the_base_is_known() {
    let stage = Stage::with(FILES).await;
    let edit = |text| write("apps/web/prod/k.yaml", text);
    stage
        .publish("refs/heads/main", &[edit("tag: v3\n")])
        .await
        .unwrap();
    stage.asked();
    let second = stage
        .publish("refs/heads/main", &[edit("tag: v4\n")])
        .await
        .unwrap();
    assert_eq!(stage.asked(), ["POST git-receive-pack"]);
    assert_eq!(stage.at("main"), second.to_string());
}

#[tokio::test]
async fn every_kind_of_change_gives_the_commit_that_git_makes() {
    let stage = Stage::with(FILES).await;
    for changes in [
        vec![write("README", "root")],
        vec![write("apps/web/prod/k.yaml", "deep\n")],
        vec![
            write("new", "1"),
            write("a/b/c/d", "2"),
            write("apps/web/zzz", "3"),
        ],
        vec![
            write("apps/web-2", "before the folder"),
            write("apps/web0", "after it"),
        ],
        vec![
            Change::remove(path("apps/web/prod/k.yaml")),
            write("apps/web/prod/l.yaml", ""),
        ],
        vec![
            Change::remove(path("a/b/c/d")),
            Change::remove(path("nothing")),
        ],
        vec![write("README", &"a large file\n".repeat(40_000))],
        vec![write(
            "README",
            &("a large file\n".repeat(30_000) + &"and more\n".repeat(9_999)),
        )],
    ] {
        let base = stage.remote.head(&main()).await.unwrap().unwrap();
        let ours = stage.publish("refs/heads/main", &changes).await.unwrap();
        assert_eq!(ours, stage.by_git(base, &changes).await, "{changes:?}");
        assert_eq!(stage.at("main"), ours.to_string());
    }
}

#[tokio::test]
async fn only_the_edited_path_differs() {
    let stage = Stage::with(FILES).await;
    let change = [
        write("apps/web/prod/k.yaml", "tag: v3\n"),
        write("new/file", "1"),
    ];
    let head = stage.publish("refs/heads/main", &change).await.unwrap();
    let expected = ["M 100644 apps/web/prod/k.yaml", "A 100644 new/file"];
    assert_eq!(stage.changed(stage.first, head), expected);
}

#[tokio::test]
async fn a_folder_of_two_thousand_costs_a_few_hundred_bytes() {
    let files = wide("apps", 2_000);
    let stage = Stage::with(&pairs(&files)).await;
    let changes = [write("apps/0077/k.yaml", "tag: v78\n")];
    let head = stage.publish("refs/heads/main", &changes).await.unwrap();
    assert_eq!(head, stage.by_git(stage.first, &changes).await);
    let (seen, _) = stage.server.seen();
    let push = seen.last().unwrap();
    assert!(push.up < 800, "{} bytes", push.up);
}

#[tokio::test]
async fn nothing_is_made_of_what_is_so_already() {
    let stage = Stage::with(FILES).await;
    let tree = stage.remote.commit(stage.first).await.unwrap().tree;
    let same = [
        write("README", "hello"),
        Change::remove(path("nothing/here")),
    ];
    let draft = stage
        .remote
        .write_tree_with(stage.first, &same)
        .await
        .unwrap();
    assert_eq!(draft.oid(), tree);
}

#[tokio::test]
async fn removing_everything_leaves_the_empty_tree() {
    let stage = Stage::with(&[("a/b", "1"), ("c", "2")]).await;
    let changes = [Change::remove(path("a/b")), Change::remove(path("c"))];
    let head = stage.publish("refs/heads/main", &changes).await.unwrap();
    assert_eq!(stage.scratch.git(&["ls-tree", &head.to_string()]), "");
}

#[tokio::test]
async fn an_executable_stays_one() {
    let stage = Stage::with(FILES).await;
    let tree = special_tree(&stage.scratch);
    let commit = new_commit(tree, vec![stage.first], "Special");
    let base = stage.scratch.repository.commit_tree(&commit).await;
    let base = base.unwrap();
    stage.scratch.set("refs/heads/main", Some(base)).await;
    let changes = [write("run", "#!/bin/sh\n")];
    let head = stage.publish("refs/heads/main", &changes).await.unwrap();
    assert_eq!(stage.changed(base, head), ["M 100755 run"]);
    assert_eq!(head, stage.by_git(base, &changes).await);
}

#[tokio::test]
async fn links_and_submodules_are_not_written_over() {
    let stage = Stage::with(FILES).await;
    let tree = special_tree(&stage.scratch);
    for (file, code) in [
        ("link", "symlink"),
        ("module/x", "submodule"),
        ("apps", "not_a_file"),
        ("README/x", "not_a_folder"),
    ] {
        let error = super::draft(&stage.remote, tree, &[write(file, "")])
            .await
            .unwrap_err();
        assert_eq!(error.reason_code(), code, "{file}");
    }
    let twice = [write("x", "1"), write("x/y", "2")];
    let error = super::draft(&stage.remote, tree, &twice).await.unwrap_err();
    assert_eq!(error.reason_code(), "invalid_path");
}

#[tokio::test]
async fn a_stale_base_changes_nothing_and_says_where_the_branch_is() {
    let stage = Stage::with(FILES).await;
    let draft = stage.draft(stage.first, &[write("README", "ours")]).await;
    let theirs = stage
        .scratch
        .commit(Some(stage.first), &[("README", "theirs")])
        .await;
    stage.scratch.set("refs/heads/main", Some(theirs)).await;
    let update = RefUpdate::moved(main(), stage.first, draft.oid());
    let error = stage
        .remote
        .publish(&[update], &[&draft])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "refs/heads/main is at {theirs}, not at {}; nothing was moved, read it again",
            stage.first
        )
    );
    assert!(error.is_cas_lost() && !error.may_have_happened());
    assert_eq!(stage.at("main"), theirs.to_string());
    assert_eq!(stage.remote.head(&main()).await.unwrap(), Some(theirs));
}

#[tokio::test]
async fn several_branches_go_in_one_request_together_or_not_at_all() {
    let stage = Stage::with(FILES).await;
    let one = stage.draft(stage.first, &[write("README", "1")]).await;
    let two = stage.draft(stage.first, &[write("README", "2")]).await;
    let (a, b) = (name("refs/heads/a"), name("refs/heads/b"));
    let both = [
        RefUpdate::created(a.clone(), one.oid()),
        RefUpdate::created(b.clone(), two.oid()),
    ];
    stage.remote.publish(&both, &[&one, &two]).await.unwrap();
    assert_eq!(
        (stage.at("a"), stage.at("b")),
        (one.oid().to_string(), two.oid().to_string())
    );
    stage.asked();
    let stale = [
        RefUpdate::moved(a, one.oid(), two.oid()),
        RefUpdate::moved(b, one.oid(), two.oid()),
    ];
    let error = stage.remote.publish(&stale, &[]).await.unwrap_err();
    assert_eq!(error.reason_code(), "cas_lost");
    assert_eq!(stage.at("a"), one.oid().to_string());
    // The push, and the look at what became of it.
    assert_eq!(
        stage.asked(),
        ["POST git-receive-pack", "POST git-upload-pack"]
    );
}

#[tokio::test]
async fn a_server_that_cannot_move_several_together_is_not_asked_to() {
    let stage = Stage::with(FILES).await;
    stage
        .scratch
        .git(&["config", "receive.advertiseAtomic", "false"]);
    let updates =
        ["a", "b"].map(|b| RefUpdate::created(name(&format!("refs/heads/{b}")), stage.first));
    let error = stage.remote.publish(&updates, &[]).await.unwrap_err();
    assert_eq!(error.reason_code(), "remote_not_atomic");
    assert_eq!(stage.scratch.git(&["branch", "--list", "a", "b"]), "");
}

#[tokio::test]
async fn branches_are_created_once_and_deleted() {
    let stage = Stage::with(FILES).await;
    let branch = name("refs/heads/sendo/1");
    let draft = stage.draft(stage.first, &[write("README", "1")]).await;
    let create = [RefUpdate::created(branch.clone(), draft.oid())];
    stage.remote.publish(&create, &[&draft]).await.unwrap();
    // Again: it is where it was to go.
    stage.remote.publish(&create, &[&draft]).await.unwrap();
    let other = [RefUpdate::created(branch.clone(), stage.first)];
    let error = stage.remote.publish(&other, &[]).await.unwrap_err();
    assert_eq!(error.reason_code(), "cas_lost");
    let delete = [RefUpdate::deleted(branch.clone(), draft.oid())];
    stage.remote.publish(&delete, &[]).await.unwrap();
    assert_eq!(stage.stranger().resolve(&branch).await.unwrap(), None);
}

#[tokio::test]
async fn a_ref_moves_from_wherever_it_is_when_told_so() {
    let stage = Stage::with(FILES).await;
    let draft = stage.draft(stage.first, &[write("README", "1")]).await;
    let anyway = |name, new| RefUpdate {
        name,
        new,
        old: Expect::Any,
    };
    let update = [anyway(main(), Some(draft.oid()))];
    stage.remote.publish(&update, &[&draft]).await.unwrap();
    assert_eq!(stage.at("main"), draft.oid().to_string());
    let gone = [anyway(name("refs/heads/nothing"), None)];
    stage.remote.publish(&gone, &[]).await.unwrap();
    let absent = [RefUpdate::unmoved(name("refs/heads/nothing"), None)];
    let error = stage.remote.publish(&absent, &[]).await.unwrap_err();
    assert_eq!(error.reason_code(), "remote_not_checkable");
}

#[tokio::test]
async fn a_ref_that_must_stay_holds_the_others_back() {
    let stage = Stage::with(FILES).await;
    let draft = stage.draft(stage.first, &[write("README", "1")]).await;
    let branch = name("refs/heads/next");
    let updates = |at| {
        let stays = RefUpdate::unmoved(main(), Some(at));
        [stays, RefUpdate::created(branch.clone(), draft.oid())]
    };
    let elsewhere = stage.scratch.commit(Some(stage.first), &[("x", "")]).await;
    let error = stage
        .remote
        .publish(&updates(elsewhere), &[&draft])
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "cas_lost");
    stage
        .remote
        .publish(&updates(stage.first), &[&draft])
        .await
        .unwrap();
    assert_eq!(stage.at("next"), draft.oid().to_string());
}

#[tokio::test]
async fn a_branch_in_the_way_of_another_is_named() {
    let stage = Stage::with(FILES).await;
    stage
        .scratch
        .set("refs/heads/team", Some(stage.first))
        .await;
    for (wanted, other) in [("team/web", "team"), ("main/x/y", "main")] {
        let branch = name(&format!("refs/heads/{wanted}"));
        let update = [RefUpdate::created(branch, stage.first)];
        let error = stage.remote.publish(&update, &[]).await.unwrap_err();
        let expected = format!("refs/heads/{wanted} cannot be created beside refs/heads/{other}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn a_force_pushed_base_is_read_anew() {
    let stage = Stage::with(FILES).await;
    stage
        .publish("refs/heads/main", &[write("README", "1")])
        .await
        .unwrap();
    let other = stage
        .scratch
        .commit(None, &[("apps/x", "another history")])
        .await;
    stage.scratch.set("refs/heads/main", Some(other)).await;
    let error = stage
        .publish("refs/heads/main", &[write("apps/x", "2")])
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "cas_lost");
    let head = stage
        .publish("refs/heads/main", &[write("apps/x", "2")])
        .await
        .unwrap();
    assert_eq!(stage.changed(other, head), ["M 100644 apps/x"]);
}

#[tokio::test]
async fn what_an_event_told_is_believed_until_the_push_refutes_it() {
    let stage = Stage::with(FILES).await;
    let next = stage
        .scratch
        .commit(Some(stage.first), &[("README", "2")])
        .await;
    stage.scratch.set("refs/heads/main", Some(next)).await;
    stage.remote.told(&main(), Some(next));
    assert_eq!(stage.remote.head(&main()).await.unwrap(), Some(next));
    assert_eq!(stage.asked(), Vec::<String>::new());
    stage.remote.told(&main(), Some(stage.first));
    let error = stage
        .publish("refs/heads/main", &[write("x", "1")])
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "cas_lost");
    stage
        .publish("refs/heads/main", &[write("x", "1")])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_hook_that_refuses_is_quoted() {
    let stage = Stage::with(FILES).await;
    let hook = stage.scratch.repository.path().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'only on Tuesdays' >&2\nexit 1\n").unwrap();
    let mut permissions = hook.metadata().unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&hook, permissions).unwrap();
    let error = stage
        .publish("refs/heads/main", &[write("x", "1")])
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "remote_rejected");
    let said = error.to_string();
    let expected = "refuses to move refs/heads/main (pre-receive hook declined) (only on Tuesdays)";
    assert!(said.contains(expected), "{said}");
    assert!(!error.is_transient() && !error.may_have_happened());
}
