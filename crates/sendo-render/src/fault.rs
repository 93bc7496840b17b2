//! Why something cannot be rendered.

use std::time::Duration;

/// Why there are no objects to compare. Each says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What is to be rendered, or what it names, is not in the repository.
    #[error(
        "{what} is not in the repository: correct the path; what lies elsewhere is never fetched"
    )]
    Missing {
        /// Which path, named by whom.
        what: String,
    },
    /// An entry means something on another machine.
    #[error(
        "`{file}` names `{entry}`, which lies elsewhere: it is never fetched for a rendering; copy it into the repository to see it here"
    )]
    Remote {
        /// The kustomization.
        file: String,
        /// What it names.
        entry: String,
    },
    /// An entry leads out of the repository, or is no path.
    #[error("`{file}` names `{entry}`, which is no path inside the repository")]
    Outside {
        /// The kustomization.
        file: String,
        /// What it names.
        entry: String,
    },
    /// A symbolic link or a submodule.
    #[error(
        "`{path}` is a {what}, which is not followed for a rendering; put the file itself there"
    )]
    Link {
        /// Where.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// Something that is not rendered here.
    #[error("`{file}` has `{key}`, which is not rendered here: {instead}")]
    Unsupported {
        /// The kustomization.
        file: String,
        /// Which of its keys.
        key: String,
        /// What helps.
        instead: &'static str,
    },
    /// More or deeper than is read.
    #[error("it needs more than {limit}, and is not rendered here")]
    TooMuch {
        /// How much is read.
        limit: String,
    },
    /// Text that is not YAML, or not what it should be.
    #[error("{place} cannot be read: {why}")]
    Unreadable {
        /// Which file or output.
        place: String,
        /// What is wrong, in one line.
        why: String,
    },
    /// The same object twice on one side.
    #[error(
        "{object} is in it twice: which of the two a cluster gets is anybody's guess; remove one"
    )]
    Twice {
        /// Which.
        object: String,
    },
    /// The program is not on this machine.
    #[error(
        "there is no `{program}` on the PATH of the server; install it there to see what a cluster would see"
    )]
    NoProgram {
        /// Which.
        program: &'static str,
    },
    /// The program refused.
    #[error("{program} refused: {said}")]
    Refused {
        /// Which.
        program: &'static str,
        /// The first of what it said.
        said: String,
    },
    /// The program took too long.
    #[error("{program} was not done after {} s and was ended", after.as_secs())]
    TooLong {
        /// Which.
        program: &'static str,
        /// How long it had.
        after: Duration,
    },
    /// The repository cannot be read now.
    #[error("{message}")]
    Source {
        /// A stable code.
        reason_code: String,
        /// What happened.
        message: String,
    },
    /// This machine refused a folder or a process.
    #[error("{what}: {why}; look at the server's disk and limits")]
    Machine {
        /// What was tried.
        what: String,
        /// What came back.
        why: String,
    },
}

impl Fault {
    /// A stable code for it.
    #[must_use]
    pub fn reason_code(&self) -> &str {
        match self {
            Self::Missing { .. } => "file_not_found",
            Self::Remote { .. } => "remote_resource",
            Self::Outside { .. } => "outside_repository",
            Self::Link { .. } => "symlink",
            Self::Unsupported { .. } => "not_rendered",
            Self::TooMuch { .. } => "too_large",
            Self::Unreadable { .. } => "unreadable",
            Self::Twice { .. } => "object_twice",
            Self::NoProgram { .. } => "renderer_missing",
            Self::Refused { .. } => "renderer_refused",
            Self::TooLong { .. } => "renderer_slow",
            Self::Source { reason_code, .. } => reason_code,
            Self::Machine { .. } => "machine",
        }
    }

    /// Whether the same files may be rendered another time: then nothing is remembered.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NoProgram { .. }
                | Self::TooLong { .. }
                | Self::Source { .. }
                | Self::Machine { .. }
        )
    }

    pub(crate) fn machine(what: impl Into<String>, why: &std::io::Error) -> Self {
        Self::Machine {
            what: what.into(),
            why: why.to_string(),
        }
    }
}
