//! Why a lane did not react to an event, clause by clause.

use sendo_core::promotion::matching::{Refusal, RefusalReason};

use crate::Language;
use crate::sentence::{Sentence, Slot};
use crate::wording::reference;

/// Why the clause refused: what the rule says, what came, and what would match.
#[must_use]
pub fn message(refusal: &Refusal, language: Language) -> Sentence {
    let lane = ("lane", Slot::Text(refusal.lane.to_string()));
    let (template, slots) = reason(&refusal.reason, language);
    Sentence::fill(
        "{lane}: {why}",
        &[
            lane,
            ("why", Slot::Sentence(Sentence::fill(template, &slots))),
        ],
    )
}

type Slots = Vec<(&'static str, Slot)>;

fn reason(reason: &RefusalReason, language: Language) -> (&'static str, Slots) {
    let code = |text: &str| Slot::Code(text.to_owned());
    let both = |expected: &str, got: &str| vec![("expected", code(expected)), ("got", code(got))];
    let choose = |en: &'static str, ja: &'static str| match language {
        Language::En => en,
        Language::Ja => ja,
    };
    match reason {
        RefusalReason::RepositoryDiffers { expected, got } => (
            choose(
                "the event is about the repository {got}; the lane reads {expected}.",
                "イベントのリポジトリは {got} ですが、このレーンが見るのは {expected} です。",
            ),
            both(expected, got),
        ),
        RefusalReason::ApplicationDiffers { expected, got } => (
            choose(
                "the event is about the application {got}; the lane belongs to {expected}.",
                "イベントのアプリケーションは {got} ですが、このレーンは {expected} のものです。",
            ),
            both(expected, got),
        ),
        RefusalReason::EnvironmentDiffers { expected, got } => (
            choose(
                "the event is about the environment {got}; the lane belongs to {expected}.",
                "イベントの環境は {got} ですが、このレーンは {expected} のものです。",
            ),
            both(expected, got),
        ),
        RefusalReason::NotMerged { number } => (
            choose(
                "pull request #{number} was closed without a merge, so nothing changed.",
                "プルリクエスト #{number} はマージされずにクローズされたため、変更はありません。",
            ),
            vec![("number", Slot::Text(number.to_string()))],
        ),
        RefusalReason::BranchDiffers { expected, got } => (
            choose(
                "the event is about the branch {got}; the lane waits for {expected}.",
                "イベントのブランチは {got} ですが、このレーンが待つのは {expected} です。",
            ),
            both(expected, got),
        ),
        RefusalReason::TagDoesNotMatch { pattern, got } => (
            choose(
                "the tag {got} does not match {pattern}; a pattern matches the whole tag or nothing, and `*` in a glob does not match `/`.",
                "タグ {got} はパターン {pattern} に一致しません。パターンはタグ全体と照合され、グロブの `*` は `/` に一致しません。",
            ),
            vec![("pattern", code(pattern)), ("got", code(got))],
        ),
        RefusalReason::TriggerDiffers { expected, got } => (
            choose(
                "the event is {got}; the lane only reacts to {expected}.",
                "イベントは {got} ですが、このレーンが反応するのは {expected} だけです。",
            ),
            both(&format!("on.{expected}"), got),
        ),
        RefusalReason::Deleted { reference: gone } => (
            choose(
                "{reference} was deleted, so there is no revision to deploy.",
                "{reference} は削除されたため、デプロイするリビジョンがありません。",
            ),
            vec![("reference", code(reference(gone)))],
        ),
    }
}
