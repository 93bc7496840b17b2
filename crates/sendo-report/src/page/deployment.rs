//! One deployment: where it stands, what it carries, and every turn it took.

use askama::Template;
use sendo_core::view::DeploymentView;

use super::board::{Moment, shape};
use super::labels::Labels;
use super::{Shown, deployment_path, finish};
use crate::escape::one_line;
use crate::sentence::is_web;
use crate::wording::standing::standing;
use crate::wording::{Context, change_title, promotion, reference, state};
use crate::{Language, time};

/// A deployment with its timeline as HTML.
#[must_use]
pub fn deployment(view: &DeploymentView, language: Language) -> String {
    let row = &view.deployment;
    let context = Context::of_deployment(row);
    let waits = row.waiting.is_some() && !row.state.is_terminal();
    finish(&Page {
        labels: Labels::of(language),
        id: row.id.to_string(),
        application: row.lane.application.to_string(),
        environment: row.lane.environment.to_string(),
        shape: shape(row.state),
        word: state::word(row.state, language),
        note: (waits || row.error.is_some())
            .then(|| Shown::from(&standing(row, &context, language))),
        revision: row.revision.to_string(),
        found_on: reference(&row.reference).to_owned(),
        version: row
            .version
            .as_deref()
            .filter(|version| *version != row.revision.as_str())
            .map(one_line),
        change: row.change.as_ref().map(|change| Change {
            number: change.number,
            url: one_line(&change.url),
            web: is_web(&change.url),
        }),
        asked_by: row.requested_by.as_ref().map(ToString::to_string),
        began: Moment::of(row.created_at),
        took: row
            .finished_at
            .map(|end| time::span(end - row.created_at, language)),
        superseded_by: row.superseded_by.as_ref().map(|by| Newer {
            id: by.to_string(),
            path: deployment_path(by),
        }),
        included: row
            .included
            .iter()
            .map(|change| Included {
                revision: change.revision.short().to_owned(),
                title: change_title(change),
                author: one_line(&change.author),
                number: change.number,
            })
            .collect(),
        turns: view
            .timeline
            .iter()
            .map(|notice| Turn {
                at: time::iso(notice.at),
                clock: time::clock(notice.at),
                full: time::date_time(notice.at),
                symbol: state::turn_symbol(&notice.turn),
                name: notice.turn.name(),
                sentence: Shown::from(&promotion::happened(notice, &context, language)),
            })
            .collect(),
    })
}

#[derive(Template)]
#[template(path = "deployment.html")]
struct Page {
    labels: &'static Labels,
    id: String,
    application: String,
    environment: String,
    shape: &'static str,
    word: &'static str,
    note: Option<Shown>,
    revision: String,
    found_on: String,
    version: Option<String>,
    change: Option<Change>,
    asked_by: Option<String>,
    began: Moment,
    took: Option<String>,
    superseded_by: Option<Newer>,
    included: Vec<Included>,
    turns: Vec<Turn>,
}

struct Change {
    number: u64,
    url: String,
    web: bool,
}

struct Newer {
    id: String,
    path: String,
}

struct Included {
    revision: String,
    title: String,
    author: String,
    number: Option<u64>,
}

struct Turn {
    at: String,
    clock: String,
    full: String,
    symbol: &'static str,
    name: &'static str,
    sentence: Shown,
}
