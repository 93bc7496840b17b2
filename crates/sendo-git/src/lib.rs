//! Reading a base and publishing a commit in a git repository.
//!
//! A [`BareRepository`] is a bare repository in a local folder, read and written through the git
//! program with a fixed environment: no work tree, no shell, no user configuration. Objects and refs that
//! lie in files of their own are read without it. A publish is
//! [`BareRepository::read_files`], [`BareRepository::write_tree_with`],
//! [`BareRepository::commit_tree`], and [`BareRepository::update_refs`], which moves the ref by
//! compare-and-swap. When that is lost, the caller reads the new base and makes its edit again: an
//! edit is an intent, never a patch.
//!
//! A [`RemoteRepository`] is one that is reached over HTTP: the same verbs, spoken over git's own
//! protocol, without a clone and without the git program. A publish is
//! [`RemoteRepository::read_files`], [`RemoteRepository::write_tree_with`], [`DraftTree::commit`], and
//! [`RemoteRepository::publish`], one request that moves the refs by compare-and-swap.
//!
//! This crate decides nothing, knows no forge and no manifest, and reads no clock: times come in with
//! each call. Needs git 2.31, and 2.38 for [`BareRepository::merge_trees`].

mod ancestry;
mod diff;
mod error;
mod history;
mod hook;
mod loose;
mod objects;
mod oid;
mod process;
mod queue;
mod ref_files;
mod ref_name;
mod refs;
mod repository;
mod spool;
mod tree;
mod tree_path;
mod tree_writer;
mod wire;
mod write;

pub use diff::Diff;
pub use error::GitError;
pub use history::{CommitInfo, Log, LogQuery, LoggedCommit, Merged, Touched};
pub use oid::Oid;
pub use queue::Turn;
pub use ref_name::RefName;
pub use refs::{Expect, RefEntry, RefUpdate};
pub use repository::BareRepository;
pub use spool::{RefMove, SPOOL_FOLDER, SpoolContent, SpoolEntry};
pub use tree::{DirEntry, FileEntry, MAX_FILE, Mode};
pub use tree_path::TreePath;
pub use wire::{
    Credentials, DraftCommit, DraftTree, RemoteError, RemoteFault, RemoteRepository, Said,
};
pub use write::{Change, NewCommit, Signature};
