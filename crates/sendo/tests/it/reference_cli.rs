//! `sendo reference`: chapters that say what the program does.

use crate::sendo::Folder;

#[test]
fn codes_are_all_listed() {
    let ended = Folder::with(&[]).run(&["reference", "codes"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    for code in [
        "| 75 |",
        "| 130 |",
        "`branch_differs`",
        "`image_not_found`",
        "`open_listener`",
        "`change_request_opened`",
        "`post_notice`",
    ] {
        assert!(ended.out.contains(code), "{code}");
    }
}

#[test]
fn every_verb_and_every_key_has_a_place() {
    let folder = Folder::with(&[]);
    let cli = folder.run(&["reference", "cli"]).out;
    assert!(cli.contains("## `sendo manifest set-image`") && !cli.contains("sendo reference`\n"));
    let configuration = folder.run(&["reference", "configuration"]).out;
    for key in [
        "| `merged_into` |",
        "| `sweep` | text | `5m` |",
        "| `people` |",
    ] {
        assert!(configuration.contains(key), "{key}");
    }
}

#[test]
fn a_chapter_is_the_same_on_every_terminal() {
    let folder = Folder::with(&[]);
    let wide = folder.run_with(
        &["reference", "cli"],
        &[("COLUMNS", "200"), ("TERM", "xterm")],
        "",
    );
    let narrow = folder.run_with(&["reference", "cli"], &[("COLUMNS", "40")], "");
    assert_eq!(wide.out, narrow.out);
}
