//! A bare repository on this machine: opening one, and creating one.
//!
//! Owns what is asked of a repository before anything else is done with it. The verbs themselves are
//! in the sibling modules, each an `impl` of [`BareRepository`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::ancestry::Ancestry;
use crate::error::GitError;
use crate::process::{Finished, Git};
use crate::ref_name::RefName;

/// How long one git command may take unless [`BareRepository::with_time_limit`] says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A bare SHA-1 repository in a local folder. Cheap to clone; holds no lock and no process. Clones share
/// what they know.
#[derive(Debug, Clone)]
pub struct BareRepository {
    pub(crate) git: Git,
    pub(crate) ancestry: Arc<Ancestry>,
}

impl BareRepository {
    /// Opens the repository at `path`.
    ///
    /// # Errors
    /// `not_a_repository`, `not_bare`, `unsupported_object_format`, and those of running git.
    pub async fn open(path: &Path) -> Result<Self, GitError> {
        let missing = || GitError::NotARepository {
            path: path.to_owned(),
        };
        let folder = tokio::fs::canonicalize(path).await.map_err(|_| missing())?;
        let git = Git {
            repository: folder,
            limit: TIME_LIMIT,
        };
        let args = ["rev-parse", "--is-bare-repository", "--show-object-format"];
        let finished = git.run(&args, b"", 4096).await?;
        if !finished.status.success() {
            let looks_like_one =
                git.repository.join("HEAD").is_file() && git.repository.join("objects").is_dir();
            return Err(if looks_like_one {
                git.failed(&args, &finished)
            } else {
                missing()
            });
        }
        let answer = String::from_utf8_lossy(&finished.stdout);
        let mut lines = answer.lines();
        let (bare, format) = (lines.next(), lines.next().unwrap_or_default());
        if format != "sha1" {
            let format = format.to_owned();
            return Err(GitError::UnsupportedObjectFormat {
                path: path.to_owned(),
                format,
            });
        }
        if bare != Some("true") {
            return Err(GitError::NotBare {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            git,
            ancestry: Arc::default(),
        })
    }

    /// Creates a bare repository at `path`, parents included, whose `HEAD` names `default_branch`
    /// (a short name). One that is there already is opened as it is.
    ///
    /// # Errors
    /// `invalid_ref_name` for the branch, those of [`BareRepository::open`], and those of git.
    pub async fn init(path: &Path, default_branch: &str) -> Result<Self, GitError> {
        let branch = RefName::branch(default_branch)?;
        let absolute = std::path::absolute(path).map_err(|source| GitError::Io {
            what: "find",
            path: path.to_owned(),
            source,
        })?;
        if tokio::fs::try_exists(absolute.join("HEAD"))
            .await
            .unwrap_or(false)
        {
            return Self::open(&absolute).await;
        }
        let git = Git {
            repository: absolute.clone(),
            limit: TIME_LIMIT,
        };
        let head = format!("--initial-branch={}", branch.short());
        let args = [
            "init",
            "--quiet",
            "--bare",
            "--object-format=sha1",
            "--template=",
            &head,
            "--",
        ];
        let mut command = git.command_without_repository(&args);
        command.arg(&absolute);
        let finished = git.run_command(command, &args, b"", 4096).await?;
        if !finished.status.success() {
            return Err(git.failed(&args, &finished));
        }
        Self::open(&absolute).await
    }

    /// The repository's folder, absolute, symbolic links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.git.repository
    }

    /// The same repository with another limit for each git command.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.git.limit = limit;
        self
    }

    /// The branch `HEAD` names, whether or not it exists yet; `None` when `HEAD` is detached.
    ///
    /// # Errors
    /// Those of running git.
    pub async fn default_branch(&self) -> Result<Option<RefName>, GitError> {
        let args = ["symbolic-ref", "--quiet", "HEAD"];
        let finished = self.git.run(&args, b"", 4096).await?;
        match finished.status.code() {
            Some(0) => RefName::new(line(&finished)).map(Some),
            Some(1) => Ok(None),
            _ => Err(self.git.failed(&args, &finished)),
        }
    }
}

/// What a command printed, as one trimmed line.
pub(crate) fn line(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stdout)
        .trim_end()
        .to_owned()
}
