//! An environment of an application: one lane, with its rules.

use schemars::JsonSchema;
use sendo_core::names::{EnvironmentName, Principal, Repository};
use sendo_core::promotion::{After, Approval, Mode, Promotion};
use sendo_core::subject::LaneId;
use serde::Deserialize;

use super::edits::EditShape;
use super::place::Place;
use super::problem::Code;
use super::trigger::{OnShape, branch};
use super::{Reading, glob};

/// One environment.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Environment")]
pub(crate) struct EnvironmentShape {
    /// What it is for. Left out, it is told from the name: `prod…` is production, `stag…` staging,
    /// anything else a test.
    pub(super) tier: Option<Tier>,
    /// What starts a deployment.
    pub(super) on: Option<OnShape>,
    /// Globs; only changes that touch one of them count. Replaces the application's.
    pub(super) paths: Option<Vec<String>>,
    /// The environment that must have succeeded first.
    pub(super) after: Option<AfterShape>,
    /// Who must agree before the merge: `automatic`, or people.
    pub(super) approval: Option<ApprovalShape>,
    /// How a revision gets there.
    pub(super) deliver: Option<DeliverShape>,
}

/// What an environment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// For trying out.
    Test,
    /// Like production, for the last look.
    Staging,
    /// For users.
    Production,
}

impl Tier {
    /// The tier a name tells.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        if name.starts_with("prod") || name == "live" {
            Self::Production
        } else if name.starts_with("stag") || name.starts_with("stg") {
            Self::Staging
        } else {
            Self::Test
        }
    }
}

/// The environment that must have succeeded first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "After")]
pub(crate) enum AfterShape {
    /// Its name: the same revision or the same tree counts.
    Name(String),
    /// Its name, and what counts as the same.
    Map(AfterMap),
}

/// The environment that must have succeeded first, and what counts as the same.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AfterMap {
    /// Another environment of this application.
    environment: Option<String>,
    /// What counts as the same there.
    same: Same,
}

/// What counts as the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Same {
    /// Only the same revision.
    Revision,
    /// The same files too, as after a merge commit.
    #[default]
    Tree,
}

/// Who must agree before the merge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Approval")]
pub(crate) enum ApprovalShape {
    /// Our second identity alone.
    Word(Automatic),
    /// People, besides our second identity.
    Map(PeopleMap),
}

/// Nobody but our second identity.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Automatic {
    /// Our second identity alone.
    Automatic,
}

/// People, besides our second identity. Who asked for the deployment does not count.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PeopleMap {
    /// How many, at least one.
    people: Option<u32>,
    /// Whose approval counts, as `kind:id`; anybody's when left out.
    from: Option<Vec<String>>,
}

/// How a revision gets to an environment.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Deliver")]
pub(crate) struct DeliverShape {
    /// By an edit of a manifests repository.
    pub(super) promotion: Option<PromotionShape>,
}

/// An edit of a manifests repository.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Promotion")]
pub(crate) struct PromotionShape {
    /// The manifests repository, as `forge:path`.
    repository: Option<String>,
    /// The branch that Argo CD, Flux or a person applies.
    base: Option<String>,
    /// How the edit reaches it.
    mode: ModeShape,
    /// What to set; at least one.
    edits: Option<Vec<EditShape>>,
    /// Checks that must have succeeded on the exact head before the merge.
    checks: Vec<String>,
}

/// How an edit reaches the base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModeShape {
    /// By a change request.
    #[default]
    ChangeRequest,
    /// By a commit on the base.
    Commit,
}

impl AfterShape {
    /// The checked condition. Whether that environment exists is seen where all are known.
    pub(super) fn resolve(
        &self,
        lane: &LaneId,
        names: &[&str],
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<After> {
        let (name, same, place) = match self {
            Self::Name(name) => (Some(name), Same::default(), place),
            Self::Map(map) => (map.environment.as_ref(), map.same, place.key("environment")),
        };
        let Some(name) = name else {
            if !place.is_written() {
                reading.problems.push(
                    place
                        .problem(Code::MissingKey, "`after` names no environment")
                        .fix("add `environment: NAME`"),
                );
            }
            return None;
        };
        if !names.contains(&name.as_str()) {
            reading.problems.push(
                place
                    .problem(
                        Code::UnknownName,
                        format!("`{}` has no environment `{name}`", lane.application),
                    )
                    .why(format!("it has {}", super::suggest::list(names)))
                    .fix(
                        super::suggest::did_you_mean(name, names)
                            .unwrap_or_else(|| "name one of these, or add it".to_owned()),
                    ),
            );
            return None;
        }
        Some(After {
            environment: EnvironmentName::new(name.as_str()).ok()?,
            same_tree: same == Same::Tree,
        })
    }
}

impl ApprovalShape {
    /// The checked approval.
    pub(super) fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Approval> {
        let map = match self {
            Self::Word(Automatic::Automatic) => return Some(Approval::Automatic),
            Self::Map(map) => map,
        };
        let Some(count) = map.people else {
            if !place.key("people").is_written() {
                reading.problems.push(
                    place
                        .problem(
                            Code::MissingKey,
                            "`approval` does not say how many `people`",
                        )
                        .fix("add `people: 1`, or write `approval: automatic`"),
                );
            }
            return None;
        };
        if count == 0 {
            reading.problems.push(
                place
                    .key("people")
                    .problem(Code::InvalidValue, "`people` is 0: nobody would be asked")
                    .fix("write `people: 1` or more, or `approval: automatic`"),
            );
            return None;
        }
        let list = place.key("from");
        let mut from: Vec<Principal> = Vec::new();
        for (index, name) in map.from.iter().flatten().enumerate() {
            let principal = reading.named(Principal::new(name.as_str()), list.index(index))?;
            if !from.contains(&principal) {
                from.push(principal);
            }
        }
        let enough =
            from.is_empty() || usize::try_from(count).is_ok_and(|count| count <= from.len());
        if !enough {
            reading.problems.push(
                place
                    .key("people")
                    .problem(
                        Code::Contradiction,
                        format!(
                            "{count} people must approve, and `from` names {}",
                            from.len()
                        ),
                    )
                    .why("it could never be approved")
                    .fix("ask for fewer people, or name more"),
            );
            return None;
        }
        Some(Approval::People { count, from })
    }
}

impl PromotionShape {
    /// The checked promotion.
    pub(super) fn resolve(
        &self,
        trigger: Option<&sendo_core::promotion::Trigger>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Promotion> {
        let repository = match &self.repository {
            Some(text) => reading.repository(text, place.key("repository")),
            None => absent(
                "repository",
                "the manifests repository, as `forge:path`",
                place,
                reading,
            ),
        };
        let base = match &self.base {
            Some(name) => branch(name, place.key("base"), reading),
            None => absent(
                "base",
                "the branch that is applied, such as `main`",
                place,
                reading,
            ),
        };
        let list = place.key("edits");
        let edits = match self.edits.as_deref() {
            Some([]) => {
                reading.problems.push(
                    list.problem(
                        Code::InvalidValue,
                        "`edits` is empty: the promotion would set nothing",
                    )
                    .fix("add `- { kustomization: PATH, image: NAME }`"),
                );
                None
            }
            Some(shapes) => shapes
                .iter()
                .enumerate()
                .map(|(index, shape)| shape.resolve(trigger, list.index(index), reading))
                .collect::<Vec<_>>()
                .into_iter()
                .collect::<Option<Vec<_>>>(),
            None => absent("edits", "what to set", place, reading),
        };
        for (index, check) in self.checks.iter().enumerate() {
            if check.trim().is_empty() {
                reading.problems.push(
                    place
                        .key("checks")
                        .index(index)
                        .problem(Code::InvalidValue, "a check has no name")
                        .fix("name it as it reports itself, such as `ci/build`"),
                );
            }
        }
        let mode = match self.mode {
            ModeShape::ChangeRequest => Mode::ChangeRequest,
            ModeShape::Commit => Mode::Commit,
        };
        if mode == Mode::Commit && !self.checks.is_empty() {
            reading.problems.push(
                place
                    .key("checks")
                    .problem(
                        Code::Contradiction,
                        "`checks` cannot be waited for with `mode: commit`",
                    )
                    .why("a commit on the base is there before any check could run")
                    .fix("use `mode: change_request`, or leave `checks` out"),
            );
        }
        Some(Promotion {
            repository: repository?,
            base: base?,
            mode,
            edits: edits?,
            checks: self.checks.clone(),
        })
    }
}

/// A problem unless something is written there, in which case it was refused before.
pub(super) fn absent<T>(
    key: &str,
    what: &str,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<T> {
    if !place.key(key).is_written() {
        reading.problems.push(
            place
                .problem(Code::MissingKey, format!("`{key}` is missing"))
                .fix(format!("add `{key}`: {what}")),
        );
    }
    None
}

/// Checked globs over the application's files.
pub(super) fn paths(
    own: Option<&[String]>,
    inherited: Option<&[String]>,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Vec<String> {
    for (index, text) in own.unwrap_or_default().iter().enumerate() {
        glob::check_path(text, place.index(index), reading);
    }
    own.or(inherited).unwrap_or_default().to_vec()
}

/// Approval by people needs a change request they can look at.
pub(super) fn contradiction(
    approval: &Approval,
    deliver: &Promotion,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) {
    if deliver.mode == Mode::Commit && matches!(approval, Approval::People { .. }) {
        reading.problems.push(
            place
                .key("approval")
                .problem(
                    Code::Contradiction,
                    "people cannot approve with `mode: commit`",
                )
                .why("there is no change request they could look at")
                .fix("use `mode: change_request`, or `approval: automatic`"),
        );
    }
}

/// Whether people could ever approve on the forge that holds the manifests.
pub(super) fn reachable(
    approval: &Approval,
    repository: &Repository,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) {
    let Approval::People { from, .. } = approval else {
        return;
    };
    if !reading.is_local(&repository.forge) {
        return;
    }
    let list = place.key("approval").key("from");
    for (index, principal) in from.iter().enumerate() {
        if !principal.as_str().starts_with("local:") {
            reading.problems.push(
                list.index(index)
                    .problem(
                        Code::Contradiction,
                        format!(
                            "`{principal}` cannot approve on the local forge `{}`",
                            repository.forge
                        ),
                    )
                    .why("reviews of a local forge are given as `local:NAME`")
                    .fix("write `local:NAME`"),
            );
        }
    }
}
