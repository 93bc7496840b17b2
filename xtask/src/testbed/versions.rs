//! Every version that the testbed builds, and the oldest that it takes from Debian.
//!
//! The only place where they are written for Rust. The wrapper modules in `xtask/testbed` repeat
//! them in their go.mod, because Go reads nothing else; a test holds the two together.

/// kube-apiserver, kube-controller-manager, kube-scheduler and kubectl.
pub(super) const KUBERNETES: &str = "1.36.3";
pub(super) const ETCD: &str = "3.6.8";
pub(super) const KWOK: &str = "0.7.0";
pub(super) const KUSTOMIZE: &str = "5.8.1";
/// The major version that Argo CD runs.
pub(super) const HELM: &str = "3.22.0";
/// The last whose module can be required: 1.27 renamed it.
pub(super) const GITEA: &str = "1.26.0";
/// Later patches do not compile as a module, and 3.3 needs a nested module that is not published.
pub(super) const ARGOCD: &str = "3.2.6";

/// Debian's, or any other on PATH from here on.
pub(super) const OLDEST_REDIS: u32 = 6;
pub(super) const OLDEST_POSTGRES: u32 = 13;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_wrapper_modules_name_the_same_versions() {
        let wrappers = Path::new(env!("CARGO_MANIFEST_DIR")).join("testbed");
        for (wrapper, module, version) in [
            ("kubernetes", "k8s.io/kubernetes", KUBERNETES),
            ("kubernetes", "go.etcd.io/etcd/server/v3", ETCD),
            ("kwok", "sigs.k8s.io/kwok", KWOK),
            ("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", KUSTOMIZE),
            ("helm", "helm.sh/helm/v3", HELM),
            ("gitea", "code.gitea.io/gitea", GITEA),
            ("argocd", "github.com/argoproj/argo-cd/v3", ARGOCD),
        ] {
            let text = std::fs::read_to_string(wrappers.join(wrapper).join("go.mod")).unwrap();
            let wanted = format!("{module} v{version}");
            assert!(
                text.lines()
                    .any(|line| line.trim().trim_start_matches("require ") == wanted),
                "{wrapper}/go.mod does not require {wanted}"
            );
        }
    }
}
