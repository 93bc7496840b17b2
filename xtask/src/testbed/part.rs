//! The parts of the testbed, and the programs each consists of.
//!
//! A program is built from its Go module into the cache, or comes with a package of Debian. The
//! versions are in `versions`; where a program is on this machine is for `find` to say.

use serde::{Deserialize, Serialize};

use super::versions;

/// Something real that Sendo is tested against.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
pub(crate) enum Part {
    /// etcd, the API server, its controllers and scheduler, and KWOK for nodes.
    Kubernetes,
    /// A forge with an admin and two bots.
    Gitea,
    /// An engine, on the Kubernetes beside it; follows the Gitea beside it, if any.
    Argocd,
    /// A database.
    Postgres,
}

impl Part {
    pub(crate) const ALL: [Self; 4] = [Self::Kubernetes, Self::Gitea, Self::Argocd, Self::Postgres];

    /// As it is typed.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Gitea => "gitea",
            Self::Argocd => "argocd",
            Self::Postgres => "postgres",
        }
    }

    /// The named parts and those they stand on, in the order of `ALL`; all of them when none is named.
    pub(super) fn with_what_they_need(named: &[Self]) -> Vec<Self> {
        let wanted = |part: &Self| {
            named.is_empty()
                || named.contains(part)
                || (*part == Self::Kubernetes && named.contains(&Self::Argocd))
        };
        Self::ALL.into_iter().filter(wanted).collect()
    }

    pub(super) fn programs(self) -> impl Iterator<Item = &'static Program> {
        PROGRAMS.iter().filter(move |program| program.part == self)
    }
}

/// A program of a part.
#[derive(Debug)]
pub(super) struct Program {
    /// The name it is called by.
    pub(super) name: &'static str,
    pub(super) part: Part,
    /// How it is asked for its version.
    pub(super) asked: &'static [&'static str],
    pub(super) origin: Origin,
}

/// Where a program comes from.
#[derive(Debug)]
pub(super) enum Origin {
    Go(Recipe),
    Debian {
        package: &'static str,
        /// The oldest major version that does.
        oldest: u32,
    },
}

/// How a program is built from a wrapper module.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) version: &'static str,
    /// The folder of the wrapper module below `xtask/testbed`.
    pub(super) wrapper: &'static str,
    pub(super) package: &'static str,
    pub(super) tags: &'static str,
    /// What the linker writes into the program: `package.Variable=value`, `{version}` filled in.
    pub(super) stamps: &'static [&'static str],
    pub(super) cgo: bool,
    /// Folders of a module that the program reads while it runs.
    pub(super) reads: Option<Reads>,
    /// Other names by which the same program does other things.
    pub(super) links: &'static [&'static str],
    /// What it took on two cores with nothing built before, for people who wait.
    pub(super) minutes: &'static str,
}

/// Folders of a module, which are kept beside the program.
#[derive(Debug)]
pub(super) struct Reads {
    pub(super) module: &'static str,
    pub(super) folders: &'static [&'static str],
    /// Whether they are missing, too, from a program that its own makers built.
    pub(super) always: bool,
}

impl Recipe {
    const fn plain(version: &'static str, wrapper: &'static str, package: &'static str) -> Self {
        Self {
            version,
            wrapper,
            package,
            tags: "",
            stamps: &[],
            cgo: false,
            reads: None,
            links: &[],
            minutes: "a minute",
        }
    }

    /// One of Kubernetes' own: clients misbehave when the server does not know its version.
    const fn kubernetes(package: &'static str, minutes: &'static str) -> Self {
        Self {
            stamps: &[
                "k8s.io/component-base/version.gitVersion=v{version}",
                "k8s.io/component-base/version.gitMajor={major}",
                "k8s.io/component-base/version.gitMinor={minor}",
            ],
            minutes,
            ..Self::plain(versions::KUBERNETES, "kubernetes", package)
        }
    }
}

const fn built(
    name: &'static str,
    part: Part,
    asked: &'static [&'static str],
    recipe: Recipe,
) -> Program {
    Program {
        name,
        part,
        asked,
        origin: Origin::Go(recipe),
    }
}

/// Every program, in the order in which they are built: the first of Kubernetes takes the time of all.
pub(super) static PROGRAMS: &[Program] = &[
    built(
        "etcd",
        Part::Kubernetes,
        &["--version"],
        Recipe::plain(versions::ETCD, "kubernetes", "./etcd"),
    ),
    built(
        "kube-apiserver",
        Part::Kubernetes,
        &["--version"],
        Recipe::kubernetes("k8s.io/kubernetes/cmd/kube-apiserver", "three minutes"),
    ),
    built(
        "kube-controller-manager",
        Part::Kubernetes,
        &["--version"],
        Recipe::kubernetes("k8s.io/kubernetes/cmd/kube-controller-manager", "a minute"),
    ),
    built(
        "kube-scheduler",
        Part::Kubernetes,
        &["--version"],
        Recipe::kubernetes("k8s.io/kubernetes/cmd/kube-scheduler", "half a minute"),
    ),
    built(
        "kubectl",
        Part::Kubernetes,
        &["version", "--client"],
        Recipe::kubernetes("k8s.io/kubernetes/cmd/kubectl", "half a minute"),
    ),
    built(
        "kwok",
        Part::Kubernetes,
        &["--version"],
        Recipe {
            minutes: "two minutes",
            stamps: &["sigs.k8s.io/kwok/pkg/consts.Version=v{version}"],
            ..Recipe::plain(versions::KWOK, "kwok", "sigs.k8s.io/kwok/cmd/kwok")
        },
    ),
    built(
        "gitea",
        Part::Gitea,
        &["--version"],
        Recipe {
            tags: "sqlite,sqlite_unlock_notify",
            stamps: &["main.Version={version}"],
            cgo: true,
            reads: Some(Reads {
                module: "code.gitea.io/gitea",
                folders: &["options", "public", "templates"],
                always: false,
            }),
            minutes: "three minutes",
            ..Recipe::plain(versions::GITEA, "gitea", "code.gitea.io/gitea")
        },
    ),
    built(
        "argocd",
        Part::Argocd,
        &["version", "--client", "--short"],
        Recipe {
            stamps: &["github.com/argoproj/argo-cd/v3/common.version={version}"],
            reads: Some(Reads {
                module: "github.com/argoproj/argo-cd/v3",
                folders: &["manifests/crds"],
                always: true,
            }),
            links: &[
                "argocd-application-controller",
                "argocd-git-ask-pass",
                "argocd-repo-server",
                "argocd-server",
            ],
            minutes: "four minutes",
            ..Recipe::plain(
                versions::ARGOCD,
                "argocd",
                "github.com/argoproj/argo-cd/v3/cmd",
            )
        },
    ),
    built(
        "kustomize",
        Part::Argocd,
        &["version"],
        Recipe::plain(
            versions::KUSTOMIZE,
            "kustomize",
            "sigs.k8s.io/kustomize/kustomize/v5",
        ),
    ),
    built(
        "helm",
        Part::Argocd,
        &["version", "--short"],
        Recipe {
            stamps: &["helm.sh/helm/v3/internal/version.version=v{version}"],
            minutes: "two minutes",
            ..Recipe::plain(versions::HELM, "helm", "helm.sh/helm/v3/cmd/helm")
        },
    ),
    Program {
        name: "redis-server",
        part: Part::Argocd,
        asked: &["--version"],
        origin: Origin::Debian {
            package: "redis-server",
            oldest: versions::OLDEST_REDIS,
        },
    },
    Program {
        name: "postgres",
        part: Part::Postgres,
        asked: &["--version"],
        origin: Origin::Debian {
            package: "postgresql",
            oldest: versions::OLDEST_POSTGRES,
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_all_and_argo_cd_stands_on_kubernetes() {
        assert_eq!(Part::with_what_they_need(&[]), Part::ALL);
        assert_eq!(
            Part::with_what_they_need(&[Part::Argocd]),
            [Part::Kubernetes, Part::Argocd]
        );
        assert_eq!(
            Part::with_what_they_need(&[Part::Postgres, Part::Gitea]),
            [Part::Gitea, Part::Postgres]
        );
    }

    #[test]
    fn names_are_as_clap_reads_them() {
        for part in Part::ALL {
            let value = clap::ValueEnum::to_possible_value(&part).unwrap();
            assert_eq!(value.get_name(), part.name());
            assert!(part.programs().count() > 0);
        }
    }
}
