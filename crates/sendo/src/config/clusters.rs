//! `clusters:` Kubernetes clusters, by the name that engines are given with.

use schemars::JsonSchema;
use sendo_core::names::ClusterName;
use serde::Deserialize;

use super::Reading;
use super::place::Place;
use super::problem::Code;
use super::secret::{Secret, SecretShape};

/// The namespace an Argo CD is nearly always in.
const ARGOCD: &str = "argocd";

/// A cluster, and how it is got at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its kubeconfig and the context in it; `None` is the account of the pod the server runs in.
    pub kubeconfig: Option<(Secret, Option<String>)>,
    /// The namespace its Argo CD is in.
    pub argocd_namespace: String,
}

/// A cluster: `kubeconfig`, or `in_cluster: true`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Cluster")]
pub(crate) struct ClusterShape {
    /// The text of a kubeconfig: a reference to a secret. A program that it names to get credentials
    /// (`exec`) is run on the server's machine.
    kubeconfig: Option<SecretShape>,
    /// The context of the kubeconfig; its current one when left out.
    context: Option<String>,
    /// Uses the service account of the pod that the server runs in.
    in_cluster: Option<bool>,
    /// The namespace its Argo CD is in; `argocd` when left out.
    argocd_namespace: Option<String>,
}

impl ClusterShape {
    /// The checked cluster.
    pub(crate) fn resolve(
        &self,
        name: &ClusterName,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Cluster> {
        let here = self.in_cluster.unwrap_or_default();
        let kubeconfig = match (&self.kubeconfig, here) {
            (Some(kubeconfig), false) => {
                let text = kubeconfig.resolve(place.key("kubeconfig"), reading)?;
                Some((text, self.context.clone()))
            }
            (None, true) if self.context.is_none() => None,
            (None, false) if place.key("kubeconfig").is_written() => return None,
            (None, false) => {
                let problem = place
                    .problem(
                        Code::MissingKey,
                        format!("nothing says how the cluster `{name}` is got at"),
                    )
                    .fix("add `kubeconfig: \"${file:PATH}\"`, or `in_cluster: true` for a server that runs in it");
                reading.problems.push(problem);
                return None;
            }
            (Some(_), true) | (None, true) => {
                let problem = place
                    .key("in_cluster")
                    .problem(
                        Code::Contradiction,
                        format!("the cluster `{name}` is got at in two ways"),
                    )
                    .why("the account of a pod has no kubeconfig and no context")
                    .fix("keep `in_cluster: true`, or `kubeconfig` and `context`");
                reading.problems.push(problem);
                return None;
            }
        };
        let namespace = self.argocd_namespace.as_deref().unwrap_or(ARGOCD);
        let is_label = |text: &str| {
            let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
            (1..=63).contains(&text.len())
                && text.bytes().all(inner)
                && !text.starts_with('-')
                && !text.ends_with('-')
        };
        if !is_label(namespace) {
            let problem = place
                .key("argocd_namespace")
                .problem(
                    Code::InvalidName,
                    format!("no namespace can be called `{namespace}`"),
                )
                .fix("use lower-case letters, digits and `-`, at most 63, as `kubectl get namespaces` shows them");
            reading.problems.push(problem);
            return None;
        }
        Some(Cluster {
            kubeconfig,
            argocd_namespace: namespace.to_owned(),
        })
    }
}
