//! `backup`, `restore` and `migrate` as a script meets them: exit codes, words, files.

use std::os::unix::fs::PermissionsExt as _;

use sendo_store::{NewDelivery, Options, open};

use crate::sendo::Folder;

const CONFIGURATION: &str = r#"server:
  listen: "127.0.0.1:0"
  database: "sqlite:a.db"
forges: { here: { kind: local, root: . } }
applications:
  shop:
    repository: here:shop
    environments:
      test:
        on: { merged_into: main }
        deliver: { promotion: { repository: here:manifests, base: main, edits: [{ kustomization: shop, image: shop }] } }
"#;

/// A folder with a database that holds a delivery.
fn folder() -> Folder {
    let folder = Folder::with(&[("sendo.yaml", CONFIGURATION)]);
    let url = format!("sqlite:{}", folder.file("a.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(&url, Options::default()).await.unwrap();
        let delivery = NewDelivery {
            source: "api".to_owned(),
            dedup: "1".to_owned(),
            name: "deploy".to_owned(),
            body: b"{}".to_vec(),
            by: None,
        };
        store.accept(delivery).await.unwrap();
        store.close().await;
    });
    folder
}

/// Runs it, and insists on its exit code.
fn ends(folder: &Folder, code: i32, arguments: &[&str]) -> String {
    let ended = folder.run(arguments);
    assert_eq!(
        ended.code, code,
        "{arguments:?}: {}{}",
        ended.out, ended.err
    );
    if code != 0 {
        assert_eq!(ended.out, "");
        assert!(ended.err.contains("\n  next: "), "{}", ended.err);
    }
    ended.out + &ended.err
}

#[test]
fn a_backup_is_made_once_and_is_readable_by_its_owner_only() {
    let folder = folder();
    let said = ends(&folder, 0, &["backup", "--to", "b"]);
    assert!(
        said.starts_with("b: ") && said.contains("sha256 "),
        "{said}"
    );
    let mode = std::fs::metadata(folder.file("b"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = folder.read("b");
    let said = ends(&folder, 7, &["backup", "--to", "b"]);
    assert!(
        said.contains("b exists already") && said.contains("--force"),
        "{said}"
    );
    assert_eq!(folder.read("b"), before);
    ends(&folder, 0, &["backup", "--to", "b", "--force"]);
    assert!(!folder.names().contains(&"b.partial".to_owned()));
}

#[test]
fn a_program_reads_what_was_copied() {
    let folder = folder();
    let made = folder.run(&["backup", "--to", "b", "-o", "json"]).json();
    assert_eq!(made["tables"]["deliveries"], 1);
    assert_eq!(made["sha256"].as_str().unwrap().len(), 64);
    let restored = folder
        .run(&["restore", "--from", "b", "--replace", "-o", "json"])
        .json();
    assert_eq!(
        (&restored["sha256"], &restored["rows"]),
        (&made["sha256"], &made["rows"])
    );
    let moved = folder
        .run(&["migrate", "--to", "sqlite:c.db", "-o", "json"])
        .json();
    assert_eq!(moved["tables"]["deliveries"], 1);
    assert_eq!(moved["change"]["line"], 3);
}

#[test]
fn every_refusal_says_what_to_do_next() {
    let folder = folder();
    ends(&folder, 0, &["backup", "--to", "b"]);
    folder.write("text", b"no backup\n");
    let whole = folder.read("b");
    folder.write("short", &whole.as_bytes()[..whole.len() - 40]);
    let said = [
        ends(&folder, 5, &["backup", "--to", "no/such/folder"]),
        ends(&folder, 5, &["restore", "--from", "nothing"]),
        ends(&folder, 3, &["restore", "--from", "text", "--replace"]),
        ends(&folder, 3, &["restore", "--from", "short", "--replace"]),
        ends(&folder, 7, &["restore", "--from", "b"]),
        ends(&folder, 3, &["migrate", "--to", "sqlite:a.db"]),
        ends(&folder, 3, &["migrate", "--to", "${env:NOT_SET}"]),
        ends(
            &folder,
            3,
            &["migrate", "--to", "mysql://root:hunter2@db/x"],
        ),
    ]
    .concat();
    assert!(!said.contains("hunter2"), "{said}");
    let place = folder.path().display().to_string();
    insta::assert_snapshot!(said.replace(&place, "FOLDER"));
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = Folder::with(&[("sendo.yaml", CONFIGURATION)]);
    ends(&folder, 5, &["backup", "--to", "b"]);
    ends(&folder, 5, &["migrate", "--to", "sqlite:c.db"]);
    assert_eq!(folder.names(), ["sendo.yaml"]);
}

#[test]
fn a_move_says_which_line_to_change() {
    let folder = folder();
    let said = ends(&folder, 0, &["migrate", "--to", "sqlite:c.db"]);
    assert!(
        said.contains("change sendo.yaml:3: `database` to sqlite:"),
        "{said}"
    );
    let again = ends(&folder, 7, &["migrate", "--to", "sqlite:c.db"]);
    assert!(again.contains("it has rows in deliveries"), "{again}");
}
