//! What ails is told in the platform's words.

use sendo_core::engine::{Applied, Health, Phase, Place, Report, Verdict, judge};

use crate::world::{AUTOMATED, World, files, web};

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_a_cause_until_the_next_is_well() {
    let world = World::new("pull", &files(&web("ImagePullBackOff", "1.4.0")), AUTOMATED).await;
    world.until_it_ails_of("ImagePullBackOff").await;
    // For a moment its objects may be missing still, by what Argo CD wrote last.
    let progresses = |it: &Applied| it.health == Health::Progressing && !it.causes.is_empty();
    let applied = world.until(progresses).await;
    assert_eq!(applied.place, Place::There);
    assert_eq!(applied.causes.len(), 1, "{applied:#?}");
    let cause = &applied.causes[0];
    let (object, message) = (cause.object.as_str(), cause.message.as_str());
    assert!(
        object.starts_with("Pod web-") && object.ends_with("/app"),
        "{object}"
    );
    assert_eq!(
        message,
        "Back-off pulling image \"registry.example.com/acme/web:1.4.0\""
    );
    let verdict = judge(
        &Report {
            applications: vec![applied],
        },
        &[],
    );
    assert!(matches!(verdict, Verdict::Ails { .. }), "{verdict:?}");

    world.push(&files(&web("", "1.4.1")));
    world.argocd.refresh(&world.application).await.unwrap();
    let applied = world.until_healthy().await;
    assert_eq!(applied.images, ["registry.example.com/acme/web:1.4.1"]);
    assert_eq!(applied.causes, []);
}

#[tokio::test]
async fn a_program_that_crashes_is_a_cause() {
    let world = World::new(
        "crash",
        &files(&web("CrashLoopBackOff", "1.4.0")),
        AUTOMATED,
    )
    .await;
    let applied = world.until_it_ails_of("CrashLoopBackOff").await;
    let message = &applied.causes[0].message;
    assert_eq!(
        message,
        "it ended with exit code 1; back-off 40s restarting failed container"
    );
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_a_cause() {
    let mut all = web("", "1.4.0").to_vec();
    all[1].1 = all[1]
        .1
        .replace("[deployment.yaml]", "[quota.yaml, deployment.yaml]");
    all.push((
        "quota.yaml",
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none, annotations: {argocd.argoproj.io/sync-wave: '-1'}}\n\
         spec: {hard: {pods: '0'}}\n"
            .to_owned(),
    ));
    let world = World::new("quota", &files(&all), AUTOMATED).await;
    let applied = world.until_it_ails_of("FailedCreate").await;
    let cause = &applied.causes[0];
    assert_eq!(cause.object, "Deployment web");
    assert!(cause.message.contains("exceeded quota: none"), "{cause:?}");
}

#[tokio::test]
async fn manifests_that_cannot_be_built_are_a_cause() {
    let broken = [(
        "kustomization.yaml",
        "resources: [nowhere.yaml]\n".to_owned(),
    )];
    let world = World::new("unbuilt", &files(&broken), AUTOMATED).await;
    let applied = world.until_it_ails_of("ComparisonError").await;
    assert_eq!(applied.revision, None);
    assert!(applied.message.unwrap().contains("kustomize build"));
}

#[tokio::test]
async fn an_object_that_is_refused_is_a_cause() {
    let mut all = web("", "1.4.0");
    all[0].1 = all[0]
        .1
        .replace("matchLabels: {app: web}", "matchLabels: {app: other}");
    let world = World::new("refused", &files(&all), AUTOMATED).await;
    let applied = world.until_it_ails_of("SyncFailed").await;
    assert_eq!(applied.causes[0].object, "Deployment web");
    assert_eq!(applied.attempt.as_ref().unwrap().phase, Phase::Failed);
    let verdict = judge(
        &Report {
            applications: vec![applied],
        },
        &[],
    );
    let Verdict::Ails { causes, .. } = verdict else {
        panic!("{verdict:?}");
    };
    assert!(
        causes[0]
            .message
            .contains("`selector` does not match template `labels`")
    );
}
