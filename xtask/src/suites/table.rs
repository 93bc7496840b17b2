//! The suites: what each is for, what it needs, what it runs, how long it may take.
//!
//! To add one is to add a row. The order is the order of a run: cheap checks first, then what
//! everybody can run, then what needs parts of its own, and last what looks back on the others.

use super::context::Context;
use crate::Findings;
use crate::testbed::Part;
use crate::{docs, generate, layers};
use anyhow::{Context as _, Result};

/// One row.
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) needs: &'static [Need],
    pub(super) work: Work,
    pub(super) minutes: u64,
}

/// A part that has to be on the machine, or a thing that has to be in the workspace.
#[derive(Clone, Copy, Debug)]
pub(super) enum Need {
    /// A component of the Rust toolchain, as a cargo subcommand.
    Component(&'static str),
    Git,
    Go,
    /// Node.js with npm, new enough for the modules we use.
    Node,
    Chromium,
    /// The server programs, not just a client.
    Postgres,
    /// Real parts. The suite runs among them, in a network of its own; they are built before it.
    Testbed(&'static [Part]),
    /// An integration test `(crate, target)`.
    Target(&'static str, &'static str),
    /// A file of this repository.
    File(&'static str),
}

impl Suite {
    /// The real parts that the suite runs among, if any.
    pub(super) fn testbed(&self) -> Option<&'static [Part]> {
        self.needs.iter().find_map(|need| match need {
            Need::Testbed(parts) => Some(*parts),
            _ => None,
        })
    }
}

/// What a suite does, which is also how it is counted.
pub(super) enum Work {
    /// One check: a cargo command that succeeds.
    Cargo(&'static [&'static str]),
    /// The tests that a cargo command runs.
    CargoTest(&'static [&'static str]),
    /// The tests that a cargo command runs, once the Go modules of a folder are there.
    GoJudge {
        modules: &'static str,
        arguments: &'static [&'static str],
    },
    /// The tests of one integration test, out of the build of the whole workspace.
    Program {
        package: &'static str,
        target: &'static str,
        postgres: bool,
    },
    /// The stories in a folder that Node tells, of a browser and the binary of the test build.
    Browser(&'static str),
    /// One check of our own.
    Check(fn(&Context<'_>) -> Result<Findings>),
    /// One check: cargo-deny, which is fetched and built when the cache does not have it.
    Deny,
    /// One check: no committed snapshot that no test looks at.
    Snapshots,
}

impl Work {
    /// Whether the suite runs tests, and so may look at snapshots.
    pub(super) fn runs_tests(&self) -> bool {
        matches!(
            self,
            Self::CargoTest(_) | Self::GoJudge { .. } | Self::Program { .. }
        )
    }
}

/// The test programs of [`Work::Program`], which plain `cargo test` leaves out (`test = false`).
pub(super) const PROGRAMS: &[(&str, &str)] = &[
    ("sendo-store", "postgres"),
    ("sendo-forge", "gitea"),
    ("sendo-kube", "argocd"),
    ("sendo", "chain"),
    ("sendo", "crash"),
    ("sendo", "gitea"),
    ("xtask", "testbed"),
];

pub(super) const SUITES: &[Suite] = &[
    Suite {
        name: "format",
        about: "the sources are formatted",
        needs: &[Need::Component("fmt")],
        work: Work::Cargo(&["fmt", "--all", "--check", "--", "--color", "never"]),
        minutes: 2,
    },
    Suite {
        name: "layers",
        about: "crates see lower levels only; files keep to their budgets",
        needs: &[],
        work: Work::Check(|context| layers::check(context.workspace)),
        minutes: 1,
    },
    Suite {
        name: "docs",
        about: "links, anchors and code paths in Markdown exist",
        needs: &[],
        work: Work::Check(|context| docs::check(context.workspace.root())),
        minutes: 1,
    },
    Suite {
        name: "lints",
        about: "clippy has nothing to say",
        needs: &[Need::Component("clippy")],
        work: Work::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
        minutes: 25,
    },
    Suite {
        name: "unit",
        about: "every test that needs Rust and git alone",
        needs: &[Need::Git],
        work: Work::CargoTest(&["test", "--workspace", "--no-fail-fast"]),
        minutes: 40,
    },
    Suite {
        name: "generated",
        about: "the committed reference is what the product prints",
        needs: &[
            Need::File("docs/reference/schema.json"),
            Need::Target("sendo", "it"),
        ],
        work: Work::Check(generated),
        minutes: 1,
    },
    Suite {
        name: "deny",
        about: "licences, bans and sources of what we depend on",
        needs: &[Need::File("deny.toml")],
        work: Work::Deny,
        minutes: 15,
    },
    Suite {
        name: "store-postgres",
        about: "the store's conformance suite on a real Postgres",
        needs: &[Need::Target("sendo-store", "postgres"), Need::Postgres],
        work: Work::Program {
            package: "sendo-store",
            target: "postgres",
            postgres: true,
        },
        minutes: 15,
    },
    Suite {
        name: "crash-sqlite",
        about: "killed, stopped and refused at every step, on SQLite",
        needs: &[Need::Target("sendo", "crash"), Need::Git],
        work: Work::Program {
            package: "sendo",
            target: "crash",
            postgres: false,
        },
        minutes: 40,
    },
    Suite {
        name: "crash-postgres",
        about: "killed, stopped and refused at every step, on Postgres; two replicas",
        needs: &[Need::Target("sendo", "crash"), Need::Git, Need::Postgres],
        work: Work::Program {
            package: "sendo",
            target: "crash",
            postgres: true,
        },
        minutes: 45,
    },
    Suite {
        name: "browser",
        about: "every page in a real Chromium, and every message by Slack's own types",
        needs: &[
            Need::File("crates/sendo/tests/browser/package-lock.json"),
            Need::Git,
            Need::Node,
            Need::Chromium,
        ],
        work: Work::Browser("crates/sendo/tests/browser"),
        minutes: 10,
    },
    Suite {
        name: "testbed",
        about: "Gitea, Kubernetes, Argo CD and Postgres do what Sendo is tested against",
        needs: &[
            Need::Target("xtask", "testbed"),
            Need::Git,
            Need::Testbed(&Part::ALL),
        ],
        work: Work::Program {
            package: "xtask",
            target: "testbed",
            postgres: false,
        },
        minutes: 10,
    },
    Suite {
        name: "gitea",
        about: "the whole program on a real Gitea: from a push to the merge, through whatever goes wrong",
        needs: &[
            Need::Target("sendo", "gitea"),
            Need::Git,
            Need::Testbed(&[Part::Gitea]),
        ],
        work: Work::Program {
            package: "sendo",
            target: "gitea",
            postgres: false,
        },
        minutes: 15,
    },
    Suite {
        name: "chain",
        about: "the whole program on Gitea, Argo CD and a cluster: from a push to a healthy environment, and back",
        needs: &[
            Need::Target("sendo", "chain"),
            Need::Git,
            Need::Testbed(&[Part::Kubernetes, Part::Gitea, Part::Argocd]),
        ],
        work: Work::Program {
            package: "sendo",
            target: "chain",
            postgres: false,
        },
        minutes: 15,
    },
    Suite {
        name: "forge-gitea",
        about: "change requests on a real Gitea: once, pinned, and past what comes between",
        needs: &[
            Need::Target("sendo-forge", "gitea"),
            Need::Testbed(&[Part::Gitea]),
        ],
        work: Work::Program {
            package: "sendo-forge",
            target: "gitea",
            postgres: false,
        },
        minutes: 15,
    },
    Suite {
        name: "kube-argocd",
        about: "a real Argo CD: what it says, why pods fail, a sync asked for once, a watch that goes on",
        needs: &[
            Need::Target("sendo-kube", "argocd"),
            Need::Git,
            Need::Testbed(&[Part::Kubernetes, Part::Gitea, Part::Argocd]),
        ],
        work: Work::Program {
            package: "sendo-kube",
            target: "argocd",
            postgres: false,
        },
        minutes: 10,
    },
    Suite {
        name: "manifest-judge",
        about: "manifest edits judged by kustomize",
        needs: &[Need::Target("sendo-manifest", "judge"), Need::Go],
        work: Work::GoJudge {
            modules: "crates/sendo-manifest/tests/judge",
            arguments: &[
                "test",
                "--release",
                "--package",
                "sendo-manifest",
                "--features",
                "judge",
                "--test",
                "judge",
                "--",
                "--nocapture",
            ],
        },
        minutes: 20,
    },
    Suite {
        name: "manifest-fuzz",
        about: "a million edits of damaged texts: none written unproved",
        needs: &[],
        work: Work::CargoTest(&[
            "test",
            "--release",
            "--package",
            "sendo-manifest",
            "--features",
            "judge,fuzz-long",
            "--test",
            "it",
            "fuzz",
            "--",
            "--nocapture",
        ]),
        minutes: 10,
    },
    Suite {
        name: "snapshots",
        about: "every committed snapshot is looked at by a test",
        needs: &[],
        work: Work::Snapshots,
        minutes: 1,
    },
];

fn generated(context: &Context<'_>) -> Result<Findings> {
    let built = context.built()?;
    let binary = built
        .binary("sendo")
        .context("the test build left no sendo binary")?;
    generate::check(binary, context.workspace.root())
}

#[cfg(test)]
mod tests {
    use super::SUITES;

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SUITES.len());
    }

    #[test]
    fn the_look_back_comes_last() {
        assert_eq!(SUITES.last().map(|suite| suite.name), Some("snapshots"));
    }
}
