//! The clusters of a configuration, each connected to when it is first asked.
//!
//! Connecting may run a program that makes credentials, and a cluster that nobody asks need not be there,
//! so nothing is done before. What failed is tried anew by whoever asks next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sendo_core::names::ClusterName;
use tokio::sync::{OnceCell, watch};
use tokio::time::Instant;

use crate::argocd::ArgoCd;
use crate::cluster::{Access, Cluster};
use crate::error::KubeError;

/// How long a cluster that could not be connected to is not asked for pods.
const LEFT_OUT: Duration = Duration::from_secs(30);

/// A cluster as it is configured.
#[derive(Debug, Clone)]
pub struct Configured {
    /// How it is got at.
    pub access: Access,
    /// The namespace its Argo CD is in.
    pub argocd_namespace: String,
}

/// The clusters of a configuration by name. Cheap to clone; clones share their connections.
#[derive(Debug, Clone, Default)]
pub struct Clusters(Arc<BTreeMap<ClusterName, Known>>);

#[derive(Debug)]
struct Known {
    configured: Configured,
    connected: OnceCell<Cluster>,
    /// When connecting to it for its pods failed last.
    failed: watch::Sender<Option<Instant>>,
}

impl Clusters {
    /// Names the clusters.
    #[must_use]
    pub fn new(clusters: impl IntoIterator<Item = (ClusterName, Configured)>) -> Self {
        let known = |(name, configured)| {
            let known = Known {
                configured,
                connected: OnceCell::new(),
                failed: watch::Sender::new(None),
            };
            (name, known)
        };
        Self(Arc::new(clusters.into_iter().map(known).collect()))
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &ClusterName> {
        self.0.keys()
    }

    /// The Argo CD of a cluster; `None` when there is no cluster of that name.
    ///
    /// # Errors
    /// [`KubeError`] when its access cannot be used.
    pub async fn argocd(&self, name: &ClusterName) -> Result<Option<ArgoCd>, KubeError> {
        let Some((name, known)) = self.0.get_key_value(name) else {
            return Ok(None);
        };
        let cluster = known.connected(name).await?;
        let namespace = known.configured.argocd_namespace.clone();
        ArgoCd::new(cluster.clone(), namespace).map(Some)
    }

    /// The clusters beside one that can be asked; who cannot be connected to is left out for a while, as
    /// what it would add is a better word for what ails.
    pub async fn beside(&self, name: &ClusterName) -> Vec<Cluster> {
        let mut others = Vec::new();
        for (other, known) in self.0.iter().filter(|(other, _)| *other != name) {
            if known.failed_just_now() {
                continue;
            }
            match known.connected(other).await {
                Ok(cluster) => others.push(cluster.clone()),
                Err(error) => {
                    tracing::debug!(%error, "its pods are not asked");
                    known.failed.send_replace(Some(Instant::now()));
                }
            }
        }
        others
    }
}

impl Known {
    fn failed_just_now(&self) -> bool {
        self.failed
            .borrow()
            .is_some_and(|at| at.elapsed() < LEFT_OUT)
    }

    async fn connected(&self, name: &ClusterName) -> Result<&Cluster, KubeError> {
        let connect = || Cluster::connect(name.clone(), self.configured.access.clone());
        self.connected.get_or_try_init(connect).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Clusters, Configured};

    #[tokio::test]
    async fn who_cannot_be_connected_to_is_asked_by_name_and_left_out_beside_others() {
        let configured = |server: &str| {
            Configured {
            access: Access::Kubeconfig {
                text: format!(
                    "{{current-context: c, contexts: [{{name: c, context: {{cluster: c, user: c}}}}], \
                     clusters: [{{name: c, cluster: {{server: '{server}'}}}}], users: [{{name: c, user: {{}}}}]}}"
                )
                .into(),
                context: None,
            },
            argocd_namespace: "argocd".to_owned(),
        }
        };
        let name = |name: &str| name.parse().unwrap();
        let clusters = Clusters::new([
            (name("hub"), configured("http://127.0.0.1:9")),
            (name("near"), configured("http://127.0.0.1:9")),
            (name("far"), configured("http://far.example.com")),
        ]);
        let beside = clusters.beside(&name("hub")).await;
        let beside: Vec<_> = beside.iter().map(|it| it.name().to_string()).collect();
        assert_eq!(beside, ["near"]);
        assert!(clusters.0[&name("far")].failed_just_now());
        assert!(clusters.argocd(&name("far")).await.is_err());
        assert!(clusters.argocd(&name("gone")).await.unwrap().is_none());
    }
}
