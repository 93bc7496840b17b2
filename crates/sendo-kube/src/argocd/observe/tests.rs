//! Recorded Applications, as they are told in the core's words.

use sendo_core::engine::{Applied, Health, Lacks, Phase, Place, Report, Verdict, judge};
use sendo_core::names::EngineApplication;
use serde_json::{Value, json};

use super::{Addresses, cluster_of, report};
use crate::ailing::worst_first;
use crate::argocd::seen::{Destination, Seen};
use crate::cluster::{Access, Cluster};
use crate::recorded::{APPLICATIONS, MANIFESTS, damaged, recorded};

const REVISION: &str = "091c4f511023dfa1c482ebc796cde639f940dbe8";

fn told(object: &Value) -> Applied {
    let application = EngineApplication::new("web").unwrap();
    let reported = report(
        &Seen::read(object),
        &application,
        &Addresses::new([MANIFESTS]),
    );
    Applied {
        causes: worst_first(reported.found),
        ..reported.applied
    }
}

/// Said of a deployment whose commit it is at, wherever it says which.
fn verdict(mut applied: Applied) -> Verdict {
    applied.place = match applied.revision {
        Some(_) => Place::There,
        None => Place::Unknown,
    };
    let applications = vec![applied];
    judge(&Report { applications }, &[])
}

fn reasons(applied: &Applied) -> Vec<String> {
    let told = |it: &sendo_core::engine::Cause| format!("{}: {}", it.object, it.reason);
    applied.causes.iter().map(told).collect()
}

#[test]
fn a_healthy_application_is_healthy_at_its_commit() {
    let applied = told(&recorded("healthy"));
    assert_eq!(applied.revision.as_ref().unwrap().as_str(), REVISION);
    assert!(applied.exists && applied.synced && applied.automated);
    assert_eq!(applied.health, Health::Healthy);
    assert_eq!(applied.images, ["registry.example.com/acme/web:1.4.0"]);
    let attempt = applied.attempt.as_ref().unwrap();
    assert_eq!(attempt.phase, Phase::Succeeded);
    assert_eq!(attempt.revision, applied.revision);
    assert_eq!(attempt.message, "successfully synced (all tasks run)");
    assert_eq!((applied.message.as_ref(), applied.causes.len()), (None, 0));
    let seems = Verdict::SeemsHealthy {
        application: applied.application.clone(),
    };
    assert_eq!(
        verdict(applied),
        seems,
        "of no edit there is a pod to show it"
    );
}

#[test]
fn what_is_on_its_way_lacks_progress() {
    for name in ["progressing", "image-pull-failed"] {
        let applied = told(&recorded(name));
        assert!(applied.synced, "{name}");
        assert_eq!(applied.health, Health::Progressing, "{name}");
        let lacks = Lacks::Progress;
        assert!(matches!(verdict(applied), Verdict::Lacks { lacks: it, .. } if it == lacks));
    }
}

#[test]
fn an_application_that_waits_for_a_person_says_so() {
    let applied = told(&recorded("manual-out-of-sync"));
    assert!(!applied.automated && !applied.synced);
    assert_eq!(applied.revision.as_ref().unwrap().as_str(), REVISION);
    assert_eq!((applied.health, &applied.attempt), (Health::Missing, &None));
    assert!(matches!(
        verdict(applied),
        Verdict::Lacks {
            lacks: Lacks::Person,
            ..
        }
    ));
    // Switched off by the newer of two ways.
    let mut object = recorded("healthy");
    object["spec"]["syncPolicy"]["automated"] = json!({ "enabled": false });
    assert!(!told(&object).automated);
}

/// Argo CD calls it healthy, and names a branch where the commit belongs.
#[test]
fn what_cannot_be_compared_is_at_no_commit() {
    let applied = told(&recorded("comparison-error"));
    assert_eq!(applied.revision, None);
    assert_eq!(applied.health, Health::Healthy);
    assert_eq!(reasons(&applied), ["Application web: ComparisonError"]);
    let message = applied.message.clone().unwrap();
    assert!(
        message.starts_with("Failed to load target state: "),
        "{message}"
    );
    assert_eq!(message.chars().count(), 300);
    assert!(matches!(
        verdict(applied),
        Verdict::Lacks {
            lacks: Lacks::Knowledge,
            ..
        }
    ));
    let invalid = told(&recorded("invalid-spec"));
    assert_eq!(reasons(&invalid), ["Application web: InvalidSpecError"]);
}

#[test]
fn a_failed_sync_names_the_object_and_says_it_once() {
    let applied = told(&recorded("sync-failed"));
    assert_eq!(applied.attempt.as_ref().unwrap().phase, Phase::Failed);
    assert_eq!(reasons(&applied), ["Deployment web: SyncFailed"]);
    assert!(
        applied.causes[0]
            .message
            .contains("`selector` does not match")
    );
    let Verdict::Ails { causes, .. } = verdict(applied) else {
        panic!("it ails");
    };
    assert_eq!(causes[0].object, "Application web");

    let hook = told(&recorded("hook-failed"));
    assert_eq!(reasons(&hook), ["Job migrate: HookFailed"]);
    assert_eq!(
        hook.causes[0].message,
        "Job has reached the specified backoff limit"
    );
}

#[test]
fn what_failed_at_another_commit_is_over() {
    let mut object = recorded("sync-failed");
    object["status"]["sync"]["revision"] = json!("0".repeat(40));
    object["status"]["conditions"] = json!([]);
    let applied = told(&object);
    assert_eq!(applied.causes, []);
    assert_eq!(
        applied.attempt.unwrap().revision.unwrap().as_str(),
        REVISION
    );
}

#[test]
fn an_attempt_is_under_way_between_retries_and_before_it_is_begun() {
    let retrying = told(&recorded("retrying")).attempt.unwrap();
    assert_eq!(retrying.phase, Phase::Running);
    assert!(
        retrying.message.contains("Retrying attempt #1"),
        "{retrying:?}"
    );
    let mut asked = recorded("sync-failed");
    asked["operation"] = json!({"sync": {"revision": "1".repeat(40)}});
    let attempt = told(&asked).attempt.unwrap();
    assert_eq!(attempt.phase, Phase::Running);
    assert_eq!(attempt.revision.unwrap().as_str(), "1".repeat(40));
}

#[test]
fn of_several_sources_ours_is_taken() {
    let object = recorded("multi-source");
    assert_eq!(told(&object).revision.unwrap().as_str(), REVISION);
    let mut with_chart = object.clone();
    let sources = json!([
        {"repoURL": MANIFESTS, "chart": "redis"},
        {"repoURL": "https://git.example.com/acme/other"},
        {"repoURL": MANIFESTS, "path": "web"},
    ]);
    let sync = &mut with_chart["status"]["sync"];
    sync["comparedTo"]["sources"] = sources;
    sync["revisions"] = json!(["1.2.3", "2".repeat(40), "3".repeat(40)]);
    assert_eq!(told(&with_chart).revision.unwrap().as_str(), "3".repeat(40));
}

#[test]
fn why_a_commit_is_not_known_is_said() {
    let said = |change: &dyn Fn(&mut Value)| {
        let mut object = recorded("healthy");
        change(&mut object);
        let applied = told(&object);
        assert_eq!(applied.revision, None);
        applied.message.unwrap()
    };
    let elsewhere = said(&|it| {
        let url = json!("https://bot:pw@git.example.com/acme/other.git");
        it["status"]["sync"]["comparedTo"]["source"]["repoURL"] = url;
    });
    assert_eq!(
        elsewhere,
        "it follows git.example.com/acme/other and not the manifests repository"
    );
    let branch = said(&|it| it["status"]["sync"]["revision"] = json!("main"));
    assert_eq!(branch, "it compared main, which is no commit");
    let nothing = said(&|it| it["status"]["sync"] = json!({}));
    assert_eq!(nothing, "it has compared nothing yet");
    let hydrated = said(&|it| it["spec"]["sourceHydrator"] = json!({}));
    assert!(hydrated.contains("source hydrator"), "{hydrated}");
}

#[test]
fn no_shape_makes_it_panic() {
    for name in APPLICATIONS {
        damaged(&recorded(name), |object| {
            told(object);
        });
    }
}

#[test]
fn a_huge_application_is_cut() {
    let mut object = recorded("sync-failed");
    object["status"]["summary"]["images"] = json!(vec!["i".repeat(2_000); 2_000]);
    object["status"]["operationState"]["message"] = json!("m".repeat(1_000_000));
    let condition = json!({"type": "ComparisonError", "message": "c".repeat(1_000)});
    object["status"]["conditions"] = json!(vec![condition; 2_000]);
    let applied = told(&object);
    assert_eq!(applied.images.len(), 1_000);
    assert_eq!(applied.images[0].len(), 1_024);
    assert_eq!(applied.causes.len(), 20);
    let lengths = applied.causes.iter().map(|it| it.message.chars().count());
    assert_eq!(lengths.max(), Some(300));
    assert_eq!(applied.attempt.unwrap().message.chars().count(), 300);
}

#[tokio::test]
async fn the_cluster_of_a_destination_is_found_by_address_or_name() {
    let cluster = |name: &str, url: &str| {
        let text = format!(
            "current-context: a\nclusters: [{{name: a, cluster: {{server: '{url}'}}}}]\n\
             contexts: [{{name: a, context: {{cluster: a}}}}]\n"
        );
        let access = Access::Kubeconfig {
            text: text.into(),
            context: None,
        };
        Cluster::connect(name.parse().unwrap(), access)
    };
    let own = cluster("hub", "https://10.0.0.1:6443").await.unwrap();
    let spokes = [
        cluster("east", "https://10.0.0.2:6443/").await.unwrap(),
        cluster("west", "https://10.0.0.3:6443").await.unwrap(),
    ];
    let found = |server: &str, name: &str| {
        let destination = Destination {
            server: server.to_owned(),
            name: name.to_owned(),
            namespace: "web".to_owned(),
        };
        cluster_of(&destination, &own, &spokes).map(|it| it.name().to_string())
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(found("https://kubernetes.default.svc", ""), some("hub"));
    assert_eq!(found("", "in-cluster"), some("hub"));
    assert_eq!(found("https://10.0.0.1:6443", ""), some("hub"));
    assert_eq!(found("https://10.0.0.2:6443", ""), some("east"));
    assert_eq!(found("", "west"), some("west"));
    assert_eq!(found("https://10.0.0.9:6443", ""), None);
    assert_eq!(found("", ""), None);
}
