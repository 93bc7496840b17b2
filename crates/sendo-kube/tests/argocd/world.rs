//! An application of its own for each story, with the repository that it follows.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use secrecy::SecretString;
use sendo_core::engine::{Applied, Health, Place};
use sendo_core::names::{ClusterName, EngineApplication, Revision};
use sendo_core::time::Timestamp;
use sendo_kube::{Access, Addresses, ArgoCd, Cluster};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::{apply, kubectl, run, told};

/// Long after now: windows in these stories are open always or never.
const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
/// How often something is looked for, and how long before it is.
const LOOKS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);

/// What an application is given beside a name.
pub(crate) struct Policy {
    pub(crate) automated: bool,
    pub(crate) project: &'static str,
}

pub(crate) const AUTOMATED: Policy = Policy {
    automated: true,
    project: "default",
};
pub(crate) const MANUAL: Policy = Policy {
    automated: false,
    project: "default",
};

pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) application: EngineApplication,
    pub(crate) argocd: ArgoCd,
    pub(crate) manifests: Addresses,
    clone: TempDir,
}

impl World {
    /// A repository and, once something was pushed, an application that follows it.
    pub(crate) async fn new(name: &'static str, files: &[(&str, &str)], policy: Policy) -> Self {
        let url = repository(name).await;
        let clone = TempDir::new().unwrap();
        let token = told("GITEA_ADMIN_TOKEN");
        let with_token = url.replace("http://", &format!("http://any:{token}@"));
        run(
            "git",
            &["clone", "-q", &with_token, clone.path().to_str().unwrap()],
        );
        let world = Self {
            name,
            application: EngineApplication::new(name).unwrap(),
            argocd: argocd().await,
            manifests: Addresses::new([url.as_str()]),
            clone,
        };
        world.push(files);
        let automated = if policy.automated {
            "automated: {}, "
        } else {
            ""
        };
        apply(&format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\n\
             spec:\n  project: {}\n  source: {{repoURL: '{url}', path: web, targetRevision: main}}\n  \
             destination: {{server: 'https://kubernetes.default.svc', namespace: {name}}}\n  \
             syncPolicy: {{{automated}retry: {{limit: 0}}, syncOptions: [CreateNamespace=true]}}\n",
            policy.project
        ));
        world
    }

    fn git(&self, arguments: &[&str]) -> String {
        let folder = self.clone.path().to_str().unwrap();
        let who = [
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@example.invalid",
        ];
        let mut all = vec!["-C", folder];
        all.extend(who);
        all.extend(arguments);
        run("git", &all)
    }

    /// Pushes files to `web` on `main`; gives the commit.
    pub(crate) fn push(&self, files: &[(&str, &str)]) -> Revision {
        let folder = self.clone.path().join("web");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(Path::new(&folder).join(name), text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", "change"]);
        self.git(&["push", "-q", "origin", "HEAD:main"]);
        self.head()
    }

    pub(crate) fn head(&self) -> Revision {
        Revision::new(self.git(&["rev-parse", "HEAD"])).unwrap()
    }

    pub(crate) async fn look(&self) -> Applied {
        let observed = self
            .argocd
            .observe(&self.application, &self.manifests, &[], NOW)
            .await;
        let observed = observed.unwrap();
        assert_eq!(observed.unasked(), None);
        let ours = observed.revision() == Some(&self.head());
        observed.placed(if ours { Place::There } else { Place::Before })
    }

    /// Looks again and again until it is as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&Applied) -> bool) -> Applied {
        let mut seen = self.look().await;
        for _ in 0..LOOKS {
            if wanted(&seen) {
                return seen;
            }
            tokio::time::sleep(PAUSE).await;
            seen = self.look().await;
        }
        unreachable!("{}: {seen:#?}", self.name);
    }

    pub(crate) async fn until_healthy(&self) -> Applied {
        let healthy =
            |it: &Applied| it.place == Place::There && it.synced && it.health == Health::Healthy;
        self.until(healthy).await
    }

    /// Waits for a cause.
    pub(crate) async fn until_it_ails_of(&self, reason: &str) -> Applied {
        let ails = |it: &Applied| it.causes.iter().any(|cause| cause.reason == reason);
        self.until(ails).await
    }

    /// A field of its object, by a path as kubectl has them.
    pub(crate) fn field(&self, path: &str) -> String {
        let output = format!("-o=jsonpath={path}");
        kubectl(&["get", "application", self.name, "-n=argocd", &output])
    }
}

/// Makes a repository on the Gitea; gives its address.
async fn repository(name: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{}/api/v1/user/repos", told("GITEA_URL"));
    let token = format!("token {}", told("GITEA_ADMIN_TOKEN"));
    let wanted = json!({"name": name, "auto_init": true, "default_branch": "main"});
    let request = reqwest::Client::new()
        .post(url)
        .header("authorization", token);
    let answer = request.json(&wanted).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let made: Value = answer.json().await.unwrap();
    made["clone_url"].as_str().unwrap().to_owned()
}

/// The Argo CD, as the account that is packaged.
pub(crate) async fn argocd() -> ArgoCd {
    static TOKEN: OnceLock<String> = OnceLock::new();
    let token = TOKEN.get_or_init(|| {
        apply(include_str!("../../../../packaging/kubernetes/hub.yaml"));
        apply(include_str!("../../../../packaging/kubernetes/spoke.yaml"));
        apply(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n\
             metadata: {name: sendo-hub-pods}\n\
             roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sendo-spoke}\n\
             subjects: [{kind: ServiceAccount, name: sendo, namespace: argocd}]\n",
        );
        kubectl(&["create", "token", "sendo", "-n=argocd"])
    });
    argocd_as(token, 6443).await
}

/// The Argo CD, as the holder of a token, by the API server on a port.
pub(crate) async fn argocd_as(token: &str, port: u16) -> ArgoCd {
    let config = std::fs::read_to_string(told("KUBECONFIG")).unwrap();
    let authority = config.split("certificate-authority: ").nth(1).unwrap();
    let authority = authority.lines().next().unwrap();
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: hub\n\
         clusters: [{{name: hub, cluster: {{server: 'https://127.0.0.1:{port}', certificate-authority: '{authority}'}}}}]\n\
         users: [{{name: sendo, user: {{token: '{token}'}}}}]\n\
         contexts: [{{name: hub, context: {{cluster: hub, user: sendo}}}}]\n"
    );
    let access = Access::Kubeconfig {
        text: SecretString::from(text),
        context: None,
    };
    let cluster = Cluster::connect(ClusterName::new("hub").unwrap(), access)
        .await
        .unwrap();
    ArgoCd::new(cluster, "argocd").unwrap()
}

/// The admin's token.
pub(crate) fn admin() -> String {
    let config = std::fs::read_to_string(told("KUBECONFIG")).unwrap();
    let token = config.split("token: ").nth(1).unwrap();
    token.lines().next().unwrap().trim().to_owned()
}

/// A Deployment whose pods meet a fate, and its kustomization with a tag.
pub(crate) fn web(fate: &str, tag: &str) -> [(&'static str, String); 2] {
    let fate = match fate {
        "" => String::new(),
        fate => format!(", testbed/fate: {fate}"),
    };
    [
        (
            "deployment.yaml",
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 2\n  \
                 selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
                 metadata: {{labels: {{app: web{fate}}}}}\n    \
                 spec: {{containers: [{{name: app, image: registry.example.com/acme/web}}]}}\n"
            ),
        ),
        (
            "kustomization.yaml",
            format!(
                "resources: [deployment.yaml]\n\
                 images: [{{name: registry.example.com/acme/web, newTag: '{tag}'}}]\n"
            ),
        ),
    ]
}

/// Files as they are pushed.
pub(crate) fn files<'a>(files: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    files
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect()
}
