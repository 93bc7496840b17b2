//! The board as every surface draws it: applications, their piers in order, boats on the water.
//!
//! The terminal and the page draw the same [`River`]; only this file decides what is shown.

use sendo_core::deployment::Deployment;
use sendo_core::view::{BoardView, LaneView};

/// One application and its piers, left to right.
pub(crate) struct River<'a> {
    /// Its name.
    pub(crate) application: &'a str,
    /// Its environments in the configured order.
    pub(crate) piers: Vec<Pier<'a>>,
}

/// One environment: what runs there and what lies on the water before it.
pub(crate) struct Pier<'a> {
    /// Its name.
    pub(crate) environment: &'a str,
    /// What runs there.
    pub(crate) running: Option<&'a Deployment>,
    /// On its way, or stranded: the newest that is not there.
    pub(crate) boat: Option<&'a Deployment>,
    /// Ended without success while another one is already on its way.
    pub(crate) stranded: Option<&'a Deployment>,
}

/// The board's lanes grouped by application, in the order they first appear.
pub(crate) fn rivers(view: &BoardView) -> Vec<River<'_>> {
    let mut rivers: Vec<River<'_>> = Vec::new();
    for lane in &view.lanes {
        let application = lane.lane.application.as_str();
        let pier = pier(lane);
        match rivers
            .iter_mut()
            .find(|river| river.application == application)
        {
            Some(river) => river.piers.push(pier),
            None => rivers.push(River {
                application,
                piers: vec![pier],
            }),
        }
    }
    rivers
}

fn pier(lane: &LaneView) -> Pier<'_> {
    let (moving, failed) = (lane.moving.as_ref(), lane.failed.as_ref());
    Pier {
        environment: lane.lane.environment.as_str(),
        running: lane.running.as_ref(),
        boat: moving.or(failed),
        stranded: moving.and(failed),
    }
}
