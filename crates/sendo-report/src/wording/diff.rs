//! What a deployment changes in the files.

use sendo_core::deployment::{Brings, DeploymentId, DeploymentState};
use sendo_core::view::DiffView;

use crate::Language;
use crate::sentence::{Sentence, Slot};

/// What stands above a diff: whose it is, where it is, and whether it is there already.
#[must_use]
pub fn heading(view: &DiffView, language: Language) -> Sentence {
    let Brings {
        repository,
        from,
        to,
    } = &view.brings;
    let template = match (language, view.patch.text.is_empty(), view.state) {
        (Language::En, true, _) => "`{id}` changes no file of `{repository}` (`{span}`).",
        (Language::Ja, true, _) => "`{id}` による `{repository}` の変更はありません（`{span}`）。",
        (Language::En, _, DeploymentState::Succeeded) => {
            "What `{id}` changed in `{repository}` (`{span}`)."
        }
        (Language::Ja, _, DeploymentState::Succeeded) => {
            "`{id}` が `{repository}` で変更した内容です（`{span}`）。"
        }
        (Language::En, _, state) if state.is_terminal() => {
            "What `{id}` proposed to change in `{repository}` (`{span}`)."
        }
        (Language::Ja, _, state) if state.is_terminal() => {
            "`{id}` が `{repository}` で提案した変更の内容です（`{span}`）。"
        }
        (Language::En, ..) => "What `{id}` is about to change in `{repository}` (`{span}`).",
        (Language::Ja, ..) => {
            "`{id}` が `{repository}` で変更しようとしている内容です（`{span}`）。"
        }
    };
    Sentence::fill(
        template,
        &[
            ("id", Slot::Code(view.deployment.to_string())),
            ("repository", Slot::Code(repository.to_string())),
            (
                "span",
                Slot::Code(format!("{}..{}", from.short(), to.short())),
            ),
        ],
    )
}

/// What stands below a diff that ends early.
#[must_use]
pub const fn cut(language: Language) -> &'static str {
    match language {
        Language::En => "It goes on: what is beyond the first mebibyte is not shown.",
        Language::Ja => "続きがあります。最初の 1 MiB より後は表示していません。",
    }
}

/// What stands below a page that shows only the first lines.
#[must_use]
pub fn first_lines(deployment: &DeploymentId, language: Language) -> Sentence {
    Sentence::fill(
        match language {
            Language::En => "It goes on; `sendo diff {id}` shows more.",
            Language::Ja => "続きがあります。`sendo diff {id}` でさらに表示できます。",
        },
        &[("id", Slot::Text(deployment.to_string()))],
    )
}

/// What stands below a diff of files that are not all text.
#[must_use]
pub const fn replaced(language: Language) -> &'static str {
    match language {
        Language::En => {
            "Bytes that are not UTF-8 are shown as \u{fffd}: this is no patch for their files."
        }
        Language::Ja => {
            "UTF-8 でないバイトは \u{fffd} と表示しています。該当するファイルのパッチには使えません。"
        }
    }
}
