//! What a pod says. Pure.
//!
//! The words are the kubelet's and the scheduler's own: a container's `waiting.reason`
//! (`pkg/kubelet/images/types.go`, `pkg/kubelet/kuberuntime`), how it ended, and the condition
//! `PodScheduled`.

use sendo_core::engine::Cause;
use serde_json::Value;

use super::{Found, Weight};
use crate::argocd::seen::MESSAGE;
use crate::error::line;

/// Reasons to wait that pass by themselves.
const PASSING: [&str; 3] = ["ContainerCreating", "PodInitializing", ""];
/// How many containers of a pod are looked at.
const CONTAINERS: usize = 50;

/// What ails a pod. One that is being deleted says nothing any more.
pub(super) fn read(pod: &Value, owner: &str) -> Vec<Found> {
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        return Vec::new();
    }
    let name = text(pod, "/metadata/name");
    let failed = text(pod, "/status/phase") == "Failed";
    let mut found = Vec::new();
    for list in ["/status/initContainerStatuses", "/status/containerStatuses"] {
        let containers = pod.pointer(list).and_then(Value::as_array);
        for container in containers.into_iter().flatten().take(CONTAINERS) {
            if let Some((reason, message)) = ails(container, failed) {
                let object = format!("Pod {name}/{}", text(container, "/name"));
                found.push(cause(Weight::Container, owner, object, &reason, &message));
            }
        }
    }
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let unplaced =
        |it: &&Value| text(it, "/type") == "PodScheduled" && text(it, "/reason") == "Unschedulable";
    for condition in conditions.into_iter().flatten().filter(unplaced).take(1) {
        let object = format!("Pod {name}");
        let message = text(condition, "/message");
        found.push(cause(Weight::Pod, owner, object, "Unschedulable", message));
    }
    // Such as `Evicted`, which is of no container.
    let reason = text(pod, "/status/reason");
    if failed && !reason.is_empty() {
        let message = text(pod, "/status/message");
        found.push(cause(
            Weight::Pod,
            owner,
            format!("Pod {name}"),
            reason,
            message,
        ));
    }
    found
}

/// Reason and message of a container that does not run. `failed`: its pod is not going to run again.
fn ails(container: &Value, failed: bool) -> Option<(String, String)> {
    let ended = container.pointer("/state/terminated");
    let before = container.pointer("/lastState/terminated");
    if let Some(ended) = ended.filter(|_| container.pointer("/state/waiting").is_none()) {
        let (reason, how) = end(ended);
        let counts = failed || reason == "OOMKilled";
        return (counts && !is_clean(ended)).then_some((reason, how));
    }
    let reason = text(container, "/state/waiting/reason");
    if PASSING.contains(&reason) {
        return None;
    }
    let waits = text(container, "/state/waiting/message");
    match before.filter(|_| reason == "CrashLoopBackOff") {
        Some(before) => {
            let (last, how) = end(before);
            let reason = if last == "OOMKilled" {
                last.as_str()
            } else {
                reason
            };
            Some((reason.to_owned(), format!("{how}; {waits}")))
        }
        None => Some((reason.to_owned(), waits.to_owned())),
    }
}

fn is_clean(ended: &Value) -> bool {
    ended.get("exitCode").and_then(Value::as_i64) == Some(0)
}

/// Why a container ended, and how in words.
fn end(ended: &Value) -> (String, String) {
    let reason = match text(ended, "/reason") {
        "" => "Error",
        reason => reason,
    };
    let code = ended.get("exitCode").and_then(Value::as_i64);
    let mut how = match code {
        Some(code) => format!("it ended with exit code {code}"),
        None => "it ended".to_owned(),
    };
    // What it wrote to /dev/termination-log.
    let message = text(ended, "/message");
    if !message.is_empty() {
        how = format!("{how}: {}", line(message, MESSAGE / 2));
    }
    (reason.to_owned(), how)
}

pub(super) fn cause(
    weight: Weight,
    owner: &str,
    object: String,
    reason: &str,
    message: &str,
) -> Found {
    Found {
        weight,
        owner: owner.to_owned(),
        cause: Cause {
            object: line(&object, MESSAGE),
            reason: line(reason, 100),
            message: line(message, MESSAGE),
        },
    }
}

pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;
    use crate::recorded::{damaged, items};

    /// What ails the first recorded pod.
    fn told(name: &str) -> (String, String) {
        let found = read(&items(name)[0], "Deployment web");
        assert_eq!(found.len(), 1, "{found:?}");
        let cause = &found[0].cause;
        assert!(cause.object.starts_with("Pod "), "{cause:?}");
        (cause.reason.clone(), cause.message.clone())
    }

    #[test]
    fn each_fate_is_told_in_the_platforms_words() {
        let (reason, message) = told("pull.pods");
        assert_eq!(reason, "ImagePullBackOff");
        let wanted = "Back-off pulling image \"registry.example.com/acme/web:1.4.0\"";
        assert_eq!(message, wanted);
        let (reason, message) = told("crash.pods");
        assert_eq!(reason, "CrashLoopBackOff");
        let wanted = "it ended with exit code 1; back-off 40s restarting failed container";
        assert_eq!(message, wanted);
        let (reason, message) = told("oom.pods");
        assert_eq!(reason, "OOMKilled");
        assert!(
            message.starts_with("it ended with exit code 137; "),
            "{message}"
        );
        let (reason, message) = told("nowhere.pods");
        assert_eq!(reason, "Unschedulable");
        assert!(message.starts_with("0/3 nodes are available"), "{message}");
        assert_eq!(told("job.pods").0, "Error");
    }

    #[test]
    fn what_passes_or_is_over_is_no_cause() {
        let mut pod = items("pull.pods")[0].clone();
        let waiting = "/status/containerStatuses/0/state/waiting/reason";
        *pod.pointer_mut(waiting).unwrap() = json!("ContainerCreating");
        assert_eq!(read(&pod, ""), []);
        let mut pod = items("pull.pods")[0].clone();
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-29T00:00:00Z");
        assert_eq!(read(&pod, ""), []);
        // A container that ended once is started again.
        let mut pod = items("job.pods")[0].clone();
        pod["status"]["phase"] = json!("Running");
        assert_eq!(read(&pod, ""), []);
        let code = "/status/containerStatuses/0/state/terminated/exitCode";
        pod["status"]["phase"] = json!("Failed");
        *pod.pointer_mut(code).unwrap() = json!(0);
        assert_eq!(read(&pod, ""), []);
    }

    #[test]
    fn init_containers_and_evictions_are_told() {
        let mut pod = items("pull.pods")[0].clone();
        let status = pod["status"].as_object_mut().unwrap();
        let containers = status.remove("containerStatuses").unwrap();
        status.insert("initContainerStatuses".to_owned(), containers);
        let found = read(&pod, "");
        assert!(found[0].cause.object.ends_with("/app"), "{found:?}");
        let evicted = json!({"metadata": {"name": "web-1"}, "status": {
            "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}});
        assert_eq!(read(&evicted, "")[0].cause.reason, "Evicted");
    }

    #[test]
    fn no_shape_makes_it_panic() {
        for name in [
            "pull.pods",
            "crash.pods",
            "oom.pods",
            "nowhere.pods",
            "job.pods",
        ] {
            damaged(&items(name)[0], |pod| {
                read(pod, "");
            });
        }
    }
}
