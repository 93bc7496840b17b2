//! What every forge does through git alone: reading a trigger's source and publishing an edit.
//!
//! Works on a repository however it is reached ([`repository`]); knows no change requests.

mod diff;
mod edit;
mod files;
mod place;
mod publish;
mod repository;
mod source;

pub(crate) use diff::diff;
pub(crate) use edit::{expected_tree, is_applied, present};
pub use files::Files;
pub(crate) use place::{contains, place};
pub(crate) use publish::{Identity, publish};
pub(crate) use repository::{Git, Remote};
pub(crate) use source::source;

use sendo_core::names::{BranchName, InvalidName, Repository, Revision, TreeId};
use sendo_git::{Oid, RefName};

use crate::error::ForgeError;

pub(crate) fn revision(oid: Oid) -> Result<Revision, ForgeError> {
    Revision::new(oid.to_string()).map_err(|error| invalid(&error))
}

pub(crate) fn tree(oid: Oid) -> Result<TreeId, ForgeError> {
    TreeId::new(oid.to_string()).map_err(|error| invalid(&error))
}

pub(crate) fn oid(revision: &Revision) -> Result<Oid, ForgeError> {
    Ok(revision.as_str().parse()?)
}

fn invalid(error: &InvalidName) -> ForgeError {
    ForgeError::refused("invalid_name", error.to_string())
}

/// Where a base is now.
///
/// # Errors
/// `base_not_found` when there is no such branch.
pub(crate) async fn head(
    git: &Git,
    repository: &Repository,
    base: &BranchName,
) -> Result<Oid, ForgeError> {
    let branch = RefName::branch(base.as_str())?;
    git.resolve(&branch).await?.ok_or_else(|| {
        ForgeError::refused(
            "base_not_found",
            format!("`{repository}` has no branch `{base}`; push it, or correct `base`"),
        )
    })
}
