//! A forge with one repository, and people who push to it.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicI64, Ordering};

use sendo_core::effect::{ChangeState, Verdict};
use sendo_core::names::{BranchName, Principal};
use sendo_core::time::Timestamp;
use sendo_forge::local::{
    ChangeDetails, CommentOn, LocalError, LocalForge, MergeChange, MergeOutcome, OpenChange,
    Opened, ReviewChange,
};
use sendo_git::{
    BareRepository, Change, Expect, NewCommit, Oid, RefName, RefUpdate, Signature, TreePath,
};

pub(crate) const REPOSITORY: &str = "acme/web";

/// Checked by `git fsck --strict` when it goes.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) forge: LocalForge,
    pub(crate) git: BareRepository,
    clock: AtomicI64,
}

impl World {
    /// A repository whose `main` has two files.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let git = BareRepository::init(&folder.path().join("acme/web.git"), "main")
            .await
            .unwrap();
        let forge = LocalForge::new(folder.path());
        let world = Self {
            folder,
            forge,
            git,
            clock: AtomicI64::new(1_700_000_000_000_000),
        };
        world.push("main", &[("a", "1\n"), ("b", "1\n")]).await;
        world
    }

    /// A second later than last time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.clock.fetch_add(1_000_000, Ordering::Relaxed))
    }

    /// Somebody pushes a commit to a branch, which starts at `main` if it is new.
    pub(crate) async fn push(&self, branch: &str, files: &[(&str, &str)]) -> Oid {
        let name = RefName::branch(branch).unwrap();
        let main = self.head("main").await;
        let base = self.head(branch).await.or(main);
        let commit = self.commit(base, files).await;
        let update = RefUpdate {
            name,
            new: Some(commit),
            old: Expect::Any,
        };
        self.git.update_refs(&[update]).await.unwrap();
        commit
    }

    pub(crate) async fn commit(&self, parent: Option<Oid>, files: &[(&str, &str)]) -> Oid {
        let change = |(name, text): &(&str, &str)| {
            Change::write(TreePath::new(name).unwrap(), text.as_bytes().to_vec())
        };
        let changes: Vec<Change> = files.iter().map(change).collect();
        let base = parent.unwrap_or(Oid::EMPTY_TREE);
        let tree = self.git.write_tree_with(base, &changes).await.unwrap();
        let who = Signature {
            name: "Bob".to_owned(),
            email: "bob@example.com".to_owned(),
            at_seconds: self.now().as_seconds(),
        };
        let (parents, message) = (parent.into_iter().collect(), "Change files".to_owned());
        let commit = NewCommit {
            tree,
            parents,
            author: who.clone(),
            committer: who,
            message,
        };
        self.git.commit_tree(&commit).await.unwrap()
    }

    pub(crate) async fn set(&self, name: &str, new: Option<Oid>) {
        let update = RefUpdate {
            name: name.parse().unwrap(),
            new,
            old: Expect::Any,
        };
        self.git.update_refs(&[update]).await.unwrap();
    }

    pub(crate) async fn head(&self, branch: &str) -> Option<Oid> {
        self.git
            .resolve(&RefName::branch(branch).unwrap())
            .await
            .unwrap()
    }

    pub(crate) fn opening(&self, name: &str) -> OpenChange {
        OpenChange {
            repository: REPOSITORY.to_owned(),
            branch: branch(name),
            base: branch("main"),
            title: format!("Deploy {name}"),
            body: "Why: 船頭\n\nbecause".to_owned(),
            marker: Some(format!("marker-{name}")),
            by: alice(),
            at: self.now(),
        }
    }

    pub(crate) async fn open(&self, name: &str) -> Opened {
        self.forge.open_change(&self.opening(name)).await.unwrap()
    }

    /// Pushes a branch that sets file `a`, and opens a change request for it.
    pub(crate) async fn pushed_and_open(&self, name: &str) -> (u64, Oid) {
        let head = self.push(name, &[("a", &format!("{name}\n"))]).await;
        (self.open(name).await.change.number, head)
    }

    pub(crate) async fn change(&self, number: u64) -> ChangeDetails {
        self.forge.change(REPOSITORY, number).await.unwrap()
    }

    pub(crate) async fn state(&self, number: u64) -> ChangeState {
        self.change(number).await.change.state
    }

    pub(crate) fn merging(&self, number: u64, head: Oid) -> MergeChange {
        MergeChange {
            repository: REPOSITORY.to_owned(),
            number,
            expected_head: head,
            expected_base: None,
            message: None,
            by: alice(),
            at: self.now(),
        }
    }

    pub(crate) async fn merge(&self, number: u64, head: Oid) -> Result<MergeOutcome, LocalError> {
        self.forge.merge(&self.merging(number, head)).await
    }

    pub(crate) async fn refused(&self, number: u64, head: Oid) -> &'static str {
        self.merge(number, head).await.unwrap_err().reason_code()
    }

    pub(crate) fn reviewing(&self, number: u64, head: Oid) -> ReviewChange {
        ReviewChange {
            repository: REPOSITORY.to_owned(),
            number,
            head,
            verdict: Verdict::Approve,
            body: String::new(),
            by: carol(),
            at: self.now(),
        }
    }

    pub(crate) fn commenting(&self, number: u64, body: &str, marker: Option<&str>) -> CommentOn {
        CommentOn {
            repository: REPOSITORY.to_owned(),
            number,
            body: body.to_owned(),
            marker: marker.map(str::to_owned),
            by: carol(),
            at: self.now(),
        }
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = run_git(self.git.path(), args);
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// How many turns a change request's log has.
    pub(crate) fn turns(&self, number: u64) -> usize {
        self.git(&["rev-list", &format!("refs/sendo/changes/{number}/log")])
            .lines()
            .count()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(
                self.git(&["fsck", "--strict", "--no-dangling"]),
                "",
                "git fsck"
            );
        }
    }
}

pub(crate) fn run_git(folder: &Path, args: &[&str]) -> Output {
    Command::new("git")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("LC_ALL", "C"),
        ])
        .args(["-c", "user.name=Bob", "-c", "user.email=bob@example.com"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

pub(crate) fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

pub(crate) fn alice() -> Principal {
    Principal::new("local:alice").unwrap()
}

pub(crate) fn carol() -> Principal {
    Principal::new("local:carol").unwrap()
}
