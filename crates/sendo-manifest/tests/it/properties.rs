//! Properties that hold for any text and value.

use proptest::prelude::*;
use sendo_manifest::{DocumentSelector, Format, Path, Step, Value, is_plain_string, set_values};
use serde_json::Value as Json;

const STYLES: [&str; 7] = [
    "a: old # c\nb: 1\n",
    "a: 'old'\r\nb: 1\r\n",
    "b: 1\na: \"old\"",
    "{b: 1, a: old}",
    "# c\na: |\n  old\n  text\nb: 1\n",
    "a:\nb: 1\n",
    "b: 1\n",
];

fn set(text: &str, path: Path, value: &str) -> String {
    let edit = [(path, Value::String(value.to_owned()))];
    let edited = set_values(
        text.as_bytes(),
        Format::Yaml,
        &DocumentSelector::Only,
        &edit,
    );
    edited.expect("the edit is made").into_text()
}

proptest! {
    #[test]
    fn any_string_is_read_back(style in 0..STYLES.len(), value in "\\PC{0,12}|[ -~\\n\\t]{0,12}|.{0,4}") {
        let edited = set(STYLES[style], Path::new([Step::Key("a".to_owned())]), &value);
        let read: Json = serde_saphyr::from_str(&edited).expect("it can be read");
        prop_assert_eq!(&read["a"], &Json::String(value));
        prop_assert_eq!(&read["b"], &Json::from(1));
    }

    #[test]
    fn any_key_can_be_added(key in "\\PC{1,8}", flow: bool) {
        prop_assume!(!matches!(key.as_str(), "b" | "<<"));
        let text = if flow { "{b: 1}" } else { "b: 1\n" };
        let edited = set(text, Path::new([Step::Key(key.clone())]), "x");
        let read: Json = serde_saphyr::from_str(&edited).expect("it can be read");
        prop_assert_eq!(&read[&key], &Json::from("x"));
    }

    #[test]
    fn any_path_is_read_back(keys in prop::collection::vec("\\PC{0,6}", 1..4), index in 0..9_usize) {
        let mut steps: Vec<_> = keys.iter().cloned().map(Step::Key).collect();
        steps.push(Step::Index(index));
        steps.push(Step::Where { key: keys[0].clone(), value: keys[0].clone() });
        let path = Path::new(steps);
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn a_short_sha_written_plain_is_a_string(sha in "[0-9a-f]{7}") {
        if is_plain_string(&sha, true) {
            let read: Json = serde_saphyr::from_str(&sha).expect("it can be read");
            prop_assert_eq!(read, Json::String(sha));
        }
    }
}
