//! The crate against real git over HTTP: a server in front of `git http-backend`, a repository that
//! ends with `git fsck --strict`, and git's own answers beside ours.

mod contention;
mod faults;
mod publishing;
mod reading;
pub(crate) mod server;

use std::collections::BTreeMap;

use sendo_git::{Change, DraftCommit, GitError, Oid, RefName, RefUpdate, RemoteRepository};

use crate::support::{Scratch, name, new_commit, path};
use server::Server;

/// A bare repository, a server before it, and the crate's client of it.
pub(crate) struct Stage {
    pub(crate) scratch: Scratch,
    pub(crate) server: Server,
    pub(crate) remote: RemoteRepository,
    pub(crate) first: Oid,
}

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

impl Stage {
    /// A repository whose `main` has these files, on a server with filters.
    pub(crate) async fn with(files: &[(&str, &str)]) -> Self {
        let (scratch, first) = Scratch::with(files).await;
        scratch.git(&["config", "uploadpack.allowFilter", "true"]);
        let server = Server::start(scratch.folder.path()).await;
        let remote = RemoteRepository::new(client(), &server.url("a.git"), None).unwrap();
        Self {
            scratch,
            server,
            remote,
            first,
        }
    }

    /// Another client, which remembers nothing.
    pub(crate) fn stranger(&self) -> RemoteRepository {
        RemoteRepository::new(client(), self.remote.url(), None).unwrap()
    }

    /// What was asked of the server since this was asked last.
    pub(crate) fn asked(&self) -> Vec<String> {
        let (seen, _) = self.server.seen();
        seen.into_iter().map(|seen| seen.what).collect()
    }

    /// A commit on `base` with these changes, not sent yet.
    pub(crate) async fn draft(&self, base: Oid, changes: &[Change]) -> DraftCommit {
        draft(&self.remote, base, changes).await.unwrap()
    }

    /// Publishes changes to a branch from where it is known to be; answers the commit.
    pub(crate) async fn publish(&self, branch: &str, changes: &[Change]) -> Result<Oid, GitError> {
        let branch = name(branch);
        let base = self.remote.head(&branch).await?.unwrap();
        let draft = draft(&self.remote, base, changes).await?;
        let update = RefUpdate::moved(branch, base, draft.oid());
        self.remote.publish(&[update], &[&draft]).await?;
        Ok(draft.oid())
    }

    /// What the git program makes of the same changes.
    pub(crate) async fn by_git(&self, base: Oid, changes: &[Change]) -> Oid {
        let repository = &self.scratch.repository;
        let tree = repository.write_tree_with(base, changes).await.unwrap();
        let commit = new_commit(tree, vec![base], "Change files");
        repository.commit_tree(&commit).await.unwrap()
    }

    /// The files that a commit changes, with their letters and modes.
    pub(crate) fn changed(&self, from: Oid, to: Oid) -> Vec<String> {
        let (from, to) = (from.to_string(), to.to_string());
        let listed = self.scratch.git(&["diff-tree", "-r", &from, &to]);
        let shown = |line: &str| {
            let (line, path) = line.split_once('\t').unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            format!("{} {} {path}", words[4], words[1])
        };
        listed.lines().map(shown).collect()
    }

    pub(crate) fn at(&self, branch: &str) -> String {
        self.scratch.git(&["rev-parse", branch])
    }
}

pub(crate) async fn draft(
    remote: &RemoteRepository,
    base: Oid,
    changes: &[Change],
) -> Result<DraftCommit, GitError> {
    let tree = remote.write_tree_with(base, changes).await?;
    let commit = new_commit(tree.oid(), vec![base], "Change files");
    tree.commit(&commit)
}

pub(crate) fn write(file: &str, text: &str) -> Change {
    Change::write(path(file), text.as_bytes().to_vec())
}

pub(crate) fn main() -> RefName {
    name("refs/heads/main")
}

/// `a/0000/k.yaml` and so on: a folder with that many lines.
pub(crate) fn wide(folder: &str, lines: usize) -> BTreeMap<String, String> {
    let file = |n| (format!("{folder}/{n:04}/k.yaml"), format!("tag: v{n}\n"));
    (0..lines).map(file).collect()
}

pub(crate) fn pairs(files: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let pair = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    pair.collect()
}
