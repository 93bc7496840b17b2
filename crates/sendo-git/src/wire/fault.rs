//! What can go wrong with a remote repository: what was tried, on which one, why it failed, what helps,
//! and whether it may have been done all the same.
//!
//! Owns the sentences and the reason codes. Nothing in here holds a secret: URLs have none, and what a
//! server said is cut, stripped of control characters and of our credentials before it gets here.

use std::fmt;
use std::time::Duration;

use crate::oid::Oid;
use crate::ref_name::RefName;

/// An operation on a remote repository that failed.
#[derive(Debug)]
pub struct RemoteError {
    /// What was tried, as words that the URL completes: `publish to`.
    pub action: &'static str,
    /// The repository.
    pub url: String,
    /// Why it failed.
    pub fault: RemoteFault,
    /// It was to change the repository, and may have: the caller looks before it tries again.
    pub may_have_happened: bool,
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {} {}: {}", self.action, self.url, self.fault)?;
        if self.may_have_happened {
            f.write_str("; it may have been done all the same, so look before trying again")?;
        }
        Ok(())
    }
}

impl std::error::Error for RemoteError {}

/// Why a remote repository did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteFault {
    /// There was no connection, so nothing was sent.
    #[error("no connection ({why}); check the address, the network and the server's certificate")]
    NotReached {
        /// What the client said.
        why: String,
    },
    /// The connection broke after something was sent.
    #[error("the connection broke ({why}); try again")]
    Broken {
        /// What the client said.
        why: String,
    },
    /// No complete answer came in time.
    #[error("no complete answer within {after:?}; try again, and look at the server's load")]
    TimedOut {
        /// The limit that was hit.
        after: Duration,
    },
    /// It wants to know who asks, or does not believe it (401).
    #[error(
        "it does not accept {}{said}; configure a user and a token that may read and push",
        if *.given { "these credentials" } else { "requests without credentials" }
    )]
    Unauthorized {
        /// Whether there were credentials.
        given: bool,
        /// What it said, in brackets, or nothing.
        said: Said,
    },
    /// It knows who asks, and refuses (403).
    #[error("it is not allowed{said}; give the user or token the right to read and push there")]
    Forbidden {
        /// What it said.
        said: Said,
    },
    /// There is no such repository, or none that these credentials may see (404).
    #[error("no repository there{said}; correct the URL, or let the credentials see it")]
    NotFound {
        /// What it said.
        said: Said,
    },
    /// It is elsewhere. Never followed: credentials go where they were meant to go.
    #[error("it has moved to {to}; write the new URL into the configuration")]
    Redirected {
        /// The host and path it names, or words for none.
        to: String,
    },
    /// Any other status than 200.
    #[error("it answered with status {status}{said}; {}", advice(*.status))]
    Status {
        /// The status.
        status: u16,
        /// What it said.
        said: Said,
    },
    /// The answer is not git's, whatever its status: a proxy's page, a form to sign in.
    #[error(
        "it answered with {content_type}, which is not git{said}; check that the URL is a \
         repository's and that no proxy or sign-in page stands before it"
    )]
    NotGit {
        /// The type of the answer.
        content_type: String,
        /// How it starts.
        said: Said,
    },
    /// The answer is empty: how a git server ends that dies of a request.
    #[error("its answer is empty; look into the server's log")]
    Empty,
    /// The answer breaks the protocol.
    #[error("its answer makes no sense ({what}); try again, then look into the server's log")]
    Garbled {
        /// What made no sense.
        what: String,
    },
    /// git on the other side reported an error.
    #[error("git there said {text:?}")]
    Reported {
        /// Its words.
        text: String,
    },
    /// The answer is larger than the operation is prepared to take.
    #[error("its answer is more than {limit} bytes; narrow what is asked for")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The repository names its objects by something other than SHA-1.
    #[error("it uses {format} object names; only sha1 repositories are supported")]
    ObjectFormat {
        /// What it uses.
        format: String,
    },
    /// The server does not speak protocol version 2.
    #[error("it does not speak git's protocol version 2; update the server (git 2.18 or newer)")]
    OldProtocol,
    /// The server sends whole histories or nothing: it has no filters.
    #[error("it offers no filter (uploadpack.allowFilter)")]
    NoFilter,
    /// Several refs were to move together, and the server cannot do that.
    #[error("it cannot move several refs together (atomic); publish one ref at a time")]
    NotAtomic,
    /// A ref cannot be checked without moving it.
    #[error("{name} cannot be checked for being absent there; resolve it instead")]
    NotCheckable {
        /// The ref.
        name: RefName,
    },
    /// The objects arrived and were not stored.
    #[error("it did not store the objects ({why}){said}; look into the server's log and disk")]
    NotStored {
        /// What it gave as reason.
        why: String,
        /// What it said beside.
        said: Said,
    },
    /// The refs stand as expected, and it refuses to move them: a rule or a hook.
    #[error(
        "it refuses to move {name} ({why}){said}; look for a protection rule or a hook there that \
         does not let this user push"
    )]
    Rejected {
        /// The ref.
        name: RefName,
        /// What it gave as reason.
        why: String,
        /// What it said beside.
        said: Said,
    },
    /// It sent everything but what was asked for.
    #[error("it did not send {oid}, which was asked for; run git fsck there")]
    Withheld {
        /// The object.
        oid: Oid,
    },
}

/// What a server said, for people: in brackets when shown, nothing when it said nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said(pub String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str() {
            "" => Ok(()),
            text => write!(f, " ({text})"),
        }
    }
}

/// Bytes that break a protocol or format, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Garbled(pub(crate) String);

impl From<Garbled> for RemoteFault {
    fn from(Garbled(what): Garbled) -> Self {
        Self::Garbled { what }
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        413 => "let the proxy before it take larger requests",
        429 => "it limits how often it may be asked: ask later",
        500.. => "try again, then look into the server's log",
        _ => "check that the URL is a repository's",
    }
}

impl RemoteFault {
    /// A stable, lowercase code.
    pub(crate) fn reason_code(&self) -> &'static str {
        match self {
            Self::NotReached { .. } => "remote_not_reached",
            Self::Broken { .. } => "remote_broken",
            Self::TimedOut { .. } => "remote_timed_out",
            Self::Unauthorized { .. } => "remote_unauthorized",
            Self::Forbidden { .. } => "remote_forbidden",
            Self::NotFound { .. } => "remote_not_found",
            Self::Redirected { .. } => "remote_redirected",
            Self::Status { .. } => "remote_status",
            Self::NotGit { .. } => "remote_not_git",
            Self::Empty => "remote_empty",
            Self::Garbled { .. } => "remote_garbled",
            Self::Reported { .. } => "remote_reported",
            Self::TooLarge { .. } => "remote_too_large",
            Self::ObjectFormat { .. } => "unsupported_object_format",
            Self::OldProtocol => "remote_old_protocol",
            Self::NoFilter => "remote_no_filter",
            Self::NotAtomic => "remote_not_atomic",
            Self::NotCheckable { .. } => "remote_not_checkable",
            Self::NotStored { .. } => "remote_not_stored",
            Self::Rejected { .. } => "remote_rejected",
            Self::Withheld { .. } => "remote_withheld",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::NotReached { .. }
            | Self::Broken { .. }
            | Self::TimedOut { .. }
            | Self::Empty
            | Self::Garbled { .. }
            | Self::Reported { .. }
            | Self::NotStored { .. }
            | Self::Withheld { .. } => true,
            _ => false,
        }
    }

    /// Whether a request that was to change something may have, when this came of it.
    pub(crate) fn leaves_doubt(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 500..),
            Self::Broken { .. }
            | Self::TimedOut { .. }
            | Self::NotGit { .. }
            | Self::Empty
            | Self::Garbled { .. }
            | Self::Reported { .. }
            | Self::TooLarge { .. } => true,
            _ => false,
        }
    }

    /// Whether the server may only have wanted its capabilities to be read first. None of these
    /// came of a request that was carried out.
    pub(crate) fn asks_for_manners(&self) -> bool {
        match self {
            Self::Unauthorized { .. } | Self::Forbidden { .. } | Self::NotFound { .. } => true,
            Self::Status { status, .. } => {
                matches!(status, 400 | 405 | 406 | 411 | 412 | 415 | 422 | 501)
            }
            _ => false,
        }
    }
}
