//! Argo CD follows a folder in Gitea onto the cluster.

use crate::forge::Forge;
use crate::kubernetes::{apply, becomes};
use crate::run;

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
";

fn kustomization(tag: &str) -> String {
    format!("resources: [deployment.yaml]\nimages: [{{name: web, newTag: '{tag}'}}]\n")
}

fn application(forge: &Forge) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web, namespace: argocd}}\n\
         spec:\n  project: default\n  source: {{repoURL: '{}', path: web, targetRevision: main}}\n  \
         destination: {{server: 'https://kubernetes.default.svc', namespace: web}}\n  \
         syncPolicy: {{automated: {{}}, syncOptions: [CreateNamespace=true]}}\n",
        forge.url
    )
}

#[test]
fn a_pushed_folder_becomes_synced_and_healthy() {
    let forge = Forge::with_repository("deployed");
    let files = |tag| {
        [
            ("web/deployment.yaml", DEPLOYMENT.to_owned()),
            ("web/kustomization.yaml", kustomization(tag)),
        ]
    };
    let push = |tag| {
        let files = files(tag);
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        forge.push("main", &files)
    };
    let argo = &["application", "web", "-n=argocd"];
    let first = push("1");
    apply(&application(&forge));
    becomes(
        argo,
        "{.status.sync.status} {.status.health.status} {.status.sync.revision}",
        &format!("Synced Healthy {first}"),
    );

    let second = push("2");
    run(
        "kubectl",
        &[
            "annotate",
            "application",
            "web",
            "-n=argocd",
            "argocd.argoproj.io/refresh=normal",
        ],
    );
    becomes(
        argo,
        "{.status.sync.status} {.status.health.status} {.status.sync.revision}",
        &format!("Synced Healthy {second}"),
    );
    becomes(
        &["deployment", "web", "-n=web"],
        "{.spec.template.spec.containers[0].image} {.status.readyReplicas}",
        "web:2 2",
    );
}
