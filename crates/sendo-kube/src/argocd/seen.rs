//! Reading an Application. Pure: an object in, plain values out; a shape that nobody expects reads as
//! nothing said, never as an error.
//!
//! The fields are those of `pkg/apis/application/v1alpha1/types.go` in Argo CD 3.2.6. Since 3.0 the health
//! of single objects is not kept in the Application (`resourceHealthSource: appTree`), so what fails is
//! asked of the cluster, in [`crate::ailing`].

use sendo_core::engine::{Health, Phase};
use sendo_core::names::Revision;
use serde_json::Value;

use super::repository::{Addresses, shown};
use crate::error::line;

/// How much of a message is kept, in characters.
pub(crate) const MESSAGE: usize = 300;
/// How many entries of a list are looked at.
const ENTRIES: usize = 1_000;
/// How long a name, an image or an address may be, in characters.
const WORD: usize = 1_024;

/// The name of an operation's entry that has our key.
pub(crate) const INFO: &str = "sendo";

/// An Application, as far as we look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Its version, for a compare-and-swap.
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) project: String,
    /// Where Argo CD itself is, and with it the projects; empty before it looked for the first time.
    pub(crate) controller: String,
    /// What it was last compared with, or shall be.
    pub(crate) compared: Compared,
    /// The sources it has by now, beside the revisions of that comparison.
    pub(crate) current: Compared,
    pub(crate) synced: bool,
    pub(crate) automated: bool,
    /// Whether its policy is to delete what is no longer in git.
    pub(crate) prune: bool,
    /// `spec.syncPolicy.syncOptions` and `.retry`, as they stand.
    pub(crate) options: Value,
    pub(crate) retry: Value,
    /// An operation that was asked for and has not ended.
    pub(crate) asked: Option<Operation>,
    /// The last one that was begun.
    pub(crate) tried: Option<Tried>,
    pub(crate) health: Health,
    pub(crate) health_message: String,
    pub(crate) images: Vec<String>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) destination: Destination,
    pub(crate) objects: Vec<Object>,
}

/// Sources, and the revisions beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Whether they came as lists.
    pub(crate) several: bool,
    pub(crate) sources: Vec<Source>,
    /// What stands beside each: a commit, but also a branch that could not be resolved, or the version of
    /// a chart. May be shorter.
    pub(crate) revisions: Vec<String>,
    /// Whether what is compared was rendered onto a branch of its own (the source hydrator).
    pub(crate) hydrated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) url: String,
    /// Whether it is a chart, whose revision is no commit.
    pub(crate) chart: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// Who asked for it, for people.
    pub(crate) by: String,
    pub(crate) keys: Vec<String>,
    pub(crate) wanted: Compared,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tried {
    pub(crate) phase: Phase,
    pub(crate) message: String,
    pub(crate) operation: Operation,
    /// What was applied, once that was known.
    pub(crate) applied: Compared,
    /// Objects that could not be applied, and hooks that failed.
    pub(crate) failures: Vec<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) hook: bool,
    pub(crate) message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) kind: String,
    pub(crate) message: String,
}

/// Where it applies to: one of the two says which cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) server: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// An object of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// What Argo CD before 3.0, or one that is told to, says of its health.
    pub(crate) health: Option<(Health, String)>,
}

/// Why there is no commit of the manifests repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoRevision {
    /// It has compared nothing.
    NotCompared,
    /// What it compared is named by something other than a commit.
    NotACommit(String),
    /// It follows something else.
    OtherRepository(String),
    /// It compares what was rendered onto another branch.
    Hydrated,
}

impl Compared {
    /// Where the manifests repository is among the sources: the first, where it is there more than once.
    pub(crate) fn position(&self, manifests: &Addresses) -> Option<usize> {
        let ours = |source: &Source| !source.chart && manifests.include(&source.url);
        self.sources.iter().position(ours)
    }

    /// The commit of the manifests repository.
    pub(crate) fn revision(&self, manifests: &Addresses) -> Result<Revision, NoRevision> {
        if self.hydrated {
            return Err(NoRevision::Hydrated);
        }
        let Some(position) = self.position(manifests) else {
            return Err(NoRevision::OtherRepository(self.follows()));
        };
        match self.revisions.get(position).map(String::as_str) {
            None | Some("") => Err(NoRevision::NotCompared),
            Some(text) => Revision::new(text).map_err(|_| NoRevision::NotACommit(line(text, 100))),
        }
    }

    /// What it follows, for people.
    pub(crate) fn follows(&self) -> String {
        let urls: Vec<String> = self
            .sources
            .iter()
            .take(5)
            .map(|it| shown(&it.url))
            .collect();
        match urls.is_empty() {
            true => "nothing".to_owned(),
            false => urls.join(" and "),
        }
    }

    /// Out of an object with `source` or `sources`, and `revision` or `revisions`.
    fn read(sources: &Value, revisions: &Value) -> Self {
        let several = list(sources, "/sources").next().is_some();
        let read = |source: &Value| Source {
            url: word(source, "/repoURL"),
            chart: !word(source, "/chart").is_empty(),
        };
        let sources: Vec<Source> = match several {
            true => list(sources, "/sources").map(read).collect(),
            false => sources.get("source").map(read).into_iter().collect(),
        };
        let revisions = match several {
            true => list(revisions, "/revisions").map(own_word).collect(),
            false => vec![word(revisions, "/revision")],
        };
        Self {
            several,
            sources,
            revisions,
            hydrated: false,
        }
    }
}

impl Seen {
    /// Reads an Application.
    pub(crate) fn read(object: &Value) -> Self {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let status = object.get("status").unwrap_or(&Value::Null);
        let asked = object.get("operation").filter(|it| it.is_object());
        let tried = status.get("operationState").filter(|it| it.is_object());
        let (health, health_message) = health(status.get("health").unwrap_or(&Value::Null));
        let automated = spec
            .pointer("/syncPolicy/automated")
            .filter(|it| it.is_object());
        Self {
            version: word(object, "/metadata/resourceVersion"),
            name: word(object, "/metadata/name"),
            namespace: word(object, "/metadata/namespace"),
            project: match word(spec, "/project").as_str() {
                "" => "default".to_owned(),
                project => project.to_owned(),
            },
            controller: word(status, "/controllerNamespace"),
            compared: compared(spec, status),
            current: Compared::read(spec, status.get("sync").unwrap_or(&Value::Null)),
            synced: status.pointer("/sync/status") == Some(&Value::from("Synced")),
            automated: automated.is_some_and(|it| it.get("enabled") != Some(&Value::Bool(false))),
            prune: automated.is_some_and(|it| it.get("prune") == Some(&Value::Bool(true))),
            options: spec
                .pointer("/syncPolicy/syncOptions")
                .cloned()
                .unwrap_or_default(),
            retry: spec
                .pointer("/syncPolicy/retry")
                .cloned()
                .unwrap_or_default(),
            asked: asked.map(|it| operation(it, spec)),
            tried: tried.map(|it| attempt(it, spec)),
            health,
            health_message,
            images: list(status, "/summary/images")
                .map(own_word)
                .filter(|image| !image.is_empty())
                .collect(),
            conditions: list(status, "/conditions")
                .map(|condition| Condition {
                    kind: word(condition, "/type"),
                    message: message(condition, "/message"),
                })
                .collect(),
            destination: Destination {
                server: word(spec, "/destination/server"),
                name: word(spec, "/destination/name"),
                namespace: word(spec, "/destination/namespace"),
            },
            objects: list(status, "/resources").map(one_object).collect(),
        }
    }
}

/// What was compared: the revisions of the last comparison beside the sources it was made with, which may
/// be others than the application has by now.
fn compared(spec: &Value, status: &Value) -> Compared {
    let sync = status.get("sync").unwrap_or(&Value::Null);
    let made_with = sync.get("comparedTo").unwrap_or(&Value::Null);
    let known = |it: &Value| it.get("source").is_some() || it.get("sources").is_some();
    let mut compared = match known(made_with) {
        true => Compared::read(made_with, sync),
        false => Compared::read(spec, sync),
    };
    compared.hydrated = hydrated(spec);
    compared
}

fn hydrated(spec: &Value) -> bool {
    spec.get("sourceHydrator").is_some_and(Value::is_object)
}

fn operation(object: &Value, spec: &Value) -> Operation {
    let sync = object.get("sync").unwrap_or(&Value::Null);
    let own = sync.get("source").is_some() || sync.get("sources").is_some();
    let by = match word(object, "/initiatedBy/username") {
        name if !name.is_empty() => format!(" for {name}"),
        _ if object.pointer("/initiatedBy/automated") == Some(&Value::Bool(true)) => {
            ", which it began by itself".to_owned()
        }
        _ => String::new(),
    };
    Operation {
        by,
        keys: list(object, "/info")
            .filter(|info| word(info, "/name") == INFO)
            .map(|info| word(info, "/value"))
            .collect(),
        wanted: Compared {
            hydrated: hydrated(spec),
            ..Compared::read(if own { sync } else { spec }, sync)
        },
    }
}

fn attempt(state: &Value, spec: &Value) -> Tried {
    let result = state.get("syncResult").unwrap_or(&Value::Null);
    let failed = |object: &&Value| {
        let is = |pointer: &str, wanted: &[&str]| wanted.contains(&word(object, pointer).as_str());
        is("/status", &["SyncFailed"]) || is("/hookPhase", &["Failed", "Error"])
    };
    Tried {
        phase: match word(state, "/phase").as_str() {
            "Succeeded" => Phase::Succeeded,
            "Failed" | "Error" => Phase::Failed,
            // `Running`, between retries as well, and `Terminating`, which is not over either.
            _ => Phase::Running,
        },
        message: message(state, "/message"),
        operation: operation(state.get("operation").unwrap_or(&Value::Null), spec),
        applied: Compared {
            hydrated: hydrated(spec),
            ..Compared::read(result, result)
        },
        failures: list(result, "/resources")
            .filter(failed)
            .map(|object| Failure {
                kind: word(object, "/kind"),
                name: word(object, "/name"),
                hook: !word(object, "/hookType").is_empty(),
                message: message(object, "/message"),
            })
            .collect(),
    }
}

fn one_object(object: &Value) -> Object {
    Object {
        group: word(object, "/group"),
        kind: word(object, "/kind"),
        namespace: word(object, "/namespace"),
        name: word(object, "/name"),
        health: object.get("health").map(health),
    }
}

fn health(object: &Value) -> (Health, String) {
    let health = match word(object, "/status").as_str() {
        "Healthy" => Health::Healthy,
        "Progressing" => Health::Progressing,
        "Degraded" => Health::Degraded,
        "Suspended" => Health::Suspended,
        "Missing" => Health::Missing,
        _ => Health::Unknown,
    };
    (health, message(object, "/message"))
}

/// The entries of a list, the first thousand of them.
fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let entries = object.pointer(pointer).and_then(Value::as_array);
    entries.into_iter().flatten().take(ENTRIES)
}

fn word(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).map(own_word).unwrap_or_default()
}

fn own_word(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_default()
        .chars()
        .take(WORD)
        .collect()
}

fn message(object: &Value, pointer: &str) -> String {
    let text = object.pointer(pointer).and_then(Value::as_str);
    line(text.unwrap_or_default(), MESSAGE)
}
