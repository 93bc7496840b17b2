//! What each answer means, in words.

use sendo_core::engine::Phase;
use sendo_core::engine::Place;
use sendo_core::names::{EngineApplication, Revision};
use sendo_core::time::Timestamp;
use sendo_kube::{Addresses, Asked, Fault, KubeError, Observed, Wanted};
use serde_json::{Value, json};

use crate::server::{Answer, argocd, cluster, serve};

const MANIFESTS: &str = "http://127.0.0.1:3000/testbed-admin/manifests.git";

fn recorded(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

fn web() -> EngineApplication {
    EngineApplication::new("web").unwrap()
}

async fn observe(address: &str) -> Result<Observed, KubeError> {
    let manifests = Addresses::new([MANIFESTS]);
    let argocd = argocd(address).await;
    argocd.observe(&web(), &manifests, &[], Timestamp(0)).await
}

async fn refused(answer: Answer) -> (KubeError, String) {
    let (address, _) = serve(move |_| answer.clone()).await;
    let error = observe(&address).await.unwrap_err();
    let said = error.to_string();
    let wanted = format!("could not read application argocd/web on cluster hub ({address}): ");
    assert!(said.starts_with(&wanted), "{said}");
    let why = said[wanted.len()..].to_owned();
    (error, why)
}

#[tokio::test]
async fn a_missing_application_does_not_exist() {
    let answer = Answer::Json(404, recorded("err-missing.json"));
    let (address, _) = serve(move |_| answer.clone()).await;
    let applied = observe(&address).await.unwrap().placed(Place::There);
    assert!(!applied.exists);
    assert_eq!(applied.place, Place::Unknown);
}

#[tokio::test]
async fn refusals_say_what_lacks() {
    let (error, why) = refused(Answer::Json(401, recorded("err-401.json"))).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_unauthorized", true)
    );
    assert!(
        why.starts_with("it does not accept the credentials; make new ones"),
        "{why}"
    );
    let (error, why) = refused(Answer::Json(403, recorded("err-403.json"))).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_forbidden", false)
    );
    let wanted = "the right to get applications.argoproj.io in namespace argocd lacks (applications.argoproj.io \"nosuch\" is forbidden: ";
    assert!(why.starts_with(wanted), "{why}");
    let (error, why) = refused(Answer::Text(404, "404 page not found\n")).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("no_argocd", false)
    );
    assert!(why.starts_with("no Argo CD on this cluster"), "{why}");
    let (error, _) = refused(Answer::Json(429, "{}".to_owned())).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_limited", true)
    );
    let message = json!({"message": "etcd\nis away"}).to_string();
    let (error, why) = refused(Answer::Json(503, message)).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_status", true)
    );
    assert!(
        why.starts_with("it answered 503 (etcd is away); try again"),
        "{why}"
    );
    let (error, _) = refused(Answer::Json(400, "{}".to_owned())).await;
    assert!(!error.is_transient());
}

#[tokio::test]
async fn answers_of_another_kind_are_told() {
    let (error, why) = refused(Answer::Text(200, "<html>Sign in</html>")).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_unreadable", true)
    );
    assert!(
        why.contains("look whether the address is an API server's"),
        "{why}"
    );
    let (error, _) = refused(Answer::Cut("{\"spec\":")).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_broke_off", true)
    );
    let (error, _) = refused(Answer::Closed).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_broke_off", true)
    );
    let huge = format!("{{\"a\": \"{}\"}}", "x".repeat(9 << 20));
    let (error, why) = refused(Answer::Json(200, huge)).await;
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_too_large", false)
    );
    assert_eq!(why, "its answer is more than 8388608 bytes");
    // Every shape of an object is an application that says nothing.
    let (address, _) = serve(|_| Answer::Json(200, "[7]".to_owned())).await;
    let applied = observe(&address).await.unwrap().placed(Place::There);
    assert!(applied.exists && !applied.synced);
}

#[tokio::test]
async fn nobody_and_a_stranger_are_told_apart() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = observe(&address).await.unwrap_err();
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_unreachable", true)
    );
    assert!(
        error
            .to_string()
            .contains("no connection (Connection refused"),
        "{error}"
    );
    let (address, _) = serve(|_| Answer::Text(400, "this is no TLS")).await;
    let error = observe(&address.replace("http:", "https:"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.reason_code(), error.is_transient()),
        ("kube_tls", false),
        "{error}"
    );
    assert!(
        error.to_string().contains("check `certificate-authority`"),
        "{error}"
    );
}

#[tokio::test]
async fn pods_that_cannot_be_asked_do_not_hide_the_application() {
    let application = recorded("image-pull-failed.json");
    let (address, log) = serve(move |request| {
        if request.contains("/applications/") {
            Answer::Json(200, application.clone())
        } else {
            Answer::Json(403, json!({"message": "no"}).to_string())
        }
    })
    .await;
    let observed = observe(&address).await.unwrap();
    let said = observed.unasked().unwrap().to_string();
    let wanted = format!(
        "could not read Deployment web in pull on cluster hub ({address}): \
         the right to get deployments.apps in namespace pull lacks (no); bind a role with it to the user"
    );
    assert_eq!(said, wanted);
    let applied = observed.placed(Place::There);
    assert!(applied.synced && applied.causes.is_empty());
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_pods_of_another_cluster_are_asked_there() {
    let (spoke, asked) = serve(|request| {
        let file = match request {
            it if it.contains("/deployments/web?") => "pull.deployment.json",
            it if it.contains("/replicasets?") => "pull.rs.json",
            it if it.contains("/pods?") => "pull.pods.json",
            _ => return Answer::Text(404, "404 page not found"),
        };
        Answer::Json(200, recorded(file))
    })
    .await;
    let mut application: Value = serde_json::from_str(&recorded("image-pull-failed.json")).unwrap();
    application["spec"]["destination"]["server"] = json!(spoke);
    let (hub, asked_hub) = serve(move |_| Answer::Json(200, application.to_string())).await;
    let spokes = [cluster(&spoke).await];
    let manifests = Addresses::new([MANIFESTS]);
    let argocd = argocd(&hub).await;
    let observed = argocd
        .observe(&web(), &manifests, &spokes, Timestamp(0))
        .await
        .unwrap();
    assert_eq!(observed.unasked(), None);
    let causes = observed.placed(Place::There).causes;
    assert_eq!(causes.len(), 1, "{causes:?}");
    assert_eq!(causes[0].reason, "ImagePullBackOff");
    assert_eq!(asked_hub.lock().unwrap().len(), 1);
    let asked = asked.lock().unwrap().clone();
    let wanted = [
        "GET /apis/apps/v1/namespaces/pull/deployments/web? ",
        "GET /apis/apps/v1/namespaces/pull/replicasets?labelSelector=app%3Dpull&limit=50 ",
        "GET /api/v1/namespaces/pull/pods?labelSelector=app%3Dpull%2Cpod-template-hash%3D665b65fd85&limit=50 ",
    ];
    assert_eq!(asked, wanted);
}

/// Answers a sync: what the application is, and what a patch of it gets.
async fn syncing(application: Value, patched: u16) -> (Result<Asked, KubeError>, Vec<String>) {
    let (address, log) = serve(move |request| {
        if request.starts_with("PATCH") {
            Answer::Json(patched, "{}".to_owned())
        } else {
            Answer::Json(200, application.to_string())
        }
    })
    .await;
    let wanted = Wanted {
        application: &web(),
        revision: &Revision::new("1".repeat(40)).unwrap(),
        manifests: &Addresses::new([MANIFESTS]),
        key: "k1",
    };
    let asked = argocd(&address).await.sync(wanted).await;
    let mut patches = log.lock().unwrap().clone();
    patches.retain(|request| request.starts_with("PATCH"));
    (asked, patches)
}

#[tokio::test]
async fn what_somebody_else_applies_is_waited_for() {
    let mut application: Value = serde_json::from_str(&recorded("retrying.json")).unwrap();
    let (asked, patches) = syncing(application.clone(), 200).await;
    let error = asked.unwrap_err();
    let by = ", which it began by itself".to_owned();
    assert_eq!(*error.fault(), Fault::UnderWay { by });
    assert!(error.is_transient() && patches.is_empty());
    // The same, asked for by us.
    let info = json!([{"name": "sendo", "value": "k1"}]);
    application["operation"]["info"] = info.clone();
    application["status"]["operationState"] = json!(null);
    let (asked, patches) = syncing(application, 200).await;
    assert_eq!(
        asked.unwrap(),
        Asked::Before(sendo_core::engine::Phase::Running)
    );
    assert_eq!(patches, Vec::<String>::new());
    let mut application: Value = serde_json::from_str(&recorded("healthy.json")).unwrap();
    application["status"]["operationState"]["operation"]["info"] = info;
    let (asked, patches) = syncing(application, 200).await;
    assert_eq!(
        asked.unwrap(),
        Asked::Before(sendo_core::engine::Phase::Succeeded)
    );
    assert_eq!(patches, Vec::<String>::new());
}

#[tokio::test]
async fn a_write_that_somebodys_came_before_is_tried_again_from_what_there_is() {
    let mut application: Value = serde_json::from_str(&recorded("healthy.json")).unwrap();
    let (asked, patches) = syncing(application.clone(), 200).await;
    let done = Asked::Before(Phase::Succeeded);
    assert_eq!((asked.unwrap(), patches.len()), (done, 0), "it is synced");
    application["status"]["sync"]["status"] = "OutOfSync".into();
    let (asked, patches) = syncing(application.clone(), 409).await;
    let error = asked.unwrap_err();
    assert_eq!(*error.fault(), Fault::Contended);
    assert!(error.is_transient() && !error.may_have_happened());
    assert_eq!(patches.len(), 5);
    let (asked, _) = syncing(application.clone(), 500).await;
    let error = asked.unwrap_err();
    assert!(error.may_have_happened());
    assert!(
        error.to_string().ends_with("look before trying again"),
        "{error}"
    );
    let (asked, patches) = syncing(application, 200).await;
    assert_eq!(asked.unwrap(), Asked::Anew);
    assert!(patches[0].contains("\"resourceVersion\""), "{patches:?}");
}
