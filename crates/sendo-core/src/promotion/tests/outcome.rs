//! How a story asks what came of it.

use super::harness::Harness;
use super::lanes::id;
use crate::deployment::{DeploymentState, Waiting};
use crate::promotion::state::LaneState;

impl Harness {
    pub(super) fn state(&self, lane: &str) -> LaneState {
        self.state_of(&id(lane).subject())
    }

    /// The environment's value in the manifests.
    pub(super) fn at(&self, environment: &str) -> String {
        self.outside
            .value("main", &format!("{environment}.yaml.tag"))
            .unwrap_or_default()
    }

    /// How every deployment of `web/test` stands, in order.
    pub(super) fn standing(&self) -> Vec<DeploymentState> {
        self.standing_of("web/test")
    }

    pub(super) fn standing_of(&self, lane: &str) -> Vec<DeploymentState> {
        let mut rows: Vec<_> = self
            .rows
            .values()
            .filter(|row| row.lane == id(lane))
            .collect();
        rows.sort_by_key(|row| {
            row.id
                .0
                .rsplit('/')
                .next()
                .and_then(|n| n.parse::<u64>().ok())
        });
        rows.iter().map(|row| row.state).collect()
    }

    pub(super) fn told(&self) -> Vec<&'static str> {
        self.notices
            .iter()
            .map(|notice| notice.turn.name())
            .collect()
    }

    /// Nothing is left over: no branch, no open change request, nothing under way.
    pub(super) fn leaves_nothing(&self) {
        let branches: Vec<_> = self
            .outside
            .refs
            .keys()
            .filter(|name| *name != "main")
            .collect();
        assert!(branches.is_empty(), "branches are left: {branches:?}");
        assert_eq!(self.open(), None, "a change request is left open");
        assert!(
            self.rows.values().all(|row| row.state.is_terminal()),
            "something is under way"
        );
    }

    pub(super) fn is_waiting_for_people(&self) -> bool {
        matches!(self.waiting(), Some(Waiting::People { .. }))
    }
}
