//! What people do to deployments and lanes, and where it counts.
//!
//! An act is taken in like any event: stored, left with its lane as a fact, and applied by the lane's
//! own decision. There it is checked again, so that a right that was taken away meanwhile, or a
//! deployment that ended meanwhile, refuses it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::{ApplicationName, EnvironmentName, InvalidName, Principal};
use crate::subject::LaneId;

/// What a person does. Deployments are named by their number within the lane, so that an act on one
/// never hits the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Agrees to a deployment.
    Approve {
        /// Which.
        number: u64,
    },
    /// Ends a deployment that is under way or queued.
    Cancel {
        /// Which.
        number: u64,
    },
    /// Starts one that ended without success again, or makes one under way look again at once.
    Retry {
        /// Which.
        number: u64,
    },
    /// Goes back to an earlier success, and holds the lane there.
    Rollback {
        /// To which deployment; `None` is the last one with another revision than what runs, and
        /// once a rollback runs, the last one before the one it went back to.
        to: Option<u64>,
        /// From which deployment: the one that is to be left. When another one runs by then, nothing
        /// is rolled back, so that the same wish twice goes back once.
        #[serde(default)]
        from: Option<u64>,
    },
    /// Lets newer revisions through again after a rollback.
    Release,
    /// Break-glass: carries a deployment past people, soak, locks, holds and freezes. Never past checks or
    /// the proof of its files.
    Override {
        /// Which.
        number: u64,
    },
}

impl Act {
    /// What must be allowed for it.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Approve { .. } => Verb::Approve,
            Self::Cancel { .. } => Verb::Cancel,
            Self::Retry { .. } => Verb::Deploy,
            Self::Rollback { .. } | Self::Release => Verb::Rollback,
            Self::Override { .. } => Verb::Override,
        }
    }

    /// The act's name, for audit lines and machine output.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Cancel { .. } => "cancel",
            Self::Retry { .. } => "retry",
            Self::Rollback { .. } => "rollback",
            Self::Release => "release",
            Self::Override { .. } => "override",
        }
    }
}

/// What can be done to a deployment, without saying to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActKind {
    /// See [`Act::Approve`].
    Approve,
    /// See [`Act::Cancel`].
    Cancel,
    /// See [`Act::Retry`].
    Retry,
    /// See [`Act::Override`].
    Override,
}

impl ActKind {
    /// Every one, in the order in which people look for them.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Retry, Self::Cancel, Self::Override];

    /// The act on the deployment of this number.
    #[must_use]
    pub const fn on(self, number: u64) -> Act {
        match self {
            Self::Approve => Act::Approve { number },
            Self::Cancel => Act::Cancel { number },
            Self::Retry => Act::Retry { number },
            Self::Override => Act::Override { number },
        }
    }
}

/// An act as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What.
    pub act: Act,
    /// Who.
    pub by: Principal,
    /// Why, in their words: at most 500 characters on one line. An override has one.
    pub reason: Option<String>,
}

/// What a rule of access allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Ask for a deployment, and start one again.
    Deploy,
    /// Agree to a deployment, on a forge or here.
    Approve,
    /// End a deployment.
    Cancel,
    /// Go back, and release the lane afterwards.
    Rollback,
    /// Lock, and unlock what others locked.
    Lock,
    /// Break glass.
    Override,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 6] = [
        Self::Deploy,
        Self::Approve,
        Self::Cancel,
        Self::Rollback,
        Self::Lock,
        Self::Override,
    ];

    /// The verb as configuration and messages write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Approve => "approve",
            Self::Cancel => "cancel",
            Self::Rollback => "rollback",
            Self::Lock => "lock",
            Self::Override => "override",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may do what in one lane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// `None`: whoever has a token with the scope for it. Else only what a grant says.
    pub grants: Option<Vec<Grant>>,
}

/// What some people may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who; `None` is everybody who is signed in.
    pub who: Option<Vec<Principal>>,
    /// What.
    pub may: Vec<Verb>,
}

impl Access {
    /// Whether somebody may do something.
    #[must_use]
    pub fn allows(&self, who: &Principal, verb: Verb) -> bool {
        let Some(grants) = &self.grants else {
            return true;
        };
        let means = |grant: &Grant| grant.who.as_ref().is_none_or(|all| all.contains(who));
        grants
            .iter()
            .any(|grant| grant.may.contains(&verb) && means(grant))
    }
}

/// What a lock closes: an application, an environment, one lane, or everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Area {
    /// `None` is every application.
    pub application: Option<ApplicationName>,
    /// `None` is every environment.
    pub environment: Option<EnvironmentName>,
}

impl Area {
    /// The area of exactly one lane.
    #[must_use]
    pub fn of(lane: &LaneId) -> Self {
        Self {
            application: Some(lane.application.clone()),
            environment: Some(lane.environment.clone()),
        }
    }

    /// Whether a lane is in it.
    #[must_use]
    pub fn covers(&self, lane: &LaneId) -> bool {
        self.application
            .as_ref()
            .is_none_or(|one| *one == lane.application)
            && self
                .environment
                .as_ref()
                .is_none_or(|one| *one == lane.environment)
    }

    /// The lane, when it is exactly one.
    #[must_use]
    pub fn lane(&self) -> Option<LaneId> {
        let (application, environment) = (self.application.clone()?, self.environment.clone()?);
        Some(LaneId::new(application, environment))
    }

    /// Every area a lane is in, the widest first.
    #[must_use]
    pub fn around(lane: &LaneId) -> [Self; 4] {
        let exact = Self::of(lane);
        let area = |application: bool, environment: bool| Self {
            application: exact.application.clone().filter(|_| application),
            environment: exact.environment.clone().filter(|_| environment),
        };
        [
            area(false, false),
            area(false, true),
            area(true, false),
            area(true, true),
        ]
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let application = self
            .application
            .as_ref()
            .map_or("*", ApplicationName::as_str);
        let environment = self
            .environment
            .as_ref()
            .map_or("*", EnvironmentName::as_str);
        write!(f, "{application}/{environment}")
    }
}

impl From<Area> for String {
    fn from(area: Area) -> Self {
        area.to_string()
    }
}

impl TryFrom<String> for Area {
    type Error = InvalidName;
    fn try_from(value: String) -> Result<Self, InvalidName> {
        value.parse()
    }
}

/// `web/production`, `web/*` or `web`, `*/production`, `*/*` or `*`.
impl FromStr for Area {
    type Err = InvalidName;
    fn from_str(value: &str) -> Result<Self, InvalidName> {
        let (application, environment) = value.split_once('/').unwrap_or((value, "*"));
        let application = match application {
            "*" => None,
            name => Some(ApplicationName::new(name)?),
        };
        let environment = match environment {
            "*" => None,
            name => Some(EnvironmentName::new(name)?),
        };
        Ok(Self {
            application,
            environment,
        })
    }
}

/// Why an act was not applied. It was allowed when it was asked for; meanwhile something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActRefusal {
    /// The deployment is not under way any more, or never was.
    NotUnderWay,
    /// Who asked for a deployment does not approve it.
    OwnRequest,
    /// The configuration does not let this person do it here.
    NotAllowed,
    /// Only the people the lane names may approve.
    NotAnApprover,
    /// The merge is done, or under way.
    TooLate,
    /// There is no earlier success with another revision, or not that one.
    NothingToGoBackTo,
    /// It is under way or succeeded, or ended too long ago to be remembered.
    NotToBeRetried,
    /// What was to be left does not run there any more.
    LeftAlready,
    /// People merge there themselves, and Sendo only follows what they merged.
    Observed,
}

impl ActRefusal {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::NotUnderWay,
        Self::OwnRequest,
        Self::NotAllowed,
        Self::NotAnApprover,
        Self::TooLate,
        Self::NothingToGoBackTo,
        Self::NotToBeRetried,
        Self::LeftAlready,
        Self::Observed,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotUnderWay => "not_under_way",
            Self::OwnRequest => "own_request",
            Self::NotAllowed => "not_allowed",
            Self::NotAnApprover => "not_an_approver",
            Self::TooLate => "too_late",
            Self::NothingToGoBackTo => "nothing_to_go_back_to",
            Self::NotToBeRetried => "not_to_be_retried",
            Self::LeftAlready => "left_already",
            Self::Observed => "observed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(text: &str) -> Area {
        text.parse().unwrap()
    }

    #[test]
    fn an_area_covers_an_application_an_environment_a_lane_or_everything() {
        let lane: LaneId = "web/production".parse().unwrap();
        for covers in ["*", "*/*", "web", "web/*", "*/production", "web/production"] {
            assert!(area(covers).covers(&lane), "{covers}");
        }
        for other in ["api", "*/test", "web/test", "api/production"] {
            assert!(!area(other).covers(&lane), "{other}");
        }
        let around = Area::around(&lane).map(|area| area.to_string());
        assert_eq!(around, ["*/*", "*/production", "web/*", "web/production"]);
        assert!("web/".parse::<Area>().is_err() && "/x".parse::<Area>().is_err());
    }

    #[test]
    fn without_grants_the_token_decides_and_with_them_only_what_they_say() {
        let (aoi, ren) = (
            Principal::new("local:aoi").unwrap(),
            Principal::new("local:ren").unwrap(),
        );
        assert!(Access::default().allows(&aoi, Verb::Override));
        let grants = vec![
            Grant {
                who: Some(vec![aoi.clone()]),
                may: vec![Verb::Approve],
            },
            Grant {
                who: None,
                may: vec![Verb::Deploy],
            },
        ];
        let access = Access {
            grants: Some(grants),
        };
        assert!(access.allows(&aoi, Verb::Approve) && access.allows(&ren, Verb::Deploy));
        assert!(!access.allows(&ren, Verb::Approve) && !access.allows(&aoi, Verb::Lock));
    }
}
