//! One word and one shape for each state and each turn. Colour may repeat them, never replace them.
//!
//! The shapes are single-width in every terminal: none is an emoji, none is of ambiguous width.

use sendo_core::deployment::DeploymentState;
use sendo_core::notice::Turn;

use crate::Language;

/// A state in one word.
#[must_use]
pub const fn word(state: DeploymentState, language: Language) -> &'static str {
    match (state, language) {
        (DeploymentState::Queued, Language::En) => "queued",
        (DeploymentState::Queued, Language::Ja) => "順番待ち",
        (DeploymentState::Running, Language::En) => "on its way",
        (DeploymentState::Running, Language::Ja) => "進行中",
        (DeploymentState::Waiting, Language::En) => "waiting",
        (DeploymentState::Waiting, Language::Ja) => "待機中",
        (DeploymentState::Succeeded, Language::En) => "succeeded",
        (DeploymentState::Succeeded, Language::Ja) => "成功",
        (DeploymentState::Superseded, Language::En) => "superseded",
        (DeploymentState::Superseded, Language::Ja) => "置き換え済み",
        (DeploymentState::Cancelled, Language::En) => "cancelled",
        (DeploymentState::Cancelled, Language::Ja) => "キャンセル",
        (DeploymentState::Failed, Language::En) => "failed",
        (DeploymentState::Failed, Language::Ja) => "失敗",
    }
}

/// A state as one plain character.
#[must_use]
pub const fn symbol(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Queued => "▹",
        DeploymentState::Running => "▸",
        DeploymentState::Waiting => "◦",
        DeploymentState::Succeeded => "◉",
        DeploymentState::Superseded => "»",
        DeploymentState::Cancelled => "-",
        DeploymentState::Failed => "✗",
    }
}

/// A turn as one plain character.
#[must_use]
pub const fn turn_symbol(turn: &Turn) -> &'static str {
    match turn {
        Turn::Started { .. } => "▸",
        Turn::ChangeRequestOpened { .. } => "+",
        Turn::Waits { .. } => "◦",
        Turn::Approved { .. } => "✓",
        Turn::PersonApproved { .. } => "✓",
        Turn::Overridden { .. } => "!",
        Turn::ActRefused { .. } => "✗",
        Turn::Merged { .. } => "⋎",
        Turn::Succeeded { .. } => "◉",
        Turn::Superseded { .. } | Turn::Displaced { .. } => "»",
        Turn::Cancelled { .. } => "-",
        Turn::Failed { .. } => "✗",
        Turn::Untold { .. } => "!",
    }
}
