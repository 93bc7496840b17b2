//! The one seam between what every forge does through git and how a repository is reached.
//!
//! Owns the verbs the flows beside it are written in. A bare repository answers all of them by the git
//! program; a remote one reads and publishes by git's own protocol, and asks its forge about histories,
//! which no protocol tells in part.

use std::sync::Arc;

use sendo_git::{
    BareRepository, Change, CommitInfo, DirEntry, DraftCommit, DraftTree, FileEntry, Log, LogQuery,
    NewCommit, Oid, RefEntry, RefName, RefUpdate, RemoteRepository, TreePath, Turn,
};

use crate::error::ForgeError;
use crate::gitea::History;

/// A repository, however it is reached.
#[derive(Debug, Clone)]
pub(crate) enum Git {
    /// In a folder of this machine.
    Bare(BareRepository),
    /// On a server.
    Remote(Arc<Remote>),
}

/// A repository on a server, and what its forge tells of its histories. Shared: what is remembered of
/// it is.
#[derive(Debug)]
pub(crate) struct Remote {
    /// Objects and refs.
    pub(crate) objects: RemoteRepository,
    /// Histories.
    pub(crate) history: History,
}

/// A tree that was made: in the repository, or here until it is published.
pub(crate) enum NewTree {
    Written(Oid),
    Drafted(DraftTree),
}

/// A commit that was made: in the repository, or here until it is published.
pub(crate) enum NewHead {
    Written(Oid),
    Drafted(DraftCommit),
}

impl NewTree {
    /// Its name.
    pub(crate) fn oid(&self) -> Oid {
        match self {
            Self::Written(oid) => *oid,
            Self::Drafted(draft) => draft.oid(),
        }
    }
}

impl NewHead {
    /// Its name.
    pub(crate) fn oid(&self) -> Oid {
        match self {
            Self::Written(oid) => *oid,
            Self::Drafted(draft) => draft.oid(),
        }
    }
}

impl Git {
    /// Where a ref points now.
    pub(crate) async fn resolve(&self, name: &RefName) -> Result<Option<Oid>, ForgeError> {
        Ok(match self {
            Self::Bare(bare) => bare.resolve(name).await?,
            Self::Remote(remote) => remote.objects.resolve(name).await?,
        })
    }

    /// The refs below any of `prefixes`.
    pub(crate) async fn refs(&self, prefixes: &[&str]) -> Result<Vec<RefEntry>, ForgeError> {
        Ok(match self {
            Self::Bare(bare) => bare.refs(prefixes).await?,
            Self::Remote(remote) => remote.objects.refs(prefixes).await?,
        })
    }

    /// The tags that start with `prefix`, and perhaps others, with the times they were made.
    pub(crate) async fn tags(&self, prefix: &str) -> Result<Vec<RefEntry>, ForgeError> {
        match self {
            Self::Bare(_) => self.refs(&["refs/tags/"]).await,
            Self::Remote(remote) => {
                let wanted = format!("refs/tags/{prefix}");
                remote.history.dated(self.refs(&[&wanted]).await?).await
            }
        }
    }

    /// Reads one commit.
    pub(crate) async fn commit(&self, oid: Oid) -> Result<CommitInfo, ForgeError> {
        Ok(match self {
            Self::Bare(bare) => bare.commit(oid).await?,
            Self::Remote(remote) => remote.objects.commit(oid).await?,
        })
    }

    /// Reads a file of a commit.
    pub(crate) async fn read_file(
        &self,
        commit: Oid,
        path: &TreePath,
    ) -> Result<Option<FileEntry>, ForgeError> {
        Ok(match self {
            Self::Bare(bare) => bare.read_file(commit, path).await?,
            Self::Remote(remote) => remote.objects.read_file(commit, path).await?,
        })
    }

    /// Reads several files of a commit, in the order asked for.
    pub(crate) async fn read_files(
        &self,
        commit: Oid,
        paths: &[TreePath],
    ) -> Result<Vec<Option<FileEntry>>, ForgeError> {
        Ok(match self {
            Self::Bare(bare) => bare.read_files(commit, paths).await?,
            Self::Remote(remote) => remote.objects.read_files(commit, paths).await?,
        })
    }

    /// The entries of a folder of a commit.
    pub(crate) async fn list_dir(
        &self,
        commit: Oid,
        folder: Option<&TreePath>,
    ) -> Result<Option<Vec<DirEntry>>, ForgeError> {
        Ok(match self {
            Self::Bare(bare) => bare.list_dir(commit, folder).await?,
            Self::Remote(remote) => remote.objects.list_dir(commit, folder).await?,
        })
    }

    /// The tree that differs from `base` in `changes` and nothing else.
    pub(crate) async fn tree_with(
        &self,
        base: Oid,
        changes: &[Change],
    ) -> Result<NewTree, ForgeError> {
        Ok(match self {
            Self::Bare(bare) => NewTree::Written(bare.write_tree_with(base, changes).await?),
            Self::Remote(remote) => {
                NewTree::Drafted(remote.objects.write_tree_with(base, changes).await?)
            }
        })
    }

    /// The commit of a tree that was made here.
    pub(crate) async fn commit_of(
        &self,
        tree: NewTree,
        commit: &NewCommit,
    ) -> Result<NewHead, ForgeError> {
        Ok(match (self, tree) {
            (_, NewTree::Drafted(tree)) => NewHead::Drafted(tree.commit(commit)?),
            (Self::Bare(bare), NewTree::Written(_)) => {
                NewHead::Written(bare.commit_tree(commit).await?)
            }
            (Self::Remote(..), NewTree::Written(_)) => {
                return Err(ForgeError::refused(
                    "tree_elsewhere",
                    "the tree was made in another repository",
                ));
            }
        })
    }

    /// Moves one ref by compare-and-swap, bringing the commit it goes to.
    ///
    /// # Errors
    /// `cas_lost` when it was elsewhere.
    pub(crate) async fn move_ref(
        &self,
        update: RefUpdate,
        head: Option<&NewHead>,
    ) -> Result<(), ForgeError> {
        match self {
            Self::Bare(bare) => bare.update_refs(&[update]).await?,
            Self::Remote(remote) => {
                let drafts: Vec<&DraftCommit> = match head {
                    Some(NewHead::Drafted(draft)) => vec![draft],
                    _ => Vec::new(),
                };
                remote.objects.publish(&[update], &drafts).await?;
            }
        }
        Ok(())
    }

    /// Waits for a turn at a ref.
    pub(crate) async fn turn(&self, name: &RefName) -> Turn {
        match self {
            Self::Bare(bare) => bare.turn(name).await,
            Self::Remote(remote) => remote.objects.turn(name).await,
        }
    }

    /// Part of a history, newest first.
    pub(crate) async fn log(&self, query: LogQuery) -> Result<Log, ForgeError> {
        match self {
            Self::Bare(bare) => Ok(bare.log(query).await?),
            Self::Remote(remote) => remote.history.log(query).await,
        }
    }

    /// Whether `descendant`, which is there, contains `ancestor`. A commit contains itself, which is not
    /// asked for.
    pub(crate) async fn is_ancestor(
        &self,
        ancestor: Oid,
        descendant: Oid,
    ) -> Result<bool, ForgeError> {
        if ancestor == descendant {
            return Ok(true);
        }
        match self {
            Self::Bare(bare) => Ok(bare.is_ancestor(ancestor, descendant).await?),
            Self::Remote(remote) => remote.history.is_ancestor(ancestor, descendant).await,
        }
    }

    /// Where two histories part.
    pub(crate) async fn merge_base(&self, one: Oid, other: Oid) -> Result<Option<Oid>, ForgeError> {
        match self {
            Self::Bare(bare) => Ok(bare.merge_base(one, other).await?),
            Self::Remote(remote) => remote.history.merge_base(one, other).await,
        }
    }

    /// What `to` changes against its parent `from`, in at most `limit` bytes, and whether that cut it.
    pub(crate) async fn diff(
        &self,
        from: Oid,
        to: Oid,
        limit: u64,
    ) -> Result<(String, bool), ForgeError> {
        match self {
            Self::Bare(bare) => {
                let diff = bare.diff(from, to, limit).await?;
                Ok((diff.text, diff.cut))
            }
            Self::Remote(remote) => remote.history.diff(to, limit).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_contains_itself_without_a_question() {
        let folder = tempfile::tempdir().unwrap();
        let init = ["init", "-q", "--bare"];
        let made = std::process::Command::new("git")
            .args(init)
            .arg(folder.path())
            .status();
        assert!(made.unwrap().success());
        let git = Git::Bare(BareRepository::open(folder.path()).await.unwrap());
        let gone = Oid::EMPTY_TREE;
        // Nothing that is asked can be answered now.
        drop(folder);
        assert!(git.is_ancestor(gone, gone).await.unwrap());
        git.is_ancestor(gone, Oid::ZERO).await.unwrap_err();
    }
}
