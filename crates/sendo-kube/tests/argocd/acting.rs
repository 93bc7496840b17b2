//! Asking it to look, and to apply.

use sendo_core::engine::{Applied, Phase};
use sendo_core::names::EngineApplication;
use sendo_kube::{Asked, Wanted};

use crate::tools::{apply, kubectl};
use crate::world::{AUTOMATED, MANUAL, World, admin, argocd_as, files, web};

#[tokio::test]
async fn a_refresh_makes_argo_cd_look() {
    let world = World::new("refreshed", &files(&web("", "1.4.0")), AUTOMATED).await;
    world.until_healthy().await;
    world.push(&files(&web("", "1.4.1")));
    world.argocd.refresh(&world.application).await.unwrap();
    let applied = world.until_healthy().await;
    assert_eq!(applied.images, ["registry.example.com/acme/web:1.4.1"]);
    // It takes the mark away once it looked.
    assert_eq!(world.field("{.metadata.annotations}"), "");

    // Where no Argo CD looks, the mark stays.
    apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: unfollowed}\n---\n\
         apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: unfollowed}\n\
         spec: {project: default, source: {repoURL: 'http://127.0.0.1/a/b'}, destination: {name: in-cluster}}\n",
    );
    let unfollowed = EngineApplication::new("unfollowed/web").unwrap();
    argocd_as(&admin(), 6443)
        .await
        .refresh(&unfollowed)
        .await
        .unwrap();
    let mark = "-o=jsonpath={.metadata.annotations['argocd\\.argoproj\\.io/refresh']}";
    let mark = kubectl(&["get", "application", "web", "-n=unfollowed", mark]);
    assert_eq!(mark, "normal");

    let nobody = EngineApplication::new("nobody").unwrap();
    let error = world.argocd.refresh(&nobody).await.unwrap_err();
    assert_eq!(error.reason_code(), "kube_not_found");
}

#[tokio::test]
async fn a_sync_we_ask_for_is_done_once_though_asked_twice() {
    let world = World::new("synced", &files(&web("", "1.4.0")), MANUAL).await;
    let waits = world.until(|it| it.revision.is_some()).await;
    assert!(!waits.synced);
    let revision = world.head();
    let wanted = |key: &'static str| {
        let (application, revision, manifests) = (&world.application, &revision, &world.manifests);
        world.argocd.sync(Wanted {
            application,
            revision,
            manifests,
            key,
        })
    };
    assert_eq!(wanted("synced/test/1").await.unwrap(), Asked::Anew);
    assert!(matches!(
        wanted("synced/test/1").await.unwrap(),
        Asked::Before(_)
    ));
    let applied = world.until_healthy().await;
    assert!(!applied.automated);
    assert_eq!(applied.attempt.unwrap().phase, Phase::Succeeded);
    let again = wanted("synced/test/1").await.unwrap();
    assert_eq!(again, Asked::Before(Phase::Succeeded));
    let done = || world.field("{.status.history[*].revision}");
    assert_eq!(done(), revision.as_str());
    assert_eq!(
        world.field("{.status.history[0].initiatedBy.username}"),
        "sendo"
    );

    // Another key is another wish, and is granted once there is something to apply.
    let other = wanted("synced/test/2").await.unwrap();
    assert_eq!(other, Asked::Before(Phase::Succeeded), "it is synced");
    let newer = world.push(&files(&web("", "1.5.0")));
    world.argocd.refresh(&world.application).await.unwrap();
    let looked = |it: &Applied| it.revision.as_ref() == Some(&newer) && !it.synced;
    world.until(looked).await;
    let asked = world.argocd.sync(Wanted {
        application: &world.application,
        revision: &newer,
        manifests: &world.manifests,
        key: "synced/test/2",
    });
    assert_eq!(asked.await.unwrap(), Asked::Anew);
    world
        .until(|_| done() == format!("{revision} {newer}"))
        .await;
}
