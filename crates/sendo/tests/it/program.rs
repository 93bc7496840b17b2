//! What every verb has in common: help, exit codes, where things are printed.

use crate::sendo::Folder;

#[test]
fn help_and_version_are_data() {
    let folder = Folder::with(&[]);
    let help = folder.run(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    for verb in ["validate", "schema", "explain", "manifest", "completion"] {
        assert!(help.out.contains(verb), "{verb}");
    }
    assert!(folder.run(&["--version"]).out.starts_with("sendo "));
}

#[test]
fn every_verb_shows_an_example() {
    let folder = Folder::with(&[]);
    for verb in [
        &["validate"][..],
        &["schema"],
        &["explain"],
        &["backup"],
        &["restore"],
        &["migrate"],
        &["completion"],
        &["context", "set"],
        &["status"],
        &["logs"],
        &["context", "show"],
        &["manifest", "set-image"],
        &["manifest", "set"],
    ] {
        let ended = folder.run(&[verb, &["--help"]].concat());
        assert_eq!(ended.code, 0);
        assert!(
            ended.out.contains("Examples:\n  sendo ") || ended.out.contains("Examples:\n  source "),
            "{verb:?}"
        );
    }
}

#[test]
fn a_wrong_command_line_ends_with_3() {
    let folder = Folder::with(&[]);
    for wrong in [
        &["nonsense"][..],
        &[],
        &["validate"],
        &["schema", "--colour"],
        &["completion", "tcsh"],
    ] {
        let ended = folder.run(wrong);
        assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{wrong:?}");
        assert!(!ended.err.is_empty());
    }
}

#[test]
fn shells_get_a_script() {
    let folder = Folder::with(&[]);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = folder.run(&["completion", shell]).out;
        for word in ["explain", "logs", "--watch", "--context"] {
            let word = if shell == "fish" {
                word.trim_start_matches('-')
            } else {
                word
            };
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn what_a_token_may_be_is_said_where_it_is_typed_wrong() {
    let folder = Folder::with(&[]);
    let create = ["token", "create", "ci", "--scope"];
    for (wrong, said) in [
        (
            &["foo"][..],
            "use `read`, `deploy`, `approve`, `report-image` or `admin`",
        ),
        (&["read", "--for", "a b"], "write one like `local:aoi`"),
    ] {
        let ended = folder.run(&[&create[..], wrong].concat());
        assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{ended:?}");
        assert!(ended.err.contains(said), "{}", ended.err);
    }
}

#[test]
fn another_token_than_the_one_that_was_typed_is_never_revoked() {
    let folder = Folder::with(&[]);
    for wrong in ["abc-!", "", "a b", "../7"] {
        let ended = folder.run(&["token", "revoke", wrong]);
        assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{ended:?}");
        assert!(ended.err.contains("as `sendo token list` shows them"));
    }
}
