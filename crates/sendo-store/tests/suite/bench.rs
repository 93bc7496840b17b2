//! A fresh store with a clock that only moves when it is told to.

use std::sync::Arc;

use sendo_core::time::{Span, Timestamp};
use sendo_store::{ManualClock, Options, Store, open};

use crate::place::Place;

/// The lease most tests use.
pub(crate) const LEASE: Span = Span::from_secs(60);

/// What a test works with.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) place: Place,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::at(Place::new().await).await
    }

    /// Opens whatever is at a place.
    pub(crate) async fn at(place: Place) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = open(&place.url(), options(&clock)).await.unwrap();
        Self {
            store,
            clock,
            place,
        }
    }

    /// Moves past the end of every lease.
    pub(crate) fn let_leases_end(&self) -> Timestamp {
        self.clock.advance(Span::from_secs(61))
    }

    pub(crate) fn now(&self) -> Timestamp {
        sendo_store::Clock::now(&*self.clock)
    }
}

pub(crate) fn options(clock: &Arc<ManualClock>) -> Options {
    Options {
        clock: Arc::<ManualClock>::clone(clock),
        installation: Some("tests1".to_owned()),
        ..Options::default()
    }
}
