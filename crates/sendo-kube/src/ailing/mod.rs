//! Why something ails: what the workloads of an application and their pods say.
//!
//! | File | Owns |
//! |---|---|
//! | `ask` | which objects are asked for, and how many |
//! | `workload` | what a Deployment, a Job and their like say: pure |
//! | `pod` | what a pod says: pure |
//!
//! The kinds are those of Kubernetes itself (`apps/v1`, `batch/v1`); a workload of another kind is told by
//! the engine's own health alone.

mod ask;
mod pod;
mod workload;

use std::collections::BTreeSet;

use sendo_core::engine::Cause;

pub(crate) use ask::ask;

/// How many causes are told.
const MOST: usize = 20;

/// Something that ails, before the worst are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) weight: Weight,
    /// What it belongs to. Of the same reason in the same container of one owner, one is told.
    pub(crate) owner: String,
    pub(crate) cause: Cause,
}

/// How near to the root of the trouble something is: the first says most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// The engine cannot even compare.
    Engine,
    /// An object could not be applied, a hook failed.
    Apply,
    /// A container does not run.
    Container,
    /// A pod could not be created, or has no place.
    Pod,
    /// A workload as a whole gave up.
    Object,
}

/// The worst, in an order that depends on nothing but what was found: at most 20.
pub(crate) fn worst_first(mut found: Vec<Found>) -> Vec<Cause> {
    found.sort_by(|a, b| {
        let key = |it: &Found| (it.weight, it.cause.object.clone(), it.cause.reason.clone());
        key(a).cmp(&key(b))
    });
    let mut told = BTreeSet::new();
    found.retain(|it| {
        // Of a pod's name only the container tells apart what one owner's pods say.
        let part = it
            .cause
            .object
            .rsplit_once('/')
            .map(|(_, part)| part.to_owned());
        it.owner.is_empty() || told.insert((it.owner.clone(), part, it.cause.reason.clone()))
    });
    found.truncate(MOST);
    found.into_iter().map(|it| it.cause).collect()
}

#[cfg(test)]
mod tests {
    use super::{Found, Weight, worst_first};
    use sendo_core::engine::Cause;

    fn found(weight: Weight, owner: &str, object: &str, reason: &str) -> Found {
        Found {
            weight,
            owner: owner.to_owned(),
            cause: Cause {
                object: object.to_owned(),
                reason: reason.to_owned(),
                message: String::new(),
            },
        }
    }

    #[test]
    fn the_root_comes_first_and_like_pods_are_told_once() {
        let causes = worst_first(vec![
            found(
                Weight::Object,
                "Deployment web",
                "Deployment web",
                "ProgressDeadlineExceeded",
            ),
            found(
                Weight::Container,
                "Deployment web",
                "Pod web-b/app",
                "ImagePullBackOff",
            ),
            found(
                Weight::Container,
                "Deployment web",
                "Pod web-a/app",
                "ImagePullBackOff",
            ),
            found(
                Weight::Container,
                "Deployment web",
                "Pod web-a/side",
                "ImagePullBackOff",
            ),
            found(
                Weight::Container,
                "Deployment web",
                "Pod web-c/app",
                "OOMKilled",
            ),
            found(
                Weight::Container,
                "Deployment api",
                "Pod api-a/app",
                "ImagePullBackOff",
            ),
            found(Weight::Engine, "", "Application web", "ComparisonError"),
        ]);
        let told: Vec<String> = causes
            .iter()
            .map(|cause| format!("{} {}", cause.object, cause.reason))
            .collect();
        assert_eq!(
            told,
            [
                "Application web ComparisonError",
                "Pod api-a/app ImagePullBackOff",
                "Pod web-a/app ImagePullBackOff",
                "Pod web-a/side ImagePullBackOff",
                "Pod web-c/app OOMKilled",
                "Deployment web ProgressDeadlineExceeded",
            ]
        );
    }

    #[test]
    fn twenty_are_enough() {
        let many = (0..100).map(|at| found(Weight::Pod, "", &format!("Pod p{at:03}"), "Evicted"));
        let causes = worst_first(many.collect());
        assert_eq!(causes.len(), 20);
        assert_eq!(causes[19].object, "Pod p019");
    }
}
