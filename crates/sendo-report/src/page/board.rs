//! The board: a river for each application, and what of it needs somebody.
//!
//! Applications with the same environments share one chart, so that their piers stand in columns
//! under one heading.

use askama::Template;
use sendo_core::view::BoardView;

use super::labels::Labels;
use super::river::{ShownRiver, shape};
use super::shown::Moment;
use super::{Reader, finish};
use crate::Language;
use crate::board::{self as model, River};
use crate::wording::amiss::amiss;

/// What of the board is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Show {
    /// Only rivers on which something moves or is stranded.
    pub moving: bool,
    /// Only applications whose name contains this.
    pub application: String,
}

/// The board as HTML.
#[must_use]
pub fn board(view: &BoardView, show: &Show, reader: Reader<'_>, language: Language) -> String {
    let rivers = model::rivers(view);
    let wanted = show.application.trim().to_lowercase();
    let moving = rivers.iter().filter(|river| river.moves()).count();
    let shown: Vec<&River<'_>> = rivers
        .iter()
        .filter(|river| !show.moving || river.moves())
        .filter(|river| river.application.to_lowercase().contains(&wanted))
        .collect();
    finish(&Page {
        labels: Labels::of(language),
        reader,
        at: Moment::full(view.at),
        tally: tally(&rivers, Labels::of(language)),
        all: rivers.len(),
        moving,
        found: shown.len(),
        only_moving: show.moving,
        application: wanted,
        charts: charts(&shown, view, language),
        amiss: amiss(view, language),
    })
}

#[derive(Template)]
#[template(path = "board.html")]
struct Page<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    at: Moment,
    tally: Vec<Count>,
    all: usize,
    moving: usize,
    found: usize,
    only_moving: bool,
    application: String,
    charts: Vec<Chart>,
    amiss: Vec<String>,
}

/// How many boats have one shape: the legend of the chart.
struct Count {
    shape: &'static str,
    word: &'static str,
    boats: usize,
}

/// Rivers with the same piers.
struct Chart {
    spread: &'static str,
    piers: Vec<String>,
    rivers: Vec<ShownRiver>,
}

fn tally(rivers: &[River<'_>], labels: &'static Labels) -> Vec<Count> {
    [
        ("sails", labels.sails),
        ("moored", labels.moored),
        ("hails", labels.hails),
        ("capsized", labels.capsized),
        ("left", labels.left),
    ]
    .into_iter()
    .map(|(drawn, word)| Count {
        shape: drawn,
        word,
        boats: rivers
            .iter()
            .flat_map(River::boats)
            .filter(|boat| shape(boat) == drawn)
            .count(),
    })
    .filter(|count| count.boats > 0)
    .collect()
}

fn charts(rivers: &[&River<'_>], view: &BoardView, language: Language) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    for river in rivers {
        let piers = || river.piers.iter().map(|pier| pier.environment);
        let shown = ShownRiver::of(river, view.at, language);
        match charts
            .iter_mut()
            .find(|chart| chart.piers.iter().eq(piers()))
        {
            Some(chart) => chart.rivers.push(shown),
            None => charts.push(Chart {
                spread: spread(river.piers.len()),
                piers: piers().map(ToOwned::to_owned).collect(),
                rivers: vec![shown],
            }),
        }
    }
    charts
}

/// How many piers a chart has, as the style sheet knows it.
pub(super) const fn spread(piers: usize) -> &'static str {
    match piers {
        0 | 1 => "across n1",
        2 => "across n2",
        3 => "across n3",
        4 => "across more n4",
        5 => "across more n5",
        6 => "across more n6",
        _ => "down",
    }
}
