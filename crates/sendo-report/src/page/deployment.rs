//! One deployment: where it stands, what it carries, what it waited for, and every turn it took.

use askama::Template;
use sendo_core::deployment::{Deployment, DeploymentId};
use sendo_core::view::DeploymentPage;

use super::acts::{self, ActForm};
use super::gates::{Gate, Work, gates, works};
use super::labels::Labels;
use super::river::{ShownRiver, shape};
use super::shown::{Moment, Shown, took};
use super::{Reader, application_path, deployment_path, diff_path, finish};
use crate::board::Pier;
use crate::escape::one_line;
use crate::sentence::is_web;
use crate::wording::cause::cause;
use crate::wording::{Context, change_title, promotion, reference, state};
use crate::{Language, time};

/// A deployment with its timeline as HTML.
#[must_use]
pub fn deployment(page: &DeploymentPage, reader: Reader<'_>, language: Language) -> String {
    let row = &page.view.deployment;
    let labels = Labels::of(language);
    finish(&Page {
        labels,
        path: deployment_path(&row.id),
        acts: acts::forms(&page.may, labels),
        reader,
        id: row.id.to_string(),
        application: row.lane.application.to_string(),
        application_path: application_path(row.lane.application.as_str()),
        environment: row.lane.environment.to_string(),
        shape: shape(row),
        word: state::word(row.state, language),
        river: reach(page, language),
        facts: facts(row, page, labels, language),
        gates: gates(page, language),
        works: works(page, language),
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
        turns: turns(page, language),
        before: page.before.as_ref().map(Neighbour::from),
        after: page.after.as_ref().map(Neighbour::from),
    })
}

#[derive(Template)]
#[template(path = "deployment.html")]
struct Page<'a> {
    labels: &'static Labels,
    path: String,
    acts: Vec<ActForm>,
    reader: Reader<'a>,
    id: String,
    application: String,
    application_path: String,
    environment: String,
    shape: &'static str,
    word: &'static str,
    river: ShownRiver,
    facts: Vec<Fact>,
    gates: Vec<Gate>,
    works: Vec<Work>,
    included: Vec<Included>,
    turns: Vec<Turn>,
    before: Option<Neighbour>,
    after: Option<Neighbour>,
}

/// A line of what is known: its label and its value, which may be a link, a name or words.
struct Fact {
    label: &'static str,
    value: Value,
}

enum Value {
    Code(String),
    Words(String),
    Link { url: String, text: String },
    Moment(Moment),
    Command { text: String, command: String },
}

struct Included {
    revision: String,
    title: String,
    author: String,
    number: Option<u64>,
}

struct Turn {
    at: Moment,
    /// How long the turn before it lasted.
    after: Option<String>,
    symbol: &'static str,
    name: &'static str,
    sentence: Shown,
}

struct Neighbour {
    id: String,
    path: String,
}

impl From<&DeploymentId> for Neighbour {
    fn from(id: &DeploymentId) -> Self {
        Self {
            id: id.to_string(),
            path: deployment_path(id),
        }
    }
}

/// Its own reach of the river: from what it was found on to the pier it travels to.
fn reach(page: &DeploymentPage, language: Language) -> ShownRiver {
    let row = &page.view.deployment;
    let arrived = page.running.as_ref().is_some_and(|runs| runs.id == row.id);
    let pier = Pier {
        environment: row.lane.environment.as_str(),
        running: page.running.as_ref(),
        boat: (!arrived).then_some(row),
        stranded: None,
        closed: None,
    };
    ShownRiver::reach(&pier, reference(&row.reference), page.at, language)
}

fn facts(
    row: &Deployment,
    page: &DeploymentPage,
    labels: &'static Labels,
    language: Language,
) -> Vec<Fact> {
    let version = row
        .version
        .as_deref()
        .filter(|version| *version != row.revision.as_str());
    let change = row.change.as_ref().map(|change| {
        let (url, text) = (one_line(&change.url), format!("#{}", change.number));
        if is_web(&url) {
            Value::Link { url, text }
        } else {
            Value::Command { text, command: url }
        }
    });
    let shown = row.brings.as_ref().map(|_| Value::Link {
        url: diff_path(&row.id),
        text: labels.show_change.to_owned(),
    });
    let newer = row.superseded_by.as_ref().map(|by| Value::Link {
        url: deployment_path(by),
        text: by.to_string(),
    });
    let end = row.finished_at.unwrap_or(page.at);
    let causes = page.view.causes.iter().map(|one| {
        let words = Value::Words(cause(one, language));
        (labels.caused_by, Some(words))
    });
    [
        (labels.revision, Some(Value::Code(row.revision.to_string()))),
        (
            labels.found_on,
            Some(Value::Code(reference(&row.reference).to_owned())),
        ),
        (
            labels.value,
            version.map(|version| Value::Code(one_line(version))),
        ),
        (labels.change_request, change),
        (labels.change, shown),
        (
            labels.asked_by,
            row.requested_by
                .as_ref()
                .map(|who| Value::Code(who.to_string())),
        ),
        (
            labels.began,
            Some(Value::Moment(Moment::full(row.created_at))),
        ),
        (
            if row.finished_at.is_some() {
                labels.took
            } else {
                labels.takes
            },
            Some(Value::Words(took(row.created_at, end, language))),
        ),
        (labels.superseded_by, newer),
    ]
    .into_iter()
    .chain(causes)
    .filter_map(|(label, value)| value.map(|value| Fact { label, value }))
    .collect()
}

fn turns(page: &DeploymentPage, language: Language) -> Vec<Turn> {
    // What happened, not what to do: that stands beside the gate it waits at now.
    let context = Context::default();
    let mut before = None;
    let turn = |notice: &sendo_core::notice::Notice| {
        let passed = before.replace(notice.at).map(|before| notice.at - before);
        Turn {
            at: Moment::clock(notice.at),
            after: passed
                .filter(|passed| passed.as_micros() >= 1_000_000)
                .map(|passed| time::span(passed, language)),
            symbol: state::turn_symbol(&notice.turn),
            name: notice.turn.name(),
            sentence: Shown::from(&promotion::happened(notice, &context, language)),
        }
    };
    page.view.timeline.iter().map(turn).collect()
}
