//! What is seen of an application that is well, waits, or is not there.

use sendo_core::effect::Edit;
use sendo_core::engine::{Health, Lacks, Phase, Report, Verdict, judge};
use sendo_core::names::EngineApplication;
use sendo_core::time::Timestamp;
use sendo_kube::Addresses;

use crate::tools::apply;
use crate::world::{AUTOMATED, MANUAL, Policy, World, argocd, files, web};

fn edit(tag: &str) -> Edit {
    Edit::Image {
        path: "web".to_owned(),
        image: "registry.example.com/acme/web".to_owned(),
        new_name: None,
        new_tag: Some(tag.to_owned()),
        digest: None,
    }
}

#[tokio::test]
async fn an_application_that_follows_gitea_is_seen_healthy_at_the_commit_with_its_images() {
    let world = World::new("healthy", &files(&web("", "1.4.0")), AUTOMATED).await;
    let applied = world.until_healthy().await;
    assert_eq!(applied.revision, Some(world.head()));
    assert_eq!(applied.images, ["registry.example.com/acme/web:1.4.0"]);
    assert!(applied.automated && applied.causes.is_empty());
    let attempt = applied.attempt.clone().unwrap();
    assert_eq!(
        (attempt.phase, attempt.revision),
        (Phase::Succeeded, Some(world.head()))
    );
    let report = Report {
        applications: vec![applied],
    };
    assert_eq!(judge(&report, &[edit("1.4.0")]), Verdict::Healthy);
    assert!(matches!(
        judge(&report, &[edit("1.5.0")]),
        Verdict::Displaced { .. }
    ));
}

#[tokio::test]
async fn an_application_that_waits_for_a_person_is_told_apart() {
    let world = World::new("waiting", &files(&web("", "1.4.0")), MANUAL).await;
    let applied = world.until(|it| it.revision.is_some()).await;
    assert!(!applied.synced && !applied.automated);
    assert_eq!((applied.health, &applied.attempt), (Health::Missing, &None));
    let verdict = judge(
        &Report {
            applications: vec![applied],
        },
        &[],
    );
    assert!(
        matches!(
            verdict,
            Verdict::Lacks {
                lacks: Lacks::Person,
                ..
            }
        ),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn a_window_that_keeps_it_from_applying_is_told() {
    apply(
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: closed, namespace: argocd}\n\
         spec:\n  sourceRepos: ['*']\n  destinations: [{namespace: '*', server: '*'}]\n  \
         clusterResourceWhitelist: [{group: '*', kind: '*'}]\n  \
         syncWindows: [{kind: deny, schedule: '* * * * *', duration: 1h, applications: ['*'], description: holidays}]\n",
    );
    let policy = Policy {
        automated: true,
        project: "closed",
    };
    let world = World::new("windowed", &files(&web("", "1.4.0")), policy).await;
    let applied = world.until(|it| it.revision.is_some()).await;
    let window = "a window denies: `* * * * *` for 1h, UTC (holidays)";
    assert_eq!(
        (applied.window.as_deref(), applied.synced),
        (Some(window), false)
    );
    let verdict = judge(
        &Report {
            applications: vec![applied],
        },
        &[],
    );
    assert!(
        matches!(
            verdict,
            Verdict::Lacks {
                lacks: Lacks::Window,
                ..
            }
        ),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn an_application_that_is_not_there_is_missing() {
    let application = EngineApplication::new("nobody").unwrap();
    let manifests = Addresses::new([]);
    let observed = argocd()
        .await
        .observe(&application, &manifests, &[], Timestamp(0))
        .await;
    let applied = observed.unwrap().placed(sendo_core::engine::Place::There);
    assert!(!applied.exists);
}
