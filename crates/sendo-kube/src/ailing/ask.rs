//! Asking a cluster for the workloads of an application, and for the pods of those that are not well.

use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::Value;

use super::workload::{self, Kind, REPLICA_SETS};
use super::{Found, pod};
use crate::argocd::seen::{Object, Seen};
use crate::cluster::{Ask, Cluster, REQUEST, Resource, is_name};
use crate::error::{Fault, KubeError};

/// How many workloads are asked for.
const WORKLOADS: usize = 20;
/// How many pods, or sets, of one.
const EACH: u32 = 50;
/// How many workloads are asked for at a time.
const AT_ONCE: usize = 4;

/// One workload, as the application names it.
struct Workload<'a> {
    kind: Kind,
    namespace: &'a str,
    name: &'a str,
    /// For people: `Deployment web`.
    shown: String,
}

/// What the workloads of an application say, within 20 s. What a cluster does not tell is left out, and
/// the first reason for it comes beside.
pub(crate) async fn ask(cluster: &Cluster, seen: &Seen) -> (Vec<Found>, Option<KubeError>) {
    let objects = seen.objects.iter();
    let workloads: Vec<_> = objects.filter_map(Workload::of).take(WORKLOADS).collect();
    // Boxed, as the compiler cannot tell that a stream of what borrows can go to another thread.
    let asked: Vec<_> = workloads
        .iter()
        .map(|workload| workload.ask(cluster).boxed())
        .collect();
    let mut asked = stream::iter(asked).buffered(AT_ONCE);
    let mut found = Vec::new();
    let mut trouble = None;
    let all = async {
        while let Some((said, error)) = asked.next().await {
            found.extend(said);
            trouble = trouble.take().or(error);
        }
    };
    if tokio::time::timeout(REQUEST, all).await.is_err() {
        let late = KubeError {
            action: format!("ask for the pods of {}/{}", seen.namespace, seen.name),
            cluster: cluster.to_string(),
            fault: Fault::TimedOut { after: REQUEST },
            may_have_happened: false,
        };
        trouble = trouble.or(Some(late));
    }
    (found, trouble)
}

impl<'a> Workload<'a> {
    /// `None` for what has no pods, and for names that no such object can have.
    fn of(object: &'a Object) -> Option<Self> {
        let kind = Kind::of(&object.group, &object.kind)?;
        (is_name(&object.namespace) && is_name(&object.name)).then(|| Self {
            kind,
            namespace: &object.namespace,
            name: &object.name,
            shown: format!("{} {}", object.kind, object.name),
        })
    }

    async fn ask(&self, cluster: &Cluster) -> (Vec<Found>, Option<KubeError>) {
        let mut found = Vec::new();
        let error = self.look(cluster, &mut found).await.err();
        (found, error)
    }

    async fn look(&self, cluster: &Cluster, found: &mut Vec<Found>) -> Result<(), KubeError> {
        let ask = self.question("get", self.kind.resource(), Some(self.name));
        let Some(object) = cluster.get(&ask).await? else {
            return Ok(());
        };
        if self.kind == Kind::Pod {
            found.extend(pod::read(&object, &self.shown));
            return Ok(());
        }
        found.extend(workload::read(&object, &self.shown));
        if workload::is_well(self.kind, &object) {
            return Ok(());
        }
        let Some(selector) = workload::selector(&object) else {
            return Ok(());
        };
        let (owner, selector) = match self.kind {
            Kind::Deployment => match self.newest_set(cluster, &object, &selector).await? {
                Some((set, selector)) => (set, selector),
                None => return Ok(()),
            },
            kind => {
                let more = workload::newest(kind, &object);
                let selector = more.map_or(selector.clone(), |more| format!("{selector},{more}"));
                (object, selector)
            }
        };
        let ask = self.question("list", Kind::Pod.resource(), None);
        for one in cluster.list(&ask, &selector, EACH).await? {
            if workload::owned(&one, &owner) {
                found.extend(pod::read(&one, &self.shown));
            }
        }
        Ok(())
    }

    /// The set that a Deployment brings forth now, and the selector of its pods: those of sets before it
    /// say nothing about what was just applied. `None` where it has not made one yet.
    async fn newest_set(
        &self,
        cluster: &Cluster,
        deployment: &Value,
        selector: &str,
    ) -> Result<Option<(Value, String)>, KubeError> {
        let ask = self.question("list", REPLICA_SETS, None);
        let sets = cluster.list(&ask, selector, EACH).await?;
        let Some(set) = workload::current_set(deployment, &sets) else {
            return Ok(None);
        };
        let hash = pod::text(set, "/metadata/labels/pod-template-hash");
        let selector = match hash {
            "" => selector.to_owned(),
            hash => format!("{selector},pod-template-hash={hash}"),
        };
        Ok(Some((set.clone(), selector)))
    }

    fn question<'b>(
        &'b self,
        verb: &'static str,
        resource: Resource,
        name: Option<&'b str>,
    ) -> Ask<'b> {
        let (namespace, shown) = (self.namespace, &self.shown);
        let action = match name {
            Some(_) => format!("read {shown} in {namespace}"),
            None => format!("list the {} of {shown} in {namespace}", resource.plural),
        };
        Ask {
            action,
            verb,
            resource,
            namespace: Some(namespace),
            name,
        }
    }
}
