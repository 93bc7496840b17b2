//! What can go wrong between Sendo and a repository, in one closed list.
//!
//! Owns the reason codes and the sentences: each says what was tried, where, and what to do about
//! it. Does not decide whether anything is tried again; the caller does, by [`GitError::is_transient`]
//! at most.

use std::path::PathBuf;
use std::time::Duration;

use crate::oid::Oid;
use crate::ref_name::RefName;
use crate::refs::Expect;
use crate::wire::RemoteError;

/// A failed operation on a repository. [`GitError::reason_code`] is stable, the wording is not.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The `git` program could not be started.
    #[error("could not start git: {source}; install git 2.31 or newer and put it on PATH")]
    NotStarted {
        /// What the operating system answered.
        source: std::io::Error,
    },
    /// A git command did not finish in time and was killed; what it was to change is unknown.
    #[error(
        "git {command} in {repository} did not finish within {after:?} and was stopped; \
         look for a stuck disk or a lock file, then try again"
    )]
    TimedOut {
        /// The git subcommand.
        command: String,
        /// The repository's folder.
        repository: PathBuf,
        /// The limit that was hit.
        after: Duration,
    },
    /// A git command printed more than the operation is prepared to hold.
    #[error(
        "git {command} in {repository} answered more than {limit} bytes; narrow what is asked for"
    )]
    OutputTooLarge {
        /// The git subcommand.
        command: String,
        /// The repository's folder.
        repository: PathBuf,
        /// The limit that was hit, in bytes.
        limit: u64,
    },
    /// A git command failed for a reason none of the other variants names.
    #[error("git {command} in {repository} failed ({status}): {stderr}")]
    Failed {
        /// The git subcommand.
        command: String,
        /// The repository's folder.
        repository: PathBuf,
        /// `exit N` or `killed`.
        status: String,
        /// The end of what git said, control characters removed.
        stderr: String,
    },
    /// There is no repository at the path.
    #[error("{path} is not a git repository; create it with git init --bare or correct the path")]
    NotARepository {
        /// The path that was opened.
        path: PathBuf,
    },
    /// The repository has a work tree, which moving refs would leave behind.
    #[error("{path} has a work tree; name a bare repository (git clone --bare makes one)")]
    NotBare {
        /// The path that was opened.
        path: PathBuf,
    },
    /// The repository names its objects by something other than SHA-1.
    #[error("{path} uses {format} object names; only sha1 repositories are supported")]
    UnsupportedObjectFormat {
        /// The path that was opened.
        path: PathBuf,
        /// What the repository says it uses.
        format: String,
    },
    /// Text that is not a full object name.
    #[error("{text:?} is not a full object name; give all 40 hexadecimal digits")]
    InvalidOid {
        /// The text as given.
        text: String,
    },
    /// Text that git does not take as a ref name.
    #[error("{name:?} is not a ref name: {why}; rename the branch or tag")]
    InvalidRefName {
        /// The name as given.
        name: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// Text that is not a path inside a repository.
    #[error("{path:?} is not a path inside a repository: {why}")]
    InvalidPath {
        /// The path as given.
        path: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// A commit's author, committer or message that git would refuse or garble.
    #[error("the commit cannot be written: {why}")]
    InvalidCommit {
        /// The rule it breaks.
        why: &'static str,
    },
    /// An object that was named is not there.
    #[error("{repository} has no object {oid}; fetch or push it there first")]
    ObjectMissing {
        /// The repository's folder or URL.
        repository: String,
        /// The object asked for.
        oid: Oid,
    },
    /// An object is of another kind than the operation needs.
    #[error("{oid} is a {actual}, not a {expected}")]
    WrongKind {
        /// The object asked for.
        oid: Oid,
        /// What was needed.
        expected: &'static str,
        /// What it is.
        actual: String,
    },
    /// The path leads through or to a symbolic link, which is never followed.
    #[error("{path} is a symbolic link, which is not followed; name the file it points to")]
    Symlink {
        /// Where the link is.
        path: String,
    },
    /// The path leads through or to a submodule, whose files are in another repository.
    #[error("{path} is a submodule; its files live in another repository, name that one")]
    Submodule {
        /// Where the submodule is.
        path: String,
    },
    /// The path is a folder where a file was needed.
    #[error("{path} is a folder, not a file; name a file in it")]
    NotAFile {
        /// The path as given.
        path: String,
    },
    /// The path goes on below a file, or a folder was needed and a file found.
    #[error("{path} is a file, not a folder; correct the path")]
    NotAFolder {
        /// The part of the path that is a file.
        path: String,
    },
    /// A file is larger than the operation is prepared to hold.
    #[error("{path} is {size} bytes, more than the limit of {limit}")]
    FileTooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A ref was not where the caller expected it, so nothing was moved.
    #[error("{name} is at {}, not at {expected}; nothing was moved, read it again", shown(*.actual))]
    CasLost {
        /// The ref that differed.
        name: RefName,
        /// Where the caller thought it was.
        expected: Expect,
        /// Where it was when read again.
        actual: Option<Oid>,
    },
    /// A ref stands where another needs a folder (`a` and `a/b` cannot both exist).
    #[error("{name} cannot be created beside {other}; delete or rename one of them")]
    RefInTheWay {
        /// The ref that was to be created.
        name: RefName,
        /// The ref that prevents it.
        other: RefName,
    },
    /// The refs stood as expected but could not be locked.
    #[error(
        "the refs of {repository} are locked ({stderr}); if no git process is running there, \
         remove the .lock file it names"
    )]
    RefsLocked {
        /// The repository's folder.
        repository: PathBuf,
        /// The end of what git said.
        stderr: String,
    },
    /// git answered something that cannot be read.
    #[error("{repository} answered something unexpected: {what}; run git fsck there")]
    Corrupt {
        /// The repository's folder.
        repository: PathBuf,
        /// What could not be read.
        what: String,
    },
    /// The repository runs its hooks from somewhere else, so ours would never run.
    #[error(
        "{repository} sets core.hooksPath to {hooks_path:?}, so a hook in its own folder never \
         runs; unset it, or call the spool hook from there"
    )]
    HooksElsewhere {
        /// The repository's folder.
        repository: PathBuf,
        /// The configured folder.
        hooks_path: String,
    },
    /// The URL of a remote repository that cannot be used. Not repeated: it may hold a secret.
    #[error("the URL of the repository cannot be used: {why}")]
    InvalidAddress {
        /// The rule it breaks.
        why: &'static str,
    },
    /// A remote repository did not do what it was asked.
    #[error(transparent)]
    Remote(Box<RemoteError>),
    /// A file or folder of the repository could not be read or written.
    #[error("could not {what} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the operating system answered.
        source: std::io::Error,
    },
}

impl GitError {
    /// A stable, lowercase code for logs, tables and tests.
    #[must_use]
    pub fn reason_code(&self) -> &'static str {
        match self {
            Self::NotStarted { .. } => "git_not_started",
            Self::TimedOut { .. } => "git_timed_out",
            Self::OutputTooLarge { .. } => "git_output_too_large",
            Self::Failed { .. } => "git_failed",
            Self::NotARepository { .. } => "not_a_repository",
            Self::NotBare { .. } => "not_bare",
            Self::UnsupportedObjectFormat { .. } => "unsupported_object_format",
            Self::InvalidOid { .. } => "invalid_oid",
            Self::InvalidRefName { .. } => "invalid_ref_name",
            Self::InvalidPath { .. } => "invalid_path",
            Self::InvalidCommit { .. } => "invalid_commit",
            Self::ObjectMissing { .. } => "object_missing",
            Self::WrongKind { .. } => "wrong_object_kind",
            Self::Symlink { .. } => "symlink",
            Self::Submodule { .. } => "submodule",
            Self::NotAFile { .. } => "not_a_file",
            Self::NotAFolder { .. } => "not_a_folder",
            Self::FileTooLarge { .. } => "file_too_large",
            Self::CasLost { .. } => "cas_lost",
            Self::RefInTheWay { .. } => "ref_in_the_way",
            Self::RefsLocked { .. } => "refs_locked",
            Self::Corrupt { .. } => "corrupt",
            Self::HooksElsewhere { .. } => "hooks_elsewhere",
            Self::InvalidAddress { .. } => "invalid_address",
            Self::Remote(error) => error.fault.reason_code(),
            Self::Io { .. } => "io",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    ///
    /// A lost compare-and-swap is not transient: the caller has to read again and decide again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        // What git fails at for a reason we cannot name may be the machine's: memory, a full disk, a
        // process that somebody ended.
        match self {
            Self::TimedOut { .. }
            | Self::Failed { .. }
            | Self::RefsLocked { .. }
            | Self::Io { .. }
            | Self::NotStarted { .. } => true,
            Self::Remote(error) => error.fault.is_transient(),
            _ => false,
        }
    }

    /// Whether what was to be done may have been done all the same: look before trying again.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Remote(error) => error.may_have_happened,
            _ => false,
        }
    }

    /// Whether a ref was found elsewhere than expected.
    #[must_use]
    pub fn is_cas_lost(&self) -> bool {
        matches!(self, Self::CasLost { .. })
    }
}

fn shown(oid: Option<Oid>) -> String {
    oid.map_or_else(|| "nothing".to_owned(), |oid| oid.to_string())
}
