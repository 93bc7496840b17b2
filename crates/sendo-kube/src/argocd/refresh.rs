//! Asking Argo CD to look at git now.

use sendo_core::names::EngineApplication;
use serde_json::json;

use super::ArgoCd;
use crate::error::KubeError;

impl ArgoCd {
    /// Asks it to compare an application with git at once, instead of when its turn comes (within three
    /// minutes, unless it was set otherwise). It does so within a second or two and takes the mark away;
    /// asked twice, it looks once.
    ///
    /// The mark is the annotation `argocd.argoproj.io/refresh: normal`, as `argocd app get --refresh`
    /// leaves it. It needs the right to patch applications.
    ///
    /// # Errors
    /// `kube_not_found` when there is no such application.
    pub async fn refresh(&self, application: &EngineApplication) -> Result<(), KubeError> {
        let ask = self.ask("patch", "refresh", application);
        let mark = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
        self.cluster.patch(&ask, &mark).await.map(|_| ())
    }
}
