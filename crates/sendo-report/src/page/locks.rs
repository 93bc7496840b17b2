//! What is closed to deployments, and the forms that close and open.

use askama::Template;
use sendo_core::view::LocksPage;

use super::labels::Labels;
use super::shown::{Moment, Shown};
use super::{Reader, finish};
use crate::Language;
use crate::wording::closed;

/// Locks and holds as HTML.
#[must_use]
pub fn locks(view: &LocksPage, reader: Reader<'_>, language: Language) -> String {
    let locks = view.locks.iter().map(|lock| Line {
        area: lock.area.to_string(),
        words: Shown::from(&closed::lock(lock, language)),
    });
    let held = view.held.iter().map(|held| Line {
        area: held.deployment.lane().to_owned(),
        words: Shown::from(&closed::held(held, language)),
    });
    finish(&Page {
        labels: Labels::of(language),
        reader,
        at: Moment::full(view.at),
        may: view.may,
        lines: locks.chain(held).collect(),
    })
}

#[derive(Template)]
#[template(path = "locks.html")]
struct Page<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    at: Moment,
    may: bool,
    lines: Vec<Line>,
}

struct Line {
    area: String,
    words: Shown,
}
