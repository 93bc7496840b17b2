//! What a workload says: whether it is as it shall be, how it gave up, and which pods are its newest. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Selector;
use serde_json::Value;

use super::pod::{cause, text};
use super::{Found, Weight};
use crate::cluster::Resource;

const fn apps(plural: &'static str) -> Resource {
    Resource {
        group: "apps",
        version: "v1",
        plural,
    }
}

/// Where the sets of a Deployment are.
pub(super) const REPLICA_SETS: Resource = apps("replicasets");

/// A kind that has pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    Job,
    Pod,
}

impl Kind {
    pub(super) fn of(group: &str, kind: &str) -> Option<Self> {
        match (group, kind) {
            ("apps", "Deployment") => Some(Self::Deployment),
            ("apps", "StatefulSet") => Some(Self::StatefulSet),
            ("apps", "DaemonSet") => Some(Self::DaemonSet),
            ("apps", "ReplicaSet") => Some(Self::ReplicaSet),
            ("batch", "Job") => Some(Self::Job),
            ("", "Pod") => Some(Self::Pod),
            _ => None,
        }
    }

    pub(super) const fn resource(self) -> Resource {
        match self {
            Self::Deployment => apps("deployments"),
            Self::StatefulSet => apps("statefulsets"),
            Self::DaemonSet => apps("daemonsets"),
            Self::ReplicaSet => REPLICA_SETS,
            Self::Job => Resource {
                group: "batch",
                version: "v1",
                plural: "jobs",
            },
            Self::Pod => Resource {
                group: "",
                version: "v1",
                plural: "pods",
            },
        }
    }
}

/// What a workload says of itself: that it makes no progress, cannot create pods, or failed.
pub(super) fn read(workload: &Value, owner: &str) -> Vec<Found> {
    let conditions = workload
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let mut found = Vec::new();
    for condition in conditions.into_iter().flatten().take(50) {
        let (kind, is) = (text(condition, "/type"), text(condition, "/status"));
        let reason = text(condition, "/reason");
        let weight = match (kind, is) {
            // Such as a quota that is used up: `FailedCreate`.
            ("ReplicaFailure", "True") => Weight::Pod,
            ("Progressing", "False") if reason == "ProgressDeadlineExceeded" => Weight::Object,
            ("Failed", "True") => Weight::Object,
            _ => continue,
        };
        let message = text(condition, "/message");
        found.push(cause(weight, owner, owner.to_owned(), reason, message));
    }
    found
}

/// Whether all is as it shall be, so that no pod need be asked.
pub(super) fn is_well(kind: Kind, workload: &Value) -> bool {
    let number = |pointer: &str| workload.pointer(pointer).and_then(Value::as_i64);
    let observed = number("/status/observedGeneration") >= number("/metadata/generation");
    let wanted = number("/spec/replicas").unwrap_or(1);
    let all = |pointers: &[&str], wanted: i64| {
        pointers.iter().all(|it| number(it).unwrap_or(0) >= wanted)
    };
    match kind {
        Kind::Deployment => {
            // While an old pod goes on beside a new one that does not come up, as many are available.
            let alone = number("/status/replicas") <= number("/status/updatedReplicas");
            let pointers = ["/status/updatedReplicas", "/status/availableReplicas"];
            observed && alone && all(&pointers, wanted)
        }
        Kind::StatefulSet => {
            let pointers = ["/status/updatedReplicas", "/status/readyReplicas"];
            observed && all(&pointers, wanted)
        }
        Kind::ReplicaSet => observed && all(&["/status/readyReplicas"], wanted),
        Kind::DaemonSet => {
            let wanted = number("/status/desiredNumberScheduled").unwrap_or(1);
            let pointers = ["/status/updatedNumberScheduled", "/status/numberAvailable"];
            observed && all(&pointers, wanted)
        }
        Kind::Job => {
            number("/status/failed").unwrap_or(0) == 0 && {
                let active = number("/status/active").unwrap_or(0);
                active == 0 || number("/status/ready") == Some(active)
            }
        }
        Kind::Pod => false,
    }
}

/// The selector of its pods; `None` where there is none, which would choose everybody's.
pub(super) fn selector(workload: &Value) -> Option<String> {
    let selector = workload.pointer("/spec/selector")?.clone();
    let selector: LabelSelector = serde_json::from_value(selector).ok()?;
    let selector = Selector::try_from(selector).ok()?.to_string();
    (!selector.is_empty()).then_some(selector)
}

/// What the pods of its newest form have in common beside that, where it says so.
pub(super) fn newest(kind: Kind, workload: &Value) -> Option<String> {
    match kind {
        Kind::StatefulSet => {
            let revision = text(workload, "/status/updateRevision");
            (!revision.is_empty()).then(|| format!("controller-revision-hash={revision}"))
        }
        _ => None,
    }
}

/// Of a Deployment's sets, the one that is its newest form: they count their revisions alike.
pub(super) fn current_set<'a>(deployment: &Value, sets: &'a [Value]) -> Option<&'a Value> {
    const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
    let revision = text(deployment, REVISION);
    let own = |set: &&Value| !revision.is_empty() && text(set, REVISION) == revision;
    sets.iter().filter(|set| owned(set, deployment)).find(own)
}

/// Whether an object is a workload's own, by its owner's id.
pub(super) fn owned(object: &Value, owner: &Value) -> bool {
    let id = text(owner, "/metadata/uid");
    let owners = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    let is = |it: &Value| !id.is_empty() && text(it, "/uid") == id;
    owners.into_iter().flatten().any(is)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Kind, current_set, is_well, newest, owned, read, selector};
    use crate::recorded::{damaged, items, recorded};

    #[test]
    fn a_used_up_quota_and_a_failed_job_are_told() {
        let found = read(&recorded("quota.deployment"), "Deployment web");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].cause.reason, "FailedCreate");
        assert!(found[0].cause.message.contains("exceeded quota: none"));
        let found = read(&recorded("job.job"), "Job once");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].cause.reason, "BackoffLimitExceeded");
        assert_eq!(found[0].cause.object, "Job once");
    }

    #[test]
    fn a_deployment_that_gave_up_is_told() {
        let mut deployment = recorded("pull.deployment");
        assert_eq!(read(&deployment, ""), []);
        // As the deployment controller writes it once `progressDeadlineSeconds` are over.
        deployment["status"]["conditions"][1] = json!({"type": "Progressing", "status": "False",
            "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet \"web\" has timed out progressing."});
        assert_eq!(
            read(&deployment, "")[0].cause.reason,
            "ProgressDeadlineExceeded"
        );
    }

    #[test]
    fn what_is_as_it_shall_be_is_well() {
        let mut deployment = recorded("pull.deployment");
        assert!(!is_well(Kind::Deployment, &deployment));
        deployment["status"]["availableReplicas"] = json!(2);
        assert!(is_well(Kind::Deployment, &deployment));
        // A pod of the form before is one of the two that are available.
        deployment["status"]["replicas"] = json!(3);
        assert!(!is_well(Kind::Deployment, &deployment));
        deployment["status"]["replicas"] = json!(2);
        deployment["metadata"]["generation"] = json!(2);
        assert!(!is_well(Kind::Deployment, &deployment));
        let mut job = recorded("job.job");
        assert!(!is_well(Kind::Job, &job));
        job["status"] = json!({"succeeded": 1});
        assert!(is_well(Kind::Job, &job));
        job["status"] = json!({"active": 1, "ready": 0});
        assert!(!is_well(Kind::Job, &job));
        let daemons = json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1,
            "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2}});
        assert!(!is_well(Kind::DaemonSet, &daemons));
    }

    #[test]
    fn the_newest_set_is_its_own_and_of_its_revision() {
        let deployment = recorded("pull.deployment");
        let mut sets = items("pull.rs");
        let mut old = sets[0].clone();
        old["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("0");
        let mut foreign = sets[0].clone();
        foreign["metadata"]["ownerReferences"][0]["uid"] = json!("other");
        sets.insert(0, foreign);
        sets.insert(0, old);
        assert_eq!(current_set(&deployment, &sets), Some(&sets[2]));
        assert_eq!(current_set(&deployment, &sets[..2]), None);
        assert!(owned(&items("pull.pods")[0], &sets[2]));
        assert!(!owned(
            &json!({"metadata": {"ownerReferences": [{"uid": ""}]}}),
            &json!({})
        ));
    }

    #[test]
    fn a_selector_is_written_as_it_is_asked_for() {
        let of = |it: serde_json::Value| selector(&json!({"spec": {"selector": it}}));
        assert_eq!(
            of(json!({"matchLabels": {"app": "web"}})).unwrap(),
            "app=web"
        );
        let expressions =
            json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]});
        assert_eq!(of(expressions).unwrap(), "tier in (a,b)");
        assert_eq!(of(json!({})), None);
        assert_eq!(of(json!("x")), None);
        let set = json!({"status": {"updateRevision": "web-5d"}});
        let wanted = Some("controller-revision-hash=web-5d".to_owned());
        assert_eq!(newest(Kind::StatefulSet, &set), wanted);
    }

    #[test]
    fn no_shape_makes_it_panic() {
        for (name, kind) in [
            ("quota.deployment", Kind::Deployment),
            ("job.job", Kind::Job),
        ] {
            damaged(&recorded(name), |object| {
                read(object, "");
                is_well(kind, object);
                selector(object);
                current_set(object, std::slice::from_ref(object));
            });
        }
    }
}
