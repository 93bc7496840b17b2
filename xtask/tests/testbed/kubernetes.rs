//! Kubernetes decides as a cluster does: what becomes ready, what fails and how, what goes away.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::{run, wait};

/// Applies documents.
pub(crate) fn apply(documents: &str) {
    let mut kubectl = Command::new("kubectl")
        .args(["apply", "--server-side", "-f", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    kubectl
        .stdin
        .take()
        .unwrap()
        .write_all(documents.as_bytes())
        .unwrap();
    assert!(kubectl.wait().unwrap().success());
}

/// Asks for a value by its path and waits until it is the one that is wanted.
pub(crate) fn becomes(what: &[&str], path: &str, wanted: &str) {
    let path = format!("jsonpath={path}");
    let mut last = String::new();
    let mut all = vec!["get"];
    all.extend(what);
    all.extend(["-o", &path]);
    wait::until(&format!("{what:?} {path} is {wanted}"), 60, || {
        last = run("kubectl", &all);
        (last == wanted).then_some(())
    });
}

fn pod(name: &str, namespace: &str, fate: &str, restart: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  \
         labels: {{testbed/fate: {fate}}}\nspec:\n  restartPolicy: {restart}\n  \
         containers: [{{name: main, image: example.invalid/none}}]\n"
    )
}

#[test]
fn a_deployment_gets_pods_that_are_ready_and_can_be_reached() {
    run(
        "kubectl",
        &[
            "create",
            "deployment",
            "web",
            "--image=web:1",
            "--replicas=3",
        ],
    );
    becomes(&["deployment", "web"], "{.status.readyReplicas}", "3");
    let address = run(
        "kubectl",
        &[
            "get",
            "pods",
            "-l=app=web",
            "-o=jsonpath={.items[0].status.podIP}",
        ],
    );
    let listener = TcpListener::bind("0.0.0.0:8080").unwrap();
    let reached = std::net::TcpStream::connect(format!("{address}:8080"));
    assert!(reached.is_ok() && listener.accept().is_ok(), "{address}");
}

#[test]
fn labelled_pods_meet_their_fate() {
    run("kubectl", &["create", "namespace", "fates"]);
    let waiting = "{.status.containerStatuses[0].state.waiting.reason}";
    let before = "{.status.containerStatuses[0].lastState.terminated.reason}";
    let ended = "{.status.containerStatuses[0].state.terminated.reason}";
    let scheduled = "{.status.conditions[?(@.type==\"PodScheduled\")].reason}";
    for (name, fate, restart, path, wanted) in [
        (
            "pull",
            "ImagePullBackOff",
            "Always",
            waiting,
            "ImagePullBackOff",
        ),
        (
            "crash",
            "CrashLoopBackOff",
            "Always",
            waiting,
            "CrashLoopBackOff",
        ),
        ("hungry", "OOMKilled", "Always", before, "OOMKilled"),
        ("once", "OOMKilled", "Never", ended, "OOMKilled"),
        (
            "nowhere",
            "Unschedulable",
            "Always",
            scheduled,
            "Unschedulable",
        ),
    ] {
        apply(&pod(name, "fates", fate, restart));
        becomes(&["pod", name, "-n=fates"], path, wanted);
    }
    becomes(&["pod", "once", "-n=fates"], "{.status.phase}", "Failed");
    becomes(&["pod", "pull", "-n=fates"], "{.status.phase}", "Pending");
}

#[test]
fn a_job_is_completed() {
    run("kubectl", &["create", "job", "migrate", "--image=web:1"]);
    becomes(&["job", "migrate"], "{.status.succeeded}", "1");
}

#[test]
fn a_deleted_namespace_is_gone_with_all_that_is_in_it() {
    run("kubectl", &["create", "namespace", "short"]);
    run(
        "kubectl",
        &["create", "deployment", "web", "--image=web:1", "-n=short"],
    );
    becomes(
        &["deployment", "web", "-n=short"],
        "{.status.readyReplicas}",
        "1",
    );
    run(
        "kubectl",
        &["delete", "namespace", "short", "--timeout=60s"],
    );
    let left = run("kubectl", &["get", "pods,namespaces", "-A", "-o=name"]);
    assert!(!left.contains("namespace/short"), "{left}");
}
