//! A scratch repository, and git run by hand beside the crate under test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sendo_git::{
    BareRepository, Change, Expect, NewCommit, Oid, RefName, RefUpdate, Signature, TreePath,
};

pub(crate) const NOON: i64 = 1_700_000_000;

/// A bare repository in a temporary folder; checked by `git fsck --strict` when it goes.
pub(crate) struct Scratch {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) repository: BareRepository,
}

impl Scratch {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = BareRepository::init(&folder.path().join("a.git"), "main")
            .await
            .unwrap();
        Self { folder, repository }
    }

    /// A repository whose `main` has these files.
    pub(crate) async fn with(files: &[(&str, &str)]) -> (Self, Oid) {
        let scratch = Self::new().await;
        let head = scratch.commit(None, files).await;
        scratch.set("refs/heads/main", Some(head)).await;
        (scratch, head)
    }

    pub(crate) async fn commit(&self, parent: Option<Oid>, files: &[(&str, &str)]) -> Oid {
        let changes: Vec<Change> = files
            .iter()
            .map(|(name, text)| Change::write(path(name), text.as_bytes().to_vec()))
            .collect();
        let base = parent.unwrap_or_else(|| self.empty_tree());
        let tree = self
            .repository
            .write_tree_with(base, &changes)
            .await
            .unwrap();
        let commit = new_commit(tree, parent.into_iter().collect(), "Change files");
        self.repository.commit_tree(&commit).await.unwrap()
    }

    pub(crate) fn empty_tree(&self) -> Oid {
        oid(&self.git_with(&["mktree"], b""))
    }

    pub(crate) async fn set(&self, name: &str, new: Option<Oid>) {
        let update = RefUpdate {
            name: name.parse().unwrap(),
            new,
            old: Expect::Any,
        };
        self.repository.update_refs(&[update]).await.unwrap();
    }

    pub(crate) async fn text(&self, treeish: Oid, name: &str) -> Option<String> {
        let file = self
            .repository
            .read_file(treeish, &path(name))
            .await
            .unwrap();
        file.map(|file| String::from_utf8(file.bytes).unwrap())
    }

    /// git itself, in the repository; panics unless it succeeds.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git_with(args, b"")
    }

    pub(crate) fn git_with(&self, args: &[&str], stdin: &[u8]) -> String {
        let output = run_git(self.repository.path(), args, stdin);
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

    /// A clone with a work tree, for people who push.
    pub(crate) fn clone(&self, name: &str) -> PathBuf {
        let clone = self.folder.path().join(name);
        let (from, to) = (
            self.repository.path().to_str().unwrap(),
            clone.to_str().unwrap(),
        );
        assert!(
            run_git(self.folder.path(), &["clone", "-q", from, to], b"")
                .status
                .success()
        );
        clone
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let said = self.git(&["fsck", "--strict", "--no-dangling"]);
            assert_eq!(said, "", "git fsck");
        }
    }
}

pub(crate) fn run_git(folder: &Path, args: &[&str], stdin: &[u8]) -> Output {
    use std::io::Write;
    let mut child = Command::new("git")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("LC_ALL", "C"),
        ])
        .args([
            "-c",
            "user.name=Alice",
            "-c",
            "user.email=alice@example.com",
        ])
        .args(args)
        .current_dir(folder)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn path(name: &str) -> TreePath {
    TreePath::new(name).unwrap()
}

pub(crate) fn name(name: &str) -> RefName {
    RefName::new(name).unwrap()
}

pub(crate) fn oid(text: &str) -> Oid {
    text.trim().parse().unwrap()
}

pub(crate) fn new_commit(tree: Oid, parents: Vec<Oid>, message: &str) -> NewCommit {
    let who = Signature {
        name: "Sendo".to_owned(),
        email: "sendo@example.com".to_owned(),
        at_seconds: NOON,
    };
    NewCommit {
        tree,
        parents,
        author: who.clone(),
        committer: who,
        message: message.to_owned(),
    }
}
