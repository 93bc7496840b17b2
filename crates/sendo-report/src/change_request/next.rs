//! What happens to a change request next, and what a person can do about it.

use sendo_core::effect::Story;

use crate::Language;
use crate::escape::{code_span, cut, one_line};

/// How many checks are named before the rest is counted.
const CHECKS: usize = 20;

/// The steps from here to the merge, and what ends it earlier.
pub(super) fn next(story: &Story, language: Language) -> String {
    let steps: String = [
        checks(story, language),
        Some(proof(story, language).to_owned()),
        people(story.people, language),
        Some(
            match language {
                Language::En => "Sendo merges exactly that head.",
                Language::Ja => "Sendo が先頭コミットをそのままマージします。",
            }
            .to_owned(),
        ),
    ]
    .into_iter()
    .flatten()
    .enumerate()
    .map(|(index, step)| format!("{}. {step}\n", index + 1))
    .collect();
    match language {
        Language::En => format!(
            "### What happens next\n\n{steps}\n\
             A newer revision supersedes this one. Closing this change request cancels the deployment. \
             If anybody else commits to its branch, the lane stops until a person merges or closes it.\n"
        ),
        Language::Ja => format!(
            "### このあとの流れ\n\n{steps}\n\
             新しいリビジョンが来ると、このデプロイは置き換えられます。この変更リクエストをクローズすると、デプロイはキャンセルされます。\
             ほかの人がこのブランチにコミットすると、人がマージまたはクローズするまでレーンは止まります。\n"
        ),
    }
}

fn checks(story: &Story, language: Language) -> Option<String> {
    let names: Vec<String> = story
        .checks
        .iter()
        .take(CHECKS)
        .map(|name| code_span(&cut(name, 100)))
        .collect();
    let more = story.checks.len().saturating_sub(CHECKS);
    if names.is_empty() {
        return None;
    }
    Some(match (language, more) {
        (Language::En, 0) => format!("Checks succeed on the exact head: {}.", names.join(", ")),
        (Language::En, _) => format!(
            "Checks succeed on the exact head: {} and {more} more.",
            names.join(", ")
        ),
        (Language::Ja, 0) => {
            format!(
                "先頭コミットでチェックが成功するのを待ちます: {}",
                names.join("、")
            )
        }
        (Language::Ja, _) => format!(
            "先頭コミットでチェックが成功するのを待ちます: {}、ほか {more} 件",
            names.join("、")
        ),
    })
}

/// Sendo goes on only with its own files; without people its second identity says so.
const fn proof(story: &Story, language: Language) -> &'static str {
    match (story.people, language) {
        (0, Language::En) => {
            "Sendo's second identity approves the head, if its files are exactly the ones Sendo generates."
        }
        (0, Language::Ja) => {
            "ファイルが Sendo の生成する内容と完全に一致すれば、Sendo が承認用の ID で先頭コミットを承認します。"
        }
        (_, Language::En) => {
            "Sendo goes on only if the files of the head are exactly the ones it generates."
        }
        (_, Language::Ja) => {
            "先頭コミットのファイルが Sendo の生成する内容と完全に一致する場合だけ先へ進みます。"
        }
    }
}

fn people(count: u32, language: Language) -> Option<String> {
    match (count, language) {
        (0, _) => None,
        (1, Language::En) => {
            Some("One person approves; whoever asked for it does not count.".to_owned())
        }
        (n, Language::En) => Some(format!(
            "{n} people approve; whoever asked for it does not count."
        )),
        (n, Language::Ja) => Some(format!(
            "{n} 人の承認を待ちます（依頼した本人は数えません）。"
        )),
    }
}

/// What people type on a local forge; elsewhere they have buttons.
pub(super) fn commands(local: Option<&str>, language: Language) -> String {
    let Some(repository) = local else {
        return String::new();
    };
    let repository = one_line(repository).replace('`', "'");
    let [heading, look, approve, merge, close] = match language {
        Language::En => [
            "Commands",
            "look at it",
            "approve it",
            "merge it yourself",
            "cancel the deployment",
        ],
        Language::Ja => [
            "コマンド",
            "内容を見る",
            "承認する",
            "自分でマージする",
            "デプロイをキャンセルする",
        ],
    };
    format!(
        "\n### {heading}\n\n\
         - `sendo change show {repository} N` — {look}\n\
         - `sendo change review {repository} N --approve` — {approve}\n\
         - `sendo change merge {repository} N` — {merge}\n\
         - `sendo change close {repository} N` — {close}\n"
    )
}
