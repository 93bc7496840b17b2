//! Broken links of each kind, in folders made for it.

use super::*;

fn said(files: &[(&str, &str)]) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    check(root.path()).unwrap().breaches
}

#[test]
fn what_exists_is_fine() {
    let readme = "# Top\n[d](docs/d.md#two-words) [r](/docs) [t](#top) [o](https://example.com/x)\n\
                  `docs/d.md` `crates/*/src` `docs/`\n";
    let said = said(&[
        ("README.md", readme),
        ("docs/d.md", "# Two words\n[up](../README.md)\n"),
    ]);
    assert_eq!(said, Vec::<String>::new());
}

#[test]
fn a_missing_file_is_told_with_its_line() {
    assert_eq!(
        said(&[("a.md", "# A\n\n[b](b.md)\n")]),
        ["a.md:3: b.md does not exist"]
    );
}

#[test]
fn a_missing_heading_is_told() {
    let said = said(&[
        ("a.md", "[b](b.md#no) [c](#neither)\n"),
        ("b.md", "# Yes\n"),
    ]);
    assert_eq!(
        said,
        [
            "a.md:1: b.md#no: no such heading",
            "a.md:1: #neither: no such heading"
        ]
    );
}

#[test]
fn a_link_stays_in_the_repository() {
    let said = said(&[("docs/a.md", "[b](../../b.md)\n")]);
    assert_eq!(
        said,
        ["docs/a.md:1: ../../b.md leads out of the repository"]
    );
}

#[test]
fn a_code_path_has_to_exist() {
    let said = said(&[("a.md", "see `crates/sendo/src/gone.rs`\n")]);
    assert_eq!(said, ["a.md:1: `crates/sendo/src/gone.rs` does not exist"]);
}

#[test]
fn unfinished_text_is_told() {
    assert_eq!(
        said(&[("a.md", "It does TODO.\n")]),
        ["a.md:1: unfinished text (TODO)"]
    );
}

#[test]
fn material_of_tests_is_passed_over() {
    assert_eq!(
        said(&[("crates/x/tests/fixtures/a.md", "[b](b.md)\n")]),
        Vec::<String>::new()
    );
}
