//! Kubernetes' own control plane, and nodes without machines.
//!
//! Everything above the kubelet is real: API server, controllers, scheduler. KWOK plays the kubelets
//! by the stages in `xtask/testbed/kubernetes/stages.yaml`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::daemon::Daemon;
use super::stage::{NODE, PODS, Stage, secret};

const STAGES: &str = include_str!("../../../testbed/kubernetes/stages.yaml");
const NODES: &str = include_str!("../../../testbed/kubernetes/nodes.yaml");
const FATES: &str = include_str!("../../../testbed/kubernetes/fates.yaml");

const ETCD: &str = "http://127.0.0.1:2379";
const ETCD_PEERS: &str = "http://127.0.0.1:2380";
const SERVER: &str = "https://127.0.0.1:6443";
const SERVICES: &str = "10.96.0.0/16";

/// A control plane that answers.
pub(super) struct Kubernetes {
    /// The admin's.
    pub(super) kubeconfig: PathBuf,
    token: String,
    certificate: PathBuf,
    kubectl: PathBuf,
    cache: PathBuf,
}

/// Starts it; returns when a pod that is created would become ready.
pub(super) fn start(stage: &Stage) -> Result<(Kubernetes, Vec<Daemon>)> {
    let etcd = Daemon::start("etcd", etcd(stage)?, stage)?;
    let token = secret()?;
    let certificates = stage.folder.join("kubernetes/certificates");
    let certificate = certificates.join("apiserver.crt");
    let key = certificates.join("apiserver.key");
    let mut server = Daemon::start(
        "kube-apiserver",
        server(&token, &certificates, stage)?,
        stage,
    )?;
    server.wait_until("the API server's certificate", || {
        certificate.is_file() && key.is_file()
    })?;
    let mut kubernetes = Kubernetes {
        kubeconfig: PathBuf::new(),
        token,
        certificate,
        kubectl: stage.program("kubectl")?.to_owned(),
        cache: stage.folder.join("kubectl-cache"),
    };
    kubernetes.kubeconfig = stage.write(
        "kubernetes/kubeconfig",
        &kubernetes.kubeconfig_for("default"),
    )?;
    server.wait_until("the API server", || {
        kubernetes.asks(&["get", "--raw=/readyz"])
    })?;

    let config = &kubernetes.kubeconfig;
    let controllers = controllers(config, &kubernetes.certificate, &key, stage)?;
    let mut controllers = Daemon::start("kube-controller-manager", controllers, stage)?;
    let scheduler = Daemon::start("kube-scheduler", scheduler(config, stage)?, stage)?;
    let mut kwok = Daemon::start("kwok", kwok(config, stage)?, stage)?;
    kubernetes.create(&[NODES, FATES])?;
    kwok.wait_until("a node that is ready", || {
        kubernetes.asks(&[
            "wait",
            "--for=condition=Ready",
            "nodes",
            "--all",
            "--timeout=1s",
        ])
    })?;
    controllers.wait_until("the account that pods run as", || {
        kubernetes.asks(&["get", "serviceaccount", "default"])
    })?;
    Ok((kubernetes, vec![etcd, server, controllers, scheduler, kwok]))
}

fn etcd(stage: &Stage) -> Result<Command> {
    let mut etcd = Command::new(stage.program("etcd")?);
    etcd.arg("--data-dir")
        .arg(stage.folder.join("kubernetes/etcd"))
        // It lies in memory and is gone with the run.
        .arg("--unsafe-no-fsync")
        .args([
            "--listen-client-urls",
            ETCD,
            "--advertise-client-urls",
            ETCD,
        ])
        .args(["--listen-peer-urls", ETCD_PEERS])
        .args(["--initial-advertise-peer-urls", ETCD_PEERS])
        .args(["--initial-cluster", &format!("default={ETCD_PEERS}")])
        .args(["--log-level", "warn"]);
    Ok(etcd)
}

fn server(token: &str, certificates: &Path, stage: &Stage) -> Result<Command> {
    let tokens = stage.write(
        "kubernetes/tokens.csv",
        &format!("{token},admin,admin,\"system:masters\"\n"),
    )?;
    // The server makes a key for its certificate before it reads the one that signs accounts' tokens.
    let key = certificates.join("apiserver.key");
    let mut server = Command::new(stage.program("kube-apiserver")?);
    server
        .args(["--etcd-servers", ETCD])
        .args(["--bind-address=127.0.0.1", "--secure-port=6443"])
        // It would look for one by the routes to elsewhere, of which a run has none.
        .args(["--advertise-address", NODE])
        .arg("--cert-dir")
        .arg(certificates)
        .args(["--service-cluster-ip-range", SERVICES])
        .args(["--authorization-mode=RBAC", "--allow-privileged"])
        .arg("--token-auth-file")
        .arg(tokens)
        .args(["--service-account-issuer", SERVER])
        .arg("--service-account-key-file")
        .arg(&key)
        .arg("--service-account-signing-key-file")
        .arg(&key);
    Ok(server)
}

fn controllers(config: &Path, certificate: &Path, key: &Path, stage: &Stage) -> Result<Command> {
    let mut controllers = Command::new(stage.program("kube-controller-manager")?);
    trusted(&mut controllers, config);
    controllers
        .arg("--service-account-private-key-file")
        .arg(key)
        .arg("--root-ca-file")
        .arg(certificate)
        .arg("--use-service-account-credentials");
    Ok(controllers)
}

fn scheduler(config: &Path, stage: &Stage) -> Result<Command> {
    let mut scheduler = Command::new(stage.program("kube-scheduler")?);
    trusted(&mut scheduler, config);
    Ok(scheduler)
}

/// What the admin's own programs are told.
fn trusted(command: &mut Command, config: &Path) {
    for flag in [
        "--kubeconfig",
        "--authentication-kubeconfig",
        "--authorization-kubeconfig",
    ] {
        command.arg(flag).arg(config);
    }
    command.args(["--leader-elect=false", "--bind-address=127.0.0.1"]);
    // Thousands of pods would wait for a limit that protects API servers of others.
    command.args(["--kube-api-qps=500", "--kube-api-burst=1000"]);
}

fn kwok(config: &Path, stage: &Stage) -> Result<Command> {
    let stages = stage.write("kubernetes/stages.yaml", STAGES)?;
    let mut kwok = Command::new(stage.program("kwok")?);
    kwok.arg("--kubeconfig")
        .arg(config)
        .arg("--config")
        .arg(stages)
        .args(["--manage-all-nodes", "--node-ip", NODE, "--cidr", PODS])
        // Without leases nodes are taken for lost after 40 s, and every Deployment with them. One that
        // is started again waits until those of the one before have run out.
        .arg("--node-lease-duration-seconds=10")
        .env("HOME", stage.folder.join("kubernetes"));
    Ok(kwok)
}

impl Kubernetes {
    /// The admin's configuration with a namespace that is used when none is named.
    pub(super) fn kubeconfig_for(&self, namespace: &str) -> String {
        let (token, certificate) = (&self.token, self.certificate.display());
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: testbed\n\
             clusters:\n- name: testbed\n  cluster:\n    server: {SERVER}\n    \
             certificate-authority: {certificate}\n\
             users:\n- name: admin\n  user:\n    token: {token}\n\
             contexts:\n- name: testbed\n  context:\n    cluster: testbed\n    user: admin\n    \
             namespace: {namespace}\n"
        )
    }

    fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut kubectl = Command::new(&self.kubectl);
        kubectl
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", &self.cache);
        kubectl
    }

    /// Whether kubectl finds what it is asked for.
    pub(super) fn asks(&self, arguments: &[&str]) -> bool {
        self.kubectl(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Creates what is in these files, on a cluster that has none of it.
    pub(super) fn create(&self, files: &[&str]) -> Result<()> {
        let documents = files.join("\n---\n");
        // What is wrong with them shows in the suite; looking costs a second of a start.
        let arguments = ["create", "--validate=false", "-f", "-"];
        let mut child = self
            .kubectl(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("could not run kubectl")?;
        if let Some(mut stdin) = child.stdin.take() {
            // When it does not read to the end, it says why.
            let _ = stdin.write_all(documents.as_bytes());
        }
        let output = child.wait_with_output().context("lost sight of kubectl")?;
        if !output.status.success() {
            bail!(
                "kubectl {} failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }
}
