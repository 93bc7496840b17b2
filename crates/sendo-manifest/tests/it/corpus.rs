//! Every file of `tests/corpus`, edited in every mode, as a diff under snapshot.

use std::fmt::Write as _;
use std::path::PathBuf;

use sendo_manifest::{
    DocumentSelector, EditError, Edited, Format, ImageEdit, ImageMode, Path, Value, set_images,
    set_values,
};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = format!("{}/tests/corpus/{folder}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).expect("the corpus");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

/// The diff with what cannot be seen made visible, or the refusal.
fn outcome(old: &str, file: &str, edited: Result<Edited, EditError>) -> String {
    match edited {
        Ok(edited) if edited.is_unchanged() => "unchanged\n".to_owned(),
        Ok(edited) => edited
            .unified_diff(old, file)
            .replace('\r', "␍")
            .replace('\t', "␉")
            .replace('\u{feff}', "(BOM)"),
        Err(error) => format!("{}: {}\n", error.reason_code(), error.located(file)),
    }
}

#[test]
fn images() {
    for path in files("images") {
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut seen = String::new();
        for (mode, edit) in [
            (ImageMode::Keep, "web:0123456"),
            (
                ImageMode::KeepOrAdd,
                "web=example.org/new/web:v2@sha256:ffff",
            ),
            (ImageMode::Replace, "web=*:v2.0.0"),
        ] {
            let edit: ImageEdit = edit.parse().expect("an image edit");
            let edited = set_images(text.as_bytes(), std::slice::from_ref(&edit), mode);
            let outcome = outcome(&text, &name, edited);
            writeln!(seen, "{mode:?} {edit}\n{outcome}").expect("a string takes all");
        }
        insta::assert_snapshot!(format!("images_{name}"), seen);
    }
}

fn edits_of(name: &str) -> Vec<(&'static str, &'static str)> {
    match name {
        "helm.yaml" => vec![
            (".replicas", "3"),
            (".replicas", "three"),
            (".image.tag", "0123456"),
            (".image", "a mapping"),
            (".worker.image.repository", "merged in"),
            (".worker.image.tag", "1234e56"),
            (".env[0].value", "debug, verbose"),
            (".env[name=FEATURE].value", "off"),
            (".env[name=NONE].value", "off"),
            (".env[7].value", "off"),
            (".env[name=LOG].extra", "a: b"),
            (".\"quoted.key\"", "no"),
            (".script", "#!/bin/sh\nexec worker\n"),
            (".script", "exec worker"),
            (".note", "short"),
            (".empty", "~"),
            (".flow.b[1]", "[y]"),
            (".flow.c", "3"),
            (".日本", "言葉"),
            (".new", "at the end"),
            (".missing.key", "parents are not made"),
        ],
        "objects.yaml" => vec![(".data.revision", "def"), (".data.other", "1234567")],
        _ => vec![
            (
                ".containerDefinitions[name=web].image",
                "example.org/web:v2",
            ),
            (".containerDefinitions[0].essential", "false"),
            (
                ".containerDefinitions[0].environment[name=A].value",
                "\u{e9}\t\"\\",
            ),
            (".containerDefinitions[0].cpu", "512"),
            (".cpu", "512"),
            (".memory", "512"),
        ],
    }
}

#[test]
fn values() {
    for file in files("values") {
        let text = std::fs::read_to_string(&file).expect("UTF-8");
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let document = match name.as_str() {
            "objects.yaml" => DocumentSelector::Object {
                kind: None,
                name: Some("two".to_owned()),
            },
            _ => DocumentSelector::Only,
        };
        let mut seen = String::new();
        for (path, value) in edits_of(&name) {
            let edit: (Path, Value) = (path.parse().expect("a path"), value.into());
            let format = Format::of_file_name(&name);
            let edited = set_values(text.as_bytes(), format, &document, &[edit]);
            let outcome = outcome(&text, &name, edited);
            writeln!(seen, "{path} := {value:?}\n{outcome}").expect("a string takes all");
        }
        insta::assert_snapshot!(format!("values_{name}"), seen);
    }
}
