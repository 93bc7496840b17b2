//! `deliver: observe:` people merge into a manifests repository themselves, and what they merged is
//! followed.

use schemars::JsonSchema;
use sendo_core::promotion::{Mode, Promotion};
use serde::Deserialize;

use super::Reading;
use super::environment::{EnvironmentShape, absent, paths};
use super::place::Place;
use super::problem::Code;
use super::trigger::branch;

/// A manifests repository that people merge into themselves. Every merge that touches one of the paths
/// becomes a deployment; Sendo writes nothing there.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Observe")]
pub(crate) struct ObserveShape {
    /// The manifests repository, as `forge:path`.
    repository: Option<String>,
    /// The branch that Argo CD, Flux or a person applies.
    base: Option<String>,
    /// Globs of what the environment is made of, such as `web/production/**`. Other changes are not its own.
    paths: Option<Vec<String>>,
}

impl ObserveShape {
    /// What is observed, and the globs of its files.
    pub(super) fn resolve(
        &self,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<(Promotion, Vec<String>)> {
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
                "the branch that people merge into, such as `main`",
                place,
                reading,
            ),
        };
        let globs = match self.paths.as_deref() {
            Some([]) | None => absent(
                "paths",
                "globs of what the environment is made of, such as `[\"web/production/**\"]`",
                place,
                reading,
            ),
            own => Some(paths(own, None, place.key("paths"), reading)),
        };
        if self.paths.as_ref().is_some_and(Vec::is_empty) {
            let problem = place
                .key("paths")
                .problem(
                    Code::InvalidValue,
                    "`paths` is empty: nothing would ever begin",
                )
                .fix("name what the environment is made of, such as `[\"web/production/**\"]`");
            reading.problems.push(problem);
        }
        let deliver = Promotion {
            repository: repository?,
            base: base?,
            mode: Mode::Observe,
            render: Some(Vec::new()),
            edits: Vec::new(),
            checks: Vec::new(),
        };
        Some((deliver, globs?))
    }
}

/// Refuses what only makes sense where Sendo merges.
pub(super) fn contradictions(
    shape: &EnvironmentShape,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) {
    let engine = shape.engine.as_ref();
    let wrong = [
        ("on", shape.on.is_some(), "what people merge begins it"),
        (
            "paths",
            shape.paths.is_some(),
            "the paths are `observe`'s own",
        ),
        (
            "after",
            shape.after.is_some(),
            "what people merged waits for nothing",
        ),
        (
            "approval",
            shape.approval.is_some(),
            "it is merged before Sendo hears of it",
        ),
    ];
    let wrong = wrong.into_iter().filter(|(_, written, _)| *written);
    for (key, _, why) in wrong {
        let problem = place
            .key(key)
            .problem(
                Code::Contradiction,
                format!("`{key}` means nothing where people merge themselves"),
            )
            .why(why)
            .fix(format!(
                "leave `{key}` out, or let Sendo merge with `promotion`"
            ));
        reading.problems.push(problem);
    }
    if engine.is_some_and(|engine| engine.rolls_back()) {
        let problem = place
            .key("engine")
            .key("argocd")
            .key("on_degraded")
            .problem(
                Code::Contradiction,
                "Sendo writes nothing where people merge themselves, so it cannot roll back",
            )
            .fix("use `on_degraded: report`, or let Sendo merge with `promotion`");
        reading.problems.push(problem);
    }
}
