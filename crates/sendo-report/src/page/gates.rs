//! What a deployment waited for, how long, and what is being done outside for it.

use sendo_core::deployment::Waiting;
use sendo_core::effect::{EffectState, EffectView};
use sendo_core::notice::Turn;
use sendo_core::view::DeploymentPage;

use super::labels::Labels;
use super::shown::{Moment, Shown, took};
use crate::Language;
use crate::wording::waiting::waiting;
use crate::wording::{Context, effect};

/// A gate it stood before.
pub(super) struct Gate {
    /// Why it waited and who could open it.
    pub(super) sentence: Shown,
    pub(super) lasted: String,
    /// Whether it waits there now.
    pub(super) shut: bool,
}

/// An effect that is still live.
pub(super) struct Work {
    pub(super) what: String,
    pub(super) state: &'static str,
    pub(super) attempts: u32,
    pub(super) error: Option<(Shown, String)>,
    pub(super) next: Option<Moment>,
}

/// Every gate in the order it came to them; the wait ends with the next turn that does not leave it
/// waiting.
pub(super) fn gates(page: &DeploymentPage, language: Language) -> Vec<Gate> {
    let row = &page.view.deployment;
    let context = Context::of_deployment(row);
    let turns = &page.view.timeline;
    turns
        .iter()
        .enumerate()
        .filter_map(|(at, notice)| match &notice.turn {
            Turn::Waits { waiting: why, .. } => {
                let mut later = turns.iter().skip(at + 1);
                let end = later
                    .find(|later| !goes_on_waiting(why, &later.turn))
                    .map(|later| later.at);
                let now = row.waiting.as_ref().filter(|_| !row.state.is_terminal());
                let now = now.filter(|_| end.is_none());
                let end = end.or(row.finished_at).unwrap_or(page.at);
                Some(Gate {
                    sentence: Shown::from(&match now {
                        Some(now) => waiting(now, &context, language),
                        // Nobody has to do anything any more about one that is open.
                        None => waiting(why, &Context::default(), language),
                    }),
                    lasted: took(notice.at, end, language),
                    shut: now.is_some(),
                })
            }
            _ => None,
        })
        .collect()
}

/// What is being done, or was tried in vain.
pub(super) fn works(page: &DeploymentPage, language: Language) -> Vec<Work> {
    let labels = Labels::of(language);
    let row = &page.view.deployment;
    page.effects
        .iter()
        .filter(|effect| effect.deployment.as_ref().is_none_or(|of| *of == row.id))
        .map(|work| {
            let later = work.state == EffectState::Ready && work.not_before > page.at;
            Work {
                what: effect::tried(work.effect.kind(), language),
                state: word(work, later, labels),
                attempts: work.attempts,
                error: work
                    .error
                    .as_ref()
                    .map(|error| (Shown::words(&error.message), error.reason_code.clone())),
                next: later.then(|| Moment::full(work.not_before)),
            }
        })
        .collect()
}

const fn word(work: &EffectView, later: bool, labels: &'static Labels) -> &'static str {
    match work.state {
        EffectState::Ready if work.claimed => labels.in_hand,
        EffectState::Ready if later => labels.tried_again,
        EffectState::Ready => labels.about_to,
        EffectState::Done => labels.done,
        EffectState::Failed => labels.refused,
        EffectState::Unknown => labels.unknown,
        EffectState::Cancelled => labels.withdrawn,
    }
}

/// Whether what waited so before this turn still does. An approval ends a wait for people, and no
/// other, when it is the last of those that are needed; that somebody could not be told ends none.
const fn goes_on_waiting(why: &Waiting, turn: &Turn) -> bool {
    match turn {
        Turn::PersonApproved { have, needed, .. } => {
            !matches!(why, Waiting::People { .. }) || *have < *needed
        }
        Turn::Untold { .. } => true,
        _ => false,
    }
}
