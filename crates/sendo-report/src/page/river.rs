//! One river: an application, its environments as piers, and the boats on the water between them.
//!
//! A river on which nothing moves is one slim line. The style sheet draws both; here is only which
//! shape each boat has and where its note begins.

use askama::Template;
use sendo_core::deployment::{Deployment, DeploymentState};
use sendo_core::time::Timestamp;

use super::application_path;
use super::labels::Labels;
use super::shown::{Brought, Moment, Shown};
use crate::Language;
use crate::board::{Pier, River, needs_person};
use crate::wording::standing::standing;
use crate::wording::{Context, state};

/// A river that is ready to be drawn.
#[derive(Template)]
#[template(path = "river.html")]
pub(super) struct ShownRiver {
    labels: &'static Labels,
    /// What stands at its source, and where that leads.
    source: String,
    path: Option<String>,
    /// Whether it is drawn with room, or as one line.
    wide: bool,
    piers: Vec<ShownPier>,
}

struct ShownPier {
    environment: String,
    running: Option<(Brought, Moment)>,
    boat: Option<Boat>,
    notes: Vec<Note>,
    /// The word for what closes it.
    closed: Option<&'static str>,
}

pub(super) struct Boat {
    brought: Brought,
    /// Which of the drawn shapes it has, and where on the water it lies.
    shape: &'static str,
    place: &'static str,
    word: &'static str,
}

struct Note {
    shape: &'static str,
    /// The column it begins in, from 1, so that enough of the line is left for it.
    column: usize,
    sentence: Shown,
}

impl ShownRiver {
    /// An application's river on the board: a line, unless something moves on it.
    pub(super) fn of(river: &River<'_>, now: Timestamp, language: Language) -> Self {
        let count = river.piers.len();
        let piers = river.piers.iter().zip(1..);
        Self {
            labels: Labels::of(language),
            source: river.application.to_owned(),
            path: Some(application_path(river.application)),
            wide: river.moves(),
            piers: piers
                .map(|(pier, column)| shown(pier, column.min(last_column(count)), now, language))
                .collect(),
        }
    }

    /// The same with room, under a heading that already names the application.
    pub(super) fn large(river: &River<'_>, now: Timestamp, language: Language) -> Self {
        Self {
            source: String::new(),
            path: None,
            wide: true,
            ..Self::of(river, now, language)
        }
    }

    /// The last reach of a river, with one boat or none on it, and what it was found on as source.
    pub(super) fn reach(pier: &Pier<'_>, source: &str, now: Timestamp, language: Language) -> Self {
        Self {
            labels: Labels::of(language),
            source: source.to_owned(),
            path: None,
            wide: true,
            piers: vec![shown(pier, 1, now, language)],
        }
    }
}

/// A note takes a line of half the river at least.
const fn last_column(piers: usize) -> usize {
    match piers {
        0..=2 => 2,
        3 | 4 => piers - 1,
        _ => piers - 2,
    }
}

fn shown(pier: &Pier<'_>, column: usize, now: Timestamp, language: Language) -> ShownPier {
    let since = |running: &Deployment| running.finished_at.unwrap_or(running.created_at);
    ShownPier {
        environment: pier.environment.to_owned(),
        closed: pier.closed.map(|closed| closed.word(language)),
        running: pier
            .running
            .map(|running| (running.into(), Moment::age(since(running), now, language))),
        boat: pier.boat.map(|boat| Boat {
            brought: boat.into(),
            shape: shape(boat),
            place: place(boat),
            word: state::word(boat.state, language),
        }),
        notes: [pier.boat, pier.stranded]
            .into_iter()
            .flatten()
            .map(|boat| Note {
                shape: shape(boat),
                column,
                sentence: Shown::from(&standing(boat, &Context::of_deployment(boat), language)),
            })
            .collect(),
    }
}

/// The drawing that carries a state: under sail, moored, hailing a person, capsized.
pub(super) const fn shape(deployment: &Deployment) -> &'static str {
    match deployment.state {
        DeploymentState::Failed => "capsized",
        DeploymentState::Running | DeploymentState::Waiting if needs_person(deployment) => "hails",
        DeploymentState::Running => "sails",
        DeploymentState::Waiting | DeploymentState::Queued => "moored",
        DeploymentState::Succeeded => "arrived",
        DeploymentState::Superseded | DeploymentState::Cancelled => "left",
    }
}

/// How far it came: it casts off, is on the way once it has its change request, and waits at the
/// pier it travels to.
const fn place(deployment: &Deployment) -> &'static str {
    match (deployment.state, &deployment.change) {
        (DeploymentState::Waiting, Some(_)) => "near",
        (DeploymentState::Running | DeploymentState::Waiting, None) => "off",
        (DeploymentState::Queued, _) => "off",
        _ => "mid",
    }
}
