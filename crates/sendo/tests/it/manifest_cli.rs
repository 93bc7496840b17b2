//! `sendo manifest`: files on disk, edited byte by byte.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::sendo::Folder;

const KUSTOMIZATION: &str = "resources:\n  - deploy.yaml\nimages:\n  - name: app # ours\n    newName: registry.example.com/app\n    newTag: v1\n  - name: proxy\n    newTag: \"1.0\"\n";

fn folder() -> Folder {
    Folder::with(&[("kustomization.yaml", KUSTOMIZATION)])
}

#[test]
fn a_dry_run_prints_the_difference_and_changes_nothing() {
    let folder = folder();
    let ended = folder.run(&["manifest", "set-image", ".", "proxy:1.1", "--dry-run"]);
    assert_eq!((ended.code, ended.err.as_str()), (2, ""));
    insta::assert_snapshot!(ended.out);
    assert_eq!(folder.read("kustomization.yaml"), KUSTOMIZATION);
    let same = folder.run(&["manifest", "set-image", ".", "proxy:1.0", "--dry-run"]);
    assert_eq!((same.code, same.out.as_str()), (0, ""));
}

#[test]
fn an_image_is_set_and_every_other_byte_stays() {
    let folder = folder();
    let ended = folder.run(&["manifest", "set-image", "kustomization.yaml", "proxy:1.1"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, ""));
    assert_eq!(
        folder.read("kustomization.yaml"),
        KUSTOMIZATION.replace("\"1.0\"", "\"1.1\"")
    );
    assert_eq!(folder.names(), ["kustomization.yaml"]);
}

#[test]
fn the_seven_forms_set_what_they_say() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let forms = [
        "proxy=new/proxy:2".to_owned(),
        format!("proxy=new/proxy@{digest}"),
        format!("proxy=new/proxy:2@{digest}"),
        "proxy=new/proxy".to_owned(),
        "proxy:2".to_owned(),
        format!("proxy:2@{digest}"),
        format!("proxy@{digest}"),
    ];
    let mut all = String::new();
    for form in &forms {
        let folder = folder();
        assert_eq!(
            folder.run(&["manifest", "set-image", ".", form]).code,
            0,
            "{form}"
        );
        let (_, entry) = folder
            .read("kustomization.yaml")
            .split_once("  - name: proxy")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        all.push_str(&format!("{form}{entry}"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_part_that_is_not_given_is_dropped_as_kustomize_does_or_kept_when_asked() {
    let dropped = folder();
    assert_eq!(
        dropped.run(&["manifest", "set-image", ".", "app:v2"]).code,
        0
    );
    assert!(!dropped.read("kustomization.yaml").contains("newName"));
    let kept = folder();
    assert_eq!(
        kept.run(&["manifest", "set-image", ".", "app:v2", "--keep"])
            .code,
        0
    );
    assert_eq!(
        kept.read("kustomization.yaml"),
        KUSTOMIZATION.replace("v1", "v2")
    );
    let unknown = kept.run(&["manifest", "set-image", ".", "other:v2", "--keep"]);
    assert_eq!(unknown.code, 5, "{}", unknown.err);
}

#[test]
fn every_name_of_a_kustomization_is_found() {
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        let folder = Folder::with(&[(&format!("overlay/{name}"), KUSTOMIZATION)]);
        assert_eq!(
            folder
                .run(&["manifest", "set-image", "overlay", "proxy:2"])
                .code,
            0,
            "{name}"
        );
    }
    let none = Folder::with(&[]).run(&["manifest", "set-image", ".", "proxy:2"]);
    assert_eq!(none.code, 5, "{}", none.err);
    let two = Folder::with(&[("kustomization.yaml", ""), ("Kustomization", "")]);
    assert_eq!(two.run(&["manifest", "set-image", ".", "proxy:2"]).code, 7);
}

#[test]
fn the_mode_of_a_file_and_a_link_to_it_stay() {
    let folder = Folder::with(&[("real/values.yaml", "tag: a\n")]);
    symlink("real/values.yaml", folder.file("link.yaml")).unwrap();
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(folder.file("real/values.yaml"), mode).unwrap();
    assert_eq!(
        folder.run(&["manifest", "set", "link.yaml", ".tag=b"]).code,
        0
    );
    assert!(folder.file("link.yaml").is_symlink());
    assert_eq!(folder.read("real/values.yaml"), "tag: b\n");
    let about = std::fs::metadata(folder.file("real/values.yaml")).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o640);
    assert_eq!(folder.names(), ["link.yaml", "real"]);
}

#[test]
fn values_are_set_by_path_in_yaml_and_json() {
    let folder = Folder::with(&[
        ("kustomization.yaml", KUSTOMIZATION),
        (
            "values.json",
            "{\"image\": {\"tag\": \"a=b\"}, \"replicas\": 2}\n",
        ),
    ]);
    let yaml = folder.run(&[
        "manifest",
        "set",
        "kustomization.yaml",
        ".images[name=proxy].newTag=2=3",
    ]);
    assert_eq!(yaml.code, 0, "{}", yaml.err);
    assert!(
        folder
            .read("kustomization.yaml")
            .contains("newTag: \"2=3\"")
    );
    let json = folder.run(&[
        "manifest",
        "set",
        "values.json",
        ".image.tag=v2",
        ".replicas=3",
    ]);
    assert_eq!(json.code, 0, "{}", json.err);
    assert_eq!(
        folder.read("values.json"),
        "{\"image\": {\"tag\": \"v2\"}, \"replicas\": 3}\n"
    );
}

#[test]
fn a_document_is_chosen_by_place_or_by_kind_and_name() {
    let two = "kind: Service\nmetadata: { name: web }\nport: 1\n---\nkind: Deployment\nmetadata: { name: web }\nport: 1\n";
    for choice in [["--document", "1"], ["--kind", "Deployment"]] {
        let folder = Folder::with(&[("all.yaml", two)]);
        let ended =
            folder.run(&[&["manifest", "set", "all.yaml", ".port=2"][..], &choice[..]].concat());
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert!(folder.read("all.yaml").ends_with("port: 2\n"));
    }
    let folder = Folder::with(&[("all.yaml", two)]);
    let unclear = folder.run(&["manifest", "set", "all.yaml", ".port=2", "--name", "web"]);
    assert_eq!(unclear.code, 1);
    assert!(unclear.err.contains("2 of 2 documents"), "{}", unclear.err);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_file_stays() {
    let folder = Folder::with(&[("bad.yaml", "a: 1\nb: [\n"), ("ok.yaml", "a: { b: 1 }\n")]);
    let mut all = String::new();
    for arguments in [
        &["manifest", "set", "bad.yaml", ".a=2"][..],
        &["manifest", "set", "ok.yaml", ".a=2"],
        &["manifest", "set", "ok.yaml", ".a.c.d=2"],
        &["manifest", "set", "ok.yaml", ".a.b"],
        &["manifest", "set", "ok.yaml", "a[=2"],
        &["manifest", "set", "no.yaml", ".a=2"],
        &["manifest", "set-image", "ok.yaml", "app"],
    ] {
        let ended = folder.run(arguments);
        assert_eq!(ended.out, "");
        all.push_str(&format!(
            "── {}: {}\n{}\n",
            arguments[2..].join(" "),
            ended.code,
            ended.err
        ));
    }
    insta::assert_snapshot!(all);
    assert_eq!(folder.read("ok.yaml"), "a: { b: 1 }\n");
}

#[test]
fn programs_get_what_changed_as_json() {
    let ended = folder().run(&["manifest", "set-image", ".", "proxy:2", "-o", "json"]);
    let told = ended.json();
    assert_eq!(
        (&told["changed"], &told["written"]),
        (&true.into(), &true.into())
    );
    assert_eq!(told["changes"][0]["path"], ".images[name=proxy].newTag");
}
