//! What a process counts and measures, and how it is scraped.
//!
//! A [`Meter`] owns one registry; whoever counts is handed it with the store, and nothing is global.
//! Labels are bounded: they come from lists in the code and from the configuration, never from what
//! somebody sends. What is not known is `other`.
//!
//! Size: one registry, each metric once as a field, once with its description, and once where it is set.

mod catalogue;
mod process;

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;

pub use catalogue::Described;
use catalogue::{Catalogue, Counters, Gauges, Histograms, Value};

/// The content type of [`Meter::scrape`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The label of what is not known here.
pub const OTHER: &str = "other";

/// The names under which deliveries come.
const EVENTS: [&str; 11] = [
    "push",
    "pull_request",
    "change",
    "check",
    "image",
    "deploy",
    "act",
    "lock",
    "unlock",
    "freeze",
    "unfreeze",
];

/// Counts and measures; every clone is the same one.
#[derive(Clone)]
pub struct Meter(Arc<Inner>);

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self(Arc::new(Inner::new()))
    }
}

/// A queue as the store sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Depth {
    /// `deliveries`, `subjects`, `effects`, `notices` or `audit`.
    pub queue: &'static str,
    /// `ready`, `claimed` or `later`.
    pub state: &'static str,
    /// How many.
    pub count: f64,
    /// For how many seconds the oldest has been so, if there is one.
    pub oldest: Option<f64>,
}

struct Inner {
    catalogue: Catalogue,
    deliveries: Counters<3>,
    acknowledged: Histograms<0>,
    received: Gauges<1>,
    depth: Gauges<2>,
    oldest: Gauges<1>,
    quarantined: Gauges<0>,
    effects: Counters<3>,
    effect_seconds: Histograms<1>,
    expired: Counters<0>,
    fenced: Counters<0>,
    promotion: Histograms<3>,
    deploys: Counters<3>,
    rollbacks: Counters<0>,
    locks: Gauges<1>,
    frozen: Gauges<0>,
    waiting: Gauges<1>,
    generation: Gauges<0>,
    reload_failed: Gauges<0>,
    clients: Gauges<0>,
    no_seat: Counters<0>,
    transactions: Histograms<1>,
    busy: Counters<0>,
    swept: Gauges<0>,
    ready: Gauges<0>,
    answers: Counters<1>,
    refused: Counters<0>,
}

impl Inner {
    fn new() -> Self {
        let c = &mut Catalogue::default();
        let mut inner = Self {
            deliveries: c.counter(
                "sendo_webhook_deliveries",
                ["source", "event", "outcome"],
                "Deliveries stored, `new` or `duplicate`, by the source and the event it named",
            ),
            acknowledged: c.seconds(
                "sendo_webhook_ack_seconds",
                [],
                "From a delivery being whole to its being durable, when it can be answered",
            ),
            received: c.gauge(
                "sendo_webhook_last_received_timestamp_seconds",
                ["source"],
                "When this process stored the last delivery, in seconds since 1970",
            ),
            depth: c.gauge(
                "sendo_queue_depth",
                ["queue", "state"],
                "What is still to be done: `ready`, `claimed` by somebody, or `later`",
            ),
            oldest: c.gauge(
                "sendo_queue_oldest_ready_seconds",
                ["queue"],
                "For how long the oldest that is ready has been so; 0 when there is none",
            ),
            quarantined: c.gauge(
                "sendo_deliveries_quarantined",
                [],
                "Deliveries that could not be translated and were not replayed",
            ),
            effects: c.counter(
                "sendo_effect",
                ["class", "kind", "outcome"],
                "Attempts at effects that were recorded: `done`, `retry`, `failed` or `unknown`",
            ),
            effect_seconds: c.seconds(
                "sendo_effect_seconds",
                ["kind"],
                "How long an attempt took outside, without intent and record",
            ),
            expired: c.counter(
                "sendo_lease_expired",
                [],
                "Claims of effects this process lost while it was at work",
            ),
            fenced: c.counter(
                "sendo_fenced_write_rejected",
                [],
                "Outcomes of effects and deliveries that came after their claim was lost",
            ),
            promotion: c.long_seconds(
                "sendo_promotion_duration_seconds",
                ["application", "environment", "outcome"],
                "From a deployment being known to its end",
            ),
            deploys: c.counter(
                "sendo_deploy",
                ["application", "environment", "outcome"],
                "Deployments that ended: `succeeded`, `failed`, `cancelled` or `superseded`",
            ),
            rollbacks: c.counter("sendo_rollback", [], "Rollbacks that were begun"),
            locks: c.gauge(
                "sendo_lock_held",
                ["scope"],
                "What is closed: locks on a `lane`, an `application`, an `environment` or `everything`, and lanes that a `rollback` holds",
            ),
            frozen: c.gauge("sendo_lane_frozen", [], "Lanes that a freeze closes now"),
            waiting: c.gauge(
                "sendo_deployments_waiting",
                ["for"],
                "Deployments that wait for something outside, by what for, such as `people` or `checks`",
            ),
            generation: c.gauge(
                "sendo_config_generation",
                [],
                "How often this process took a configuration over, its start included",
            ),
            reload_failed: c.gauge(
                "sendo_config_reload_failed",
                [],
                "1 while the configuration on disk is not used, because something in it is wrong",
            ),
            clients: c.gauge("sendo_sse_clients", [], "Open pages that listen for changes"),
            no_seat: c.counter("sendo_sse_refused", [], "Pages that found no seat to listen"),
            transactions: c.seconds(
                "sendo_db_tx_seconds",
                ["op"],
                "Transactions that were finished, from their beginning, by what they are for",
            ),
            busy: c.counter(
                "sendo_db_busy",
                [],
                "Transactions run again because the database was busy or rolled them back",
            ),
            swept: c.gauge(
                "sendo_sweep_last_success_timestamp_seconds",
                [],
                "When this process last woke every lane, in seconds since 1970",
            ),
            ready: c.gauge("sendo_ready", [], "1 while the process can be sent work"),
            answers: c.counter("sendo_http_answers", ["class"], "Answers by class of status"),
            refused: c.counter(
                "sendo_calls_refused",
                [],
                "Calls refused for want of a good token",
            ),
            catalogue: Catalogue::default(),
        };
        process::register(c);
        c.describe(
            "sendo_build_info",
            "info",
            &["version"],
            "The version that runs",
        );
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        c.registry
            .register("sendo_build", "The version that runs", Info::new(version));
        inner.catalogue = std::mem::take(c);
        inner
    }
}

impl Meter {
    /// Every metric as the text that Prometheus reads.
    #[must_use]
    pub fn scrape(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.0.catalogue.registry);
        // A family without labels is written with empty braces; names of the configuration have none.
        text.replace("{} ", " ")
    }

    /// Every metric there can be, in the order of a scrape.
    #[must_use]
    pub fn described(&self) -> &[Described] {
        &self.0.catalogue.described
    }

    /// A delivery was stored, at so many seconds since 1970.
    pub fn delivery(&self, source: &str, event: &str, new: bool, at: f64) {
        let event = EVENTS.into_iter().find(|known| *known == event);
        let outcome = if new { "new" } else { "duplicate" };
        let source: Value = source.to_owned().into();
        let event = event.unwrap_or(OTHER);
        self.0
            .deliveries
            .add([source.clone(), event.into(), outcome.into()]);
        self.0.received.set([source], at);
    }

    /// Storing a delivery took so many seconds.
    pub fn acknowledged(&self, seconds: f64) {
        self.0.acknowledged.observe([], seconds);
    }

    /// A transaction was finished after so many seconds.
    pub fn transaction(&self, op: &'static str, seconds: f64) {
        self.0.transactions.observe([op.into()], seconds);
    }

    /// A transaction runs again.
    pub fn busy(&self) {
        self.0.busy.add([]);
    }

    /// A result came after its claim was lost.
    pub fn fenced(&self) {
        self.0.fenced.add([]);
    }

    /// A claim was lost at work.
    pub fn lease_expired(&self) {
        self.0.expired.add([]);
    }

    /// An attempt at an effect took so many seconds outside.
    pub fn performed(&self, kind: &'static str, seconds: f64) {
        self.0.effect_seconds.observe([kind.into()], seconds);
    }

    /// An attempt at an effect was recorded.
    pub fn effect(&self, class: &'static str, kind: &'static str, outcome: &'static str) {
        self.0
            .effects
            .add([class.into(), kind.into(), outcome.into()]);
    }

    /// A deployment ended after so many seconds. `lane` are its application and environment where
    /// they are configured.
    pub fn deployment(&self, lane: Option<(&str, &str)>, outcome: &'static str, seconds: f64) {
        let (application, environment) = lane.unwrap_or((OTHER, OTHER));
        let labels = || -> [Value; 3] {
            [
                application.to_owned().into(),
                environment.to_owned().into(),
                outcome.into(),
            ]
        };
        self.0.deploys.add(labels());
        self.0.promotion.observe(labels(), seconds);
    }

    /// A rollback was begun.
    pub fn rollback(&self) {
        self.0.rollbacks.add([]);
    }

    /// Every lane was woken, at so many seconds since 1970.
    pub fn swept(&self, at: f64) {
        self.0.swept.set([], at);
    }

    /// A request was answered with a status.
    pub fn answered(&self, status: u16) {
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => OTHER,
        };
        self.0.answers.add([class.into()]);
    }

    /// A call was refused for want of a good token.
    pub fn refused(&self) {
        self.0.refused.add([]);
    }

    /// How many pages listen.
    pub fn listeners(&self, clients: usize) {
        self.0.clients.set([], clients as f64);
    }

    /// A page found no seat to listen.
    pub fn no_seat(&self) {
        self.0.no_seat.add([]);
    }

    /// Whether the process can be sent work.
    pub fn ready(&self, ready: bool) {
        self.0.ready.set([], f64::from(u8::from(ready)));
    }

    /// What the store says is still to be done, and how many deliveries are quarantined.
    pub fn queues(&self, queues: &[Depth], quarantined: f64) {
        for (queue, state) in STATES {
            self.0.depth.set([queue.into(), state.into()], 0.0);
            self.0.oldest.set([queue.into()], 0.0);
        }
        for Depth {
            queue,
            state,
            count,
            oldest,
        } in queues
        {
            self.0.depth.set([(*queue).into(), (*state).into()], *count);
            if *state == "ready" {
                self.0
                    .oldest
                    .set([(*queue).into()], oldest.unwrap_or_default());
            }
        }
        self.0.quarantined.set([], quarantined);
    }

    /// How many lanes are frozen now.
    pub fn frozen(&self, lanes: usize) {
        self.0.frozen.set([], lanes as f64);
    }

    /// What the deployments under way wait for, one name each.
    pub fn waiting(&self, names: impl Iterator<Item = &'static str>) {
        self.0.waiting.clear();
        let mut counts = std::collections::BTreeMap::<&str, u32>::new();
        names.for_each(|name| *counts.entry(name).or_default() += 1);
        for (name, count) in counts {
            self.0.waiting.set([name.into()], f64::from(count));
        }
    }

    /// Which configuration counts, and whether another one lies on disk that cannot be used.
    pub fn configuration(&self, generation: u64, refused: bool) {
        self.0.generation.set([], generation as f64);
        self.0.reload_failed.set([], f64::from(u8::from(refused)));
    }

    /// How much is closed, by what.
    pub fn locks(&self, scopes: &[(&'static str, usize)]) {
        self.0.locks.clear();
        for (scope, count) in scopes {
            self.0.locks.set([(*scope).into()], *count as f64);
        }
    }
}

/// The queues, and how what is in them can stand.
const STATES: [(&str, &str); 11] = [
    ("deliveries", "ready"),
    ("deliveries", "claimed"),
    ("subjects", "ready"),
    ("subjects", "claimed"),
    ("effects", "ready"),
    ("effects", "claimed"),
    ("effects", "later"),
    ("notices", "ready"),
    ("notices", "claimed"),
    ("notices", "later"),
    ("audit", "ready"),
];
