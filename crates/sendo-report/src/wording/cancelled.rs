//! That a person ended a deployment, before its change was merged or after.

use sendo_core::notice::Notice;

use crate::Language;
use crate::sentence::{Sentence, Slot};

/// Cancelled after its merge.
pub(super) fn left(by: Option<String>, notice: &Notice, language: Language) -> Sentence {
    Sentence::fill(
        match (&by, language) {
            (Some(_), Language::En) => {
                "{revision} is cancelled by {by}: what is merged stays, and whether it is healthy is not followed any more."
            }
            (Some(_), Language::Ja) => {
                "{revision} は {by} によりキャンセルされました。マージ済みの内容はそのまま残り、正常に動くかどうかは追跡しません。"
            }
            (None, Language::En) => {
                "{revision} is cancelled: what is merged stays, and whether it is healthy is not followed any more."
            }
            (None, Language::Ja) => {
                "{revision} はキャンセルされました。マージ済みの内容はそのまま残り、正常に動くかどうかは追跡しません。"
            }
        },
        &[
            ("revision", Slot::Text(notice.revision.short().to_owned())),
            ("by", Slot::Code(by.unwrap_or_default())),
        ],
    )
}

/// Cancelled before it.
pub(super) fn cancelled(
    number: Option<u64>,
    by: Option<String>,
    notice: &Notice,
    language: Language,
) -> Sentence {
    let template = match (number, &by, language) {
        (Some(_), Some(_), Language::En) => {
            "{revision} is cancelled by {by}; change request #{number} is closed without a merge."
        }
        (Some(_), Some(_), Language::Ja) => {
            "{revision} は {by} によりキャンセルされました。変更リクエスト #{number} はマージせずにクローズされました。"
        }
        (Some(_), None, Language::En) => {
            "{revision} is cancelled: change request #{number} was closed without a merge."
        }
        (Some(_), None, Language::Ja) => {
            "{revision} はキャンセルされました。変更リクエスト #{number} がマージされずにクローズされました。"
        }
        (None, Some(_), Language::En) => "{revision} is cancelled by {by}.",
        (None, Some(_), Language::Ja) => "{revision} は {by} によりキャンセルされました。",
        (None, None, Language::En) => "{revision} is cancelled.",
        (None, None, Language::Ja) => "{revision} はキャンセルされました。",
    };
    Sentence::fill(
        template,
        &[
            ("revision", Slot::Text(notice.revision.short().to_owned())),
            (
                "number",
                Slot::Text(number.map(|n| n.to_string()).unwrap_or_default()),
            ),
            ("by", Slot::Code(by.unwrap_or_default())),
        ],
    )
}
