//! What stands above a digest: how much it tells of, and how much it does not.

use sendo_core::notice::Digest;

use crate::sentence::{Sentence, Slot};
use crate::{Language, time};

/// How many deployments, since when, and what is only counted.
#[must_use]
pub fn heading(digest: &Digest, language: Language) -> Sentence {
    let count = digest.latest.len();
    let mut heading = Sentence::fill(
        match (count, language) {
            (1, Language::En) => "1 deployment since {since}",
            (_, Language::En) => "{count} deployments since {since}",
            (_, Language::Ja) => "{since} からのデプロイ {count} 件",
        },
        &[
            ("count", Slot::Text(count.to_string())),
            ("since", Slot::Text(time::date_time(digest.since))),
        ],
    );
    if digest.earlier > 0 {
        heading = heading.then(Sentence::fill(
            match language {
                Language::En => ", the last turn of each; turns before these: {count}",
                Language::Ja => "（それぞれ最新の状況のみ。それ以前の通知 {count} 件は省略）",
            },
            &[("count", Slot::Text(digest.earlier.to_string()))],
        ));
    }
    if digest.omitted > 0 {
        heading = heading.then(more(digest.omitted, language));
    }
    heading
}

/// What there was no room for.
#[must_use]
pub fn more(omitted: u64, language: Language) -> Sentence {
    Sentence::fill(
        match language {
            Language::En => "; older deployments that are not listed: {count}, see `sendo history`",
            Language::Ja => "。ほかに古いデプロイ {count} 件は `sendo history` で確認できます",
        },
        &[("count", Slot::Text(omitted.to_string()))],
    )
}
