//! Deployments as a decision leaves them, for the stories that read.

use sendo_core::deployment::{
    Brings, Change, ChangeLink, Deployment, DeploymentId, DeploymentState, Failure, Strategy,
};
use sendo_core::names::{Principal, Revision, TreeId};
use sendo_core::notice::{Notice, Turn};
use sendo_core::plan::Plan;
use sendo_core::promotion::state::{LaneState, Success, VERSION};
use sendo_core::rendering::{Objects, Rendered, Rendering};
use sendo_core::subject::LaneId;
use sendo_core::time::{Span, Timestamp};
use sendo_core::view::Patch;
use sendo_store::{Committed, Store};
use serde_json::{Value, json};

pub(crate) fn revision() -> Revision {
    Revision::new("0123456789abcdef0123456789abcdef01234567").expect("a revision")
}

/// A deployment whose every text from outside is the same one.
pub(crate) fn deployment(lane: &LaneId, ordinal: u64, text: &str) -> Deployment {
    Deployment {
        id: DeploymentId::new(lane, ordinal),
        lane: lane.clone(),
        strategy: Strategy::Promotion,
        revision: revision(),
        reference: text.to_owned(),
        version: Some(text.to_owned()),
        state: DeploymentState::Failed,
        waiting: None,
        created_at: Timestamp(1_767_225_600_000_000),
        finished_at: Some(Timestamp(1_767_225_660_000_000)),
        requested_by: Principal::new("local:alice").ok(),
        superseded_by: None,
        change: Some(ChangeLink {
            number: 7,
            url: text.to_owned(),
        }),
        included: vec![Change {
            email: None,
            revision: revision(),
            title: text.to_owned(),
            author: text.to_owned(),
            number: Some(3),
        }],
        error: Some(Failure {
            reason_code: "refused".to_owned(),
            message: text.to_owned(),
        }),
        caused_by: Vec::new(),
        brings: Some(brings()),
    }
}

/// The commit of every deployment.
pub(crate) fn brings() -> Brings {
    Brings {
        repository: "here:manifests".parse().expect("a repository"),
        from: revision(),
        to: revision(),
    }
}

/// What the server under test reads from any repository.
pub(crate) fn diff() -> Patch {
    Patch {
        text: "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-<b>1\n+<b>2\n".to_owned(),
        cut: false,
    }
}

/// What it renders anything to.
pub(crate) fn objects(asked: Vec<Rendering>) -> Vec<Objects> {
    let cannot = || Rendered::Cannot {
        reason_code: "renderer_missing".to_owned(),
        message: "there is no <b>kustomize</b>".to_owned(),
    };
    let asked = asked.into_iter();
    let all = asked.map(|rendering| Objects {
        rendering,
        rendered: cannot(),
    });
    all.collect()
}

fn timeline(deployment: &Deployment, text: &str) -> Vec<Notice> {
    let turns = [
        Turn::Started {
            reference: text.to_owned(),
            version: text.to_owned(),
            previous: None,
            included: deployment.included.clone(),
            requested_by: None,
            undoes: None,
            observed: false,
        },
        Turn::ChangeRequestOpened {
            number: 7,
            url: text.to_owned(),
        },
        Turn::Failed {
            causes: Vec::new(),
            failure: Failure {
                reason_code: "refused".to_owned(),
                message: text.to_owned(),
            },
        },
    ];
    let notice = |(at, turn)| Notice {
        id: format!("{}#{at}", deployment.id),
        deployment: deployment.id.clone(),
        lane: deployment.lane.clone(),
        revision: revision(),
        at: deployment.created_at,
        change: None,
        authors: Vec::new(),
        turn,
    };
    turns.into_iter().enumerate().map(notice).collect()
}

/// Writes a deployment and its timeline the way the loop does.
pub(crate) async fn write(store: &dyn Store, deployment: Deployment, text: &str) {
    let subject = deployment.lane.subject();
    store.hint(&[subject]).await.expect("hinted");
    let claimed = store
        .claim_subject(Span::from_secs(60), &|_| Vec::new())
        .await
        .expect("claimed")
        .expect("awake");
    let plan = Plan {
        state: remembering(&claimed.world.state, &deployment),
        notices: timeline(&deployment, text),
        deployments: vec![deployment],
        ..Plan::default()
    };
    let committed = store.commit(&claimed, &plan, &[]).await.expect("committed");
    assert_eq!(committed, Committed::Yes);
}

/// What a lane remembers once a deployment of it has succeeded.
fn remembering(state: &Value, deployment: &Deployment) -> Value {
    if deployment.state != DeploymentState::Succeeded {
        return state.clone();
    }
    let mut lane = LaneState::read(state).expect("a lane's state");
    lane.version = VERSION;
    let success = Success {
        ordinal: deployment.id.number().expect("a number"),
        revision: deployment.revision.clone(),
        tree: TreeId::new("1".repeat(40)).expect("a tree"),
        at: deployment.created_at,
        reference: deployment.reference.clone(),
        tag: None,
        digest: None,
        back_to: None,
    };
    lane.succeeded.insert(0, success);
    json!(lane)
}
