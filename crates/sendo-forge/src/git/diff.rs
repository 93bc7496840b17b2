//! What one commit changes against another.

use sendo_core::deployment::Brings;
use sendo_core::view::Patch;
use sendo_git::{BareRepository, GitError};

use super::oid;
use crate::error::ForgeError;

/// What a deployment's commit changes, in at most `limit` bytes.
///
/// # Errors
/// `commit_missing` when the repository does not have it any more.
pub(crate) async fn diff(
    git: &BareRepository,
    brings: &Brings,
    limit: u64,
) -> Result<Patch, ForgeError> {
    let (from, to) = (oid(&brings.from)?, oid(&brings.to)?);
    let diff = git
        .diff(from, to, limit)
        .await
        .map_err(|error| match error {
            GitError::ObjectMissing { oid, .. } => ForgeError::refused(
                "commit_missing",
                format!(
                    "`{}` does not have the commit {oid} any more",
                    brings.repository
                ),
            ),
            other => other.into(),
        })?;
    Ok(Patch {
        text: diff.text,
        cut: diff.cut,
    })
}
