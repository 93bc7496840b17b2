//! Asking Argo CD to apply a commit, once.
//!
//! An operation is a field of the Application; writing it is asking for it. It carries our key, and stays
//! with the key where it can be found afterwards (`operation`, then `status.operationState.operation`), so
//! asking again finds what was asked before. It is written by compare-and-swap, so of two who ask at the
//! same time one finds the other's.

use sendo_core::engine::Phase;
use sendo_core::names::{EngineApplication, Revision};
use serde_json::{Value, json};

use super::ArgoCd;
use super::repository::Addresses;
use super::seen::{INFO, Operation, Seen};
use crate::cluster::Ask;
use crate::error::{Fault, KubeError};

/// Who asks, as Argo CD shows it.
const US: &str = "sendo";
/// How often a write is tried that somebody else's came before.
const TRIES: usize = 5;

/// What shall be applied.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// By which application.
    pub application: &'a EngineApplication,
    /// The commit of the manifests repository.
    pub revision: &'a Revision,
    /// The addresses of that repository.
    pub manifests: &'a Addresses,
    /// What tells this wish from any other: the same key is the same wish.
    pub key: &'a str,
}

/// What became of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It was asked just now.
    Anew,
    /// It had been asked before, and is this far.
    Before(Phase),
}

impl ArgoCd {
    /// Asks it to apply a commit, unless the same was asked before. Of an application with several
    /// sources, ours gets the commit and the others stay at what they were last compared with. Whether
    /// what left git is deleted, options and retries are as the application's own policy says.
    ///
    /// Where a sync window keeps it from applying by hand, the operation waits until the window lets it.
    /// The key is forgotten once the application was applied anew by somebody else. One that is synced is
    /// left alone, whoever did that.
    ///
    /// # Errors
    /// `sync_under_way`, which passes, when something else is being applied; `other_repository` when none
    /// of its sources is ours; `kube_not_found` when there is no such application.
    pub async fn sync(&self, wanted: Wanted<'_>) -> Result<Asked, KubeError> {
        let ask = self.ask("patch", "sync", wanted.application);
        for _ in 0..TRIES {
            let Some(object) = self.read(wanted.application).await? else {
                return Err(self.cluster.failed(&ask, Fault::NotFound));
            };
            let seen = Seen::read(&object);
            // Somebody else applied what there is to apply meanwhile: ours may be older by now.
            if seen.synced {
                return Ok(Asked::Before(Phase::Succeeded));
            }
            if let Some(asked) = self.asked(&seen, &ask, wanted.key)? {
                return Ok(asked);
            }
            let patch =
                operation(&seen, wanted).map_err(|fault| self.cluster.failed(&ask, fault))?;
            match self.cluster.patch(&ask, &patch).await {
                Ok(_) => return Ok(Asked::Anew),
                Err(error) if error.fault == Fault::Contended => {}
                Err(error) => return Err(error),
            }
        }
        Err(self.cluster.failed(&ask, Fault::Contended))
    }

    /// Whether it was asked before. Something else under way is an error.
    fn asked(&self, seen: &Seen, ask: &Ask<'_>, key: &str) -> Result<Option<Asked>, KubeError> {
        let ours = |operation: &Operation| operation.keys.iter().any(|found| found == key);
        if let Some(tried) = seen.tried.as_ref().filter(|it| ours(&it.operation)) {
            return Ok(Some(Asked::Before(tried.phase)));
        }
        match &seen.asked {
            Some(asked) if ours(asked) => Ok(Some(Asked::Before(Phase::Running))),
            Some(asked) => {
                let by = asked.by.clone();
                Err(self.cluster.failed(ask, Fault::UnderWay { by }))
            }
            None => Ok(None),
        }
    }
}

/// The patch that asks. The state of the operation before is taken away with it, as Argo CD itself does
/// (`SetAppOperation` in `util/argo/argo.go`): what is left of it would be merged into the new one.
fn operation(seen: &Seen, wanted: Wanted<'_>) -> Result<Value, Fault> {
    let Some(position) = seen.current.position(wanted.manifests) else {
        return Err(Fault::OtherRepository {
            follows: seen.current.follows(),
        });
    };
    let revision = wanted.revision.as_str();
    let mut sync = if seen.current.several {
        let known = |at: usize| seen.current.revisions.get(at).map_or("", String::as_str);
        let revisions: Vec<&str> = (0..seen.current.sources.len())
            .map(|at| if at == position { revision } else { known(at) })
            .collect();
        json!({ "revisions": revisions })
    } else {
        json!({ "revision": revision })
    };
    if seen.prune {
        sync["prune"] = Value::Bool(true);
    }
    if seen.options.is_array() {
        sync["syncOptions"] = seen.options.clone();
    }
    let mut operation = json!({
        "initiatedBy": { "username": US },
        "info": [{ "name": INFO, "value": wanted.key }],
        "sync": sync,
    });
    if seen.retry.is_object() {
        operation["retry"] = seen.retry.clone();
    }
    Ok(json!({
        "metadata": { "resourceVersion": seen.version },
        "operation": operation,
        "status": { "operationState": null },
    }))
}

#[cfg(test)]
mod tests {
    use sendo_core::names::{EngineApplication, Revision};
    use serde_json::{Value, json};

    use super::{Wanted, operation};
    use crate::argocd::repository::Addresses;
    use crate::argocd::seen::Seen;
    use crate::error::Fault;
    use crate::recorded::{MANIFESTS, recorded};

    fn patch(object: &Value, manifests: &str) -> Result<Value, Fault> {
        let wanted = Wanted {
            application: &EngineApplication::new("web").unwrap(),
            revision: &Revision::new("1".repeat(40)).unwrap(),
            manifests: &Addresses::new([manifests]),
            key: "web/test/7",
        };
        operation(&Seen::read(object), wanted)
    }

    #[test]
    fn what_is_asked_is_the_policy_of_the_application_at_our_commit() {
        let mut object = recorded("sync-failed");
        object["spec"]["syncPolicy"]["automated"] = json!({"prune": true});
        object["spec"]["syncPolicy"]["retry"] = json!({"limit": 3});
        let patch = patch(&object, MANIFESTS).unwrap();
        let wanted = json!({
            "metadata": {"resourceVersion": object["metadata"]["resourceVersion"]},
            "operation": {
                "initiatedBy": {"username": "sendo"},
                "info": [{"name": "sendo", "value": "web/test/7"}],
                "sync": {
                    "revision": "1".repeat(40),
                    "prune": true,
                    "syncOptions": ["CreateNamespace=true"],
                },
                "retry": {"limit": 3},
            },
            "status": {"operationState": null},
        });
        assert_eq!(patch, wanted);
    }

    #[test]
    fn other_sources_stay_where_they_are() {
        let mut object = recorded("multi-source");
        object["spec"]["sources"][0]["repoURL"] = json!("https://git.example.com/acme/other");
        let other = object["status"]["sync"]["revisions"][0].clone();
        let patch = patch(&object, MANIFESTS).unwrap();
        let wanted =
            json!({"revisions": [other, "1".repeat(40)], "syncOptions": ["CreateNamespace=true"]});
        assert_eq!(patch["operation"]["sync"], wanted);
    }

    #[test]
    fn what_follows_another_repository_is_left_alone() {
        let refused = patch(
            &recorded("healthy"),
            "https://git.example.com/acme/manifests",
        );
        let follows = "127.0.0.1/testbed-admin/manifests".to_owned();
        assert_eq!(refused, Err(Fault::OtherRepository { follows }));
    }
}
