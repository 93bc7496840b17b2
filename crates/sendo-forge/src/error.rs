//! What a forge answers when it does not do what was asked.
//!
//! The caller needs to know one thing: whether the same call may work later by itself. Everything
//! else is for people.

use std::time::Duration;

use sendo_core::effect::EffectError;
use sendo_git::GitError;
use sendo_manifest::EditError;

/// A refusal of a forge, of any kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ForgeError {
    /// A stable code, such as `image_not_found`.
    pub reason_code: String,
    /// What was tried on what, what came back, what helps: a fragment.
    pub message: String,
    /// Whether the same call may work later without anybody changing anything.
    pub transient: bool,
    /// How long the other side asks us to wait before that.
    pub wait: Option<Duration>,
    /// When its turn comes, as likely as not, where others are served first: however often it is
    /// tried, the pause does not grow.
    pub turn: Option<Duration>,
}

impl ForgeError {
    /// A refusal that stays until somebody changes something.
    pub fn refused(reason_code: &str, message: impl Into<String>) -> Self {
        Self {
            reason_code: reason_code.to_owned(),
            message: message.into(),
            transient: false,
            wait: None,
            turn: None,
        }
    }

    /// Trouble that may pass.
    pub fn trouble(reason_code: &str, message: impl Into<String>) -> Self {
        Self {
            reason_code: reason_code.to_owned(),
            message: message.into(),
            transient: true,
            wait: None,
            turn: None,
        }
    }

    /// Others are served first; its turn may come after `turn`.
    pub fn others_first(message: impl Into<String>, turn: Duration) -> Self {
        Self {
            turn: Some(turn),
            ..Self::trouble(EffectError::OTHERS_FIRST, message)
        }
    }

    /// The same trouble, which is not to be tried again before `wait` is over.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self {
            wait: Some(wait),
            ..self
        }
    }

    /// Whether a commit that was named is not there, or is no commit.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(
            self.reason_code.as_str(),
            "object_missing" | "wrong_object_kind"
        )
    }

    /// Whether a ref was found elsewhere than expected.
    #[must_use]
    pub fn is_cas_lost(&self) -> bool {
        self.reason_code == "cas_lost"
    }

    /// An edit that a file does not allow, with the place in that file.
    #[must_use]
    pub fn edit(file: &str, error: &EditError) -> Self {
        Self::refused(error.reason_code(), error.located(file))
    }
}

impl From<GitError> for ForgeError {
    fn from(error: GitError) -> Self {
        // A lost compare-and-swap that reaches this far lost many times in a row.
        let transient = error.is_transient() || error.is_cas_lost();
        Self {
            reason_code: error.reason_code().to_owned(),
            message: error.to_string(),
            transient,
            wait: None,
            turn: None,
        }
    }
}

impl From<ForgeError> for EffectError {
    fn from(error: ForgeError) -> Self {
        let message = error.message.chars().take(1_000).collect();
        Self {
            reason_code: error.reason_code,
            message,
        }
    }
}
