//! Reading refs, files, folders and commits of a remote, as the git program reads them.

use std::time::Duration;

use sendo_git::{Mode, RefEntry, RemoteRepository};

use super::server::Fault;
use super::{Stage, client, main, pairs, wide, write};
use crate::support::{Scratch, name, path, run_git};

const FILES: &[(&str, &str)] = &[
    ("README", "hello"),
    ("apps/web/prod/k.yaml", "tag: v1\n"),
    ("apps/web/test/k.yaml", "tag: v2\n"),
];

#[tokio::test]
async fn a_branch_is_resolved_by_one_request() {
    let stage = Stage::with(FILES).await;
    stage
        .scratch
        .set("refs/heads/main2", Some(stage.first))
        .await;
    let found = stage.remote.resolve(&main()).await.unwrap();
    assert_eq!(found, Some(stage.first));
    assert_eq!(
        stage.remote.resolve(&name("refs/heads/mai")).await.unwrap(),
        None
    );
    assert_eq!(
        stage.asked(),
        ["POST git-upload-pack", "POST git-upload-pack"]
    );
}

#[tokio::test]
async fn refs_are_listed_with_the_commits_of_tags() {
    let stage = Stage::with(FILES).await;
    stage.scratch.git(&["tag", "-a", "-m", "one", "v1", "main"]);
    let shown = |refs: Vec<RefEntry>| -> Vec<_> {
        let shown = refs
            .into_iter()
            .map(|entry| (entry.name, entry.oid, entry.commit));
        shown.collect()
    };
    let ours = stage
        .remote
        .refs(&["refs/heads/", "refs/tags/"])
        .await
        .unwrap();
    let gits = stage
        .scratch
        .repository
        .refs(&["refs/heads/", "refs/tags/"])
        .await
        .unwrap();
    assert_eq!(shown(ours), shown(gits));
}

#[tokio::test]
async fn files_are_read_as_git_reads_them() {
    let stage = Stage::with(FILES).await;
    let paths = [
        "README",
        "apps/web/prod/k.yaml",
        "apps/web",
        "no",
        "apps/no/k.yaml",
    ]
    .map(path);
    let paths: Vec<_> = paths
        .into_iter()
        .filter(|path| path.as_str() != "apps/web")
        .collect();
    let ours = stage.remote.read_files(stage.first, &paths).await.unwrap();
    let gits = stage
        .scratch
        .repository
        .read_files(stage.first, &paths)
        .await
        .unwrap();
    assert_eq!(ours, gits);
    assert_eq!(ours[1].as_ref().unwrap().bytes, b"tag: v1\n");
}

#[tokio::test]
async fn ninety_files_take_one_request_for_each_level() {
    let files = wide("apps", 90);
    let stage = Stage::with(&pairs(&files)).await;
    let paths: Vec<_> = files.keys().map(|file| path(file)).collect();
    let read = stage.remote.read_files(stage.first, &paths).await.unwrap();
    assert!(read.iter().all(Option::is_some));
    // Commit and root, `apps`, the folders in it, the files.
    assert_eq!(stage.asked().len(), 4);
    stage.remote.read_files(stage.first, &paths).await.unwrap();
    assert_eq!(stage.asked().len(), 0);
}

#[tokio::test]
async fn only_the_way_to_a_file_is_fetched() {
    let files = wide("apps", 2_000);
    let stage = Stage::with(&pairs(&files)).await;
    stage
        .remote
        .read_file(stage.first, &path("apps/0077/k.yaml"))
        .await
        .unwrap();
    let (_, down) = stage.server.seen();
    // The names of 2,000 folders do not compress; their files are not among what came.
    assert!(down < 100_000, "{down} bytes");
}

#[tokio::test]
async fn folders_are_listed_as_git_lists_them() {
    let stage = Stage::with(FILES).await;
    for folder in [None, Some(path("apps/web")), Some(path("apps/no"))] {
        let ours = stage
            .remote
            .list_dir(stage.first, folder.as_ref())
            .await
            .unwrap();
        let gits = stage
            .scratch
            .repository
            .list_dir(stage.first, folder.as_ref())
            .await
            .unwrap();
        assert_eq!(ours, gits, "{folder:?}");
    }
}

#[tokio::test]
async fn links_submodules_and_folders_are_refused_with_the_same_words() {
    let stage = Stage::with(FILES).await;
    let tree = special_tree(&stage.scratch);
    for file in [
        "link", "link/x", "module", "module/x", "apps", "README/x", "run",
    ] {
        let ours = stage.remote.read_file(tree, &path(file)).await;
        let gits = stage.scratch.repository.read_file(tree, &path(file)).await;
        let words = |result: Result<_, sendo_git::GitError>| result.map_err(|e| e.to_string());
        assert_eq!(words(ours), words(gits), "{file}");
    }
    let run = stage
        .remote
        .read_file(tree, &path("run"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(run.mode, Mode::Executable);
}

/// The first commit's tree with an executable, a symbolic link and a submodule.
pub(super) fn special_tree(scratch: &Scratch) -> sendo_git::Oid {
    let blob = scratch.git(&["rev-parse", "main:README"]);
    let listing = scratch.git(&["ls-tree", "main"]);
    let commit = scratch.git(&["rev-parse", "main"]);
    let lines = format!(
        "{listing}\n120000 blob {blob}\tlink\n160000 commit {commit}\tmodule\n100755 blob {blob}\trun\n"
    );
    crate::support::oid(&scratch.git_with(&["mktree"], lines.as_bytes()))
}

#[tokio::test]
async fn a_commit_is_read_with_its_parents_tree_and_body() {
    let stage = Stage::with(FILES).await;
    let second = stage.scratch.commit(Some(stage.first), &[("x", "1")]).await;
    stage.scratch.set("refs/heads/main", Some(second)).await;
    let ours = stage.remote.commit(second).await.unwrap();
    assert_eq!(ours, stage.scratch.repository.commit(second).await.unwrap());
    let log = stage.remote.log(second, 10).await.unwrap();
    let seen: Vec<_> = log.commits.iter().map(|logged| logged.info.oid).collect();
    assert_eq!((seen, log.cut), (vec![second, stage.first], false));
    let log = stage.remote.log(second, 1).await.unwrap();
    assert_eq!((log.commits.len(), log.cut), (1, true));
}

#[tokio::test]
async fn what_is_not_there_or_something_else_is_told() {
    let stage = Stage::with(FILES).await;
    let nowhere = "0123456789012345678901234567890123456789".parse().unwrap();
    let error = stage.remote.commit(nowhere).await.unwrap_err();
    assert_eq!(error.reason_code(), "object_missing");
    assert!(
        error.to_string().contains("/a.git has no object 01234567"),
        "{error}"
    );
    let tree = stage.remote.commit(stage.first).await.unwrap().tree;
    let error = stage.remote.commit(tree).await.unwrap_err();
    assert_eq!(error.reason_code(), "wrong_object_kind");
    let blob = stage
        .remote
        .read_file(tree, &path("README"))
        .await
        .unwrap()
        .unwrap()
        .oid;
    let error = stage
        .stranger()
        .read_file(blob, &path("x"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{blob} is a blob, not a commit or tree")
    );
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused() {
    let stage = Stage::with(FILES).await;
    let large = "x".repeat(17 * 1024 * 1024);
    let head = stage
        .scratch
        .commit(Some(stage.first), &[("large", &large)])
        .await;
    stage.scratch.set("refs/heads/main", Some(head)).await;
    let error = stage
        .remote
        .read_file(head, &path("large"))
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "file_too_large");
}

#[tokio::test]
async fn a_server_without_filters_is_read_by_a_snapshot() {
    let files = wide("apps", 300);
    let stage = Stage::with(&pairs(&files)).await;
    stage
        .scratch
        .git(&["config", "uploadpack.allowFilter", "false"]);
    stage
        .scratch
        .git(&["repack", "-adq", "--depth=50", "--window=50"]);
    let paths = [path("apps/0007/k.yaml"), path("apps/0299/k.yaml")];
    let ours = stage.remote.read_files(stage.first, &paths).await.unwrap();
    let gits = stage
        .scratch
        .repository
        .read_files(stage.first, &paths)
        .await
        .unwrap();
    assert_eq!(ours, gits);
    stage
        .publish("refs/heads/main", &[write("apps/0007/k.yaml", "tag: v8\n")])
        .await
        .unwrap();
    assert_eq!(
        stage
            .stranger()
            .log(stage.first, 500)
            .await
            .unwrap()
            .commits
            .len(),
        1
    );
}

#[tokio::test]
async fn a_server_that_refuses_the_filters_it_offers_is_read_by_a_snapshot_too() {
    let stage = Stage::with(FILES).await;
    let refused = ["config", "uploadpackfilter.tree.allow", "false"];
    stage.scratch.git(&refused);
    let read = |path| stage.remote.read_file(stage.first, path);
    let (prod, test) = (path("apps/web/prod/k.yaml"), path("apps/web/test/k.yaml"));
    assert_eq!(read(&prod).await.unwrap().unwrap().bytes, b"tag: v1\n");
    stage.asked();
    assert_eq!(read(&test).await.unwrap().unwrap().bytes, b"tag: v2\n");
    // It is remembered: nobody asks for a filter again.
    assert!(stage.asked().len() <= 2);
}

impl Stage {
    /// Of the reads since this was asked last, those with a filter and those without.
    fn filtered(&self) -> (usize, usize) {
        let (seen, _) = self.server.seen();
        let fetches: Vec<String> = seen
            .iter()
            .map(|seen| String::from_utf8_lossy(&seen.body).into_owned())
            .filter(|body| body.contains("command=fetch"))
            .collect();
        let with = fetches.iter().filter(|body| body.contains("filter tree"));
        let with = with.count();
        (with, fetches.len() - with)
    }

    fn refuse_to_read(&self, times: usize) {
        let refusal = Fault::Raw(b"0011ERR not today".to_vec());
        let plan = ("POST git-upload-pack", refusal, times);
        self.server.switch(|switches| switches.faults = vec![plan]);
    }
}

#[tokio::test]
async fn an_error_that_is_not_about_filters_does_not_end_their_use() {
    let stage = Stage::with(FILES).await;
    stage.refuse_to_read(2);
    let read = stage.remote.read_file(stage.first, &path("README")).await;
    assert_eq!(read.unwrap_err().reason_code(), "remote_reported");
    assert_eq!(stage.filtered(), (1, 1));
    stage
        .remote
        .read_file(stage.first, &path("README"))
        .await
        .unwrap();
    assert_eq!(stage.filtered(), (2, 0));
}

#[tokio::test]
async fn filters_are_asked_for_again_after_a_while() {
    let stage = Stage::with(FILES).await;
    let files = [
        path("README"),
        path("apps/web/prod/k.yaml"),
        path("apps/web/test/k.yaml"),
    ];
    stage.refuse_to_read(1);
    stage
        .remote
        .read_file(stage.first, &files[0])
        .await
        .unwrap();
    let (_, without) = stage.filtered();
    assert!(without > 0);
    stage
        .remote
        .read_file(stage.first, &files[1])
        .await
        .unwrap();
    assert_eq!(stage.filtered().0, 0, "it is remembered");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3_601)).await;
    tokio::time::resume();
    stage
        .remote
        .read_file(stage.first, &files[2])
        .await
        .unwrap();
    // A folder, and the file in it.
    assert_eq!(stage.filtered(), (2, 0));
}

#[tokio::test]
async fn a_repository_of_sha256_names_is_refused() {
    let stage = Stage::with(FILES).await;
    let folder = stage.scratch.folder.path();
    let args = ["init", "-q", "--bare", "--object-format=sha256", "b.git"];
    assert!(run_git(folder, &args, b"").status.success());
    let remote = RemoteRepository::new(client(), &stage.server.url("b.git"), None).unwrap();
    let error = remote.resolve(&main()).await.unwrap_err();
    assert_eq!(error.reason_code(), "unsupported_object_format");
    assert!(
        error.to_string().contains("it uses sha256 object names"),
        "{error}"
    );
    let draft = stage.draft(stage.first, &[write("x", "1")]).await;
    let update = sendo_git::RefUpdate::created(main(), draft.oid());
    remote.publish(&[update], &[&draft]).await.unwrap_err();
    let listed = run_git(&folder.join("b.git"), &["count-objects"], b"").stdout;
    assert_eq!(listed, b"0 objects, 0 kilobytes\n");
}
