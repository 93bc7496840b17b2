//! Writing, comparing and refusing, with an echo in the product's place.

use std::path::Path;

use super::*;

fn echo(row: &Row) -> Result<String> {
    Ok(format!("about {}\n", row.arguments.join(" ")))
}

#[test]
fn what_was_written_compares_equal() {
    let folder = tempfile::tempdir().unwrap();
    write(&echo, folder.path(), &Out::nowhere()).unwrap();
    let cli = std::fs::read_to_string(folder.path().join("docs/reference/cli.md")).unwrap();
    assert_eq!(cli, "about reference cli\n");
    assert_eq!(compare(&echo, folder.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn a_stale_and_a_missing_file_are_told() {
    let folder = tempfile::tempdir().unwrap();
    write(&echo, folder.path(), &Out::nowhere()).unwrap();
    std::fs::write(folder.path().join("docs/reference/cli.md"), "old\n").unwrap();
    std::fs::remove_file(folder.path().join("docs/reference/schema.json")).unwrap();
    let stale = compare(&echo, folder.path()).unwrap();
    assert_eq!(stale.len(), 2);
    assert_eq!(stale[0], "docs/reference/schema.json: is missing");
    assert!(
        stale[1].starts_with("docs/reference/cli.md: from line 1 on"),
        "{}",
        stale[1]
    );
}

#[test]
fn a_verb_prints_its_file() {
    assert_eq!(
        print(Path::new("echo"), &ROWS[1]).unwrap(),
        "reference cli\n"
    );
}

#[test]
fn a_verb_that_fails_or_says_nothing_is_an_error() {
    let silent = print(Path::new("true"), &ROWS[0]).unwrap_err().to_string();
    assert_eq!(silent, "sendo schema printed nothing");
    let failing = print(Path::new("ls"), &ROWS[0]).unwrap_err().to_string();
    assert!(
        failing.starts_with("sendo schema failed (exit status: 2): "),
        "{failing}"
    );
}
