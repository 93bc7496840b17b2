//! Which lanes an event concerns, and, clause by clause, why not the others.
//!
//! The same function wakes lanes on a server and answers `explain` offline.

use serde::{Deserialize, Serialize};

use super::rules::{LaneRules, Trigger};
pub use super::tags::{literal_prefix, pattern_text, tag_matches};
use crate::event::Event;
use crate::names::{Principal, Revision};
use crate::subject::LaneId;

/// What an event announces to a lane it concerns. Only a hint: the revision is looked up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The branch, tag or text it came by.
    pub reference: String,
    /// The revision the delivery named.
    pub revision: Option<Revision>,
    /// The git or image tag.
    pub tag: Option<String>,
    /// The image digest.
    pub digest: Option<String>,
    /// Who asked or reported.
    pub by: Option<Principal>,
    /// Whether a person asked for exactly this.
    pub requested: bool,
}

/// Why an event does not start a deployment in a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The lane.
    pub lane: LaneId,
    /// The clause of its rules that refused, such as `on.merged_into`.
    pub clause: String,
    /// Why.
    pub reason: RefusalReason,
}

/// The reasons a clause can give. Each has a stable code and a sentence elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum RefusalReason {
    /// Another repository.
    RepositoryDiffers {
        /// The rule's.
        expected: String,
        /// The event's.
        got: String,
    },
    /// Another application.
    ApplicationDiffers {
        /// The rule's.
        expected: String,
        /// The event's.
        got: String,
    },
    /// Another environment.
    EnvironmentDiffers {
        /// The rule's.
        expected: String,
        /// The event's.
        got: String,
    },
    /// The pull request was closed without a merge.
    NotMerged {
        /// Which.
        number: u64,
    },
    /// Another branch.
    BranchDiffers {
        /// The rule's.
        expected: String,
        /// The event's.
        got: String,
    },
    /// The tag is not one the rule means.
    TagDoesNotMatch {
        /// The rule's pattern.
        pattern: String,
        /// The event's tag.
        got: String,
    },
    /// The lane waits for another kind of event.
    TriggerDiffers {
        /// What the lane waits for, such as `tag`.
        expected: String,
        /// The event's name.
        got: String,
    },
    /// The branch or tag was deleted.
    Deleted {
        /// Which.
        reference: String,
    },
}

impl RefusalReason {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RepositoryDiffers { .. } => "repository_differs",
            Self::ApplicationDiffers { .. } => "application_differs",
            Self::EnvironmentDiffers { .. } => "environment_differs",
            Self::NotMerged { .. } => "not_merged",
            Self::BranchDiffers { .. } => "branch_differs",
            Self::TagDoesNotMatch { .. } => "tag_does_not_match",
            Self::TriggerDiffers { .. } => "trigger_differs",
            Self::Deleted { .. } => "deleted",
        }
    }

    /// Every code there is, for the reference.
    pub const CODES: [&'static str; 8] = [
        "repository_differs",
        "application_differs",
        "environment_differs",
        "not_merged",
        "branch_differs",
        "tag_does_not_match",
        "trigger_differs",
        "deleted",
    ];
}

/// Whether an event starts a deployment in a lane.
///
/// # Errors
/// The first clause that refuses, and why.
pub fn announce(rules: &LaneRules, event: &Event) -> Result<Announcement, Box<Refusal>> {
    let refuse = |clause: &str, reason| {
        Err(Box::new(Refusal {
            lane: rules.lane.clone(),
            clause: clause.to_owned(),
            reason,
        }))
    };
    let differs = |got: &Event| RefusalReason::TriggerDiffers {
        expected: trigger_key(&rules.on).to_owned(),
        got: got.name().to_owned(),
    };
    match event {
        Event::BranchPushed { repository, .. }
        | Event::TagPushed { repository, .. }
        | Event::PullRequestClosed { repository, .. }
        | Event::ChangeRequestTouched { repository, .. }
        | Event::CheckReported { repository, .. }
            if *repository != rules.repository =>
        {
            return refuse(
                "repository",
                RefusalReason::RepositoryDiffers {
                    expected: rules.repository.to_string(),
                    got: repository.to_string(),
                },
            );
        }
        Event::ImageReported { application, .. } | Event::DeployRequested { application, .. }
            if *application != rules.lane.application =>
        {
            return refuse(
                "application",
                RefusalReason::ApplicationDiffers {
                    expected: rules.lane.application.to_string(),
                    got: application.to_string(),
                },
            );
        }
        _ => {}
    }
    match (event, &rules.on) {
        (
            Event::BranchPushed {
                branch, after, by, ..
            },
            Trigger::MergedInto(wanted) | Trigger::PushedTo(wanted),
        ) => {
            if branch != wanted {
                return refuse(
                    on_clause(&rules.on),
                    branch_differs(wanted.as_str(), branch.as_str()),
                );
            }
            let Some(after) = after else {
                let reference = format!("refs/heads/{branch}");
                return refuse(on_clause(&rules.on), RefusalReason::Deleted { reference });
            };
            Ok(plain(format!("refs/heads/{branch}"), after, by.as_ref()))
        }
        (
            Event::PullRequestClosed {
                number,
                base,
                merged,
                by,
                ..
            },
            Trigger::MergedInto(wanted) | Trigger::PushedTo(wanted),
        ) => {
            let Some(merged) = merged else {
                return refuse(
                    on_clause(&rules.on),
                    RefusalReason::NotMerged { number: *number },
                );
            };
            if base != wanted {
                return refuse(
                    on_clause(&rules.on),
                    branch_differs(wanted.as_str(), base.as_str()),
                );
            }
            Ok(plain(format!("refs/heads/{base}"), merged, by.as_ref()))
        }
        (
            Event::TagPushed {
                tag, revision, by, ..
            },
            Trigger::Tag { pattern, .. },
        ) => {
            if !tag_matches(pattern, tag) {
                let pattern = pattern_text(pattern).to_owned();
                return refuse(
                    "on.tag",
                    RefusalReason::TagDoesNotMatch {
                        pattern,
                        got: tag.to_string(),
                    },
                );
            }
            let Some(revision) = revision else {
                return refuse(
                    "on.tag",
                    RefusalReason::Deleted {
                        reference: format!("refs/tags/{tag}"),
                    },
                );
            };
            let mut told = plain(format!("refs/tags/{tag}"), revision, by.as_ref());
            told.tag = Some(tag.to_string());
            Ok(told)
        }
        (
            Event::ImageReported {
                revision,
                tag,
                digest,
                by,
                ..
            },
            Trigger::Image,
        ) => {
            let reference = tag
                .as_ref()
                .or(digest.as_ref())
                .map_or_else(|| revision.to_string(), Clone::clone);
            let mut told = plain(reference, revision, Some(by));
            told.tag.clone_from(tag);
            told.digest.clone_from(digest);
            Ok(told)
        }
        (
            Event::DeployRequested {
                environment,
                reference,
                by,
                ..
            },
            _,
        ) => {
            if *environment != rules.lane.environment {
                return refuse(
                    "environment",
                    RefusalReason::EnvironmentDiffers {
                        expected: rules.lane.environment.to_string(),
                        got: environment.to_string(),
                    },
                );
            }
            Ok(Announcement {
                reference: reference.clone().unwrap_or_default(),
                revision: None,
                tag: None,
                digest: None,
                by: Some(by.clone()),
                requested: true,
            })
        }
        (other, on) => refuse(on_clause(on), differs(other)),
    }
}

fn branch_differs(expected: &str, got: &str) -> RefusalReason {
    RefusalReason::BranchDiffers {
        expected: expected.to_owned(),
        got: got.to_owned(),
    }
}

fn plain(reference: String, revision: &Revision, by: Option<&Principal>) -> Announcement {
    Announcement {
        reference,
        revision: Some(revision.clone()),
        tag: None,
        digest: None,
        by: by.cloned(),
        requested: false,
    }
}

fn trigger_key(on: &Trigger) -> &'static str {
    match on {
        Trigger::MergedInto(_) => "merged_into",
        Trigger::PushedTo(_) => "pushed_to",
        Trigger::Tag { .. } => "tag",
        Trigger::Image => "image",
        Trigger::Command => "command",
    }
}

fn on_clause(on: &Trigger) -> &'static str {
    match on {
        Trigger::MergedInto(_) => "on.merged_into",
        Trigger::PushedTo(_) => "on.pushed_to",
        Trigger::Tag { .. } => "on.tag",
        Trigger::Image => "on.image",
        Trigger::Command => "on.command",
    }
}
