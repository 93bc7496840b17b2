//! What Sendo writes on a forge: titles, bodies and comments of change requests, commit messages.
//!
//! Titles and authors of included changes come from anybody's commits; they are escaped, so they
//! cannot mention people, close issues or pretend to be a part of the body.

mod included;
mod next;

use sendo_core::deployment::DeploymentId;
use sendo_core::effect::{CloseReason, Story};

use included::included;
use next::{commands, next};

use crate::Language;
use crate::escape::{code_span, cut, markdown, one_line};
use crate::wording::promotion::failed;
use crate::wording::reference;

/// A body never has more characters: the strictest forge takes 65,536.
pub const BODY_LIMIT: usize = 60_000;

/// The longest subject of a commit message.
pub const SUBJECT_LIMIT: usize = 72;

/// The longest title of a change request.
const TITLE_LIMIT: usize = 200;

/// The hidden line by which Sendo finds its own change requests again.
#[must_use]
pub fn marker(deployment: &DeploymentId) -> String {
    format!("<!-- sendo:{} -->", one_line(deployment.as_str()))
}

/// The title of a change request: what goes where.
#[must_use]
pub fn title(story: &Story, language: Language) -> String {
    let to = story.revision.short();
    let title = match (&story.previous, language) {
        (Some(from), Language::En) => format!(
            "Promote {} in {} from {} to {to}",
            story.application,
            story.environment,
            from.short()
        ),
        (None, Language::En) => {
            format!(
                "Promote {} in {} to {to}",
                story.application, story.environment
            )
        }
        (Some(from), Language::Ja) => format!(
            "{} の {} を {} から {to} に更新",
            story.application,
            story.environment,
            from.short()
        ),
        (None, Language::Ja) => {
            format!(
                "{} の {} に {to} をデプロイ",
                story.application, story.environment
            )
        }
    };
    cut(&one_line(&title), TITLE_LIMIT)
}

/// The body of a change request, in Markdown.
///
/// `local` is the manifests repository as a person types it after `sendo change …` when it is on a
/// local forge; elsewhere people have buttons and no commands are listed.
#[must_use]
pub fn body(
    story: &Story,
    deployment: &DeploymentId,
    local: Option<&str>,
    language: Language,
) -> String {
    let head = format!(
        "{}\n{}\n\n{}",
        marker(deployment),
        promoted(story, language),
        table(story, deployment, language)
    );
    let tail = format!("{}{}", next(story, language), commands(local, language));
    let room = BODY_LIMIT.saturating_sub(head.chars().count() + tail.chars().count());
    format!("{head}{}{tail}", included(story, room, language))
}

fn promoted(story: &Story, language: Language) -> String {
    let (application, environment) = (markdown(&story.application), markdown(&story.environment));
    let to = story.revision.short();
    match (&story.previous, language) {
        (Some(from), Language::En) => format!(
            "Brings **{application}** in **{environment}** from `{}` to `{to}`.",
            from.short()
        ),
        (None, Language::En) => {
            format!("Brings **{application}** to **{environment}** for the first time, at `{to}`.")
        }
        (Some(from), Language::Ja) => format!(
            "**{environment}** の **{application}** を `{}` から `{to}` に更新します。",
            from.short()
        ),
        (None, Language::Ja) => {
            format!("**{environment}** に **{application}** を初めてデプロイします（`{to}`）。")
        }
    }
}

fn table(story: &Story, deployment: &DeploymentId, language: Language) -> String {
    let [
        heading_what,
        deployment_row,
        revision,
        found,
        value,
        asked,
        undoes,
    ] = match language {
        Language::En => [
            "",
            "Deployment",
            "Revision",
            "From",
            "Value written",
            "Asked for by",
            "Undoes",
        ],
        Language::Ja => [
            "",
            "デプロイ",
            "リビジョン",
            "ブランチ・タグ",
            "書き込む値",
            "依頼者",
            "元に戻すデプロイ",
        ],
    };
    let cell = |text: &str| code_span(&cut(text, 300)).replace('|', "\\|");
    let mut rows = vec![
        (deployment_row, cell(deployment.as_str())),
        (
            revision,
            cell(&format!("{} {}", story.source, story.revision)),
        ),
        (found, cell(reference(&story.reference))),
        (value, cell(&story.version)),
    ];
    if let Some(who) = &story.requested_by {
        rows.push((asked, cell(who.as_str())));
    }
    if let Some(undone) = &story.undoes {
        rows.push((undoes, cell(undone.as_str())));
    }
    let rows: String = rows
        .iter()
        .map(|(name, value)| format!("| {name} | {value} |\n"))
        .collect();
    format!("| {heading_what} | |\n|---|---|\n{rows}\n")
}

/// The message of the commit Sendo publishes: a subject of at most 72 characters, one line of
/// body, and trailers by which the commit is recognised.
#[must_use]
pub fn commit_message(story: &Story, deployment: &DeploymentId, language: Language) -> String {
    let to = story.revision.short();
    let revisions = story
        .previous
        .as_ref()
        .map_or_else(|| to.to_owned(), |from| format!("{} → {to}", from.short()));
    let lane = format!(
        "{} {}",
        one_line(&story.application),
        one_line(&story.environment)
    );
    let room = SUBJECT_LIMIT.saturating_sub(revisions.chars().count() + 2);
    let subject = format!("{}: {revisions}", cut(&lane, room));
    let (found_on, version) = (
        one_line(reference(&story.reference)),
        one_line(&story.version),
    );
    let mut about = match language {
        Language::En => format!("From {found_on}; writes {version}."),
        Language::Ja => format!("{found_on} のリビジョン。書き込む値は {version}。"),
    };
    if let Some(undone) = &story.undoes {
        let undone = one_line(undone.as_str());
        about += &match language {
            Language::En => format!(" Undoes {undone}, which did not work."),
            Language::Ja => format!("正常に動かなかった {undone} を元に戻します。"),
        };
    }
    format!(
        "{subject}\n\n{about}\n\nSendo-Deployment: {}\nSendo-Revision: {}\n",
        one_line(deployment.as_str()),
        story.revision
    )
}

/// The last comment on a change request that Sendo closes unmerged.
#[must_use]
pub fn close_comment(why: &CloseReason, language: Language) -> String {
    match (why, language) {
        (CloseReason::Superseded { by }, Language::En) => format!(
            "Superseded by deployment {}, which carries a newer revision. Nothing of this change request was merged.",
            code_span(by.as_str())
        ),
        (CloseReason::Superseded { by }, Language::Ja) => format!(
            "新しいリビジョンのデプロイ {} に置き換えられたため、マージせずにクローズしました。",
            code_span(by.as_str())
        ),
        (CloseReason::Failed { failure }, Language::En) => format!(
            "Closed without a merge, because the deployment failed: {}",
            failed(failure, language).markdown()
        ),
        (CloseReason::Failed { failure }, Language::Ja) => format!(
            "デプロイが失敗したため、マージせずにクローズしました: {}",
            failed(failure, language).markdown()
        ),
        (CloseReason::Unchanged, Language::En) => {
            "Closed without a merge: the base has these values already.".to_owned()
        }
        (CloseReason::Unchanged, Language::Ja) => {
            "ベースブランチがすでにこの内容のため、マージせずにクローズしました。".to_owned()
        }
        (CloseReason::Cancelled { by }, Language::En) => format!(
            "Closed without a merge, because {} cancelled the deployment.",
            code_span(by.as_str())
        ),
        (CloseReason::Cancelled { by }, Language::Ja) => format!(
            "{} がデプロイをキャンセルしたため、マージせずにクローズしました。",
            code_span(by.as_str())
        ),
        (CloseReason::BranchDeleted, Language::En) => {
            "Closed without a merge, because its branch was deleted. The deployment is cancelled."
                .to_owned()
        }
        (CloseReason::BranchDeleted, Language::Ja) => {
            "ブランチが削除されたため、マージせずにクローズしました。デプロイはキャンセルされました。"
                .to_owned()
        }
    }
}
