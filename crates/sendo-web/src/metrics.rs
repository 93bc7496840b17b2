//! Metrics in Prometheus' text format. Labels come from lists in the code, never from callers.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use sendo_store::{Accepted, DeliveryOutcome};

use crate::error::Answer;
use crate::query::MOST;
use crate::state::{App, Readiness};

const KINDS: [&str; 2] = ["deploy", "image"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What was counted since the process started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    answers: [AtomicU64; CLASSES.len()],
    /// New and duplicate ones of each kind.
    accepted: [[AtomicU64; 2]; KINDS.len()],
}

impl Counters {
    pub(crate) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.answers.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn accepted(&self, kind: &str, accepted: &Accepted) {
        let row = KINDS.iter().position(|known| *known == kind);
        let column = usize::from(matches!(accepted, Accepted::Duplicate(_)));
        let count = row
            .and_then(|row| self.accepted.get(row))
            .and_then(|row| row.get(column));
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Every metric of the process and of its store.
pub(crate) async fn show(State(app): State<App>) -> Answer<Response> {
    let store = &app.web.store;
    let backlog = store.backlog().await?;
    let newest = store.deliveries(None, MOST).await?;
    let revision = store.revision().await?;
    let ready = *app.web.ready.borrow() == Readiness::Ready;

    let mut text = Exposition::default();
    text.family("sendo_build_info", "gauge", "The version that runs.");
    text.sample("sendo_build_info", &[("version", app.web.version)], 1);
    text.family(
        "sendo_ready",
        "gauge",
        "1 while the process can be sent work.",
    );
    text.sample("sendo_ready", &[], u64::from(ready));
    text.family("sendo_store_revision", "gauge", "Grows with what is shown.");
    text.sample("sendo_store_revision", &[], revision);
    text.family("sendo_backlog", "gauge", "What is still under way.");
    for (kind, count) in [
        ("deliveries", backlog.deliveries),
        ("subjects", backlog.subjects),
        ("effects", backlog.effects),
        ("notices", backlog.notices),
        ("unsealed", backlog.unsealed),
    ] {
        text.sample("sendo_backlog", &[("kind", kind)], count);
    }
    let name = "sendo_deliveries_newest";
    text.family(name, "gauge", "Outcomes of the newest 1,000 deliveries.");
    for outcome in ["open", "done", "ignored", "quarantined"] {
        let count = newest
            .iter()
            .filter(|row| outcome_name(row.outcome.as_ref()) == outcome)
            .count();
        text.sample(name, &[("outcome", outcome)], count);
    }
    let name = "sendo_api_deliveries_total";
    text.family(name, "counter", "Requests taken in by the API.");
    for (kind, counts) in KINDS.into_iter().zip(&app.counters.accepted) {
        for (outcome, count) in ["new", "duplicate"].into_iter().zip(counts) {
            let labels = [("kind", kind), ("outcome", outcome)];
            text.sample(name, &labels, count.load(Ordering::Relaxed));
        }
    }
    let name = "sendo_http_answers_total";
    text.family(name, "counter", "Answers by class of status.");
    for (class, count) in CLASSES.into_iter().zip(&app.counters.answers) {
        text.sample(name, &[("class", class)], count.load(Ordering::Relaxed));
    }
    let name = "sendo_calls_refused_total";
    text.family(name, "counter", "Calls refused for want of a good token.");
    text.sample(name, &[], app.refusals.total());
    text.family("sendo_sse_clients", "gauge", "Open pages that listen.");
    text.sample("sendo_sse_clients", &[], app.web.feed.clients());
    let name = "sendo_sse_refused_total";
    text.family(name, "counter", "Pages that found no seat.");
    text.sample(name, &[], app.web.feed.refused());

    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, text.0).into_response())
}

const fn outcome_name(outcome: Option<&DeliveryOutcome>) -> &'static str {
    match outcome {
        None => "open",
        Some(DeliveryOutcome::Done) => "done",
        Some(DeliveryOutcome::Ignored { .. }) => "ignored",
        Some(DeliveryOutcome::Quarantined { .. }) => "quarantined",
    }
}

/// The text format. Writing into a string does not fail.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let open = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{open}{label}=\"{text}\"");
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}
