//! Engines: what applies the base of a manifests repository to a cluster, what it says of an
//! environment, and the verdict on it.
//!
//! An engine is Argo CD; Flux has its place beside it. What it says is observed as a [`Report`], one
//! [`Applied`] for each of its applications; [`judge`] makes one verdict of it and of what a deployment
//! set. It asks nobody and knows no clock: for how long something ails is for the lane to remember.

use serde::{Deserialize, Serialize};

use crate::effect::Edit;
use crate::names::{ClusterName, EngineApplication, Revision};
use crate::time::Span;

/// What applies a lane's base, and how its deployments are seen through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// The cluster its applications are objects of; they may apply to others.
    pub cluster: ClusterName,
    /// Its applications for this environment, at least one.
    pub applications: Vec<EngineApplication>,
    /// Whether it is told to apply, too. Otherwise it is only asked to look, and applies by itself or
    /// when a person says so.
    pub sync: bool,
    /// How long after the merge an environment has to be healthy.
    pub deadline: Span,
    /// How long something has to ail before it counts: what recovers meanwhile is no verdict.
    pub settle: Span,
    /// What follows when the environment is degraded.
    pub degraded: OnDegraded,
}

/// What follows when an environment is degraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDegraded {
    /// It is told, and people decide.
    Report,
    /// The lane goes back to its last success, unless somebody changed the files meanwhile.
    RollBack,
}

/// What an engine says of the applications of an environment, as an observation leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// One for each application asked for, in that order.
    pub applications: Vec<Applied>,
}

/// What an engine says of one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Which.
    pub application: EngineApplication,
    /// Whether there is such an application.
    pub exists: bool,
    /// The commit of the manifests repository that it last compared the cluster with. `None` where it
    /// has compared none, or not with a commit.
    pub revision: Option<Revision>,
    /// How that commit stands to the one that carries the deployment.
    pub place: Place,
    /// Whether the cluster has what that commit says.
    pub synced: bool,
    /// Whether it applies by itself.
    pub automated: bool,
    /// The last time it applied or tried to.
    pub attempt: Option<Attempt>,
    /// How its objects are.
    pub health: Health,
    /// What it says about that.
    pub message: Option<String>,
    /// The images that run, as their pods name them.
    pub images: Vec<String>,
    /// The window that keeps it from applying now, in the engine's words.
    pub window: Option<String>,
    /// What ails: the engine's own conditions, and what pods say. At most 20, the worst first.
    pub causes: Vec<Cause>,
}

/// How the commit an engine is at stands to the one that carries a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// At it, or at one that contains it.
    There,
    /// At one that it contains: the engine has not looked yet.
    Before,
    /// At one that neither contains it nor is contained: somebody applied something else.
    Elsewhere,
    /// The forge could not tell, or there is no commit to compare.
    Unknown,
}

/// A time an engine applied or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// How far it is.
    pub phase: Phase,
    /// The commit it applied, where it was one.
    pub revision: Option<Revision>,
    /// What it says.
    pub message: String,
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Under way, retries included.
    Running,
    /// Everything was applied, hooks included.
    Succeeded,
    /// Something could not be applied, or a hook failed; it is not tried again by itself.
    Failed,
}

/// How an application's objects are, in the engine's own judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All of them are.
    Healthy,
    /// Some are on their way.
    Progressing,
    /// Some failed, or did not get there in time.
    Degraded,
    /// Something is paused.
    Suspended,
    /// Some are not there.
    Missing,
    /// It cannot tell.
    Unknown,
}

/// Something that ails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Where, such as `Pod web-5d4f/app` or `Application web-prod`.
    pub object: String,
    /// The platform's own word, such as `ImagePullBackOff` or `SyncError`.
    pub reason: String,
    /// What it says, cut to 300 characters.
    pub message: String,
}

/// What keeps an environment from being healthy, where nothing ails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacks {
    /// There is no application of that name.
    Application,
    /// The engine has not looked at the commit.
    Look,
    /// A person has to apply it in the engine.
    Person,
    /// A window keeps it from applying.
    Window,
    /// It is about to apply, or applies.
    Sync,
    /// Its objects are on their way.
    Progress,
    /// Something is paused.
    Resume,
    /// The engine cannot tell how its objects are.
    Knowledge,
}

/// The verdict on an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every application is at the deployment, and healthy there.
    Healthy,
    /// This one is not yet.
    Lacks {
        /// Which.
        application: EngineApplication,
        /// What.
        lacks: Lacks,
        /// What the engine says about it.
        message: Option<String>,
    },
    /// Something ails.
    Ails {
        /// What, the worst first; never empty.
        causes: Vec<Cause>,
    },
    /// Somebody applied something else.
    Displaced {
        /// To which application.
        application: EngineApplication,
        /// What, where it is a commit.
        revision: Option<Revision>,
    },
}

/// The verdict on what an engine says, for a deployment that set `edits`.
#[must_use]
pub fn judge(report: &Report, edits: &[Edit]) -> Verdict {
    let ailing = report.applications.iter().flat_map(ails);
    let causes: Vec<Cause> = ailing.collect();
    if !causes.is_empty() {
        return Verdict::Ails { causes };
    }
    let verdicts = report.applications.iter().map(|one| of_one(one, edits));
    verdicts.max_by_key(weight).unwrap_or(Verdict::Healthy)
}

/// Of several, what needs a person most is told.
const fn weight(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Healthy => 0,
        Verdict::Lacks { lacks, .. } => match lacks {
            Lacks::Progress => 1,
            Lacks::Sync => 2,
            Lacks::Look => 3,
            Lacks::Knowledge => 4,
            Lacks::Resume => 5,
            Lacks::Window => 6,
            Lacks::Person => 7,
            Lacks::Application => 8,
        },
        Verdict::Ails { .. } => 9,
        Verdict::Displaced { .. } => 10,
    }
}

/// What ails in an application that is at the deployment. What ailed before it came is not its doing.
fn ails(one: &Applied) -> Vec<Cause> {
    if one.place != Place::There {
        return Vec::new();
    }
    let object = format!("Application {}", one.application);
    if let Some(attempt) = one.attempt.as_ref().filter(|it| it.phase == Phase::Failed)
        && (attempt.revision.is_none() || attempt.revision == one.revision)
    {
        let mut causes = vec![Cause {
            object,
            reason: "SyncFailed".to_owned(),
            message: attempt.message.clone(),
        }];
        causes.extend(one.causes.iter().cloned());
        return causes;
    }
    let degraded = one.health == Health::Degraded;
    if degraded && one.causes.is_empty() {
        return vec![Cause {
            object,
            reason: "Degraded".to_owned(),
            message: one.message.clone().unwrap_or_default(),
        }];
    }
    let under_way = matches!(one.health, Health::Progressing | Health::Missing);
    if degraded || under_way {
        return one.causes.clone();
    }
    Vec::new()
}

fn of_one(one: &Applied, edits: &[Edit]) -> Verdict {
    let lacks = |lacks, message: Option<&str>| Verdict::Lacks {
        application: one.application.clone(),
        lacks,
        message: message.map(str::to_owned),
    };
    let displaced = || Verdict::Displaced {
        application: one.application.clone(),
        revision: one.revision.clone(),
    };
    if !one.exists {
        return lacks(Lacks::Application, None);
    }
    match one.place {
        Place::Elsewhere => return displaced(),
        Place::Before => return lacks(Lacks::Look, None),
        Place::Unknown => return lacks(Lacks::Knowledge, one.message.as_deref()),
        Place::There => {}
    }
    if !one.synced {
        let under_way = one.attempt.as_ref().filter(|it| it.phase == Phase::Running);
        return match (&one.window, under_way) {
            (_, Some(attempt)) => lacks(Lacks::Sync, Some(&attempt.message)),
            (Some(window), None) => lacks(Lacks::Window, Some(window)),
            (None, None) if one.automated => lacks(Lacks::Sync, None),
            (None, None) => lacks(Lacks::Person, None),
        };
    }
    match one.health {
        Health::Healthy if edits.iter().all(|edit| runs(edit, &one.images)) => Verdict::Healthy,
        // It contains our commit, and says something else by now.
        Health::Healthy => displaced(),
        Health::Progressing | Health::Missing | Health::Degraded => {
            lacks(Lacks::Progress, one.message.as_deref())
        }
        Health::Suspended => lacks(Lacks::Resume, one.message.as_deref()),
        Health::Unknown => lacks(Lacks::Knowledge, one.message.as_deref()),
    }
}

/// Whether an image that an edit set runs. Where nothing runs, or a value that need not be an image's
/// was set, nothing speaks against it.
fn runs(edit: &Edit, images: &[String]) -> bool {
    let Edit::Image {
        new_name,
        new_tag,
        digest,
        ..
    } = edit
    else {
        return true;
    };
    let is = |image: &String| {
        let (rest, at) = match image.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (image.as_str(), None),
        };
        // A port comes before the last part of a name, a tag after it.
        let tag = rest
            .rsplit('/')
            .next()
            .and_then(|last| last.split_once(':'))
            .map(|(_, tag)| tag);
        let name = tag.map_or(rest, |tag| &rest[..rest.len() - tag.len() - 1]);
        new_name.as_deref().is_none_or(|wanted| wanted == name)
            && new_tag.as_deref().is_none_or(|wanted| Some(wanted) == tag)
            && digest.as_deref().is_none_or(|wanted| Some(wanted) == at)
    };
    images.is_empty() || images.iter().any(is)
}
