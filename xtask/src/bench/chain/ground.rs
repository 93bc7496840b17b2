//! What both of them work on: repositories on Gitea, and an Application for each that holds manifests.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::calls::{Place, Proxy};
use crate::bench::Bench;
use crate::bench::manifests::{Shape, feed, git, lend};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web}]
";
const KUSTOMIZATION: &str = "resources: [deployment.yaml]
images:
- name: web
  newName: registry.example.com/web
  newTag: v0
";
/// Beside the manifests of one application: nothing, or this.
pub(super) const LARGE: Shape = Shape {
    groups: 10,
    applications: 100,
    files: 100,
};

/// The people on the Gitea, the cluster, and a folder.
pub(super) struct Ground {
    pub(super) url: String,
    pub(super) admin: Place,
    pub(super) proposer: Place,
    pub(super) approver: Place,
    pub(super) owner: String,
    pub(super) proxy: Proxy,
    pub(super) folder: PathBuf,
}

pub(super) fn told(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

impl Ground {
    pub(super) fn set(folder: &Path) -> Result<Self> {
        let url = told("GITEA_URL")?;
        let address = url.trim_start_matches("http://").to_owned();
        let who = |name: &str| -> Result<Place> {
            let token = format!("token {}", told(name)?);
            Ok(Place::new(address.clone(), token, "/api/v1"))
        };
        let admin = who("GITEA_ADMIN_TOKEN")?;
        let owner = login(&admin)?;
        Ok(Self {
            url,
            admin,
            proposer: who("GITEA_PROPOSE_TOKEN")?,
            approver: who("GITEA_APPROVE_TOKEN")?,
            owner,
            proxy: Proxy::start()?,
            folder: folder.to_owned(),
        })
    }

    /// The path of a repository in the API.
    pub(super) fn repository(&self, name: &str) -> String {
        format!("/repos/{}/{name}", self.owner)
    }

    /// The address of a repository for git, as the admin.
    pub(super) fn remote(&self, name: &str) -> Result<String> {
        let token = told("GITEA_ADMIN_TOKEN")?;
        let url = self.url.replacen("://", &format!("://dev:{token}@"), 1);
        Ok(format!("{url}/{}/{name}.git", self.owner))
    }

    /// A repository that both bots write to and the second administers.
    pub(super) fn make(&self, name: &str) -> Result<()> {
        let made = json!({ "name": name, "default_branch": "main" });
        self.admin.call("POST", "/user/repos", &made)?;
        for (who, right) in [(&self.proposer, "write"), (&self.approver, "admin")] {
            let path = format!("{}/collaborators/{}", self.repository(name), login(who)?);
            self.admin
                .call("PUT", &path, &json!({ "permission": right }))?;
        }
        Ok(())
    }

    /// An application's repository with a clone that a developer works in.
    pub(super) fn application(&self, name: &str) -> Result<()> {
        self.make(name)?;
        let clone = self.folder.join(name);
        std::fs::create_dir(&clone).context("could not make a folder")?;
        git(&clone, &["init", "-q", "-b", "main", "."])?;
        git(&clone, &["commit", "-q", "--allow-empty", "-m", "Begin"])?;
        git(&clone, &["remote", "add", "origin", &self.remote(name)?])?;
        git(&clone, &["push", "-q", "origin", "main"])?;
        Ok(())
    }

    /// A developer releases something.
    pub(super) fn release(&self, name: &str, tag: &str) -> Result<()> {
        let clone = self.folder.join(name);
        git(&clone, &["commit", "-q", "--allow-empty", "-m", tag])?;
        git(&clone, &["tag", tag])?;
        git(&clone, &["push", "-q", "origin", tag])?;
        Ok(())
    }

    /// A protected repository of manifests, which an Application of the same name follows.
    pub(super) fn manifests(&self, bench: &Bench<'_>, name: &str, large: bool) -> Result<()> {
        self.make(name)?;
        let bare = self.folder.join(format!("{name}.git"));
        let mut from = "";
        if large {
            let lent = lend(bench, LARGE, &self.folder)?;
            std::fs::rename(lent, &bare).context("could not name a repository")?;
            from = "from refs/heads/main^0\n";
        } else {
            std::fs::create_dir(&bare).context("could not make a folder")?;
            git(&bare, &["init", "-q", "--bare", "-b", "main", "."])?;
        }
        let mut text = format!(
            "commit refs/heads/main\ncommitter A <a@example.com> 1700000001 +0000\ndata 3\nWeb\n{from}"
        );
        for (file, content) in [
            ("deployment.yaml", DEPLOYMENT),
            ("kustomization.yaml", KUSTOMIZATION),
        ] {
            text += &format!(
                "M 100644 inline web/{file}\ndata {}\n{content}\n",
                content.len()
            );
        }
        feed(&bare, &["fast-import", "--quiet"], &text)?;
        git(&bare, &["push", "-q", &self.remote(name)?, "main"])?;
        let rule = json!({
            "rule_name": "main", "enable_push": true, "enable_status_check": true,
            "status_check_contexts": ["ci/validate"], "required_approvals": 1,
        });
        let path = format!("{}/branch_protections", self.repository(name));
        self.admin.call("POST", &path, &rule)?;
        self.follow(name)
    }

    fn follow(&self, name: &str) -> Result<()> {
        let repository = format!("{}/{}/{name}.git", self.url, self.owner);
        let application = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": { "name": name, "namespace": "argocd" },
            "spec": {
                "project": "default",
                "source": { "repoURL": repository, "path": "web", "targetRevision": "main" },
                "destination": { "server": "https://kubernetes.default.svc", "namespace": name },
                "syncPolicy": { "automated": {}, "syncOptions": ["CreateNamespace=true"] },
            },
        });
        let mut kubectl = Command::new("kubectl")
            .args(["create", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("could not run kubectl")?;
        let mut input = kubectl.stdin.take().context("kubectl takes no input")?;
        input.write_all(application.to_string().as_bytes())?;
        drop(input);
        ensure!(kubectl.wait()?.success(), "kubectl create failed");
        self.healthy(name, None)
    }

    /// Waits, by a watch, until an Application is synced, at a revision where one is named, and healthy.
    pub(super) fn healthy(&self, name: &str, revision: Option<&str>) -> Result<()> {
        let path = format!("{APPLICATIONS}?watch=true&fieldSelector=metadata.name%3D{name}");
        let is = |told: &Value| {
            let status = &told["status"];
            revision.is_none_or(|revision| status["sync"]["revision"] == revision)
                && status["sync"]["status"] == "Synced"
                && status["health"]["status"] == "Healthy"
        };
        self.proxy.cluster.watch(&path, is).map(drop)
    }

    /// Whether every pod of an Application runs this image.
    pub(super) fn runs(&self, name: &str, tag: &str) -> Result<bool> {
        let path = format!("/api/v1/namespaces/{name}/pods");
        let pods = self.proxy.cluster.call("GET", &path, &Value::Null)?;
        let image = format!("registry.example.com/web:{tag}");
        let pods = pods["items"].as_array().context("no list of pods")?;
        let mut running = pods.iter().filter(|pod| {
            pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"].is_null()
        });
        Ok(running
            .next()
            .is_some_and(|pod| pod["spec"]["containers"][0]["image"] == image.as_str()))
    }
}

pub(super) const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

fn login(who: &Place) -> Result<String> {
    let user = who.call("GET", "/user", &Value::Null)?;
    let login = user["login"].as_str();
    Ok(login.context("a user without a name")?.to_owned())
}
