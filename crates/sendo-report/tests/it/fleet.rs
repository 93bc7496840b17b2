//! A fleet as large as people have: every river at rest but one in ten.

use sendo_core::deployment::{Deployment, DeploymentState, Waiting};
use sendo_core::names::Revision;
use sendo_core::time::{Span, Timestamp};
use sendo_core::view::{BoardView, LaneView};

use crate::sample::{NOW, deployment, failure, lane, link, people};

const ENVIRONMENTS: [&str; 6] = ["dev", "test", "qa", "staging", "prod-eu", "prod-us"];

/// A revision nobody can compress.
fn noise(seed: u64) -> Revision {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let digits: String = (0..40)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from_digit((state % 16) as u32, 16).expect("a digit")
        })
        .collect();
    Revision::new(digits).expect("a valid sample")
}

/// `applications` rivers with `environments` piers each.
pub(crate) fn fleet(applications: u64, environments: usize) -> BoardView {
    let lanes = (0..applications)
        .flat_map(|app| (0..environments).map(move |env| one(app, env)))
        .collect();
    BoardView {
        lanes,
        at: NOW,
        ..BoardView::default()
    }
}

fn one(app: u64, env: usize) -> LaneView {
    let place = format!("service-{app:03}/{}", ENVIRONMENTS[env]);
    let seed = app * 10 + env as u64;
    let made = |ordinal: u64, state| Deployment {
        revision: noise(seed + 7 * ordinal),
        created_at: Timestamp(NOW.0 - 61_700_003 * (seed as i64 + 1)),
        ..deployment(&format!("{place}/{ordinal}"), "0", state)
    };
    let arrived = Deployment {
        finished_at: Some(NOW - Span::from_secs(97 * (app as u32 * 6 + env as u32 + 1))),
        ..made(40 + app % 50, DeploymentState::Succeeded)
    };
    let waits = |why: Waiting| Deployment {
        waiting: Some(why),
        change: Some(link(100 + app)),
        ..made(99, DeploymentState::Waiting)
    };
    let moving = match (app % 60, env) {
        (3, 2) => Some(waits(people())),
        (14, 1) => Some(made(99, DeploymentState::Running)),
        (14, 4) => Some(waits(Waiting::After {
            environment: "staging".to_owned(),
        })),
        (33, 5) => Some(waits(people())),
        (41, 3) => Some(Deployment {
            change: Some(link(9)),
            ..made(99, DeploymentState::Running)
        }),
        _ => None,
    };
    let failed = (app % 60 == 24 && env == 0 || app % 60 == 41 && env == 5).then(|| Deployment {
        error: Some(failure()),
        ..made(98, DeploymentState::Failed)
    });
    LaneView {
        lane: lane(&place),
        running: (app != 7 || env < 4).then_some(arrived),
        moving,
        failed,
        lock: None,
        held: None,
        frozen: None,
        blind: None,
    }
}
