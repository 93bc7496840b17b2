//! The sentences themselves, one file per topic.
//!
//! A sentence says what happened, to what, and, where it stopped, who can move it and what they
//! type next. It is worded for both languages side by side, so that neither is forgotten.

pub mod act;
pub(crate) mod amiss;
mod cancelled;
pub mod cause;
pub mod closed;
pub mod diff;
pub mod digest;
pub mod effect;
pub(crate) mod engine;
pub mod frozen;
pub mod objects;
pub mod promotion;
pub mod refusal;
pub mod standing;
pub mod state;
pub mod waiting;

mod steps;

use sendo_core::deployment::{Change, ChangeLink, Deployment, DeploymentId};
use sendo_core::notice::{Notice, Turn};

use crate::escape;

/// What is known about the place a sentence appears in: it turns a hint into an exact command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// The change request, where its address is known.
    pub change: Option<&'a ChangeLink>,
    /// The deployment, where it is known.
    pub deployment: Option<&'a DeploymentId>,
    /// The number of the change request, where only that is known.
    pub number: Option<u64>,
    /// The address of this server's pages, such as `https://sendo.example.com`.
    pub server: Option<&'a str>,
}

impl<'a> Context<'a> {
    /// What a deployment knows.
    #[must_use]
    pub fn of_deployment(deployment: &'a Deployment) -> Self {
        Self {
            deployment: Some(&deployment.id),
            change: deployment.change.as_ref(),
            number: deployment.change.as_ref().map(|change| change.number),
            server: None,
        }
    }

    /// What a notice knows by itself.
    #[must_use]
    pub const fn of_notice(notice: &'a Notice) -> Self {
        let number = match &notice.turn {
            Turn::Waits { number, .. }
            | Turn::Merged { number, .. }
            | Turn::Cancelled { number, .. } => *number,
            Turn::ChangeRequestOpened { number, .. } | Turn::Approved { number, .. } => {
                Some(*number)
            }
            Turn::Started { .. }
            | Turn::PersonApproved { .. }
            | Turn::Overridden { .. }
            | Turn::ActRefused { .. }
            | Turn::Succeeded { .. }
            | Turn::Superseded { .. }
            | Turn::Displaced { .. }
            | Turn::Failed { .. }
            | Turn::Untold { .. } => None,
        };
        Self {
            deployment: Some(&notice.deployment),
            change: notice.change.as_ref(),
            number,
            server: None,
        }
    }

    /// The same with the address of this server's pages.
    #[must_use]
    pub const fn at(mut self, server: &'a str) -> Self {
        self.server = Some(server);
        self
    }
}

/// A change's title on one line, without the number a squashed merge repeats at its end.
#[must_use]
pub fn change_title(change: &Change) -> String {
    let title = escape::cut(&escape::one_line(&change.title), 200);
    change
        .number
        .and_then(|number| title.strip_suffix(&format!("(#{number})")))
        .map_or_else(|| title.clone(), |title| title.trim_end().to_owned())
}

/// A branch or tag as a person says it: `refs/heads/develop` is `develop`.
#[must_use]
pub fn reference(reference: &str) -> &str {
    reference
        .strip_prefix("refs/heads/")
        .or_else(|| reference.strip_prefix("refs/tags/"))
        .unwrap_or(reference)
}
