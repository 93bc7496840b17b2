//! Where a deployment stands, for the places that show many at once.

use sendo_core::deployment::{Deployment, DeploymentState};

use crate::Language;
use crate::sentence::{Sentence, Slot};
use crate::wording::promotion::failed;
use crate::wording::waiting::waiting;
use crate::wording::{Context, state};

/// The revision and where it stands: why it waits and who can move it, or how it ended.
#[must_use]
pub fn standing(deployment: &Deployment, context: &Context<'_>, language: Language) -> Sentence {
    let revision = (
        "revision",
        Slot::Text(deployment.revision.short().to_owned()),
    );
    if let (Some(why), false) = (&deployment.waiting, deployment.state.is_terminal()) {
        let template = match language {
            Language::En => "{revision} {why}",
            Language::Ja => "{revision} は、{why}",
        };
        let why = Slot::Sentence(waiting(why, context, language));
        return Sentence::fill(template, &[revision, ("why", why)]);
    }
    if let (Some(failure), DeploymentState::Failed) = (&deployment.error, deployment.state) {
        let template = match language {
            Language::En => "{revision} failed: {failure}",
            Language::Ja => "{revision} は失敗しました: {failure}",
        };
        let failure = Slot::Sentence(failed(failure, language));
        return Sentence::fill(template, &[revision, ("failure", failure)]);
    }
    let number = deployment.change.as_ref().map(|change| change.number);
    let template = match (deployment.state, number, language) {
        (DeploymentState::Running, Some(_), Language::En) => {
            "{revision} is on its way in change request #{number}."
        }
        (DeploymentState::Running, Some(_), Language::Ja) => {
            "{revision} は変更リクエスト #{number} で進行中です。"
        }
        (DeploymentState::Running, None, Language::En) => "{revision} is on its way.",
        (DeploymentState::Running, None, Language::Ja) => "{revision} は進行中です。",
        (DeploymentState::Queued, _, Language::En) => {
            "{revision} is queued behind another deployment of its lane."
        }
        (DeploymentState::Queued, _, Language::Ja) => {
            "{revision} は同じレーンの別のデプロイの後に順番を待っています。"
        }
        (_, _, Language::En) => "{revision}: {word}.",
        (_, _, Language::Ja) => "{revision}: {word}",
    };
    Sentence::fill(
        template,
        &[
            revision,
            (
                "number",
                Slot::Text(number.map(|n| n.to_string()).unwrap_or_default()),
            ),
            (
                "word",
                Slot::Text(state::word(deployment.state, language).to_owned()),
            ),
        ],
    )
}
