//! A watch that is cut, loses its place, or is refused.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use sendo_core::names::EngineApplication;
use sendo_kube::Touched;
use serde_json::{Value, json};

use crate::server::{Answer, argocd, serve};

fn touched(name: &str) -> Touched {
    Touched::Application(EngineApplication::new(name).unwrap())
}

fn object(namespace: &str, name: &str, version: &str) -> Value {
    json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": {"namespace": namespace, "name": name, "resourceVersion": version}})
}

fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}

fn list(version: &str) -> Answer {
    let list = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList",
        "metadata": {"resourceVersion": version, "continue": "more"}, "items": [object("argocd", "web", "3")]});
    Answer::Json(200, list.to_string())
}

/// Answers watches one after the other, the last again and again.
fn watches(answers: Vec<Answer>, version: &'static str) -> impl Fn(&str) -> Answer + Send + Sync {
    let asked = AtomicUsize::new(0);
    move |request| {
        if !request.contains("watch=true") {
            return list(version);
        }
        let at = asked.fetch_add(1, Ordering::Relaxed);
        answers[at.min(answers.len() - 1)].clone()
    }
}

fn stream(events: &[String]) -> Answer {
    Answer::Json(200, events.concat())
}

#[tokio::test]
async fn a_cut_connection_is_taken_up_where_it_was() {
    let answers = vec![
        stream(&[
            event("MODIFIED", &object("argocd", "web", "11")),
            event("DELETED", &object("team-a", "api", "12")),
        ]),
        stream(&[event(
            "BOOKMARK",
            &json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": {"resourceVersion": "20"}}),
        )]),
        stream(&[event("ADDED", &object("argocd", "new", "21"))]),
    ];
    let (address, log) = serve(watches(answers, "10")).await;
    let argocd = argocd(&address).await;
    let (watch, sight) = argocd.watch(&["argocd".to_owned()]);
    let mut watch = Box::pin(watch);
    assert!(sight.blind().is_some_and(|blind| blind.why.is_none()));
    let wanted = [
        Touched::Everything,
        touched("web"),
        touched("team-a/api"),
        touched("new"),
    ];
    for wanted in wanted {
        assert_eq!(watch.next().await, Some(wanted));
    }
    assert_eq!(sight.blind(), None);
    drop(watch);
    assert!(sight.blind().is_some(), "nobody looks any more");
    let asked = log.lock().unwrap().clone();
    let path = "GET /apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
    assert!(asked.iter().all(|it| it.starts_with(path)), "{asked:?}");
    assert!(asked[0].contains("limit=1"), "{asked:?}");
    for (request, version) in asked[1..].iter().zip(["10", "12", "20"]) {
        assert!(
            request.contains(&format!("resourceVersion={version}")),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn a_version_that_is_gone_begins_anew() {
    let gone = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"});
    let answers = vec![
        stream(&[
            event("MODIFIED", &object("argocd", "web", "11")),
            event("ERROR", &gone),
        ]),
        Answer::Json(410, gone.to_string()),
        stream(&[event("MODIFIED", &object("argocd", "web", "41"))]),
    ];
    let (address, _) = serve(watches(answers, "40")).await;
    let argocd = argocd(&address).await;
    let (watch, _) = argocd.watch(&[]);
    let mut watch = std::pin::pin!(watch);
    let wanted = [
        Touched::Everything,
        touched("web"),
        Touched::Everything,
        Touched::Everything,
        touched("web"),
    ];
    for wanted in wanted {
        assert_eq!(watch.next().await, Some(wanted));
    }
}

#[tokio::test]
async fn while_it_is_refused_it_is_blind_since_then_and_says_why() {
    let forbidden = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "nobody may", "reason": "Forbidden", "code": 403});
    let answers = vec![
        stream(&[event("MODIFIED", &object("argocd", "web", "11"))]),
        Answer::Json(403, forbidden.to_string()),
        stream(&[event("MODIFIED", &object("argocd", "web", "12"))]),
    ];
    let (address, _) = serve(watches(answers, "10")).await;
    let argocd = argocd(&address).await;
    let (watch, sight) = argocd.watch(&[]);
    let (_, other) = argocd.watch(&["team-a".to_owned(), "team-b".to_owned()]);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = seen.clone();
    let observer = tokio::spawn(async move {
        loop {
            if let Some(why) = sight.blind().and_then(|blind| blind.why) {
                noted.lock().unwrap().push(why.to_string());
                return sight;
            }
            tokio::task::yield_now().await;
        }
    });
    let mut watch = std::pin::pin!(watch);
    let wanted = [Touched::Everything, touched("web"), touched("web")];
    for wanted in wanted {
        assert_eq!(watch.next().await, Some(wanted));
    }
    let sight = observer.await.unwrap();
    assert_eq!(sight.blind(), None);
    let said = seen.lock().unwrap().first().cloned().unwrap();
    let wanted = format!(
        "could not watch the applications in all namespaces on cluster hub ({address}): the right to \
         watch applications.argoproj.io in every namespace lacks (nobody may); bind a role with it to the user"
    );
    assert_eq!(said, wanted);
    assert!(other.blind().is_some_and(|blind| blind.why.is_none()));
}
