//! What is scraped. Counters count where things happen; what the store knows is asked for here, and
//! not more often than every few seconds, however many scrape.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use sendo_core::deployment::Waiting;
use sendo_core::freeze;
use sendo_metrics::{Depth, Meter};
use sendo_store::Queue;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::api;
use crate::auth::Caller;
use crate::error::Answer;
use crate::state::{App, Readiness, Shared};

/// For how long what the store said is good.
const FRESH: Duration = Duration::from_secs(5);

/// When the store was asked last; also keeps scrapes apart.
#[derive(Debug, Default)]
pub(crate) struct Scrapes(Mutex<Option<Instant>>);

/// Every metric of the process and of its store. It names applications, so it takes a token that is
/// good for all of them wherever one is shown.
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Answer<Response> {
    caller.require_all()?;
    let meter = app.web.store.meter();
    let mut asked = app.scrapes.0.lock().await;
    if asked.is_none_or(|at| at.elapsed() >= FRESH) {
        ask(&app, meter).await?;
        *asked = Some(Instant::now());
    }
    meter.ready(*app.web.ready.borrow() == Readiness::Ready);
    meter.listeners(app.web.feed.clients());
    let configuration = app.web.configuration.borrow().clone();
    meter.configuration(configuration.generation, configuration.refused.is_some());
    let text = meter.scrape();
    Ok(([(CONTENT_TYPE, sendo_metrics::CONTENT_TYPE)], text).into_response())
}

async fn ask(app: &Shared, meter: &Meter) -> Answer<()> {
    let store = &app.web.store;
    let (now, queues) = (store.now().await?, store.queues().await?);
    let quarantined = queues.iter().find(|queue| queue.name == "quarantine");
    let quarantined = quarantined.map_or(0, |queue| queue.count);
    let depth = |queue: &Queue| {
        let known =
            |names: &[&'static str], name: &str| names.iter().copied().find(|one| *one == name);
        Some(Depth {
            queue: known(
                &["deliveries", "subjects", "effects", "notices", "audit"],
                &queue.name,
            )?,
            state: known(&["ready", "claimed", "later"], &queue.state)?,
            count: queue.count as f64,
            oldest: queue
                .oldest
                .map(|at| ((now - at).as_micros().max(0)) as f64 / 1e6),
        })
    };
    let depths: Vec<Depth> = queues.iter().filter_map(depth).collect();
    meter.queues(&depths, quarantined as f64);
    let closed = api::locks::closed(app).await?;
    let of = |scope: &str| {
        let locks = closed.locks.iter();
        locks
            .filter(|lock| api::locks::scope(&lock.area) == scope)
            .count()
    };
    let mut scopes = ["lane", "application", "environment", "everything"]
        .map(|scope| (scope, of(scope)))
        .to_vec();
    scopes.push(("rollback", closed.held.len()));
    meter.locks(&scopes);
    let announced = api::freezes::announced(app, now).await?;
    let lanes = (app.web.lanes)();
    let frozen = lanes
        .iter()
        .filter(|rules| freeze::holding(rules, &announced, now).is_some());
    meter.frozen(frozen.count());
    let board = store.board().await?;
    let waiting = board.iter().filter_map(|row| row.waiting.as_ref());
    meter.waiting(waiting.map(Waiting::name));
    Ok(())
}
