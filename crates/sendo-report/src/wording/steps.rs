//! What a person does next about a change request: a command on a local forge, a page elsewhere.

use crate::Language;
use crate::sentence::{Sentence, Slot};
use crate::wording::Context;

/// Something a person can do about a change request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Look at it.
    Show,
    /// Decide: merge it or close it.
    MergeOrClose,
    /// Withdraw the objection or close it.
    ApproveOrClose,
}

/// ` Next: …` behind a sentence; empty where there is no change request.
pub(super) fn next(step: Step, context: &Context<'_>, language: Language) -> Sentence {
    let Some(number) = context
        .change
        .map(|change| change.number)
        .or(context.number)
    else {
        return Sentence::default();
    };
    let number_slot = ("number", Slot::Text(number.to_string()));
    match context.change.map(|change| change.url.as_str()) {
        Some(url) if crate::sentence::is_web(url) => {
            let url = ("url", Slot::Link(url.to_owned()));
            Sentence::fill(on_a_page(step, language), &[number_slot, url])
        }
        address => {
            let repository = ("repo", Slot::Text(repository(address, number)));
            Sentence::fill(typed(step, language), &[number_slot, repository])
        }
    }
}

/// ` Next: …` behind a sentence that asks for a person's approval; empty where nothing is known.
pub(super) fn approve(context: &Context<'_>, language: Language) -> Sentence {
    let Some(deployment) = context.deployment else {
        return Sentence::default();
    };
    let template = match language {
        Language::En => " Next: `sendo approve {deployment}`.",
        Language::Ja => "次の操作: `sendo approve {deployment}`",
    };
    let deployment = ("deployment", Slot::Text(deployment.to_string()));
    Sentence::fill(template, &[deployment]).then(at_the_forge(context, language))
}

/// The page of the change request, where a review is an approval too.
fn at_the_forge(context: &Context<'_>, language: Language) -> Sentence {
    let page = context
        .change
        .filter(|change| crate::sentence::is_web(&change.url));
    page.map_or_else(Sentence::default, |change| {
        let template = match language {
            Language::En => " Or approve change request #{number}, {url}",
            Language::Ja => " または変更リクエスト #{number} を承認 {url}",
        };
        let number = ("number", Slot::Text(change.number.to_string()));
        Sentence::fill(template, &[number, ("url", Slot::Link(change.url.clone()))])
    })
}

/// On a local forge the address of a change request is the command that shows it.
fn repository(address: Option<&str>, number: u64) -> String {
    address
        .and_then(|command| command.strip_prefix("sendo change show "))
        .and_then(|rest| rest.strip_suffix(&format!(" {number}")))
        .filter(|repository| !repository.is_empty())
        .unwrap_or("REPO")
        .to_owned()
}

const fn typed(step: Step, language: Language) -> &'static str {
    match (step, language) {
        (Step::Show, Language::En) => " Look: `sendo change show {repo} {number}`.",
        (Step::Show, Language::Ja) => "確認: `sendo change show {repo} {number}`",
        (Step::MergeOrClose, Language::En) => {
            " Next: `sendo change merge {repo} {number}` or `sendo change close {repo} {number}`."
        }
        (Step::MergeOrClose, Language::Ja) => {
            "次の操作: `sendo change merge {repo} {number}` または `sendo change close {repo} {number}`"
        }
        (Step::ApproveOrClose, Language::En) => {
            " Next: `sendo change review {repo} {number} --approve` or `sendo change close {repo} {number}`."
        }
        (Step::ApproveOrClose, Language::Ja) => {
            "次の操作: `sendo change review {repo} {number} --approve` または `sendo change close {repo} {number}`"
        }
    }
}

const fn on_a_page(step: Step, language: Language) -> &'static str {
    match (step, language) {
        (Step::Show, Language::En) => " Look: change request #{number}, {url}",
        (Step::Show, Language::Ja) => "確認: 変更リクエスト #{number} {url}",
        (Step::MergeOrClose, Language::En) => {
            " Next: merge or close change request #{number}, {url}"
        }
        (Step::MergeOrClose, Language::Ja) => {
            "次の操作: 変更リクエスト #{number} をマージまたはクローズ {url}"
        }
        (Step::ApproveOrClose, Language::En) => {
            " Next: approve or close change request #{number}, {url}"
        }
        (Step::ApproveOrClose, Language::Ja) => {
            "次の操作: 変更リクエスト #{number} を承認またはクローズ {url}"
        }
    }
}
