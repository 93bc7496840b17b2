//! Engines: what applies the base of a manifests repository to a cluster, what it says of an
//! environment, and the verdict on it.
//!
//! An engine is Argo CD; Flux has its place beside it. What it says is observed as a [`Report`], one
//! [`Applied`] for each of its applications; [`judge`] makes one verdict of it and of what a deployment
//! set. It asks nobody and knows no clock: for how long something ails is for the lane to remember.
//!
//! Size: what is said and the verdict on it are one vocabulary, and half of it is its description.

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

impl Report {
    /// Whether no attempt failed at a later commit than ours. One that contains ours and fails may fail
    /// of what came after it: that ails, and going back from ours would be no answer to it.
    #[must_use]
    pub fn blames_only(&self, ours: &Revision) -> bool {
        !self.applications.iter().any(|one| {
            let failed = one.attempt.as_ref().filter(|it| it.phase == Phase::Failed);
            let later = |it: &Revision| one.place == Place::There && it != ours;
            failed.is_some_and(|it| it.revision == one.revision)
                && one.revision.as_ref().is_some_and(later)
        })
    }
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
    /// What ails: the engine's own conditions, and what pods say that are not on their way out. At most
    /// [`MOST_CAUSES`], the worst first.
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

impl Attempt {
    /// Whether it is at work on the commit its application is at. Objects are as they should be before
    /// the last hooks have run, and those may fail.
    fn is_at_work(&self, one: &Applied) -> bool {
        self.phase == Phase::Running && (self.revision.is_none() || self.revision == one.revision)
    }
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

/// At most this many causes are told of one application, and of one deployment.
pub const MOST_CAUSES: usize = 20;

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

/// What keeps an environment from being healthy, where nothing ails. Of several, the later one is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacks {
    /// Its objects are on their way.
    Progress,
    /// The engine is about to apply it, or applies it.
    Sync,
    /// The engine has not looked at the commit.
    Look,
    /// The engine cannot tell how its objects are, or nobody how its commit stands to ours.
    Knowledge,
    /// Something is paused.
    Resume,
    /// A window keeps the engine from applying it.
    Window,
    /// A person has to apply it in the engine.
    Person,
    /// There is no application of that name.
    Application,
}

impl Lacks {
    /// Every one, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Progress,
        Self::Sync,
        Self::Look,
        Self::Knowledge,
        Self::Resume,
        Self::Window,
        Self::Person,
        Self::Application,
    ];

    /// Whether a person or the hour has to move it: the engine will not, whatever time it is given.
    #[must_use]
    pub const fn needs_somebody(self) -> bool {
        matches!(
            self,
            Self::Resume | Self::Window | Self::Person | Self::Application
        )
    }

    /// Whether it is nobody's delay: then a deadline does not run. Who decides when it is applied, or
    /// paused it, may take any time, and so may a window.
    #[must_use]
    pub const fn stops_the_clock(self) -> bool {
        matches!(self, Self::Resume | Self::Window | Self::Person)
    }
}

/// The verdict on an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every application is at the deployment, and healthy there: pods run what it set.
    Healthy,
    /// Every application says so, and no pod of this one shows it. For a moment after it has applied
    /// something an engine says how the objects were before, so that has to be said for a while.
    SeemsHealthy {
        /// The first application that shows nothing.
        application: EngineApplication,
    },
    /// This one is not yet.
    Lacks {
        /// Which.
        application: EngineApplication,
        /// What.
        lacks: Lacks,
        /// What the engine says about it.
        message: Option<String>,
    },
    /// Somebody applied something else.
    Displaced {
        /// To which application.
        application: EngineApplication,
        /// What, where it is a commit.
        revision: Option<Revision>,
    },
    /// Something ails.
    Ails {
        /// The first application in which it does.
        application: EngineApplication,
        /// What, in all of them: each application's worst first, at least one, at most [`MOST_CAUSES`].
        causes: Vec<Cause>,
    },
}

/// The verdict on what an engine says, for a deployment that set `edits`. What ails comes first, then
/// that somebody applied something else, then what is lacking most.
#[must_use]
pub fn judge(report: &Report, edits: &[Edit]) -> Verdict {
    let all = &report.applications;
    let ailing = all.iter().find(|one| !ails(one).is_empty());
    if let Some(first) = ailing {
        return Verdict::Ails {
            application: first.application.clone(),
            causes: all.iter().flat_map(ails).take(MOST_CAUSES).collect(),
        };
    }
    // Of two that weigh the same, the first.
    let worst = all.iter().rev().map(of_one).max_by_key(weight);
    match (worst, all.first()) {
        // Each contains our commit, and together they say something else by now.
        (Some(Verdict::Healthy), Some(first)) if others_run(edits, all) => displaced(first),
        (Some(Verdict::Healthy), _) => match all.iter().find(|one| !shows(one, edits)) {
            None => Verdict::Healthy,
            Some(one) => Verdict::SeemsHealthy {
                application: one.application.clone(),
            },
        },
        (worst, _) => worst.unwrap_or(Verdict::Healthy),
    }
}

const fn weight(verdict: &Verdict) -> Option<u8> {
    match verdict {
        Verdict::Healthy | Verdict::SeemsHealthy { .. } => None,
        Verdict::Lacks { lacks, .. } => Some(*lacks as u8),
        Verdict::Displaced { .. } | Verdict::Ails { .. } => Some(u8::MAX),
    }
}

/// What ails in an application that is at the deployment. What ailed before it came is not its doing:
/// so only a failed attempt at this very commit counts, or objects that were made as it says.
fn ails(one: &Applied) -> Vec<Cause> {
    if !one.exists || one.place != Place::There {
        return Vec::new();
    }
    let own = |reason: &str, message: &str| Cause {
        object: format!("Application {}", one.application),
        reason: reason.to_owned(),
        message: message.to_owned(),
    };
    let failed = one.attempt.as_ref().filter(|it| it.phase == Phase::Failed);
    let of_this = |it: &&Attempt| it.revision.is_none() || it.revision == one.revision;
    if let Some(attempt) = failed.filter(of_this) {
        let mut causes = vec![own("SyncFailed", &attempt.message)];
        causes.extend(one.causes.iter().cloned());
        return causes;
    }
    match one.health {
        _ if !one.synced => Vec::new(),
        Health::Degraded if one.causes.is_empty() => {
            vec![own("Degraded", one.message.as_deref().unwrap_or_default())]
        }
        Health::Degraded | Health::Progressing | Health::Missing => one.causes.clone(),
        Health::Healthy | Health::Suspended | Health::Unknown => Vec::new(),
    }
}

/// The verdict on one application in which nothing ails, its images aside.
fn of_one(one: &Applied) -> Verdict {
    let lacks = |lacks, message: Option<&str>| Verdict::Lacks {
        application: one.application.clone(),
        lacks,
        message: message.filter(|it| !it.is_empty()).map(str::to_owned),
    };
    let message = one.message.as_deref();
    if !one.exists {
        return lacks(Lacks::Application, None);
    }
    match one.place {
        Place::Elsewhere => return displaced(one),
        Place::Before => return lacks(Lacks::Look, None),
        Place::Unknown => return lacks(Lacks::Knowledge, message),
        Place::There => {}
    }
    if !one.synced {
        let under_way = one.attempt.as_ref().filter(|it| it.phase == Phase::Running);
        return match (under_way, &one.window) {
            (Some(attempt), _) => lacks(Lacks::Sync, Some(&attempt.message)),
            (None, Some(window)) => lacks(Lacks::Window, Some(window)),
            (None, None) if one.automated => lacks(Lacks::Sync, None),
            (None, None) => lacks(Lacks::Person, None),
        };
    }
    // What is paused keeps an attempt waiting, so that is told instead.
    if let Some(attempt) = one.attempt.as_ref().filter(|it| it.is_at_work(one))
        && one.health != Health::Suspended
    {
        return lacks(Lacks::Sync, Some(&attempt.message));
    }
    match one.health {
        Health::Healthy => Verdict::Healthy,
        Health::Progressing | Health::Missing | Health::Degraded => lacks(Lacks::Progress, message),
        Health::Suspended => lacks(Lacks::Resume, message),
        Health::Unknown => lacks(Lacks::Knowledge, message),
    }
}

fn displaced(one: &Applied) -> Verdict {
    Verdict::Displaced {
        application: one.application.clone(),
        revision: one.revision.clone(),
    }
}

/// Whether something else runs than the images that the edits set, in whichever of the applications.
/// Where one of them runs nothing, nothing speaks against it: there it may be.
fn others_run(edits: &[Edit], applications: &[Applied]) -> bool {
    if applications.iter().any(|one| one.images.is_empty()) {
        return false;
    }
    let images: Vec<Image<'_>> = applications
        .iter()
        .flat_map(|one| &one.images)
        .map(|image| Image::read(image))
        .collect();
    edits.iter().any(|edit| runs(edit, &images) == Some(false))
}

/// Whether a pod of it runs an image as an edit set it: a value may be one, or its tag or digest. Where an
/// edit sets no name and nothing runs under its own, the file may say another, and tag or digest shows it.
fn shows(one: &Applied, edits: &[Edit]) -> bool {
    let images: Vec<Image<'_>> = one.images.iter().map(|image| Image::read(image)).collect();
    let is = |value: &str| {
        let mut parts = images.iter().flat_map(|image| [image.tag, image.digest]);
        parts.any(|part| part == Some(value)) || one.images.iter().any(|image| image == value)
    };
    edits.iter().any(|edit| match edit {
        Edit::Value { value, .. } => is(value),
        Edit::Image {
            new_name,
            new_tag,
            digest,
            ..
        } => match runs(edit, &images) {
            Some(runs) => runs,
            None if new_name.is_some() => false,
            None => digest
                .as_ref()
                .or(new_tag.as_ref())
                .is_some_and(|it| is(it)),
        },
    })
}

/// Whether an image of the name that an edit set runs as it set it. One that runs nowhere says nothing:
/// no pod may need it now. Nor does a value that need not be an image's, nor an image whose name only
/// the file knows.
fn runs(edit: &Edit, images: &[Image<'_>]) -> Option<bool> {
    let Edit::Image {
        image,
        new_name,
        new_tag,
        digest,
        ..
    } = edit
    else {
        return None;
    };
    let name = new_name.as_ref().unwrap_or(image);
    let mut named = images.iter().filter(|image| image.name == name).peekable();
    named.peek()?;
    Some(named.any(|image| {
        let is = |wanted: &Option<String>, has: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == has)
        };
        // With a digest, kustomize leaves the tag away.
        is(digest, image.digest) && (digest.is_some() || is(new_tag, image.tag))
    }))
}

/// An image as pods name it: `NAME[:TAG][@DIGEST]`.
struct Image<'a> {
    name: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    fn read(image: &'a str) -> Self {
        let (rest, digest) = match image.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (image, None),
        };
        // A port comes before the last part of a name, a tag after it.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].find(':') {
            Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..])),
            None => (rest, None),
        };
        Self { name, tag, digest }
    }
}

#[cfg(test)]
mod tests;
