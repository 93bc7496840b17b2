//! How a cluster is got at: a kubeconfig that the operator wrote, or the account of the pod we run in.
//!
//! A kubeconfig may name a program that makes credentials (`exec`): EKS and GKE have no other way. It is
//! run as the operator wrote it, without a terminal, so a kubeconfig is as trusted as the configuration
//! that names it, and is never taken from anybody else. Proxies are not used, neither those of a
//! kubeconfig, which are refused, nor those of the environment, which are ignored. Refused as well is what
//! would give credentials to whoever answers: an unverified certificate, an address that is not https
//! (other than on this machine), a password in an address.

use http::Uri;
use kube::Config;
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Fault;

/// How large a kubeconfig may be, in bytes.
const LARGEST: usize = 1 << 20;

/// How a cluster is got at.
#[derive(Debug, Clone)]
pub enum Access {
    /// A kubeconfig's text, at most 1 MiB. Relative paths in it are relative to our working folder.
    Kubeconfig {
        /// The text, which may hold secrets.
        text: SecretString,
        /// The context to use; its current one when `None`.
        context: Option<String>,
    },
    /// The service account of the pod we run in: the API server by `KUBERNETES_SERVICE_HOST`, token and
    /// authority in `/var/run/secrets/kubernetes.io/serviceaccount`, the token read anew each minute.
    InCluster,
}

impl Access {
    pub(super) async fn config(self) -> Result<Config, Fault> {
        match self {
            Self::Kubeconfig { text, context } => from_text(&text, context).await,
            Self::InCluster => Config::incluster_env().map_err(|error| {
                refuse(format!(
                    "we run in no pod that has an account ({error}); give a kubeconfig instead"
                ))
            }),
        }
    }
}

fn refuse(why: impl Into<String>) -> Fault {
    Fault::Access { why: why.into() }
}

async fn from_text(text: &SecretString, context: Option<String>) -> Result<Config, Fault> {
    let text = text.expose_secret();
    if text.len() > LARGEST {
        return Err(refuse(format!(
            "the kubeconfig is longer than {LARGEST} bytes; leave in it only what this cluster needs"
        )));
    }
    // What is wrong with the text is not told with a piece of it: that may be the token.
    let mut file = Kubeconfig::from_yaml(text).map_err(|_| {
        refuse(
            "the kubeconfig is not what `kubectl config view --raw` prints; replace it with that",
        )
    })?;
    let chosen = context.or_else(|| file.current_context.clone());
    if proxy(&file, chosen.as_deref()) {
        return Err(refuse(
            "its `proxy-url` cannot be used; remove it, and let the network reach the API server",
        ));
    }
    for user in &mut file.auth_infos {
        if let Some(exec) = user.auth_info.as_mut().and_then(|user| user.exec.as_mut()) {
            // Nobody sits at a terminal to answer it.
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
    }
    let options = KubeConfigOptions {
        context: chosen,
        ..KubeConfigOptions::default()
    };
    let mut config = Config::from_custom_kubeconfig(file, &options)
        .await
        .map_err(|error| refuse(unusable(&error)))?;
    config.proxy_url = None;
    if config.accept_invalid_certs {
        return Err(refuse(
            "`insecure-skip-tls-verify` would give the credentials to whoever answers; write the \
             server's `certificate-authority-data` instead",
        ));
    }
    checked(&config.cluster_url)?;
    Ok(config)
}

/// Whether the cluster of a context wants a proxy.
fn proxy(file: &Kubeconfig, context: Option<&str>) -> bool {
    let context = file
        .contexts
        .iter()
        .find(|one| Some(one.name.as_str()) == context)
        .and_then(|one| one.context.as_ref());
    let cluster = context.and_then(|context| {
        let mut clusters = file.clusters.iter();
        clusters.find(|one| one.name == context.cluster)
    });
    cluster
        .and_then(|one| one.cluster.as_ref()?.proxy_url.as_deref())
        .is_some_and(|url| !url.is_empty())
}

/// Refuses an address that would tell credentials to others, or that holds some.
fn checked(url: &Uri) -> Result<(), Fault> {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err(refuse(
            "its `server` holds a user; write it as a user of the kubeconfig",
        ));
    }
    let host = url.host().unwrap_or_default();
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match url.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if loopback => Ok(()),
        _ => Err(refuse("its `server` is not https; write its https address")),
    }
}

/// What is wrong with a kubeconfig, without anything that stands in it but names and paths.
fn unusable(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::CurrentContextNotSet => {
            "the kubeconfig has no current context; name one".to_owned()
        }
        KubeconfigError::LoadContext(name) => {
            format!("the kubeconfig has no context `{name}`; name one that it has")
        }
        KubeconfigError::LoadClusterOfContext(name) => {
            format!("the kubeconfig has no cluster `{name}`, which its context names; add it")
        }
        KubeconfigError::MissingClusterUrl => {
            "its cluster has no `server`; write the API server's address".to_owned()
        }
        KubeconfigError::ParseClusterUrl(_) => {
            "its `server` is no address; write one such as https://10.0.0.1:6443".to_owned()
        }
        KubeconfigError::LoadCertificateAuthority(_) | KubeconfigError::ParseCertificates(_) => {
            "its certificate authority cannot be read; check `certificate-authority`".to_owned()
        }
        KubeconfigError::LoadClientCertificate(_) | KubeconfigError::LoadClientKey(_) => {
            "its client certificate or key cannot be read; check the user".to_owned()
        }
        _ => "the kubeconfig cannot be used; check it with `kubectl --kubeconfig`".to_owned(),
    }
}
#[cfg(test)]
mod tests {
    use sendo_core::names::ClusterName;

    use super::Access;
    use crate::cluster::Cluster;
    use crate::error::KubeError;

    async fn connect(text: String, context: Option<&str>) -> Result<Cluster, KubeError> {
        let access = Access::Kubeconfig {
            text: text.into(),
            context: context.map(str::to_owned),
        };
        Cluster::connect(ClusterName::new("hub").unwrap(), access).await
    }

    fn kubeconfig(cluster: &str, user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: one\n\
             clusters:\n- name: c\n  cluster: {cluster}\nusers:\n- name: u\n  user: {user}\n\
             contexts:\n- name: one\n  context: {{cluster: c, user: u}}\n\
             - name: two\n  context: {{cluster: gone, user: u}}\n"
        )
    }

    const SERVER: &str = "{server: 'https://10.0.0.1:6443'}";
    const TOKEN: &str = "{token: s3cret-token}";

    async fn refused(text: String, context: Option<&str>) -> String {
        let error = connect(text, context).await.unwrap_err();
        assert_eq!(error.reason_code(), "kube_access", "{error}");
        assert!(!error.is_transient());
        let said = error.to_string();
        assert!(
            !said.contains("s3cret") && !format!("{error:?}").contains("s3cret"),
            "{said}"
        );
        let wanted = "could not use the access to it on cluster hub: ";
        said.strip_prefix(wanted).unwrap_or(&said).to_owned()
    }

    #[tokio::test]
    async fn a_kubeconfig_is_taken_and_shown_without_its_token() {
        let cluster = connect(kubeconfig(SERVER, TOKEN), Some("one"))
            .await
            .unwrap();
        assert_eq!(cluster.url(), "https://10.0.0.1:6443");
        let shown = "Cluster(cluster hub (https://10.0.0.1:6443))";
        assert_eq!(format!("{cluster:?}"), shown);
        let access = Access::Kubeconfig {
            text: kubeconfig(SERVER, TOKEN).into(),
            context: None,
        };
        assert!(!format!("{access:?}").contains("s3cret"));
    }

    #[tokio::test]
    async fn what_would_give_credentials_away_is_refused() {
        for (server, wanted) in [
            (
                "{server: 'http://10.0.0.1:6443'}",
                "its `server` is not https",
            ),
            (
                "{server: 'https://a:s3cret@10.0.0.1'}",
                "its `server` holds a user",
            ),
            (
                "{server: 'https://10.0.0.1', insecure-skip-tls-verify: true}",
                "`insecure-skip-tls-verify` would give",
            ),
            (
                "{server: 'https://10.0.0.1', proxy-url: 'http://a:s3cret@10.0.0.9'}",
                "its `proxy-url` cannot be used",
            ),
        ] {
            let said = refused(kubeconfig(server, TOKEN), None).await;
            assert!(said.starts_with(wanted), "{said}");
        }
        assert!(
            connect(kubeconfig("{server: 'http://127.0.0.1:8001'}", "{}"), None)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_without_the_text() {
        let said = refused(kubeconfig(SERVER, TOKEN), Some("three")).await;
        assert_eq!(
            said,
            "the kubeconfig has no context `three`; name one that it has"
        );
        let said = refused(kubeconfig(SERVER, TOKEN), Some("two")).await;
        assert!(
            said.starts_with("the kubeconfig has no cluster `gone`"),
            "{said}"
        );
        let said = refused("users: [{user: {token: [s3cret-token}}]".to_owned(), None).await;
        assert!(said.starts_with("the kubeconfig is not what"), "{said}");
        let said = refused(String::new(), None).await;
        assert!(
            said.starts_with("the kubeconfig has no current context"),
            "{said}"
        );
        let said = refused("#".repeat(2 << 20), None).await;
        assert!(
            said.starts_with("the kubeconfig is longer than 1048576 bytes"),
            "{said}"
        );
        let unread = "{server: 'https://10.0.0.1', certificate-authority: /nowhere/s3cret}";
        let said = refused(kubeconfig(unread, TOKEN), None).await;
        assert!(
            said.starts_with("its certificate authority cannot be read"),
            "{said}"
        );
        let broken = "{client-certificate-data: czNjcmV0, client-key-data: czNjcmV0}";
        let said = refused(kubeconfig(SERVER, broken), None).await;
        assert!(
            said.starts_with("its certificates or keys cannot be used"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_program_is_run_and_what_it_prints_is_never_told() {
        let exec = |script: &str| {
            format!(
                "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['-c', '{script}']}}}}"
            )
        };
        for (script, wanted) in [
            (
                "echo s3cret; echo s3cret >&2; exit 3",
                "its program ended with exit status: 3",
            ),
            (
                "echo s3cret",
                "what its program printed is no ExecCredential",
            ),
            ("echo {}", "what its program printed is no ExecCredential"),
        ] {
            let error = connect(kubeconfig(SERVER, &exec(script)), None)
                .await
                .unwrap_err();
            assert_eq!(error.reason_code(), "kube_credentials", "{error}");
            assert!(error.is_transient());
            let said = error.to_string();
            assert!(said.contains(wanted) && !said.contains("s3cret"), "{said}");
        }
        let token = r#"echo "{\"status\": {\"token\": \"s3cret\"}}""#;
        assert!(
            connect(kubeconfig(SERVER, &exec(token)), None)
                .await
                .is_ok()
        );
        let gone = "{exec: {command: /nowhere/aws}}";
        let error = connect(kubeconfig(SERVER, gone), None).await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("its program cannot be run: No such file"),
            "{error}"
        );
    }
}
