//! What a change does to the objects of a cluster.

use sendo_core::rendering::{Becomes, Objects, Rendered, Rendering};

use crate::Language;
use crate::sentence::{Sentence, Slot};

/// What stands above the objects of one rendering, or why there are none.
#[must_use]
pub fn heading(objects: &Objects, language: Language) -> Sentence {
    let (how, path) = named(&objects.rendering, language);
    let mut slots = vec![
        ("how", Slot::Text(how.to_owned())),
        ("path", Slot::Code(path)),
    ];
    let comparison = match &objects.rendered {
        Rendered::Cannot { message, .. } => {
            slots.push(("why", Slot::Words(message.clone())));
            let template = match language {
                Language::En => "What a cluster would see of `{path}` ({how}) is not known: {why}.",
                Language::Ja => "クラスタから見た `{path}`（{how}）の変化は分かりません: {why}。",
            };
            return Sentence::fill(template, &slots);
        }
        Rendered::Compared(comparison) => comparison,
    };
    let count = |becomes: Becomes| {
        let changes = comparison.changes.iter();
        changes.filter(|change| change.becomes == becomes).count()
    };
    let number = |count: usize| Slot::Text(count.to_string());
    slots.extend([
        ("added", number(count(Becomes::Added))),
        ("changed", number(count(Becomes::Changed))),
        ("removed", number(count(Becomes::Removed))),
        ("same", number(comparison.same)),
        ("more", number(comparison.more)),
    ]);
    let template = match (language, comparison.changes.is_empty(), comparison.more) {
        (Language::En, true, _) => {
            "A cluster sees no change of `{path}` ({how}): {same} objects stay the same."
        }
        (Language::Ja, true, _) => {
            "クラスタから見た `{path}`（{how}）に変化はありません（{same} 個のオブジェクトは同じです）。"
        }
        (Language::En, _, 0) => {
            "What a cluster sees of `{path}` ({how}): {added} added, {changed} changed, {removed} removed, {same} the same."
        }
        (Language::Ja, _, 0) => {
            "クラスタから見た `{path}`（{how}）の変化: 追加 {added}、変更 {changed}、削除 {removed}、変化なし {same}。"
        }
        (Language::En, ..) => {
            "What a cluster sees of `{path}` ({how}), the first of it: {added} added, {changed} changed, {removed} removed, {more} more that are not listed, {same} the same."
        }
        (Language::Ja, ..) => {
            "クラスタから見た `{path}`（{how}）の変化（先頭のみ）: 追加 {added}、変更 {changed}、削除 {removed}、ほかに表示していないもの {more}、変化なし {same}。"
        }
    };
    Sentence::fill(template, &slots)
}

fn named(rendering: &Rendering, language: Language) -> (&'static str, String) {
    let how = match (rendering, language) {
        (Rendering::Kustomize { .. }, _) => "kustomize",
        (Rendering::Helm { .. }, _) => "helm",
        (Rendering::Plain { .. }, Language::En) => "as it is",
        (Rendering::Plain { .. }, Language::Ja) => "そのまま",
    };
    (how, rendering.path().to_owned())
}

/// What is said where a lane renders nothing.
#[must_use]
pub fn none(language: Language) -> Sentence {
    let template = match language {
        Language::En => {
            "What a cluster would see is not shown: this lane renders nothing; `render` under its `promotion` names what it should."
        }
        Language::Ja => {
            "クラスタから見た変化は表示しません: このレーンには描画するものがありません。`promotion` の `render` で指定できます。"
        }
    };
    Sentence::fill(template, &[])
}

/// What stands in the place of values that are kept back.
#[must_use]
pub const fn secret(language: Language) -> &'static str {
    match language {
        Language::En => "changed; what is secret is not shown",
        Language::Ja => "変更あり。秘密の値は表示しません",
    }
}

/// What stands below the fields of an object when there are more.
#[must_use]
pub fn more_fields(count: usize, language: Language) -> String {
    match language {
        Language::En => format!("… and {count} more"),
        Language::Ja => format!("… ほか {count} 件"),
    }
}
