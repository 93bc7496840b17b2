//! What is known of an environment while a deployment is seen through: when its change was in the base,
//! what the engine was asked, and what the last look saw.
//!
//! Evidence only, taken in once for each look. What follows from it is decided in `seeing`.

use serde::{Deserialize, Serialize};

use super::state::Candidate;
use crate::deployment::Waiting;
use crate::effect::Edit;
use crate::engine::{Cause, Engine, Lacks, Verdict};
use crate::names::{EngineApplication, Revision};
use crate::time::{Span, Timestamp};

/// Looks further apart than this are no series: what was seen before says nothing of the time between
/// them, in which Sendo, or all there is, may have been away.
const GAP: Span = Span::from_secs(120);
/// How long an environment has to be said to be healthy where no pod shows it. What an engine says of
/// the objects as they were before was gone within a second wherever it was seen.
const SHOWN: Span = Span::from_secs(5);
/// How long an engine that was asked to look may not have come to the commit before it is asked again.
const ASK_AGAIN: Span = Span::from_secs(20);

/// A deployment whose change is in the base, on its way into the environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applying {
    /// The base's head that has the change.
    pub revision: Revision,
    /// From when the deadline counts: when the change was in the base, when the last wait for a person,
    /// a window or what is paused was over, or when it was looked at again after a gap.
    pub clock: Timestamp,
    /// The first look for which it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Since when looks fail, while they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dark: Option<Timestamp>,
    /// Whether the engine was asked to look.
    pub asked: bool,
    /// When that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// The applications that the engine was told to apply, each once.
    pub told: Vec<EngineApplication>,
    /// When the last look that was taken in began.
    pub looked_at: Option<Timestamp>,
    /// What it saw.
    pub sight: Option<Sight>,
}

/// What a look at an environment saw that is not healthy yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "sight", rename_all = "snake_case")]
pub enum Sight {
    /// It lacks something.
    Lacks {
        /// The application that lacks most.
        application: EngineApplication,
        /// What.
        lacks: Lacks,
        /// What the engine says about it.
        message: Option<String>,
    },
    /// It is said to be healthy in every look since then, and no pod shows that it is ours.
    Seems {
        /// The first application that shows nothing.
        application: EngineApplication,
        /// Since which look.
        since: Timestamp,
    },
    /// Something ails, in every look since then.
    Ails {
        /// The first application in which it does.
        application: EngineApplication,
        /// Since which look.
        since: Timestamp,
        /// What, as the last of them saw it.
        causes: Vec<Cause>,
    },
    /// Something else is applied, in every look since then.
    Displaced {
        /// To which application.
        application: EngineApplication,
        /// Since which look.
        since: Timestamp,
        /// What, where it is a commit.
        revision: Option<Revision>,
    },
}

/// What a rollback undoes that a lane makes by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undone {
    /// The deployment that ended badly.
    pub ordinal: u64,
    /// What it had set.
    pub edits: Vec<Edit>,
}

/// What the base says and what never became a success: its deployment was merged and ended otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Which deployment.
    pub ordinal: u64,
    /// Its revision.
    pub revision: Revision,
    /// The success it went back to, when it was a rollback.
    pub back_to: Option<u64>,
}

impl Standing {
    /// A candidate that was merged.
    #[must_use]
    pub fn of(candidate: &Candidate) -> Self {
        Self {
            ordinal: candidate.ordinal,
            revision: candidate.revision.clone(),
            back_to: candidate.back_to,
        }
    }
}

impl Applying {
    /// The change was in the base at `now`.
    #[must_use]
    pub const fn new(revision: Revision, now: Timestamp) -> Self {
        Self {
            revision,
            clock: now,
            first: None,
            dark: None,
            asked: false,
            asked_at: None,
            told: Vec::new(),
            looked_at: None,
            sight: None,
        }
    }

    /// Takes in a look that began at `at`, and gives what it saw; `None` is a healthy environment. The
    /// same look once more changes nothing.
    pub fn take(&mut self, verdict: Verdict, at: Timestamp) -> Option<&Sight> {
        if self.looked_at.is_some_and(|taken| taken >= at) {
            return self.sight.as_ref();
        }
        let was_stopped = self.is_stopped();
        let gap = at > self.looked_at.unwrap_or(self.clock) + GAP;
        let before = self.sight.take().filter(|_| !gap);
        (self.looked_at, self.dark) = (Some(at), None);
        self.sight = match verdict {
            Verdict::Healthy => None,
            Verdict::SeemsHealthy { application } => {
                let since = match before {
                    Some(Sight::Seems { since, .. }) => since,
                    _ => at,
                };
                let seen = at - since < SHOWN;
                seen.then_some(Sight::Seems { application, since })
            }
            Verdict::Lacks {
                application,
                lacks,
                message,
            } => Some(Sight::Lacks {
                application,
                lacks,
                message,
            }),
            Verdict::Ails {
                application,
                causes,
            } => Some(Sight::Ails {
                application,
                since: match before {
                    Some(Sight::Ails { since, .. }) => since,
                    _ => at,
                },
                causes,
            }),
            Verdict::Displaced {
                application,
                revision,
            } => Some(Sight::Displaced {
                application,
                since: match before {
                    Some(Sight::Displaced { since, .. }) => since,
                    _ => at,
                },
                revision,
            }),
        };
        if gap || was_stopped && !self.is_stopped() {
            (self.clock, self.first) = (at, Some(at));
        }
        self.first.get_or_insert(at);
        if self.is_behind() && self.asked_at.is_some_and(|asked| at >= asked + ASK_AGAIN) {
            // Its look failed, as when its git was away, and by itself it may look minutes later.
            self.asked = false;
        }
        self.sight.as_ref()
    }

    const fn is_behind(&self) -> bool {
        matches!(&self.sight, Some(Sight::Lacks { lacks, .. }) if matches!(lacks, Lacks::Look))
    }

    /// Whether its time was over at a look that saw no health, and another one `settle` ago saw none
    /// either.
    #[must_use]
    pub fn is_overdue(&self, looked_at: Timestamp, engine: &Engine) -> bool {
        let another = |first: Timestamp| looked_at > first && looked_at - first >= engine.settle;
        !self.is_stopped()
            && looked_at >= self.clock + engine.deadline
            && self.first.is_some_and(another)
    }

    /// Whether it waits for what may take any time, so that the deadline does not run.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(&self.sight, Some(Sight::Lacks { lacks, .. }) if lacks.stops_the_clock())
    }

    /// Whether somebody has to move it, so that a newer one need not wait for it.
    #[must_use]
    pub const fn gives_way(&self) -> bool {
        match &self.sight {
            Some(Sight::Lacks { lacks, .. }) => lacks.needs_somebody(),
            Some(Sight::Ails { .. }) => true,
            Some(Sight::Seems { .. } | Sight::Displaced { .. }) | None => false,
        }
    }
}

impl Sight {
    /// When to look again at what would be over by then, if it comes to that.
    #[must_use]
    pub fn shown_at(&self) -> Option<Timestamp> {
        match self {
            Self::Seems { since, .. } => Some(*since + SHOWN),
            _ => None,
        }
    }

    /// Since when it is a verdict: seen by another look, `settle` ago, and by every look since.
    #[must_use]
    pub fn has_settled(&self, looked_at: Timestamp, settle: Span) -> bool {
        match self {
            Self::Lacks { .. } | Self::Seems { .. } => false,
            Self::Ails { since, .. } | Self::Displaced { since, .. } => {
                looked_at > *since && looked_at - *since >= settle
            }
        }
    }

    /// What its deployment waits for. What ails may recover and what is elsewhere may come, so until
    /// that has settled both are told as what they would be if they did.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let (application, lacks, message) = match self {
            Self::Lacks {
                application,
                lacks,
                message,
            } => (application, *lacks, message.clone()),
            Self::Ails {
                application,
                causes,
                ..
            } => (application, Lacks::Progress, Some(in_words(causes))),
            Self::Seems { application, .. } => (application, Lacks::Progress, None),
            Self::Displaced { application, .. } => (application, Lacks::Look, None),
        };
        Waiting::Engine {
            application: application.clone(),
            lacks,
            message,
        }
    }

    /// It as a fragment, for the failure of a deployment.
    #[must_use]
    pub fn fragment(&self) -> String {
        match self {
            Self::Lacks {
                application,
                lacks,
                message,
            } => {
                let said = message.as_ref();
                let said = said.map_or_else(String::new, |said| format!(" ({})", cut(said, 120)));
                format!("`{application}` {}{said}", phrase(*lacks))
            }
            Self::Ails { causes, .. } => in_words(causes),
            Self::Seems { application, .. } => {
                format!("`{application}` is healthy for a moment only")
            }
            Self::Displaced { application, .. } => {
                format!("`{application}` is at something else")
            }
        }
    }
}

/// Up to three causes as a fragment that is not long.
pub(super) fn in_words(causes: &[Cause]) -> String {
    let one = |cause: &Cause| {
        let object = cut(&cause.object, 100);
        let reason = cut(&cause.reason, 60);
        match cause.message.as_str() {
            "" => format!("{object}: {reason}"),
            message => format!("{object}: {reason} ({})", cut(message, 120)),
        }
    };
    let mut all: Vec<String> = causes.iter().take(3).map(one).collect();
    if let Some(more) = causes.len().checked_sub(3).filter(|more| *more > 0) {
        all.push(format!("{more} more"));
    }
    // What is said after it has to have room in a sentence; every cause is told beside it.
    cut(&all.join("; "), 200)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

const fn phrase(lacks: Lacks) -> &'static str {
    match lacks {
        Lacks::Progress => "has objects on their way",
        Lacks::Sync => "was not applied",
        Lacks::Look => "has not come to the commit",
        Lacks::Knowledge => "cannot tell how it is",
        Lacks::Resume => "is paused",
        Lacks::Window => "is kept from applying by a window",
        Lacks::Person => "waits for a person to apply it",
        Lacks::Application => "is not there",
    }
}
