//! Which texts a plain scalar may hold, under YAML 1.1 and 1.2.

use super::*;

#[test]
fn what_some_reader_takes_for_something_else_is_quoted() {
    for text in [
        "",
        "0",
        "42",
        "-1",
        "+1",
        "0123456",
        "08",
        "0x1f",
        "0o17",
        "0b1",
        "1.5",
        ".5",
        "5.",
        "1e5",
        "1234e56",
        "1E400",
        "1_000",
        "1,000",
        "12:30",
        "190:20:30.15",
        ".inf",
        "-.INF",
        ".NaN",
        "y",
        "N",
        "yes",
        "No",
        "on",
        "OFF",
        "true",
        "False",
        "null",
        "~",
        "2024-01-02",
        "2024-1-2T00:00:00Z",
        "<<",
        "=",
        " a",
        "a ",
        "a: b",
        "a:",
        "a #b",
        "- a",
        "? a",
        ": a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "'a",
        "\"a",
        "%a",
        "@a",
        "`a",
        "[a",
        "{a",
        "]",
        "}",
        ",",
        "#a",
        "...",
        "---",
        "a\tb",
        "a\nb",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "\u{7}",
        "\u{7f}",
    ] {
        assert!(!is_plain_string(text, false), "{text:?}");
    }
}

#[test]
fn ordinary_tags_and_names_stay_plain() {
    for text in [
        "v1.2.3",
        "1.2.3",
        "abc1234",
        "e5",
        "1a2b3c4",
        "sha256:0f",
        "example.org:5000/a/b",
        "日本",
        "main-2024-01-02",
        "a,b",
        "a{b}",
        "it's",
        "v1.0.0+build",
        "0xyz",
        "1.2.3-rc.1",
        "yesterday",
    ] {
        assert!(is_plain_string(text, false), "{text:?}");
    }
    assert!(!is_plain_string("a,b", true) && !is_plain_string("a{b}", true));
}

#[test]
fn quotes_stay_where_the_text_is_legal_in_them() {
    assert_eq!(write_string("it's", Some(Kind::Single), false), "'it''s'");
    assert_eq!(write_string("a\n", Some(Kind::Single), false), "\"a\\n\"");
    assert_eq!(
        write_string("a\\\"", Some(Kind::Double), false),
        "\"a\\\\\\\"\""
    );
    assert_eq!(write_string("v1", Some(Kind::Plain), false), "v1");
    assert_eq!(double_quoted("\u{2028}\u{7}😀"), "\"\\u2028\\u0007😀\"");
}

#[test]
fn literal_blocks_are_for_lines_without_surprises() {
    assert_eq!(
        literal_block("a\nb\n", "  ", "\n").as_deref(),
        Some("|\n  a\n  b")
    );
    assert_eq!(
        literal_block("a\n\nb", "  ", "\r\n").as_deref(),
        Some("|-\r\n  a\r\n\r\n  b")
    );
    for text in ["a", " a\nb", "\na", "a\n\n", "\n", "a\u{7}\nb"] {
        assert_eq!(literal_block(text, "  ", "\n"), None, "{text:?}");
    }
}
