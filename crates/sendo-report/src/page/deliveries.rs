//! What came in, from where, and what became of it; and the form that has it translated once more.

use askama::Template;
use sendo_core::view::{Became, DeliveriesPage, DeliveryLine};

use super::labels::Labels;
use super::shown::{Moment, Shown};
use super::{DELIVERIES_PATH, Reader, finish};
use crate::{Language, escape};

/// The newest deliveries as HTML.
#[must_use]
pub fn deliveries(view: &DeliveriesPage, reader: Reader<'_>, language: Language) -> String {
    let labels = Labels::of(language);
    let choice = |outcome: &'static str, word| Choice {
        path: if outcome.is_empty() {
            DELIVERIES_PATH.to_owned()
        } else {
            format!("{DELIVERIES_PATH}?outcome={outcome}")
        },
        word,
        current: view.outcome.as_deref().unwrap_or_default() == outcome,
    };
    finish(&Page {
        labels,
        reader,
        at: Moment::full(view.at),
        choices: [
            choice("", labels.all),
            choice("done", labels.done),
            choice("ignored", labels.ignored),
            choice("quarantined", labels.quarantined),
        ],
        lines: view
            .lines
            .iter()
            .map(|line| shown(line, view, labels, language))
            .collect(),
    })
}

#[derive(Template)]
#[template(path = "deliveries.html")]
struct Page<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    at: Moment,
    choices: [Choice; 4],
    lines: Vec<Line>,
}

/// A list to choose.
struct Choice {
    path: String,
    word: &'static str,
    current: bool,
}

struct Line {
    id: String,
    source: String,
    name: String,
    at: Moment,
    duplicates: u32,
    shape: &'static str,
    word: &'static str,
    why: Option<(Shown, String)>,
    /// Whether there is a button to have it translated once more.
    replay: bool,
}

fn shown(
    line: &DeliveryLine,
    view: &DeliveriesPage,
    labels: &'static Labels,
    language: Language,
) -> Line {
    let (shape, word, why) = match &line.became {
        Became::UnderWay => ("sails", labels.under_way, None),
        Became::Done => ("arrived", labels.done, None),
        Became::Ignored(why) => ("left", labels.ignored, Some(why)),
        Became::Quarantined(why) => ("capsized", labels.quarantined, Some(why)),
    };
    Line {
        id: line.id.clone(),
        source: escape::one_line(&line.source),
        name: escape::one_line(&line.name),
        at: Moment::ago(line.at, view.at, language),
        duplicates: line.duplicates,
        shape,
        word,
        replay: view.may && matches!(line.became, Became::Quarantined(_)),
        why: why.map(|why| (Shown::words(&why.message), why.reason_code.clone())),
    }
}
