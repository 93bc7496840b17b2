//! The programs that a chain consists of, killed and started again by name.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use sendo_testkit::{http, wait};

use crate::world::{LONGEST, env};

/// Every one beside Sendo.
pub(crate) const SERVICES: [&str; 9] = [
    "gitea",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "argocd-application-controller",
    "argocd-repo-server",
    "redis",
];

/// Kills a service, starts it again, and waits until whoever tells a story can go on.
pub(crate) fn restart(service: &str) {
    order(service, "kill");
    order(service, "start");
    let answers = wait::until(service, LONGEST, || (gitea() && cluster()).then_some(()));
    answers.unwrap();
}

fn order(service: &str, what: &str) {
    let order = Path::new(&env("TESTBED_SERVICES")).join(service).join(what);
    std::fs::write(&order, "").unwrap();
    let done = wait::until(what, LONGEST, || (!order.exists()).then_some(()));
    done.unwrap();
}

fn gitea() -> bool {
    let url = env("GITEA_URL");
    let address: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
    let asked = http::request(address, "GET", "/api/healthz", &[], "");
    matches!(asked, Ok((200, _)))
}

fn cluster() -> bool {
    let mut kubectl = Command::new("kubectl");
    kubectl
        .args(["get", "--raw=/readyz"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    kubectl.status().unwrap().success()
}
