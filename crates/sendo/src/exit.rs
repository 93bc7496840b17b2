//! Exit codes. Scripts depend on them, so a code never changes its meaning.

macro_rules! exits {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)*) => {
        /// How a command ends.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Exit { $($(#[doc = $doc])+ $name,)* }

        impl Exit {
            /// The number the shell sees.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)* }
            }

            /// Every code with its meaning, for the reference.
            pub const ALL: &'static [(Self, &'static str)] =
                &[$((Self::$name, concat!($($doc),+)),)*];
        }
    };
}

exits! {
    /// Done.
    Ok = 0,
    /// It failed; the message says why.
    Failed = 1,
    /// A dry run or plan has changes, or it was cancelled.
    Changes = 2,
    /// The command line, a payload or the configuration is invalid.
    Usage = 3,
    /// Not signed in, or not allowed.
    Denied = 4,
    /// What was named does not exist.
    NotFound = 5,
    /// Locked, frozen, or refused by a gate.
    Refused = 6,
    /// Something changed in between, such as a branch that moved.
    Conflict = 7,
    /// Still running when the time to wait was over.
    Running = 8,
    /// The server cannot be reached.
    Unreachable = 9,
    /// Asked too often; try later.
    RateLimited = 10,
    /// Another instance holds the database; try later.
    Busy = 75,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
