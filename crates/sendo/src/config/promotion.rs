//! `deliver: promotion:` which manifests repository is edited, and how the edit reaches its base.

use schemars::JsonSchema;
use sendo_core::promotion::{Mode, Promotion, Trigger};
use serde::Deserialize;

use super::Reading;
use super::edits::EditShape;
use super::environment::absent;
use super::place::Place;
use super::problem::Code;
use super::render::{self, RenderingShape};
use super::trigger::branch;

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
    /// What `sendo diff` shows as the cluster would see it. Left out, every kustomization that `edits`
    /// names; `[]` is nothing.
    render: Option<Vec<RenderingShape>>,
}

/// How an edit reaches the base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModeShape {
    /// By a change request.
    #[default]
    ChangeRequest,
    /// By a commit on the base.
    Commit,
}

impl PromotionShape {
    /// The checked promotion.
    pub(super) fn resolve(
        &self,
        trigger: Option<&Trigger>,
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
        let render = render::resolve(self.render.as_deref(), place.key("render"), reading);
        Some(Promotion {
            repository: repository?,
            base: base?,
            mode,
            edits: edits?,
            checks: self.checks.clone(),
            render: render?,
        })
    }
}
