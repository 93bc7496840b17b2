//! The board as every surface draws it: applications, their piers in order, boats on the water.
//!
//! The terminal and the page draw the same [`River`]; only this file decides what is shown.

use sendo_core::deployment::{Deployment, DeploymentState, Waiting};
use sendo_core::engine::Lacks;
use sendo_core::view::{BoardView, LaneView};

use crate::Language;

/// One application and its piers, left to right.
#[derive(Debug)]
pub(crate) struct River<'a> {
    /// Its name.
    pub(crate) application: &'a str,
    /// Its environments in the configured order.
    pub(crate) piers: Vec<Pier<'a>>,
}

/// One environment: what runs there and what lies on the water before it.
#[derive(Debug)]
pub(crate) struct Pier<'a> {
    /// Its name.
    pub(crate) environment: &'a str,
    /// What runs there.
    pub(crate) running: Option<&'a Deployment>,
    /// On its way, or stranded: the newest that is not there.
    pub(crate) boat: Option<&'a Deployment>,
    /// Ended without success while another one is already on its way.
    pub(crate) stranded: Option<&'a Deployment>,
    /// What closes it to deployments.
    pub(crate) closed: Option<Closed>,
}

/// What closes a pier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// A lock, or a rollback that holds it.
    Locked,
    /// A freeze, which ends by itself.
    Frozen,
}

impl Closed {
    const fn of(lane: &LaneView) -> Option<Self> {
        if lane.lock.is_some() || lane.held.is_some() {
            Some(Self::Locked)
        } else if lane.frozen.is_some() {
            Some(Self::Frozen)
        } else {
            None
        }
    }

    /// The one word that marks it.
    pub(crate) const fn word(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Locked, Language::En) => "locked",
            (Self::Locked, Language::Ja) => "ロック中",
            (Self::Frozen, Language::En) => "frozen",
            (Self::Frozen, Language::Ja) => "フリーズ中",
        }
    }
}

impl River<'_> {
    /// Whether something is on its way, or did not arrive.
    pub(crate) fn moves(&self) -> bool {
        self.piers.iter().any(|pier| pier.boat.is_some())
    }

    /// Every boat, the stranded ones too.
    pub(crate) fn boats(&self) -> impl Iterator<Item = &Deployment> {
        self.piers
            .iter()
            .flat_map(|pier| pier.boat.into_iter().chain(pier.stranded))
    }
}

/// Whether it moves only once a person has done something. What waits for a machine goes on by itself.
pub(crate) const fn needs_person(deployment: &Deployment) -> bool {
    match (deployment.state, &deployment.waiting) {
        (DeploymentState::Failed, _) => true,
        (DeploymentState::Running | DeploymentState::Waiting, Some(waiting)) => match waiting {
            Waiting::People { .. }
            | Waiting::ChecksFailed { .. }
            | Waiting::ChangesRequested { .. }
            | Waiting::ForeignCommits { .. }
            | Waiting::TreeMismatch
            | Waiting::Held { .. }
            | Waiting::Blocked { .. } => true,
            // Its words do not say whether a person or a machine has to act: either way nobody else will.
            Waiting::Protected { .. } => true,
            // One without an end is opened by a person only.
            Waiting::Locked { lock } => lock.until.is_none(),
            // A window ends by itself.
            Waiting::Engine { lacks, .. } => {
                lacks.needs_somebody() && !matches!(lacks, Lacks::Window)
            }
            Waiting::After { .. }
            | Waiting::Soak { .. }
            | Waiting::Frozen { .. }
            | Waiting::Checks { .. }
            | Waiting::Retry { .. } => false,
        },
        _ => false,
    }
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
        closed: Closed::of(lane),
    }
}
