//! The board: a river for each application, its environments as piers from left to right.

use askama::Template;
use sendo_core::deployment::{Deployment, DeploymentState};
use sendo_core::time::Timestamp;
use sendo_core::view::BoardView;

use super::labels::Labels;
use super::{Shown, deployment_path, finish};
use crate::wording::standing::standing;
use crate::wording::{Context, state};
use crate::{Language, board as model, time};

/// The board as HTML.
#[must_use]
pub fn board(view: &BoardView, language: Language) -> String {
    let rivers = model::rivers(view);
    finish(&Board {
        labels: Labels::of(language),
        spread: match rivers.iter().map(|river| river.piers.len()).max() {
            Some(0 | 1) | None => "piers-1",
            Some(2) => "piers-2",
            Some(3) => "piers-3",
            Some(_) => "piers-many",
        },
        rivers: rivers
            .iter()
            .map(|river| shown(river, view.at, language))
            .collect(),
        at: Moment::of(view.at),
    })
}

#[derive(Template)]
#[template(path = "board.html")]
struct Board {
    labels: &'static Labels,
    /// How many piers the longest river has, as the style sheet knows it.
    spread: &'static str,
    rivers: Vec<ShownRiver>,
    at: Moment,
}

struct ShownRiver {
    application: String,
    piers: Vec<ShownPier>,
}

struct ShownPier {
    environment: String,
    running: Option<Runs>,
    boat: Option<Boat>,
    notes: Vec<Shown>,
}

struct Runs {
    path: String,
    revision: String,
    since: Moment,
    ago: String,
}

struct Boat {
    path: String,
    revision: String,
    /// Which of the drawn shapes it has.
    shape: &'static str,
    word: &'static str,
}

/// A time for people, with the one for machines.
pub(super) struct Moment {
    pub(super) iso: String,
    pub(super) text: String,
}

impl Moment {
    pub(super) fn of(at: Timestamp) -> Self {
        Self {
            iso: time::iso(at),
            text: time::date_time(at),
        }
    }
}

fn shown(river: &model::River<'_>, now: Timestamp, language: Language) -> ShownRiver {
    let pier = |pier: &model::Pier<'_>| ShownPier {
        environment: pier.environment.to_owned(),
        running: pier.running.map(|running| runs(running, now, language)),
        boat: pier.boat.map(|boat| Boat {
            path: deployment_path(&boat.id),
            revision: boat.revision.short().to_owned(),
            shape: shape(boat.state),
            word: state::word(boat.state, language),
        }),
        notes: [pier.boat, pier.stranded]
            .into_iter()
            .flatten()
            .map(|boat| Shown::from(&standing(boat, &Context::of_deployment(boat), language)))
            .collect(),
    };
    ShownRiver {
        application: river.application.to_owned(),
        piers: river.piers.iter().map(pier).collect(),
    }
}

fn runs(running: &Deployment, now: Timestamp, language: Language) -> Runs {
    let since = running.finished_at.unwrap_or(running.created_at);
    Runs {
        path: deployment_path(&running.id),
        revision: running.revision.short().to_owned(),
        since: Moment::of(since),
        ago: time::ago(since, now, language),
    }
}

/// The drawing that carries a state: under way, moored, capsized.
pub(super) const fn shape(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Running => "sails",
        DeploymentState::Queued | DeploymentState::Waiting => "moored",
        DeploymentState::Succeeded => "arrived",
        DeploymentState::Superseded | DeploymentState::Cancelled => "left",
        DeploymentState::Failed => "capsized",
    }
}
