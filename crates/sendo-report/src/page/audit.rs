//! The audit trail: who caused what, and when, newest first.

use askama::Template;
use sendo_core::deployment::DeploymentId;
use sendo_core::subject::LaneId;
use sendo_core::view::{AuditLine, AuditPage};

use super::labels::Labels;
use super::shown::Moment;
use super::{Reader, application_path, deployment_path, finish};
use crate::wording::cause::decided;
use crate::{Language, escape};

/// A stretch of the audit trail as HTML.
#[must_use]
pub fn audit(view: &AuditPage, reader: Reader<'_>, language: Language) -> String {
    let oldest = view.lines.last().map_or(1, |line| line.seq);
    finish(&Page {
        labels: Labels::of(language),
        reader,
        newer: view.newer,
        older: (oldest > 1).then(|| format!("/audit?before={oldest}")),
        lines: view
            .lines
            .iter()
            .map(|line| shown(line, language))
            .collect(),
    })
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page<'a> {
    labels: &'static Labels,
    reader: Reader<'a>,
    newer: bool,
    older: Option<String>,
    lines: Vec<Line>,
}

struct Line {
    seq: i64,
    at: Moment,
    actor: Option<String>,
    action: String,
    subject: Option<(String, Option<String>)>,
    cause: (String, Option<String>),
    detail: Option<String>,
    hash: Option<String>,
}

fn shown(line: &AuditLine, language: Language) -> Line {
    let entry = &line.entry;
    Line {
        seq: line.seq,
        at: Moment::full(line.at),
        actor: entry.actor.as_ref().map(ToString::to_string),
        action: entry.action.clone(),
        subject: entry.subject.as_ref().map(|subject| {
            let lane: Option<LaneId> = subject.key.parse().ok();
            let path = lane.map(|lane| application_path(lane.application.as_str()));
            (subject.key.clone(), path)
        }),
        cause: (
            decided(&entry.cause, language)
                .unwrap_or_else(|| escape::cut(&escape::one_line(&entry.cause), 200)),
            deployment(&entry.cause),
        ),
        detail: (!entry.detail.is_null())
            .then(|| escape::cut(&escape::one_line(&entry.detail.to_string()), 2_000)),
        hash: line.hash.as_ref().map(|hash| escape::cut(hash, 12)),
    }
}

/// The page of the deployment a cause names, if it is the id of one.
fn deployment(cause: &str) -> Option<String> {
    let (lane, number) = cause.rsplit_once('/')?;
    let valid = lane.parse::<LaneId>().is_ok() && number.parse::<u64>().is_ok();
    valid.then(|| deployment_path(&DeploymentId(cause.to_owned())))
}
