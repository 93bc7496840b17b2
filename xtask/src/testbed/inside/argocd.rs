//! Argo CD's controller and repo-server, without its own server and pages.
//!
//! What needs no cluster is started at once, beside the cluster; the rest follows.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::daemon::{Daemon, is_well};
use super::gitea::Gitea;
use super::kubernetes::Kubernetes;
use super::stage::{Stage, secret};

const CONFIG: &str = include_str!("../../../testbed/argocd/config.yaml");
const PROJECT: &str = include_str!("../../../testbed/argocd/project.yaml");
const GITEA: &str = include_str!("../../../testbed/argocd/gitea.yaml");

const NAMESPACE: &str = "argocd";
/// Ports that nothing else is likely to want.
const REDIS: u16 = 16379;
const REPO_SERVER: u16 = 18081;
const REPO_SERVER_HEALTH: u16 = 18084;
const CONTROLLER_HEALTH: u16 = 18082;

/// What runs without a cluster.
pub(super) struct Early {
    home: PathBuf,
    redis: Daemon,
    repo_server: Daemon,
}

pub(super) fn start(stage: &Stage) -> Result<Early> {
    let home = stage.folder.join("argocd");
    for folder in ["ssh", "tls", "gpg", "tmp", ".kube"] {
        let folder = home.join(folder);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
    }
    let mut redis = Command::new(stage.program("redis-server")?);
    redis
        .args(["--port", &REDIS.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(&home);
    let redis = Daemon::start("redis", redis, stage)?;
    let mut repo_server = called("argocd-repo-server", &home, stage)?;
    repo_server
        .args(["--disable-tls", "--redis", &local(REDIS)])
        .args(["--address", "127.0.0.1", "--port", &REPO_SERVER.to_string()])
        .args(["--metrics-address", "127.0.0.1"])
        .args(["--metrics-port", &REPO_SERVER_HEALTH.to_string()]);
    let repo_server = Daemon::start("argocd-repo-server", repo_server, stage)?;
    Ok(Early {
        home,
        redis,
        repo_server,
    })
}

/// Starts what needs the cluster; returns when an Application that is created would be followed.
pub(super) fn follow(
    early: Early,
    kubernetes: &Kubernetes,
    gitea: Option<&Gitea>,
    stage: &Stage,
) -> Result<Vec<Daemon>> {
    let Early {
        home,
        redis,
        mut repo_server,
    } = early;
    // It takes the cluster it runs on from the configuration in its home.
    stage.write("argocd/.kube/config", &kubernetes.kubeconfig_for(NAMESPACE))?;
    let definitions = stage
        .reads("argocd", "manifests/crds")?
        .context("Argo CD came without the definitions of its resources")?;
    kubernetes.apply_folder(&definitions)?;
    repo_server.wait_until("the definitions of Argo CD's resources", || {
        kubernetes.asks(&[
            "wait",
            "--for=condition=Established",
            "customresourcedefinitions",
            "--all",
            "--timeout=1s",
        ])
    })?;
    let config = CONFIG.replace("{secret}", &secret()?);
    let gitea = gitea.map(|gitea| {
        GITEA
            .replace("{url}", &gitea.url)
            .replace("{user}", Gitea::ADMIN)
            .replace("{token}", &gitea.admin)
    });
    let mut files = vec![config.as_str(), PROJECT];
    files.extend(gitea.as_deref());
    kubernetes.apply(&files)?;
    let mut controller = called("argocd-application-controller", &home, stage)?;
    controller
        .args(["--namespace", NAMESPACE, "--app-resync", "10"])
        .args([
            "--repo-server",
            &local(REPO_SERVER),
            "--repo-server-plaintext",
        ])
        .args(["--redis", &local(REDIS)])
        .args(["--metrics-port", &CONTROLLER_HEALTH.to_string()]);
    let mut controller = Daemon::start("argocd-application-controller", controller, stage)?;
    repo_server.wait_until("Argo CD's repo-server", || {
        is_well(REPO_SERVER_HEALTH, "/healthz?full=true")
    })?;
    controller.wait_until("Argo CD's controller", || {
        is_well(CONTROLLER_HEALTH, "/healthz")
    })?;
    Ok(vec![redis, repo_server, controller])
}

/// Argo CD by one of its names.
fn called(name: &str, home: &PathBuf, stage: &Stage) -> Result<Command> {
    let program = stage.program("argocd")?.with_file_name(name);
    let mut command = Command::new(program);
    command
        .env("HOME", home)
        .env("TMPDIR", home.join("tmp"))
        .env("PATH", stage.path())
        .env_remove("KUBECONFIG")
        .env("ARGOCD_FAKE_IN_CLUSTER", "true")
        .env("ARGOCD_GPG_ENABLED", "false")
        .env("ARGOCD_SSH_DATA_PATH", home.join("ssh"))
        .env("ARGOCD_TLS_DATA_PATH", home.join("tls"))
        .env("ARGOCD_GNUPGHOME", home.join("gpg"));
    Ok(command)
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
