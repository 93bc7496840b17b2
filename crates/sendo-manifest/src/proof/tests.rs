//! The prover, given outcomes by hand: what it must see and what it must let through.

use super::*;

/// Proves `new` as the outcome of one splice in `old` that sets the second node.
fn prove_set(old: &str, range: std::ops::Range<usize>, text: &str, meant: &str) -> Option<String> {
    let tree = Tree::parse(old).expect("it can be read");
    let mut expectation = Expectation::default();
    expectation
        .replaced
        .insert(2, Fragment::Scalar(NewScalar::string(meant)));
    let mut new = old.to_owned();
    new.replace_range(range.clone(), text);
    let splices = [Splice {
        range,
        replacement: text.to_owned(),
    }];
    prove(&tree, &expectation, &splices, &new, false)
        .err()
        .map(|error| error.to_string())
}

#[test]
fn a_right_edit_is_proved() {
    assert_eq!(prove_set("a: x\nb: y\n", 3..4, "z", "z"), None);
}

#[test]
fn every_wrong_edit_is_refused() {
    for (range, text, meant) in [
        (3..4, "z", "other"),           // another value
        (3..4, "12", "12"),             // a number where a string was meant
        (3..4, "yes", "yes"),           // a boolean to YAML 1.1
        (3..4, "z\nc: d", "z"),         // one key too many
        (3..4, "z # b", "z # b"),       // a comment
        (3..4, "[z]", "z"),             // a list
        (3..4, "&n z", "z"),            // a new anchor
        (3..4, "!t z", "z"),            // a new tag
        (3..8, "z", "z"),               // the next key swallowed
        (3..10, "z\nb: 'y'", "z"),      // another style of an untouched value
        (3..10, "z\nb: x", "z"),        // another untouched value
        (3..4, "\"z", "z"),             // not YAML any more
        (0..4, "--- \na: z", "z"),      // another document start
        (3..10, "z\nb: y\n---\n", "z"), // one document too many
    ] {
        assert!(
            prove_set("a: x\nb: y\n", range, text, meant).is_some(),
            "{text:?}"
        );
    }
}

#[test]
fn a_byte_outside_the_splices_must_not_change() {
    let old = "a: x # c\n";
    let splices = [Splice {
        range: 3..4,
        replacement: "z".to_owned(),
    }];
    assert!(check_bytes(old, &splices, "a: z # c\n").is_ok());
    assert!(check_bytes(old, &splices, "a: z # d\n").is_err());
    assert!(check_bytes(old, &splices, "a: z # c\n\n").is_err());
    assert!(check_bytes(old, &splices, "a: z # c").is_err());
}
