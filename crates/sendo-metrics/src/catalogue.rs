//! How a metric is made: registered for the scrape, and described for the reference, in one call.

use std::borrow::Cow;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// A value of a label.
pub(crate) type Value = Cow<'static, str>;
type Labels<const N: usize> = [(&'static str, Value); N];

/// From a millisecond, as commits take, to an hour.
const SECONDS: [f64; 14] = [
    0.001, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 900.0, 3_600.0,
];

/// From a minute to a week, for what people and checks take part in.
const LONG: [f64; 8] = [
    60.0, 300.0, 900.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0, 604_800.0,
];

/// A metric as the reference describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name in a scrape; a histogram's has `_bucket`, `_sum` and `_count` behind it.
    pub name: String,
    /// `counter`, `gauge`, `histogram` or `info`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: Vec<&'static str>,
    /// What it tells.
    pub help: &'static str,
}

/// Everything that is scraped.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) registry: Registry,
    pub(crate) described: Vec<Described>,
}

impl Catalogue {
    pub(crate) fn describe(
        &mut self,
        name: impl Into<String>,
        kind: &'static str,
        labels: &[&'static str],
        help: &'static str,
    ) {
        self.described.push(Described {
            name: name.into(),
            kind,
            labels: labels.to_vec(),
            help,
        });
    }

    pub(crate) fn counter<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Counters<N> {
        let family = Family::<Labels<N>, Counter>::default();
        if N == 0 {
            drop(family.get_or_create_owned(&labels.map(none)));
        }
        self.registry.register(name, help, family.clone());
        self.describe(format!("{name}_total"), "counter", &labels, help);
        Counters { family, labels }
    }

    pub(crate) fn gauge<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Gauges<N> {
        let family = Family::<Labels<N>, Gauge<f64, AtomicU64>>::default();
        self.registry.register(name, help, family.clone());
        self.describe(name, "gauge", &labels, help);
        Gauges { family, labels }
    }

    /// Of seconds that machines take.
    pub(crate) fn seconds<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Histograms<N> {
        self.histogram(name, labels, help, || Histogram::new(SECONDS))
    }

    /// Of seconds that people take.
    pub(crate) fn long_seconds<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Histograms<N> {
        self.histogram(name, labels, help, || Histogram::new(LONG))
    }

    fn histogram<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
        make: fn() -> Histogram,
    ) -> Histograms<N> {
        let family = Family::new_with_constructor(make);
        self.registry.register(name, help, family.clone());
        self.describe(name, "histogram", &labels, help);
        Histograms { family, labels }
    }
}

const fn none(label: &'static str) -> (&'static str, Value) {
    (label, Cow::Borrowed(""))
}

fn paired<const N: usize>(labels: [&'static str; N], values: [Value; N]) -> Labels<N> {
    let mut values = values.into_iter();
    labels.map(|label| (label, values.next().unwrap_or_default()))
}

#[derive(Debug)]
pub(crate) struct Counters<const N: usize> {
    family: Family<Labels<N>, Counter>,
    labels: [&'static str; N],
}

impl<const N: usize> Counters<N> {
    pub(crate) fn add(&self, values: [Value; N]) {
        self.family
            .get_or_create_owned(&paired(self.labels, values))
            .inc();
    }
}

#[derive(Debug)]
pub(crate) struct Gauges<const N: usize> {
    family: Family<Labels<N>, Gauge<f64, AtomicU64>>,
    labels: [&'static str; N],
}

impl<const N: usize> Gauges<N> {
    pub(crate) fn set(&self, values: [Value; N], to: f64) {
        self.family
            .get_or_create_owned(&paired(self.labels, values))
            .set(to);
    }

    /// Forgets every series.
    pub(crate) fn clear(&self) {
        self.family.clear();
    }
}

#[derive(Debug)]
pub(crate) struct Histograms<const N: usize> {
    family: Family<Labels<N>, Histogram, fn() -> Histogram>,
    labels: [&'static str; N],
}

impl<const N: usize> Histograms<N> {
    pub(crate) fn observe(&self, values: [Value; N], seconds: f64) {
        self.family
            .get_or_create_owned(&paired(self.labels, values))
            .observe(seconds);
    }
}
