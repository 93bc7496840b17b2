//! Checks on commits.

use sendo_forge::local::{CheckReport, CheckState};
use sendo_git::Oid;

use crate::world::{REPOSITORY, World, alice};

fn report(world: &World, commit: Oid, name: &str, state: CheckState) -> CheckReport {
    CheckReport {
        commit,
        name: name.to_owned(),
        state,
        url: "https://ci.example.com/1".to_owned(),
        description: "1 of 1".to_owned(),
        by: alice(),
        at: world.now(),
    }
}

#[tokio::test]
async fn the_latest_report_of_a_name_wins() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    for (name, state) in [
        ("ci", CheckState::Pending),
        ("lint", CheckState::Error),
        ("ci", CheckState::Success),
    ] {
        let report = report(&world, head, name, state);
        world.forge.report_check(REPOSITORY, &report).await.unwrap();
        world
            .forge
            .report_check(
                REPOSITORY,
                &CheckReport {
                    at: world.now(),
                    ..report
                },
            )
            .await
            .unwrap();
    }
    let checks = world.change(number).await.checks;
    let states: Vec<_> = checks
        .iter()
        .map(|check| (check.name.as_str(), check.state))
        .collect();
    assert_eq!(
        states,
        [("ci", CheckState::Success), ("lint", CheckState::Error)]
    );
    assert_eq!(
        world.git(&["rev-list", "--count", &format!("refs/sendo/checks/{head}")]),
        "3"
    );
}

#[tokio::test]
async fn checks_of_an_older_head_are_not_those_of_the_newer() {
    let world = World::new().await;
    let (number, head) = world.pushed_and_open("x").await;
    let report = report(&world, head, "ci", CheckState::Success);
    world.forge.report_check(REPOSITORY, &report).await.unwrap();
    world.push("x", &[("a", "3\n")]).await;
    assert!(world.change(number).await.checks.is_empty());
    assert_eq!(world.forge.checks(REPOSITORY, head).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_report_is_about_a_commit_that_is_there() {
    let world = World::new().await;
    let nowhere = "1234567890123456789012345678901234567890".parse().unwrap();
    let lost = report(&world, nowhere, "ci", CheckState::Success);
    let error = world
        .forge
        .report_check(REPOSITORY, &lost)
        .await
        .unwrap_err();
    assert_eq!(error.reason_code(), "object_missing");
    let head = world.head("main").await.unwrap();
    for name in ["", "a\nb"] {
        let error = world
            .forge
            .report_check(REPOSITORY, &report(&world, head, name, CheckState::Error))
            .await;
        assert_eq!(error.unwrap_err().reason_code(), "invalid_text");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_at_once_are_all_kept() {
    let world = std::sync::Arc::new(World::new().await);
    let head = world.head("main").await.unwrap();
    let reports = (0..16).map(|n| {
        let world = world.clone();
        let report = report(&world, head, &format!("ci/{n}"), CheckState::Success);
        tokio::spawn(async move { world.forge.report_check(REPOSITORY, &report).await.unwrap() })
    });
    for report in reports.collect::<Vec<_>>() {
        report.await.unwrap();
    }
    assert_eq!(
        world.forge.checks(REPOSITORY, head).await.unwrap().len(),
        16
    );
}
