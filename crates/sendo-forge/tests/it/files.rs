//! The files of a commit, as whoever renders them asks for them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use sendo_core::effect::Edit;
use sendo_core::names::{Repository, Revision};
use sendo_forge::Forge;
use sendo_forge::local::acts::LocalActs;
use sendo_render::{Entry, Found, Source as _};

use crate::world::{World, branch};

fn repository() -> Repository {
    "here:acme/web".parse().unwrap()
}

fn forge(world: &World) -> Forge {
    Forge::Local(LocalActs::new(world.folder.path().to_owned()).unwrap())
}

fn paths<const N: usize>(paths: [&str; N]) -> [String; N] {
    paths.map(str::to_owned)
}

#[tokio::test]
async fn files_and_folders_are_told_apart_and_an_edit_is_seen_before_it_is_made() {
    let world = World::new().await;
    let manifest = "images:\n- name: web\n  newTag: v1\n";
    let files = [("test/kustomization.yaml", manifest), ("test/a/b.txt", "b")];
    world.push("main", &files).await;
    let forge = forge(&world);
    let base = forge
        .base_files(&repository(), &branch("main"))
        .await
        .unwrap();
    let asked = paths([
        "test/kustomization.yaml",
        "test",
        "test/a/b.txt/c",
        "nowhere/x",
        "test/a/b.txt",
    ]);
    let found = base.look(&asked).await.unwrap();
    let entry = |name: &str, folder| Entry {
        name: name.to_owned(),
        folder,
    };
    let folder = Found::Folder(vec![entry("a", true), entry("kustomization.yaml", false)]);
    let file = |text: &str| Found::File(text.as_bytes().to_vec());
    let expected = [
        file(manifest),
        folder,
        Found::Nothing,
        Found::Nothing,
        file("b"),
    ];
    assert_eq!(found, expected);

    let edit = Edit::Image {
        path: "test".to_owned(),
        image: "web".to_owned(),
        new_name: None,
        new_tag: Some("v2".to_owned()),
        digest: None,
    };
    let before = world.head("main").await;
    let edited = base.with(&[edit]).await.unwrap();
    let found = edited.look(&asked).await.unwrap();
    assert_eq!(found[0], file("images:\n- name: web\n  newTag: v2\n"));
    assert_eq!(found[4], file("b"));
    assert_eq!(world.head("main").await, before);

    let gone = forge.base_files(&repository(), &branch("gone")).await;
    assert_eq!(gone.unwrap_err().reason_code, "base_not_found");
}

#[tokio::test]
async fn links_and_submodules_are_not_followed() {
    let world = World::new().await;
    let head = world.push("main", &[("a", "/etc/passwd")]).await;
    let blob = world.git.list_dir(head, None).await.unwrap().unwrap()[0].oid;
    let bare = world.folder.path().join("acme/web.git");
    let mut git = Command::new("git");
    git.args(["mktree", "--missing"]).env("GIT_DIR", bare);
    let mut made = git
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = format!("120000 blob {blob}\tlink\n160000 commit {head}\tsub\n");
    made.stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let tree = String::from_utf8(made.wait_with_output().unwrap().stdout).unwrap();
    let tree = Revision::new(tree.trim()).unwrap();
    let files = forge(&world).files(&repository(), &tree).await.unwrap();
    let found = files.look(&paths(["link", "sub"])).await.unwrap();
    assert_eq!(
        found,
        [Found::Link("symbolic link"), Found::Link("submodule")]
    );
    // What lies behind one is not read either.
    let behind = files.look(&paths(["link/x"])).await.unwrap_err();
    assert_eq!(behind.reason_code(), "symlink");
}
