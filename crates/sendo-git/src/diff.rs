//! What one commit or tree changes against another, as text that people read and `git apply` takes where
//! the files are UTF-8.
//!
//! Drivers, filters and textconv programs that a repository names have no say: the bytes are compared
//! as they are stored.

use crate::error::GitError;
use crate::oid::Oid;
use crate::repository::BareRepository;

/// A unified diff.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// In git's format; bytes that are not UTF-8 are replaced. A rename is a removal and an addition.
    pub text: String,
    /// Whether there was more than the limit; then the text ends after a whole line.
    pub cut: bool,
}

impl BareRepository {
    /// What `to` changes against `from`, in at most `limit` bytes. Each is a commit or a tree;
    /// [`Oid::EMPTY_TREE`] is nothing at all.
    ///
    /// # Errors
    /// `object_missing`, `wrong_object_kind`, and those of running git.
    pub async fn diff(&self, from: Oid, to: Oid, limit: u64) -> Result<Diff, GitError> {
        let (one, other) = (from.to_string(), to.to_string());
        let args = [
            "diff-tree",
            "--patch",
            "--binary",
            "-r",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            &one,
            &other,
            "--",
        ];
        let finished = self.git.run(&args, b"", limit).await?;
        if !finished.cut && !finished.status.success() {
            let failed = self.git.failed(&args, &finished);
            return Err(self.not_a_tree(&[from, to], failed).await);
        }
        let mut bytes = finished.stdout;
        if finished.cut {
            let whole = bytes.iter().rposition(|byte| *byte == b'\n');
            bytes.truncate(whole.map_or(0, |last| last + 1));
        }
        Ok(Diff {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            cut: finished.cut,
        })
    }

    /// The likelier cause: one of them is missing, or holds no files. Else `failed`.
    async fn not_a_tree(&self, oids: &[Oid], failed: GitError) -> GitError {
        for oid in oids {
            let read = self.list_dir(*oid, None).await.err();
            if let Some(error @ (GitError::ObjectMissing { .. } | GitError::WrongKind { .. })) =
                read
            {
                return error;
            }
        }
        failed
    }
}
