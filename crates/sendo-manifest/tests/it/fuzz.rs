//! Many random edits of damaged texts: no panic, and nothing written that does not mean what it
//! should to a second reader.

use std::collections::BTreeMap;

use sendo_manifest::{Edited, Path, Step, Value};
use serde_json::Value as Json;

use crate::fuzzing::{Attempt, Random, attempt, corpus, run};

const EDITS: usize = if cfg!(feature = "fuzz-long") {
    1_000_000
} else {
    20_000
};
/// How many of the edits made are read back by serde-saphyr.
const SAMPLES: usize = 10_000;

#[test]
fn no_random_edit_is_wrong() {
    let (corpus, mut random) = (corpus(), Random(42));
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut made, mut unchanged, mut compared) = (0, 0, 0);
    for _ in 0..EDITS {
        let (text, attempt) = attempt(&mut random, &corpus);
        match run(&text, &attempt) {
            Err(error) => *refused.entry(error.reason_code()).or_default() += 1,
            Ok(edited) if edited.is_unchanged() => unchanged += 1,
            Ok(edited) => {
                made += 1;
                let sampled = compared < SAMPLES;
                compared += usize::from(sampled && second_reader_agrees(&text, &attempt, &edited));
            }
        }
    }
    println!(
        "{EDITS} edits: {made} made ({compared} confirmed by serde-saphyr), {unchanged} already so, \
         refused {refused:?}"
    );
    assert!(
        made > EDITS / 5,
        "most of the texts are too damaged to tell"
    );
}

/// Compares with the old data changed by hand. False if the second reader cannot judge.
fn second_reader_agrees(text: &str, attempt: &Attempt, edited: &Edited) -> bool {
    let Attempt::Value(path, Value::String(value), _) = attempt else {
        return false;
    };
    let Ok(mut expected) = serde_saphyr::from_str::<Json>(text) else {
        return false;
    };
    if edited.changes().iter().any(|change| change.aliases > 0) {
        return false;
    }
    let Some(place) = place(&mut expected, path) else {
        return false;
    };
    *place = Json::String(value.clone());
    let got: Json = serde_saphyr::from_str(edited.text()).expect("the edited text can be read");
    assert_eq!(expected, got, "{text:?} became {:?}", edited.text());
    true
}

/// The place a path leads to; a missing last key is made.
fn place<'j>(root: &'j mut Json, path: &Path) -> Option<&'j mut Json> {
    path.steps().iter().try_fold(root, |at, step| match step {
        Step::Key(key) => Some(at.as_object_mut()?.entry(key.clone()).or_insert(Json::Null)),
        Step::Index(index) => at.as_array_mut()?.get_mut(*index),
        Step::Where { key, value } => {
            let fits = |item: &&mut Json| item.get(key).and_then(Json::as_str) == Some(value);
            at.as_array_mut()?.iter_mut().find(fits)
        }
    })
}
