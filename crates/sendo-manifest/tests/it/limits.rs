//! Texts made to hurt: refused quickly, with a reason.

use sendo_manifest::{
    DocumentSelector, EditError, Format, MAX_BYTES, MAX_DEPTH, MAX_NODES, Path, Value, check,
    set_values,
};

fn reason(text: &[u8]) -> &'static str {
    check(text, Format::Yaml)
        .expect_err("it is refused")
        .reason_code()
}

fn set(text: &str, path: &str, value: &str) -> Result<String, EditError> {
    let edit = [(path.parse::<Path>()?, Value::String(value.to_owned()))];
    let edited = set_values(
        text.as_bytes(),
        Format::Yaml,
        &DocumentSelector::Only,
        &edit,
    )?;
    Ok(edited.into_text())
}

#[test]
fn too_much_is_refused() {
    assert_eq!(reason(&vec![b'#'; MAX_BYTES + 1]), "too_large");
    assert_eq!(
        reason("- \n".repeat(MAX_NODES + 1).as_bytes()),
        "too_many_nodes"
    );
    let nested = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
    assert_eq!(reason(nested.as_bytes()), "too_deep");
    assert_eq!(reason("- ".repeat(MAX_DEPTH + 1).as_bytes()), "too_deep");
    assert_eq!(reason("{a: ".repeat(100_000).as_bytes()), "too_deep");
}

#[test]
fn the_deepest_text_allowed_can_be_edited() {
    let (open, close) = ("[".repeat(MAX_DEPTH - 1), "]".repeat(MAX_DEPTH - 1));
    let path = format!(".a{}", "[0]".repeat(MAX_DEPTH - 1));
    let edited = set(&format!("a: {open}x{close}\n"), &path, "z").expect("the edit is made");
    assert_eq!(edited, format!("a: {open}z{close}\n"));
}

#[test]
fn an_alias_bomb_does_nothing() {
    let mut text = "l0: &l0 [x, x]\n".to_owned();
    for n in 1..60 {
        let before = n - 1;
        text.push_str(&format!("l{n}: &l{n} [*l{before}, *l{before}]\n"));
    }
    text.push_str("tag: v1\n");
    assert!(
        set(&text, ".tag", "v2")
            .expect("the edit is made")
            .ends_with("tag: v2\n")
    );
}

#[test]
fn bytes_that_are_not_text_are_refused_with_their_place() {
    let error = check(b"a: 1\nb: \xff\n", Format::Yaml).expect_err("it is refused");
    assert_eq!(error.reason_code(), "encoding");
    assert_eq!(
        error.position().map(|at| (at.byte, at.line, at.column)),
        Some((8, 2, 4))
    );
    assert_eq!(reason(b"\xff\xfea\0"), "encoding");
}

#[test]
fn line_breaks_that_readers_disagree_on_are_refused() {
    for odd in [
        "a: 1\rb: 2\n",
        "# c\u{85}a: 1\n",
        "a: \"\u{2028}\"\n",
        "a: \u{2029}\n",
    ] {
        assert_eq!(reason(odd.as_bytes()), "line_break");
    }
    assert!(check("{\"a\": \"\u{2028}\"}".as_bytes(), Format::Json).is_ok());
}

#[test]
fn two_edits_of_one_place_are_refused() {
    let edit = |value: &str| (".a".parse().expect("a path"), Value::from(value));
    let edits = [edit("1"), edit("2")];
    let error = set_values(b"a: x\n", Format::Yaml, &DocumentSelector::Only, &edits);
    assert_eq!(error.expect_err("it is refused").reason_code(), "conflict");
}

#[test]
fn json_stays_json_or_is_refused() {
    let edit = [(".a".parse().expect("a path"), Value::from("x"))];
    let error = set_values(b"{a: 1,}", Format::Json, &DocumentSelector::Only, &edit);
    assert_eq!(
        error.expect_err("it is refused").reason_code(),
        "parse_error"
    );
}

#[test]
fn paths_say_where_they_are_wrong() {
    for (path, column) in [
        ("", 1),
        ("a", 1),
        (".a[", 4),
        (".a[x]", 5),
        (".\"a", 3),
        (".a.", 4),
    ] {
        match path.parse::<Path>() {
            Err(EditError::InvalidPath { column: found, .. }) => {
                assert_eq!(found, column, "{path}")
            }
            other => panic!("{path}: {other:?}"),
        }
    }
}
