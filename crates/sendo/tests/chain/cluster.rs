//! The cluster of a story: Argo CD follows the manifests, and applies them.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sendo_testkit::{Server, wait};
use serde_json::{Value, json};

use crate::world::{LONGEST, World, env, head};

/// What one environment is made of: a Deployment whose image the kustomization sets.
pub(crate) const KUSTOMIZATION: &str = "resources: [deployment.yaml]\nimages:\n- name: web\n  newName: registry.example.com/web\n  newTag: v0\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  progressDeadlineSeconds: 20
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web}]
";

/// The world of a story, with a cluster that its manifests are applied to.
pub(crate) struct Chain {
    pub(crate) world: World,
    _turn: Turn,
}

/// Stories that kill what all of them stand on are told while no other one is.
static TURNS: RwLock<()> = RwLock::new(());

/// When a story is told, until this is dropped.
pub(crate) enum Turn {
    Beside {
        _others: RwLockReadGuard<'static, ()>,
    },
    Alone {
        _here: RwLockWriteGuard<'static, ()>,
    },
}

impl Turn {
    /// While others are told that kill nothing.
    pub(crate) fn beside() -> Self {
        Self::Beside {
            _others: TURNS.read().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// What an environment does with its engine, beside naming it.
pub(crate) struct Environment {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static str,
    pub(crate) engine: &'static str,
    pub(crate) automated: bool,
}

impl Chain {
    /// Environments of `web`, each with an Application of its own; deployed are tags `v…`.
    pub(crate) fn set(environments: &[Environment]) -> Self {
        let turn = Turn::beside();
        Self::of(World::set(), turn, environments)
    }

    /// The same, looked at every two seconds by itself.
    pub(crate) fn swept(environments: &[Environment]) -> Self {
        let turn = Turn::beside();
        Self::of(World::swept("2s"), turn, environments)
    }

    /// The same with no other story beside it, and looked at every two seconds by itself: whatever was
    /// told while somebody was dead is told by nobody again.
    pub(crate) fn alone(environments: &[Environment]) -> Self {
        let here = TURNS.write().unwrap_or_else(PoisonError::into_inner);
        let turn = Turn::Alone { _here: here };
        Self::of(World::swept("2s"), turn, environments)
    }

    fn of(world: World, turn: Turn, environments: &[Environment]) -> Self {
        let chain = Self { world, _turn: turn };
        for environment in environments {
            let name = environment.name;
            for (file, text) in [
                ("deployment.yaml", DEPLOYMENT),
                ("kustomization.yaml", KUSTOMIZATION),
            ] {
                let path = format!("web/{name}/{file}");
                chain.world.push_file(&chain.world.manifests, &path, text);
            }
            apply(&chain.application(environment));
        }
        let kubeconfig = env("KUBECONFIG");
        chain.world.reconfigure(|text| {
            let head = text.split("applications:").next().unwrap();
            let mut text = format!(
                "{head}clusters:\n  hub: {{ kubeconfig: \"${{file:{kubeconfig}}}\" }}\napplications:\n  web:\n    repository: acme:{}/{}\n    environments:\n",
                chain.world.owner, chain.world.web
            );
            for environment in environments {
                text += &chain.environment(environment);
            }
            text
        });
        chain
    }

    /// The name of an environment's Application.
    pub(crate) fn application_of(&self, environment: &str) -> String {
        format!("{}-{environment}", self.world.manifests)
    }

    fn environment(&self, environment: &Environment) -> String {
        let Environment {
            name,
            rules,
            engine,
            ..
        } = environment;
        format!(
            "      {name}:\n        on: {{ tag: {{ glob: \"v*\", order: pushed }} }}\n        {rules}\n        \
             engine: {{ argocd: {{ cluster: hub, applications: [{}], {engine} }} }}\n        \
             deliver: {{ promotion: {{ repository: acme:{}/{}, base: main, checks: [ci/validate],\n          \
             edits: [{{ kustomization: web/{name}, image: web, tag: \"{{tag}}\" }}] }} }}\n",
            self.application_of(name),
            self.world.owner,
            self.world.manifests
        )
    }

    fn application(&self, environment: &Environment) -> String {
        let name = self.application_of(environment.name);
        let url = format!(
            "{}/{}/{}.git",
            env("GITEA_URL"),
            self.world.owner,
            self.world.manifests
        );
        let automated = if environment.automated {
            "automated: {}, "
        } else {
            ""
        };
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\n\
             spec:\n  project: default\n  source: {{repoURL: '{url}', path: web/{}, targetRevision: main}}\n  \
             destination: {{server: 'https://kubernetes.default.svc', namespace: {name}}}\n  \
             syncPolicy: {{{automated}syncOptions: [CreateNamespace=true]}}\n",
            environment.name
        )
    }

    /// A developer merges something, and releases it under a tag.
    pub(crate) fn release(&self, tag: &str) -> String {
        let revision = self.world.merge(tag);
        let clone = self.world.stage.clone_of(&self.world.web);
        let stage = &self.world.stage;
        stage.git(&clone, "dev", &["tag", tag]);
        stage.git(&clone, "dev", &["push", "-q", "origin", tag]);
        revision
    }

    /// The checks report success on every change request that is open, until a deployment stands so.
    pub(crate) fn until(&self, server: &mut Server, id: &str, states: &[&str]) -> Value {
        self.until_it(server, id, &states.join(" or "), |told| {
            let state = told["deployment"]["state"].as_str().unwrap_or_default();
            states.contains(&state)
        })
    }

    /// The same until it took a turn.
    pub(crate) fn until_turn(&self, server: &mut Server, id: &str, turn: &str) -> Value {
        self.until_it(server, id, turn, |told| count(told, turn) > 0)
    }

    fn until_it(
        &self,
        server: &mut Server,
        id: &str,
        what: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Value {
        let path = format!("/api/v1/deployments/{id}");
        let what = format!("{id} {what}");
        let found = wait::until(&what, LONGEST * 2, || {
            self.check_all();
            server.get(&path).filter(&is)
        });
        found.unwrap_or_else(|error| {
            let listed = server.get("/api/v1/deployments?limit=5");
            panic!("{error}\n{listed:#?}\n{}", server.log())
        })
    }

    /// Waits for the one change request there is.
    pub(crate) fn opened(&self) {
        let opened = wait::until("a change request", LONGEST, || {
            (!self.world.changes().is_empty()).then_some(())
        });
        opened.unwrap();
    }

    /// The checks report success on every change request that is open.
    pub(crate) fn check_all(&self) {
        for change in self.world.changes() {
            if change["state"] == "open" {
                let head = head(&change);
                let path = format!("commits/{head}/status");
                if self.world.on("GET", &path, &Value::Null)["state"] != "success" {
                    self.world.check(&head, "success");
                }
            }
        }
    }

    /// How many commits of deployments are on `main` of the manifests.
    pub(crate) fn merges(&self) -> usize {
        let path = "commits?sha=main&limit=50&stat=false&files=false";
        let log = self.world.on("GET", path, &Value::Null);
        let is_ours = |commit: &&Value| {
            let message = commit["commit"]["message"].to_string();
            message.contains("Sendo-Deployment")
        };
        log.as_array().unwrap().iter().filter(is_ours).count()
    }

    /// How many deployments there ever were.
    pub(crate) fn deployments(&self, server: &mut Server) -> usize {
        let listed = server.get("/api/v1/deployments?limit=50").unwrap();
        listed["deployments"].as_array().unwrap().len()
    }

    /// The images that the pods of an environment run.
    pub(crate) fn images(&self, environment: &str) -> String {
        let namespace = format!("-n={}", self.application_of(environment));
        kubectl(&[
            "get",
            "pods",
            &namespace,
            "--field-selector=status.phase=Running",
            "-o=jsonpath={.items[*].spec.containers[*].image}",
        ])
    }
}

/// The names of a deployment's turns, in order.
pub(crate) fn turns(told: &Value) -> Vec<String> {
    let turns = told["timeline"].as_array().unwrap();
    let name = |notice: &Value| notice["turn"]["turn"].as_str().map(str::to_owned);
    turns.iter().filter_map(name).collect()
}

/// How often a deployment took a turn.
pub(crate) fn count(told: &Value, turn: &str) -> usize {
    turns(told).iter().filter(|one| *one == turn).count()
}

pub(crate) fn kubectl(arguments: &[&str]) -> String {
    let output = Command::new("kubectl").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn apply(documents: &str) {
    let mut kubectl = Command::new("kubectl")
        .args(["apply", "--server-side", "--force-conflicts", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = kubectl.stdin.take().unwrap();
    input.write_all(documents.as_bytes()).unwrap();
    drop(input);
    assert!(kubectl.wait().unwrap().success());
}

/// Protects `main` of the manifests as a team does: a check, and one approval.
pub(crate) fn protect(chain: &Chain) {
    let rule = json!({
        "rule_name": "main", "enable_push": true, "enable_status_check": true,
        "status_check_contexts": ["ci/validate"], "required_approvals": 1,
    });
    chain.world.on("POST", "branch_protections", &rule);
}
