//! What one commit changes against another.

use sendo_core::deployment::Brings;
use sendo_core::view::Patch;

use super::{Git, oid};
use crate::error::ForgeError;

/// What a deployment's commit changes, in at most `limit` bytes.
///
/// # Errors
/// `commit_missing` when the repository does not have it any more.
pub(crate) async fn diff(git: &Git, brings: &Brings, limit: u64) -> Result<Patch, ForgeError> {
    let (from, to) = (oid(&brings.from)?, oid(&brings.to)?);
    match git.diff(from, to, limit).await {
        Ok((text, cut)) => Ok(Patch { text, cut }),
        Err(error) if error.reason_code == "object_missing" => {
            let gone = match git.commit(from).await {
                Err(error) if error.reason_code == "object_missing" => &brings.from,
                _ => &brings.to,
            };
            let repository = &brings.repository;
            Err(ForgeError::refused(
                "commit_missing",
                format!("`{repository}` does not have the commit {gone} any more"),
            ))
        }
        Err(error) => Err(error),
    }
}
