//! One small world that every test tells of: three applications on their way to production.

use sendo_core::audit::AuditEntry;
use sendo_core::deployment::{
    Brings, Change, ChangeLink, Deployment, DeploymentId, DeploymentState, Failure, Strategy,
    Waiting,
};
use sendo_core::effect::{Effect, EffectError, EffectKey, EffectState, EffectView, Story};
use sendo_core::names::{BranchName, Principal, Repository, Revision};
use sendo_core::notice::{Digest, Notice, Turn};
use sendo_core::subject::LaneId;
use sendo_core::time::{Span, Timestamp};
use sendo_core::view::{
    ApplicationPage, AuditLine, AuditPage, Became, BoardView, Cause, DeliveriesPage, DeliveryLine,
    DeploymentPage, DeploymentView, DiffView, LaneView, Patch,
};

/// 2026-04-01T09:30:00Z.
pub(crate) const NOW: Timestamp = Timestamp(1_775_035_800_000_000);

pub(crate) fn before(seconds: u32) -> Timestamp {
    NOW - Span::from_secs(seconds)
}

/// A revision that begins with the given digits.
pub(crate) fn revision(digits: &str) -> Revision {
    Revision::new(format!("{digits:0<40}")).expect("a valid sample")
}

pub(crate) fn who(name: &str) -> Principal {
    Principal::new(name).expect("a valid sample")
}

pub(crate) fn lane(name: &str) -> LaneId {
    name.parse().expect("a valid sample")
}

pub(crate) fn id(name: &str) -> DeploymentId {
    DeploymentId(name.to_owned())
}

pub(crate) fn change(digits: &str, title: &str, author: &str, number: Option<u64>) -> Change {
    Change {
        email: None,
        revision: revision(digits),
        title: title.to_owned(),
        author: author.to_owned(),
        number,
    }
}

pub(crate) fn changes() -> Vec<Change> {
    vec![
        change(
            "c0ffee1",
            "Make the cart survive a reload (#41)",
            "Alice",
            Some(41),
        ),
        change("e4f5a6b", "送料の計算を修正", "佐藤", None),
    ]
}

pub(crate) fn link(number: u64) -> ChangeLink {
    ChangeLink {
        number,
        url: format!("sendo change show /srv/manifests.git {number}"),
    }
}

pub(crate) fn notice(turn: Turn) -> Notice {
    Notice {
        id: "example1/test/12#3".to_owned(),
        deployment: id("example1/test/12"),
        lane: lane("example1/test"),
        revision: revision("e4f5a6b"),
        at: NOW,
        change: None,
        authors: Vec::new(),
        turn,
    }
}

/// Three deployments of two lanes, and what came before.
pub(crate) fn digest() -> Digest {
    let of = |name: &str, turn| {
        let (place, _) = name.rsplit_once('/').expect("a valid sample");
        Notice {
            id: format!("{name}#3"),
            deployment: id(name),
            lane: lane(place),
            ..notice(turn)
        }
    };
    Digest {
        id: "digest/deploys/1".to_owned(),
        at: NOW,
        since: before(900),
        latest: vec![
            of(
                "example1/test/12",
                Turn::Failed {
                    failure: failure(),
                    causes: Vec::new(),
                },
            ),
            of(
                "example1/test/11",
                Turn::Succeeded {
                    unchanged: false,
                    healthy: false,
                },
            ),
            of(
                "site/live/4",
                Turn::Waits {
                    waiting: people(),
                    number: Some(3),
                },
            ),
        ],
        earlier: 7,
        omitted: 2,
    }
}

pub(crate) fn failure() -> Failure {
    Failure {
        reason_code: "image_not_found".to_owned(),
        message: "`images[name=example1]` is not in example1/overlays/test/kustomization.yaml."
            .to_owned(),
    }
}

pub(crate) fn deployment(name: &str, digits: &str, state: DeploymentState) -> Deployment {
    let (place, _) = name.rsplit_once('/').expect("a valid sample");
    Deployment {
        id: id(name),
        lane: lane(place),
        strategy: Strategy::Promotion,
        revision: revision(digits),
        reference: "refs/heads/develop".to_owned(),
        version: Some(revision(digits).to_string()),
        state,
        waiting: None,
        created_at: before(400),
        finished_at: state.is_terminal().then(|| before(200)),
        requested_by: None,
        superseded_by: None,
        change: None,
        included: Vec::new(),
        error: None,
        caused_by: Vec::new(),
        brings: None,
    }
}

pub(crate) fn waiting(name: &str, digits: &str, number: u64, why: Waiting) -> Deployment {
    Deployment {
        waiting: Some(why),
        change: Some(link(number)),
        ..deployment(name, digits, DeploymentState::Waiting)
    }
}

pub(crate) fn story() -> Story {
    Story {
        application: "example1".to_owned(),
        environment: "test".to_owned(),
        source: "acme:acme/example1"
            .parse::<Repository>()
            .expect("a valid sample"),
        revision: revision("e4f5a6b"),
        previous: Some(revision("a1b2c3d")),
        reference: "refs/heads/develop".to_owned(),
        version: revision("e4f5a6b").to_string(),
        included: changes(),
        omitted: 0,
        requested_by: Some(who("local:alice")),
        checks: vec!["ci/manifests".to_owned()],
        people: 0,
        undoes: None,
    }
}

pub(crate) fn people() -> Waiting {
    Waiting::People {
        needed: 1,
        have: Vec::new(),
        from: vec![who("local:carol"), who("local:dan")],
        backwards: false,
    }
}

pub(crate) fn board() -> BoardView {
    let stands = |name: &str, digits: &str, seconds| {
        Some(Deployment {
            finished_at: Some(before(seconds)),
            ..deployment(name, digits, DeploymentState::Succeeded)
        })
    };
    let quiet = |name: &str, running| LaneView {
        lane: lane(name),
        running,
        moving: None,
        failed: None,
        lock: None,
        held: None,
        frozen: None,
        blind: None,
    };
    BoardView {
        lanes: vec![
            quiet("example1/test", stands("example1/test/12", "e4f5a6b", 190)),
            LaneView {
                moving: Some(waiting("example1/prod/7", "e4f5a6b", 8, people())),
                ..quiet(
                    "example1/prod",
                    stands("example1/prod/6", "a1b2c3d", 93_000),
                )
            },
            LaneView {
                lock: Some(crate::every::lock("web/staging", None)),
                moving: Some(Deployment {
                    change: Some(link(9)),
                    ..deployment("web/staging/31", "77ab01c", DeploymentState::Running)
                }),
                ..quiet("web/staging", stands("web/staging/30", "0dd5f00", 7_300))
            },
            quiet(
                "web/production",
                stands("web/production/9", "0dd5f00", 4_000),
            ),
            LaneView {
                failed: Some(Deployment {
                    error: Some(failure()),
                    ..deployment("ledger/test/2", "9a8b7c6", DeploymentState::Failed)
                }),
                ..quiet("ledger/test", stands("ledger/test/1", "1234567", 600_000))
            },
            quiet("ledger/prod", None),
        ],
        at: NOW,
        ..BoardView::default()
    }
}

pub(crate) fn told() -> DeploymentView {
    let mut row = waiting("example1/prod/7", "e4f5a6b", 8, people());
    row.included = changes();
    row.requested_by = Some(who("local:alice"));
    row.brings = Some(Brings {
        repository: "acme:acme/manifests".parse().expect("a valid sample"),
        from: revision("bead000"),
        to: revision("d1ff000"),
    });
    let turns = [
        Turn::Started {
            reference: "refs/heads/master".to_owned(),
            version: revision("e4f5a6b").to_string(),
            previous: Some(revision("a1b2c3d")),
            included: changes(),
            requested_by: row.requested_by.clone(),
            undoes: None,
            observed: false,
        },
        Turn::ChangeRequestOpened {
            number: 8,
            url: link(8).url,
        },
        Turn::Waits {
            waiting: people(),
            number: Some(8),
        },
    ];
    let timeline = turns
        .into_iter()
        .zip(0..)
        .map(|(turn, index)| Notice {
            id: format!("example1/prod/7#{index}"),
            deployment: row.id.clone(),
            lane: row.lane.clone(),
            revision: row.revision.clone(),
            at: before(400 - index * 2),
            change: None,
            authors: Vec::new(),
            turn,
        })
        .collect();
    let cause = |id: &str, source: &str, name: &str| Cause {
        id: id.to_owned(),
        source: source.to_owned(),
        name: name.to_owned(),
        at: before(401),
    };
    DeploymentView {
        deployment: row,
        timeline,
        causes: vec![
            cause("000000000011", "forge:acme", "push"),
            cause("000000000012", "api", "deploy"),
        ],
    }
}

/// The page of [`told`]: one effect is tried again, and the lane has a past.
pub(crate) fn told_page() -> DeploymentPage {
    let view = told();
    DeploymentPage {
        may: Vec::new(),
        running: Some(deployment(
            "example1/prod/6",
            "a1b2c3d",
            DeploymentState::Succeeded,
        )),
        effects: vec![EffectView {
            key: EffectKey("7/look/0".to_owned()),
            deployment: Some(view.deployment.id.clone()),
            effect: Effect::DeleteBranch {
                repository: "acme:acme/manifests".parse().expect("a valid sample"),
                branch: BranchName::new("sendo/example1/prod/7").expect("a valid sample"),
                head: revision("bead000"),
            },
            state: EffectState::Ready,
            claimed: false,
            intended: true,
            attempts: 3,
            outcome: None,
            error: Some(EffectError {
                reason_code: "forge_unreachable".to_owned(),
                message: "connection refused".to_owned(),
            }),
            not_before: NOW + Span::from_secs(90),
        }],
        before: Some(id("example1/prod/6")),
        after: None,
        at: NOW,
        view,
    }
}

/// The change of [`told`], with a file that is new, one in Japanese, and what no terminal may obey.
pub(crate) fn diff() -> DiffView {
    let row = told().deployment;
    DiffView {
        deployment: row.id,
        state: row.state,
        brings: row.brings.expect("it has a commit"),
        patch: Patch {
            text: "diff --git a/prod/kustomization.yaml b/prod/kustomization.yaml\nindex 3b18e51..8d0e412 100644\n--- a/prod/kustomization.yaml\n+++ b/prod/kustomization.yaml\n@@ -3,2 +3,2 @@ images:\n - name: example1\n-  newTag: \"1\" # <b>old</b>\n+  newTag: \"2\" # \u{1b}[31mnew\ndiff --git a/本番/メモ b/本番/メモ\nnew file mode 100644\nindex 0000000..ce01362\n--- /dev/null\n+++ b/本番/メモ\n@@ -0,0 +1 @@\n+\u{202e}こんにちは\n\\ No newline at end of file\n".to_owned(),
            cut: true,
        },
        objects: Some(crate::rendered::objects()),
    }
}

pub(crate) fn application() -> ApplicationPage {
    let mut whole = board();
    whole
        .lanes
        .retain(|lane| lane.lane.application.as_str() == "example1");
    let rows = whole.lanes.iter().rev();
    let history = rows
        .flat_map(|lane| [&lane.moving, &lane.running])
        .flatten();
    ApplicationPage {
        history: history.cloned().collect(),
        board: whole,
        environment: None,
        more: Some(200),
        may_roll_back: Vec::new(),
    }
}

pub(crate) fn deliveries() -> DeliveriesPage {
    let line = |(id, name, became): (&str, &str, Became)| DeliveryLine {
        id: id.to_owned(),
        source: "forge:acme".to_owned(),
        name: name.to_owned(),
        at: before(30),
        duplicates: u32::from(id == "3"),
        became,
    };
    DeliveriesPage {
        lines: [
            ("4", "push", Became::UnderWay),
            ("3", "push", Became::Done),
            ("2", "check", Became::Ignored(failure())),
            ("1", "deploy", Became::Quarantined(failure())),
        ]
        .map(line)
        .to_vec(),
        outcome: None,
        may: true,
        at: NOW,
    }
}

pub(crate) fn audit() -> AuditPage {
    let entry = |action: &str, actor: Option<&str>, cause: &str| AuditEntry {
        action: action.to_owned(),
        subject: actor.is_none().then(|| lane("example1/prod").subject()),
        actor: actor.map(who),
        cause: cause.to_owned(),
        detail: actor.map_or(
            serde_json::Value::Null,
            |_| serde_json::json!({ "token": "584ea93da3b6" }),
        ),
    };
    let line = |(seq, entry, hash): (i64, AuditEntry, Option<&str>)| AuditLine {
        seq,
        at: before(60),
        entry,
        hash: hash.map(ToOwned::to_owned),
    };
    AuditPage {
        lines: [
            (
                11,
                entry(
                    "deployment.started",
                    None,
                    "decided at 1795898582036375 on what was hinted at 1795898581665367",
                ),
                None,
            ),
            (
                10,
                entry("lock.expired", None, "decided at 1795898582036375"),
                None,
            ),
            (9, entry("effect.done", None, "example1/prod/7"), None),
            (
                8,
                entry("token.created", Some("local:alice"), "a request"),
                Some("d570508d99e25e2e0de5a31f29e73ba40bb5bd196b3c209a6bb85ad745cc2d15"),
            ),
        ]
        .map(line)
        .to_vec(),
        newer: true,
    }
}
