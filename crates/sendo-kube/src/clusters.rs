//! The clusters of a configuration, each connected to when it is first asked.
//!
//! Connecting may run a program that makes credentials, and a cluster that nobody asks need not be there,
//! so nothing is done before. What failed is tried anew by whoever asks next.

use std::collections::BTreeMap;
use std::sync::Arc;

use sendo_core::names::ClusterName;
use tokio::sync::OnceCell;

use crate::argocd::ArgoCd;
use crate::cluster::{Access, Cluster};
use crate::error::KubeError;

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
}

impl Clusters {
    /// Names the clusters.
    #[must_use]
    pub fn new(clusters: impl IntoIterator<Item = (ClusterName, Configured)>) -> Self {
        let known = |(name, configured)| {
            let connected = OnceCell::new();
            let known = Known {
                configured,
                connected,
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

    /// The clusters beside one that can be asked; who cannot be connected to is left out, as what it
    /// would add is a better word for what ails.
    pub async fn beside(&self, name: &ClusterName) -> Vec<Cluster> {
        let mut others = Vec::new();
        for (other, known) in self.0.iter().filter(|(other, _)| *other != name) {
            match known.connected(other).await {
                Ok(cluster) => others.push(cluster.clone()),
                Err(error) => tracing::debug!(%error, "its pods are not asked"),
            }
        }
        others
    }
}

impl Known {
    async fn connected(&self, name: &ClusterName) -> Result<&Cluster, KubeError> {
        let connect = || Cluster::connect(name.clone(), self.configured.access.clone());
        self.connected.get_or_try_init(connect).await
    }
}
