//! What a person reads when a command does not work: what, why, and what to do next.

use std::borrow::Cow;

use serde_json::json;

use crate::exit::Exit;
use crate::out::Out;

/// How a verb ends.
pub type Outcome = Result<Exit, Failure>;

/// A command that did not work.
#[derive(Debug, Clone)]
pub struct Failure {
    exit: Exit,
    reason_code: Cow<'static, str>,
    what: String,
    why: Option<String>,
    next: Option<String>,
}

impl Failure {
    /// What did not work, with the code of how to end and a stable reason code for programs.
    pub fn new(
        exit: Exit,
        reason_code: impl Into<Cow<'static, str>>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            exit,
            reason_code: reason_code.into(),
            what: what.into(),
            why: None,
            next: None,
        }
    }

    /// Why.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// What to do next, best as a command.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// What did not work.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// How to end.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// Shows it to a person, and with `-o json` or `-o yaml` to a program as well.
    pub(crate) fn show(&self, out: &Out) {
        if out.for_programs() {
            out.value(&json!({"error": {
                "reason_code": self.reason_code,
                "message": self.what,
                "why": self.why,
                "next": self.next,
            }}));
        }
        let mut text = format!("sendo: {}", self.what);
        for (label, said) in [("why", &self.why), ("next", &self.next)] {
            if let Some(said) = said {
                text.push_str(&format!("\n  {label}: {said}"));
            }
        }
        out.error(&text);
    }
}
