//! One cluster: connecting, asking, and what its answers mean.
//!
//! Owns limits and deadlines. Objects are read as plain JSON: what we look at is a handful of fields of
//! kinds that differ between versions, so typed ones would refuse more and compile longer. A request is
//! never repeated here; who asked knows whether it may be.

mod access;
pub(crate) mod fault;

use std::fmt;
use std::time::Duration;

use http::{Method, Request};
use http_body_util::{BodyExt as _, Limited};
use kube::Client;
use kube::client::Body;
use sendo_core::names::ClusterName;
use serde_json::Value;

pub use access::Access;

use crate::error::{Fault, KubeError};

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take, from the first byte sent to the last read.
pub(crate) const REQUEST: Duration = Duration::from_secs(20);
/// How large an answer may be, in bytes: several times what etcd keeps of one object.
const ANSWER: usize = 8 << 20;
/// How much one watch may send before it is begun anew, in bytes.
const WATCH: usize = 64 << 20;

/// A kind of object, as paths and RBAC name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resource {
    /// Empty for the core group.
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
}

/// What is asked: on which objects, by which verb of RBAC, and for what.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    /// What is tried on what, as a fragment.
    pub(crate) action: String,
    pub(crate) verb: &'static str,
    pub(crate) resource: Resource,
    /// In one namespace, or in all.
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

impl Resource {
    /// As RBAC names it: `deployments.apps`.
    pub(crate) fn rbac(self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }

    fn path(self, namespace: Option<&str>, name: Option<&str>) -> String {
        let mut path = match self.group {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        if let Some(namespace) = namespace {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(name);
        }
        path
    }
}

/// Whether a text that comes from elsewhere can be a name in a path: an RFC 1123 subdomain of at most
/// 253 characters, which most objects' names are. Some kinds allow more; those we never ask for.
pub(crate) fn is_name(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.');
    let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let bytes = text.as_bytes();
    bytes.len() <= 253
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|c| inner(*c))
}

/// A cluster that can be asked. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    name: ClusterName,
    /// Its API server's address, without anything secret.
    url: String,
    client: Client,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({self})")
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster {} ({})", self.name, self.url)
    }
}

impl Cluster {
    /// Makes ready to ask a cluster. Nothing is sent; files that the access names are read, and a program
    /// that it names is run, within 20 s.
    ///
    /// # Errors
    /// `kube_access` when the access cannot be used, `kube_credentials` when its program or a file of it
    /// gives none.
    pub async fn connect(name: ClusterName, access: Access) -> Result<Self, KubeError> {
        let failed = |fault| KubeError {
            action: "use the access to it".to_owned(),
            cluster: format!("cluster {name}"),
            fault,
            may_have_happened: false,
        };
        let mut config = access.config().await.map_err(failed)?;
        config.connect_timeout = Some(CONNECT);
        config.write_timeout = Some(REQUEST);
        config.default_retry = false;
        let url = config.cluster_url.to_string();
        let url = url.trim_end_matches('/').to_owned();
        // It waits for a program, where the access names one.
        let build = tokio::task::spawn_blocking(move || client(config));
        let client = match tokio::time::timeout(REQUEST, build).await {
            Ok(Ok(built)) => built.map_err(|error| failed(fault::of_building(&error)))?,
            Ok(Err(_)) | Err(_) => {
                let why = format!("its program gave none within {REQUEST:?}");
                return Err(failed(Fault::Credentials { why }));
            }
        };
        Ok(Self { name, url, client })
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &ClusterName {
        &self.name
    }

    /// The address of its API server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// An error of an ask on this cluster.
    pub(crate) fn failed(&self, ask: &Ask<'_>, fault: Fault) -> KubeError {
        let changes = !matches!(ask.verb, "get" | "list" | "watch");
        let doubtful = match fault {
            Fault::BrokeOff { .. }
            | Fault::TimedOut { .. }
            | Fault::Unreadable { .. }
            | Fault::TooLarge { .. } => true,
            Fault::Status { status, .. } => status >= 500,
            _ => false,
        };
        KubeError {
            action: ask.action.clone(),
            cluster: self.to_string(),
            fault,
            may_have_happened: changes && doubtful,
        }
    }

    /// An object, or `None` where there is none of that name.
    pub(crate) async fn get(&self, ask: &Ask<'_>) -> Result<Option<Value>, KubeError> {
        match self.send(ask, Method::GET, &[], None).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.fault == Fault::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first of the objects that a selector chooses: at most `limit`.
    pub(crate) async fn list(
        &self,
        ask: &Ask<'_>,
        selector: &str,
        limit: u32,
    ) -> Result<Vec<Value>, KubeError> {
        let limit = limit.to_string();
        let query = [("labelSelector", selector), ("limit", &limit)];
        let mut list = self.send(ask, Method::GET, &query, None).await?;
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(self.failed(
                ask,
                Fault::Unreadable {
                    why: "a list without items".to_owned(),
                },
            )),
        }
    }

    /// Changes an object by a JSON merge patch (RFC 7386); gives what it became. With a
    /// `metadata.resourceVersion` in the patch it is a compare-and-swap: [`Fault::Contended`] when somebody
    /// was faster.
    pub(crate) async fn patch(&self, ask: &Ask<'_>, patch: &Value) -> Result<Value, KubeError> {
        let query = [("fieldManager", "sendo")];
        self.send(ask, Method::PATCH, &query, Some(patch)).await
    }

    async fn send(
        &self,
        ask: &Ask<'_>,
        method: Method,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, KubeError> {
        let failed = |fault| self.failed(ask, fault);
        let path = ask.resource.path(ask.namespace, ask.name);
        let query: Vec<_> = query
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        // Pairs of texts can always be written.
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{path}?{query}"))
            .header("accept", "application/json");
        if body.is_some() {
            request = request.header("content-type", "application/merge-patch+json");
        }
        let bytes = body.map(|body| body.to_string().into_bytes());
        let request = request
            .body(Body::from(bytes.unwrap_or_default()))
            .map_err(|error| {
                failed(Fault::Unreadable {
                    why: error.to_string(),
                })
            })?;
        let answer = async {
            let answer = self
                .client
                .send(request)
                .await
                .map_err(|error| fault::of_trouble(&error, ANSWER))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER);
            let body = body
                .collect()
                .await
                .map_err(|error| fault::of_trouble(&*error, ANSWER))?;
            Ok((status, body.to_bytes()))
        };
        let (status, body) = match tokio::time::timeout(REQUEST, answer).await {
            Ok(answer) => answer.map_err(failed)?,
            Err(_) => return Err(failed(Fault::TimedOut { after: REQUEST })),
        };
        if !status.is_success() {
            return Err(failed(fault::of_answer(ask, status.as_u16(), &body)));
        }
        serde_json::from_slice(&body).map_err(|error| {
            failed(Fault::Unreadable {
                why: error.to_string(),
            })
        })
    }
}

fn client(config: kube::Config) -> kube::Result<Client> {
    let limited =
        tower::util::MapResponseLayer::new(|answer: http::Response<Box<kube::client::DynBody>>| {
            answer.map(|body| Limited::new(body, WATCH))
        });
    let builder = kube::client::ClientBuilder::try_from(config)?;
    Ok(builder.with_layer(&limited).build())
}

#[cfg(test)]
mod tests {
    use super::{Resource, is_name};

    #[test]
    fn paths_are_those_of_the_api() {
        let pods = Resource {
            group: "",
            version: "v1",
            plural: "pods",
        };
        assert_eq!(pods.path(Some("web"), None), "/api/v1/namespaces/web/pods");
        assert_eq!(pods.path(None, None), "/api/v1/pods");
        assert_eq!(pods.rbac(), "pods");
        let jobs = Resource {
            group: "batch",
            version: "v1",
            plural: "jobs",
        };
        let path = jobs.path(Some("web"), Some("once"));
        assert_eq!(path, "/apis/batch/v1/namespaces/web/jobs/once");
        assert_eq!(jobs.rbac(), "jobs.batch");
    }

    #[test]
    fn what_would_leave_a_path_is_no_name() {
        for name in ["web", "web-1.example", "0"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "..", "a/b", "a?b", "a%2fb", "A", "-a", "a-", "ä"] {
            assert!(!is_name(name), "{name}");
        }
        assert!(!is_name(&"a".repeat(254)));
    }
}
