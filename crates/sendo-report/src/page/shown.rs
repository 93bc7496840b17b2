//! The smallest pieces of a page, each with its own template: a sentence, a point in time, a link.

use askama::Template;
use sendo_core::deployment::Deployment;
use sendo_core::time::{Span, Timestamp};

use super::deployment_path;
use crate::sentence::{Part, Sentence, Slot, is_web};
use crate::wording::state;
use crate::{Language, escape, time};

/// A sentence, each part in the element it belongs in.
#[derive(Template)]
#[template(path = "sentence.html")]
pub(super) struct Shown(Vec<ShownPart>);

struct ShownPart {
    text: String,
    code: bool,
    link: bool,
}

impl From<&Sentence> for Shown {
    fn from(sentence: &Sentence) -> Self {
        let part = |part: &Part| {
            let (text, code, link) = match part {
                Part::Text(text) => (text, false, false),
                Part::Code(text) => (text, true, false),
                Part::Link(url) => (url, false, is_web(url)),
            };
            ShownPart {
                text: text.clone(),
                code,
                link,
            }
        };
        Self(sentence.parts().iter().map(part).collect())
    }
}

impl Shown {
    /// The words of another program, in which back-quotes mark what would be typed.
    pub(super) fn words(text: &str) -> Self {
        let words = Slot::Words(escape::cut(&escape::one_line(text), 500));
        Self::from(&Sentence::fill("{words}", &[("words", words)]))
    }
}

/// A point in time: for people, and to the second for machines and for who points at it.
#[derive(Template)]
#[template(
    source = r#"<time datetime="{{ iso }}" title="{{ iso }}">{{ text }}</time>"#,
    ext = "html"
)]
pub(super) struct Moment {
    iso: String,
    text: String,
}

impl Moment {
    fn new(at: Timestamp, text: String) -> Self {
        let second = Timestamp(at.0.div_euclid(1_000_000) * 1_000_000);
        Self {
            iso: time::iso(second),
            text,
        }
    }

    /// Date and time.
    pub(super) fn full(at: Timestamp) -> Self {
        Self::new(at, time::date_time(at))
    }

    /// The time of the day.
    pub(super) fn clock(at: Timestamp) -> Self {
        Self::new(at, time::clock(at))
    }

    /// How long it has been so.
    pub(super) fn age(at: Timestamp, now: Timestamp, language: Language) -> Self {
        Self::new(at, time::rough(at, now, language))
    }

    /// How long ago it was.
    pub(super) fn ago(at: Timestamp, now: Timestamp, language: Language) -> Self {
        Self::new(at, time::ago(at, now, language))
    }
}

/// A revision that links to the deployment that brought it.
pub(super) struct Brought {
    pub(super) path: String,
    pub(super) revision: String,
}

impl From<&Deployment> for Brought {
    fn from(deployment: &Deployment) -> Self {
        Self {
            path: deployment_path(&deployment.id),
            revision: deployment.revision.short().to_owned(),
        }
    }
}

/// A row of a history.
#[derive(Template)]
#[template(path = "row.html")]
pub(super) struct HistoryRow {
    number: String,
    environment: String,
    brought: Brought,
    shape: &'static str,
    word: &'static str,
    began: Moment,
    took: Option<String>,
    by: Option<String>,
}

impl HistoryRow {
    pub(super) fn of(row: &Deployment, now: Timestamp, language: Language) -> Self {
        let id = row.id.as_str();
        Self {
            number: id.rsplit('/').next().unwrap_or(id).to_owned(),
            environment: row.lane.environment.to_string(),
            brought: row.into(),
            shape: super::river::shape(row),
            word: state::word(row.state, language),
            began: Moment::ago(row.created_at, now, language),
            took: row
                .finished_at
                .map(|end| took(row.created_at, end, language)),
            by: row.requested_by.as_ref().map(ToString::to_string),
        }
    }
}

/// How long something lasted; a clock that went backwards counts as no time.
pub(super) fn took(from: Timestamp, to: Timestamp, language: Language) -> String {
    time::span((to - from).max(Span::default()), language)
}
