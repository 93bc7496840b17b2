//! How two commits stand to each other.

use sendo_core::engine::Place;
use sendo_core::names::Revision;
use sendo_git::Oid;

use super::{Git, oid};
use crate::error::ForgeError;

/// How the commit `at` stands to the commit `ours`.
///
/// # Errors
/// [`ForgeError`] when that cannot be found out now. A commit that is not there stands nowhere.
pub(crate) async fn place(
    repository: &Git,
    at: &Revision,
    ours: &Revision,
) -> Result<Place, ForgeError> {
    let (at, ours) = (oid(at)?, oid(ours)?);
    if at == ours {
        return Ok(Place::There);
    }
    match stands(repository, at, ours).await {
        Err(error) if error.is_missing() => Ok(Place::Unknown),
        answer => answer,
    }
}

/// Whether a base contains a commit. One that is gone was on no branch any more.
///
/// # Errors
/// [`ForgeError`] when that cannot be found out now.
pub(crate) async fn contains(repository: &Git, base: Oid, head: Oid) -> Result<bool, ForgeError> {
    match repository.is_ancestor(head, base).await {
        Err(error) if error.is_missing() => Ok(false),
        answer => answer,
    }
}

async fn stands(repository: &Git, at: Oid, ours: Oid) -> Result<Place, ForgeError> {
    Ok(if repository.is_ancestor(ours, at).await? {
        Place::There
    } else if repository.is_ancestor(at, ours).await? {
        Place::Before
    } else {
        Place::Elsewhere
    })
}
