//! One application: its river with room, what stands at each pier, and its latest deployments.

use askama::Template;
use sendo_core::view::{ApplicationPage, LaneView};

use super::board::spread;
use super::labels::Labels;
use super::river::ShownRiver;
use super::shown::{Brought, HistoryRow, Moment, Shown};
use super::{Reader, application_path, finish};
use crate::wording::Context;
use crate::wording::standing::standing;
use crate::{Language, board as model};

/// An application as HTML; a view without lanes tells of one that is no longer configured.
#[must_use]
pub fn application(
    view: &ApplicationPage,
    name: &str,
    reader: Reader<'_>,
    language: Language,
) -> String {
    let at = view.board.at;
    let path = application_path(name);
    finish(&Page {
        labels: Labels::of(language),
        reader,
        name: name.to_owned(),
        at: Moment::full(at),
        spread: spread(view.board.lanes.len()),
        heads: view.board.lanes.iter().map(environment).collect(),
        river: model::rivers(&view.board)
            .first()
            .map(|river| ShownRiver::large(river, at, language)),
        places: view
            .board
            .lanes
            .iter()
            .map(|lane| place(lane, view, language))
            .collect(),
        only: view.environment.as_ref().map(ToString::to_string),
        more: view.more.map(|limit| match &view.environment {
            Some(only) => format!("{path}?environment={only}&limit={limit}"),
            None => format!("{path}?limit={limit}"),
        }),
        may_roll_back: view
            .board
            .lanes
            .iter()
            .any(|lane| may_roll_back(lane, view)),
        path,
        history: view
            .history
            .iter()
            .map(|row| HistoryRow::of(row, at, language))
            .collect(),
    })
}

#[derive(Template)]
#[template(path = "application.html")]
struct Page<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    name: String,
    path: String,
    at: Moment,
    spread: &'static str,
    heads: Vec<String>,
    river: Option<ShownRiver>,
    places: Vec<Place>,
    only: Option<String>,
    more: Option<String>,
    may_roll_back: bool,
    history: Vec<HistoryRow>,
}

/// What stands at one pier.
struct Place {
    environment: String,
    may_roll_back: bool,
    /// The number of what runs: a rollback says what it leaves, so that a second click leaves nothing.
    number: Option<u64>,
    running: Option<(Brought, Moment)>,
    moving: Vec<Shown>,
}

fn environment(lane: &LaneView) -> String {
    lane.lane.environment.to_string()
}

/// Whether the reader may, and there is anything to go back from.
fn may_roll_back(lane: &LaneView, view: &ApplicationPage) -> bool {
    lane.running.is_some() && view.may_roll_back.contains(&lane.lane.environment)
}

fn place(lane: &LaneView, view: &ApplicationPage, language: Language) -> Place {
    Place {
        environment: environment(lane),
        may_roll_back: may_roll_back(lane, view),
        number: lane.running.as_ref().and_then(|row| row.id.number()),
        running: lane.running.as_ref().map(|running| {
            let since = running.finished_at.unwrap_or(running.created_at);
            (running.into(), Moment::full(since))
        }),
        moving: [&lane.moving, &lane.failed]
            .into_iter()
            .flatten()
            .map(|row| Shown::from(&standing(row, &Context::of_deployment(row), language)))
            .collect(),
    }
}
