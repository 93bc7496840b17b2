//! Argo CD, by its Application objects (`argoproj.io/v1alpha1`, as Argo CD 3.2 keeps them).
//!
//! Its own server is not spoken to: everything it knows of an application stands in the object, and what
//! it shall do is written there, so the rights are Kubernetes' own and one way in is enough.
//!
//! | File | Owns |
//! |---|---|
//! | `observe` | what is said of an application, put into words of the core |
//! | `seen` | reading an Application: pure |
//! | `repository` | which of its sources is ours: pure |
//! | `causes` | what ails, by the Application alone: pure |
//! | `windows`, `schedule` | whether a sync window keeps it from applying: pure |
//! | `refresh`, `sync` | asking it to look, and to apply |
//! | `watch` | which applications something was written to |

mod causes;
pub(crate) mod observe;
mod refresh;
pub(crate) mod repository;
mod schedule;
pub(crate) mod seen;
pub(crate) mod sync;
pub(crate) mod watch;
mod windows;

use sendo_core::names::EngineApplication;
use serde_json::Value;

use crate::cluster::{Ask, Cluster, Resource};
use crate::error::{Fault, KubeError};

const APPLICATIONS: Resource = Resource {
    group: "argoproj.io",
    version: "v1alpha1",
    plural: "applications",
};
const PROJECTS: Resource = Resource {
    group: "argoproj.io",
    version: "v1alpha1",
    plural: "appprojects",
};

/// The Argo CD of a cluster. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ArgoCd {
    cluster: Cluster,
    namespace: String,
}

impl ArgoCd {
    /// The Argo CD in a namespace of a cluster, which is `argocd` nearly everywhere. Applications that are
    /// named without a namespace are in it.
    ///
    /// # Errors
    /// `kube_access` when a namespace cannot be called so.
    pub fn new(cluster: Cluster, namespace: impl Into<String>) -> Result<Self, KubeError> {
        let namespace = namespace.into();
        if crate::cluster::is_name(&namespace) {
            return Ok(Self { cluster, namespace });
        }
        Err(KubeError {
            action: "use the Argo CD".to_owned(),
            cluster: cluster.to_string(),
            fault: Fault::Access {
                why: format!("no namespace can be called `{namespace}`; write the one it is in"),
            },
            may_have_happened: false,
        })
    }

    /// The cluster its Applications are objects of.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The namespace it is in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Namespace and name of an application's object.
    fn place<'a>(&'a self, application: &'a EngineApplication) -> (&'a str, &'a str) {
        match application.as_str().split_once('/') {
            Some((namespace, name)) => (namespace, name),
            None => (&self.namespace, application.as_str()),
        }
    }

    fn ask<'a>(
        &'a self,
        verb: &'static str,
        what: &str,
        application: &'a EngineApplication,
    ) -> Ask<'a> {
        let (namespace, name) = self.place(application);
        Ask {
            action: format!("{what} application {namespace}/{name}"),
            verb,
            resource: APPLICATIONS,
            namespace: Some(namespace),
            name: Some(name),
        }
    }

    async fn read(&self, application: &EngineApplication) -> Result<Option<Value>, KubeError> {
        self.cluster
            .get(&self.ask("get", "read", application))
            .await
    }
}
