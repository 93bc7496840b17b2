//! The feed: tells open pages to look again, never what changed to what.
//!
//! An event carries a name as its data, `changed`, and the store's revision as its id. Pages fetch
//! what they show, so a lost or merged event never shows anything wrong. A client that does not
//! take what is sent is dropped by the server's stall limit and looks again when it reconnects; one
//! that reconnects after it missed something is told `resync`. While nobody listens the store is
//! not asked. A stream ends with the session or the token that it was opened by, in the process where
//! somebody signs out or revokes it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::HeaderName;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use sendo_store::Store;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio::time::{sleep, timeout};

use crate::auth::Caller;
use crate::error::{Answer, Refusal};
use crate::session;
use crate::state::{App, Readiness};

/// Something to show changed.
const CHANGED: &str = "changed";
/// Something may have been missed.
const RESYNC: &str = "resync";

/// Events that follow each other faster than this are one.
const TOGETHER: Duration = Duration::from_millis(100);
/// Comments that keep proxies from closing a silent stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Ended sessions and tokens that a listener may be late with before it counts as meant.
const ENDED: usize = 64;
/// When a client reconnects.
const RECONNECT: Duration = Duration::from_secs(2);

/// Where changes are announced to every open page of this process.
#[derive(Debug)]
pub struct Feed {
    revision: watch::Sender<i64>,
    /// Sessions, by their hash, and tokens, by their id, that ended in this process.
    ended: broadcast::Sender<String>,
    seats: Arc<Semaphore>,
    capacity: usize,
    bell: Notify,
}

impl Feed {
    /// A feed for at most so many clients.
    #[must_use]
    pub fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            revision: watch::Sender::new(0),
            ended: broadcast::Sender::new(ENDED),
            seats: Arc::new(Semaphore::new(capacity)),
            capacity,
            bell: Notify::new(),
        })
    }

    /// Says that the store was written, so that clients need not wait for the next look.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Looks at the store's revision, at each ring and at that interval, and tells clients when it
    /// has changed. Runs until it is dropped.
    pub async fn follow(&self, store: Arc<dyn Store>, every: Duration) {
        loop {
            if self.clients() == 0 {
                self.bell.notified().await;
            } else {
                // A ring that comes first ends the wait; the time running out is as good.
                let _ = timeout(every, self.bell.notified()).await;
            }
            match store.revision().await {
                Ok(revision) => self.tell(revision),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the store does not tell its revision; pages are told later"
                ),
            }
            sleep(TOGETHER).await;
        }
    }

    /// Ends the streams of a session, told by its hash, or of a token, told by its id.
    pub(crate) fn end(&self, what: &str) {
        // Without listeners there is nothing to end.
        let _ = self.ended.send(what.to_owned());
    }

    /// How many clients listen.
    pub fn clients(&self) -> usize {
        self.capacity.saturating_sub(self.seats.available_permits())
    }

    fn tell(&self, revision: i64) {
        self.revision.send_if_modified(|told| {
            let changed = *told != revision;
            *told = revision;
            changed
        });
    }

    fn seat(&self) -> Answer<OwnedSemaphorePermit> {
        self.seats.clone().try_acquire_owned().map_err(|_| {
            Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "feed_full",
                format!("{} clients listen already", self.capacity),
                "reload the page by hand, or close one that is not looked at",
            )
        })
    }
}

/// One client's place in the feed.
struct Listener {
    seen: i64,
    resync: bool,
    revision: watch::Receiver<i64>,
    ready: watch::Receiver<Readiness>,
    ended: broadcast::Receiver<String>,
    /// By which session and token its client may listen.
    by: Vec<String>,
    _seat: OwnedSemaphorePermit,
}

impl Listener {
    /// Waits for what is to be told next; `None` when the server is about to end, or the client may
    /// not listen any more.
    async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.resync) {
            return Some(self.event(RESYNC));
        }
        let stopping = async {
            let stops = self.ready.wait_for(|ready| *ready == Readiness::Stopping);
            if stops.await.is_err() {
                // Nobody is left who could say so.
                std::future::pending::<()>().await;
            }
        };
        let seen = self.seen;
        tokio::select! {
            () = stopping => return None,
            () = over(&mut self.ended, &self.by) => return None,
            told = self.revision.wait_for(|revision| *revision > seen) => {
                self.seen = *told.ok()?;
            }
        }
        Some(self.event(CHANGED))
    }

    fn event(&self, name: &'static str) -> Event {
        Event::default()
            .id(self.seen.to_string())
            .retry(RECONNECT)
            .data(name)
    }
}

/// Waits until one of these ends. Who missed something may be meant, and is asked again when the
/// client reconnects.
async fn over(ended: &mut broadcast::Receiver<String>, by: &[String]) {
    while let Ok(one) = ended.recv().await {
        if by.contains(&one) {
            return;
        }
    }
}

/// Listens to the feed.
pub(crate) async fn listen(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<Response> {
    let feed = &app.web.feed;
    let token = caller.token_id().ok().map(str::to_owned);
    let by = session::shown(&headers).into_iter().chain(token);
    let seat = feed
        .seat()
        .inspect_err(|_| app.web.store.meter().no_seat())?;
    // Subscribed before the store is asked: what comes between is told.
    let revision = feed.revision.subscribe();
    let seen = app.web.store.revision().await?;
    feed.ring();
    let missed = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|id| id != seen.to_string());
    let listener = Listener {
        seen,
        resync: missed,
        revision,
        ready: app.web.ready.clone(),
        ended: feed.ended.subscribe(),
        by: by.collect(),
        _seat: seat,
    };
    let hello = Event::default().id(seen.to_string()).retry(RECONNECT);
    let events = stream::unfold(
        (listener, Some(hello)),
        |(mut listener, hello)| async move {
            let event = match hello {
                Some(hello) => hello,
                None => listener.next().await?,
            };
            Some((Ok::<_, Infallible>(event), (listener, None)))
        },
    );
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // Proxies that buffer would hold events back.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, stream).into_response())
}
