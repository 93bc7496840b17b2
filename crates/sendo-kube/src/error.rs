//! What can go wrong with a cluster: what was tried, on which one, why it failed, what helps, and
//! whether it may pass.
//!
//! Owns the sentences and the reason codes. Nothing in here holds a secret: credentials never get here,
//! what programs of a kubeconfig print is left out, and what a server said is one cut line.

use std::fmt;
use std::time::Duration;

/// How much of what a server said is told, in characters.
const SAID: usize = 300;

/// Something that was tried on a cluster and failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeError {
    /// What was tried on what, as a fragment: `read application argocd/web`.
    pub(crate) action: String,
    /// The cluster, and where it is once that is known.
    pub(crate) cluster: String,
    /// Why it failed.
    pub(crate) fault: Fault,
    /// It was to change something, and may have: the caller looks before it tries again.
    pub(crate) may_have_happened: bool,
}

/// Why a cluster did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The access that was configured cannot be used.
    Access {
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// Credentials that are made or read anew could not be.
    Credentials {
        /// Which, and why.
        why: String,
    },
    /// There was no connection, so nothing was sent.
    NotReached {
        /// What the client said.
        why: String,
    },
    /// Its certificate is not trusted, or it does not trust ours.
    Tls {
        /// What the client said.
        why: String,
    },
    /// The connection broke after something was sent.
    BrokeOff {
        /// What the client said.
        why: String,
    },
    /// No complete answer came in time.
    TimedOut {
        /// The limit that was hit.
        after: Duration,
    },
    /// It does not believe who asks (401).
    Unauthorized,
    /// It knows who asks, and refuses (403).
    Forbidden {
        /// What lacks, as RBAC has it: `get applications.argoproj.io in namespace argocd`.
        right: String,
        /// What it said.
        said: Said,
    },
    /// It has no Argo CD: nobody told it what an Application is.
    NoArgoCd,
    /// It does not know this kind of object (404, of no object).
    NoKind {
        /// The resource, as RBAC names it.
        resource: String,
    },
    /// There is no such object (404).
    NotFound,
    /// Somebody changed the object at the same time, again and again (409).
    Contended,
    /// Argo CD carries out something else for this application.
    UnderWay {
        /// Who asked for it, where that is known.
        by: String,
    },
    /// The application follows nothing of the manifests repository.
    OtherRepository {
        /// What it follows.
        follows: String,
    },
    /// It asks us to ask less often (429).
    Limited,
    /// Any other status that is no success.
    Status {
        /// The status.
        status: u16,
        /// What it said.
        said: Said,
    },
    /// The answer makes no sense.
    Unreadable {
        /// How.
        why: String,
    },
    /// The answer is larger than we are prepared to take.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// What a server said, for people: one line, cut; in brackets when shown, nothing when it said nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said(String);

impl Said {
    pub(crate) fn new(text: &str) -> Self {
        Self(line(text, SAID))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str() {
            "" => Ok(()),
            said => write!(f, " ({said})"),
        }
    }
}

/// A text as one line of at most `most` characters, without control characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let mut line: String = text.trim().chars().take(most + 1).map(visible).collect();
    if let Some((cut, _)) = line.char_indices().nth(most) {
        let last = line[..cut].char_indices().next_back();
        line.truncate(last.map_or(0, |(at, _)| at));
        line.push('…');
    }
    line
}

impl KubeError {
    /// Why it failed.
    #[must_use]
    pub const fn fault(&self) -> &Fault {
        &self.fault
    }

    /// It was to change something, and may have: the caller looks before it tries again.
    #[must_use]
    pub const fn may_have_happened(&self) -> bool {
        self.may_have_happened
    }

    /// A stable, lowercase code.
    #[must_use]
    pub const fn reason_code(&self) -> &'static str {
        match self.fault {
            Fault::Access { .. } => "kube_access",
            Fault::Credentials { .. } => "kube_credentials",
            Fault::NotReached { .. } => "kube_unreachable",
            Fault::Tls { .. } => "kube_tls",
            Fault::BrokeOff { .. } => "kube_broke_off",
            Fault::TimedOut { .. } => "kube_timed_out",
            Fault::Unauthorized => "kube_unauthorized",
            Fault::Forbidden { .. } => "kube_forbidden",
            Fault::NoArgoCd => "no_argocd",
            Fault::NoKind { .. } => "kube_no_kind",
            Fault::NotFound => "kube_not_found",
            Fault::Contended => "kube_contended",
            Fault::UnderWay { .. } => "sync_under_way",
            Fault::OtherRepository { .. } => "other_repository",
            Fault::Limited => "kube_limited",
            Fault::Status { .. } => "kube_status",
            Fault::Unreadable { .. } => "kube_unreadable",
            Fault::TooLarge { .. } => "kube_too_large",
        }
    }

    /// Whether the same call may succeed later without anybody changing the configuration or the
    /// object. Credentials that are refused may be put right where they are kept, so they count.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self.fault {
            Fault::Credentials { .. }
            | Fault::NotReached { .. }
            | Fault::BrokeOff { .. }
            | Fault::TimedOut { .. }
            | Fault::Unauthorized
            | Fault::Contended
            | Fault::UnderWay { .. }
            | Fault::Limited
            | Fault::Unreadable { .. } => true,
            Fault::Status { status, .. } => status == 408 || status >= 500,
            Fault::Access { .. }
            | Fault::Tls { .. }
            | Fault::Forbidden { .. }
            | Fault::NoArgoCd
            | Fault::NoKind { .. }
            | Fault::NotFound
            | Fault::OtherRepository { .. }
            | Fault::TooLarge { .. } => false,
        }
    }
}

impl fmt::Display for KubeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            cluster,
            fault,
            may_have_happened,
        } = self;
        write!(f, "could not {action} on {cluster}: {fault}")?;
        if *may_have_happened {
            f.write_str("; it may have been done all the same, so look before trying again")?;
        }
        Ok(())
    }
}

impl std::error::Error for KubeError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access { why } => f.write_str(why),
            Self::Credentials { why } => write!(
                f,
                "there are no credentials ({why}); look at the user in its kubeconfig"
            ),
            Self::NotReached { why } => write!(
                f,
                "no connection ({why}); check the address and the network between"
            ),
            Self::Tls { why } => write!(
                f,
                "no trust ({why}); check `certificate-authority` and the server's name in its kubeconfig"
            ),
            Self::BrokeOff { why } => write!(f, "the connection broke ({why}); try again"),
            Self::TimedOut { after } => write!(
                f,
                "no complete answer within {after:?}; try again, and look at the API server's load"
            ),
            Self::Unauthorized => f.write_str(
                "it does not accept the credentials; make new ones, and put them where the old ones are",
            ),
            Self::Forbidden { right, said } => write!(
                f,
                "the right to {right} lacks{said}; bind a role with it to the user"
            ),
            Self::NoArgoCd => f.write_str(
                "no Argo CD on this cluster (it knows no applications.argoproj.io); \
                 name the cluster that has the Application objects",
            ),
            Self::NoKind { resource } => write!(f, "it knows no {resource}"),
            Self::NotFound => f.write_str("there is none of that name; check name and namespace"),
            Self::Contended => f.write_str("somebody else kept changing it; try again"),
            Self::UnderWay { by } => write!(
                f,
                "an operation is under way there{by}; it is tried again when that has ended"
            ),
            Self::OtherRepository { follows } => write!(
                f,
                "it follows {follows} and not the manifests repository; correct one of the two"
            ),
            Self::Limited => f.write_str("it asks us to wait; try again later"),
            Self::Status { status, said } if *status >= 500 => write!(
                f,
                "it answered {status}{said}; try again, then look into the API server's log"
            ),
            Self::Status { status, said } => {
                write!(f, "it answered {status}{said}; change what it names")
            }
            Self::Unreadable { why } => write!(
                f,
                "its answer makes no sense ({why}); look whether the address is an API server's"
            ),
            Self::TooLarge { limit } => write!(f, "its answer is more than {limit} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_line_is_cut_at_characters() {
        assert_eq!(line(" a\nb\u{7}c ", 10), "a b c");
        assert_eq!(line("船頭船頭", 4), "船頭船頭");
        assert_eq!(line("船頭船頭船", 4), "船頭船…");
        assert_eq!(line("", 4), "");
    }
}
