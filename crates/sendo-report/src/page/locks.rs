//! What is closed to deployments and when nothing is merged, and the forms that close and open.

use askama::Template;
use sendo_core::act::Area;
use sendo_core::freeze::Zone;
use sendo_core::view::LocksPage;

use super::labels::Labels;
use super::shown::{Moment, Shown};
use super::{Reader, finish};
use crate::Language;
use crate::wording::{closed, frozen};

/// Locks, holds and freezes as HTML.
#[must_use]
pub fn locks(view: &LocksPage, reader: Reader<'_>, language: Language) -> String {
    let may_open = |area: &Area| view.may_open.contains(area);
    let locks = view.locks.iter().map(|lock| Line {
        opens: may_open(&lock.area).then(|| lock.area.to_string()),
        words: Shown::from(&closed::lock(lock, language)),
    });
    let held = view.held.iter().map(|held| Line {
        opens: Some(held.deployment.lane().to_owned())
            .filter(|lane| lane.parse().is_ok_and(|lane| may_open(&lane))),
        words: Shown::from(&closed::held(held, language)),
    });
    let at = view.freezes.at;
    let announced = view.freezes.announced.iter().map(|freeze| FreezeLine {
        ends: may_open(&freeze.area).then(|| (freeze.area.to_string(), freeze.name.clone())),
        words: Shown::from(&frozen::announced(freeze, at, &Zone::UTC, language)),
    });
    let configured = view.freezes.configured.iter().map(|freeze| FreezeLine {
        ends: None,
        words: Shown::from(&frozen::configured(freeze, at, &Zone::UTC, language)),
    });
    finish(&Page {
        labels: Labels::of(language),
        reader,
        at: Moment::full(view.at),
        may: view.may,
        lines: locks.chain(held).collect(),
        freezes: announced.chain(configured).collect(),
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
    freezes: Vec<FreezeLine>,
}

struct Line {
    /// Its area, when the reader may open it.
    opens: Option<String>,
    words: Shown,
}

struct FreezeLine {
    /// Area and name, when the reader may end it.
    ends: Option<(String, String)>,
    words: Shown,
}
