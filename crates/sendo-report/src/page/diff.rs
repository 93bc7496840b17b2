//! What one deployment changes in the files of its manifests repository.

use askama::Template;
use sendo_core::rendering::{Objects, Rendered};
use sendo_core::view::DiffView;

use super::labels::Labels;
use super::shown::Shown;
use super::{Reader, application_path, deployment_path, finish};
use crate::Language;
use crate::diff::{Kind, lines};
use crate::objects;
use crate::wording::diff::{cut, first_lines, heading};
use crate::wording::objects::{self as wording, none};

/// Lines that a page shows.
const MOST: usize = 5_000;

/// A deployment's change as HTML.
#[must_use]
pub fn diff(view: &DiffView, reader: Reader<'_>, language: Language) -> String {
    let text = &view.patch.text;
    let rest = if text.lines().nth(MOST).is_some() {
        Some(Shown::from(&first_lines(&view.deployment, language)))
    } else {
        view.patch.cut.then(|| Shown::words(cut(language)))
    };
    let lane = view.deployment.lane();
    let application = lane.split('/').next().unwrap_or(lane);
    finish(&Page {
        labels: Labels::of(language),
        reader,
        id: view.deployment.to_string(),
        path: deployment_path(&view.deployment),
        application: application.to_owned(),
        application_path: application_path(application),
        heading: Shown::from(&heading(view, language)),
        lines: lines(text).take(MOST).map(shown).collect(),
        objects: view.objects.as_deref().map(|all| rendered(all, language)),
        rest,
    })
}

#[derive(Template)]
#[template(path = "diff.html")]
struct Page<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    id: String,
    path: String,
    application: String,
    application_path: String,
    heading: Shown,
    lines: Vec<Line>,
    /// One for each rendering; nothing when they were not asked for.
    objects: Option<Vec<Rendering>>,
    rest: Option<Shown>,
}

/// What one rendering shows: a sentence, and the objects that differ.
struct Rendering {
    heading: Shown,
    lines: Vec<Line>,
}

fn rendered(all: &[Objects], language: Language) -> Vec<Rendering> {
    if all.is_empty() {
        return vec![Rendering {
            heading: Shown::from(&none(language)),
            lines: Vec::new(),
        }];
    }
    let one = |objects: &Objects| Rendering {
        heading: Shown::from(&wording::heading(objects, language)),
        lines: match &objects.rendered {
            Rendered::Compared(comparison) => {
                let lines = objects::lines(comparison, language).into_iter();
                lines.take(MOST).map(shown).collect()
            }
            Rendered::Cannot { .. } => Vec::new(),
        },
    };
    all.iter().map(one).collect()
}

/// A line, in the element that says what it is.
struct Line {
    element: &'static str,
    text: String,
}

fn shown((kind, text): (Kind, String)) -> Line {
    let element = match kind {
        Kind::File => "b",
        Kind::About | Kind::Hunk => "i",
        Kind::Added => "ins",
        Kind::Removed => "del",
        Kind::Same => "span",
    };
    Line { element, text }
}
