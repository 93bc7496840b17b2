//! `render:` of a promotion: what people are shown of a change as the cluster would see it.

use schemars::JsonSchema;
use sendo_core::rendering::Rendering;
use serde::Deserialize;

use super::Reading;
use super::edits::checked_path;
use super::environment::absent;
use super::place::Place;
use super::problem::Code;

/// Renderings of one lane at the most.
const MOST: usize = 10;
/// What a rendering is, by the key that names it.
const KINDS: [&str; 3] = ["kustomize", "helm", "plain"];

/// One rendering of the manifests repository: a kustomization, a Helm chart or plain files.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Rendering")]
pub(crate) struct RenderingShape {
    /// The folder of a kustomization, which `kustomize build` is run on.
    kustomize: Option<String>,
    /// A Helm chart, which `helm template` is run on.
    helm: Option<HelmShape>,
    /// A file of manifests, or a folder whose files are manifests; folders in it do not count.
    plain: Option<String>,
}

/// A Helm chart of the manifests repository, as a release would install it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "HelmRendering")]
pub(crate) struct HelmShape {
    /// Its folder, with what it depends on in `charts`.
    chart: Option<String>,
    /// Files of values, a later one over an earlier.
    values: Vec<String>,
    /// The name of the release.
    release: Option<String>,
    /// The namespace it is installed in.
    namespace: Option<String>,
}

/// The checked renderings; nothing when the configuration leaves the choice to the edits.
pub(super) fn resolve(
    shapes: Option<&[RenderingShape]>,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<Option<Vec<Rendering>>> {
    let Some(shapes) = shapes else {
        return Some(None);
    };
    if shapes.len() > MOST {
        reading.problems.push(
            place
                .problem(
                    Code::InvalidValue,
                    format!(
                        "a lane has at most {MOST} renderings, and here are {}",
                        shapes.len()
                    ),
                )
                .fix("name those that its edits change"),
        );
        return None;
    }
    let each = shapes.iter().enumerate();
    let each = each.map(|(index, shape)| shape.resolve(place.index(index), reading));
    let all: Vec<Option<Rendering>> = each.collect();
    all.into_iter().collect::<Option<Vec<_>>>().map(Some)
}

impl RenderingShape {
    fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Rendering> {
        let kinds = KINDS
            .into_iter()
            .filter(|kind| place.key(kind).is_written());
        let kinds: Vec<&str> = kinds.collect();
        let [kind] = kinds[..] else {
            let what = match kinds.len() {
                0 => "this rendering names nothing".to_owned(),
                count => format!("this rendering names {count} things"),
            };
            let code = if kinds.is_empty() {
                Code::MissingKey
            } else {
                Code::Contradiction
            };
            reading.problems.push(place.problem(code, what).fix(
                "begin each with one of `kustomize: PATH`, `plain: PATH` or `helm: { chart: PATH, release: NAME, namespace: NAME }`",
            ));
            return None;
        };
        let at = place.key(kind);
        match (&self.kustomize, &self.helm, &self.plain) {
            (Some(path), _, _) => Some(Rendering::Kustomize {
                path: checked_path(path, at, reading)?,
            }),
            (_, Some(helm), _) => helm.resolve(at, reading),
            (_, _, Some(path)) => Some(Rendering::Plain {
                path: checked_path(path, at, reading)?,
            }),
            // What was refused before is not taken for left out.
            _ => None,
        }
    }
}

impl HelmShape {
    fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Rendering> {
        let chart = match &self.chart {
            Some(path) => checked_path(path, place.key("chart"), reading),
            None => absent("chart", "the folder of the chart", place, reading),
        };
        let list = place.key("values");
        let values = self.values.iter().enumerate();
        let values: Vec<Option<String>> = values
            .map(|(index, path)| checked_path(path, list.index(index), reading))
            .collect();
        // A release may be as long as Helm allows, a namespace as Kubernetes does.
        let release = name(
            self.release.as_deref(),
            ("release", "web", 53),
            place,
            reading,
        );
        let namespace = name(
            self.namespace.as_deref(),
            ("namespace", "web-test", 63),
            place,
            reading,
        );
        Some(Rendering::Helm {
            chart: chart?,
            values: values.into_iter().collect::<Option<_>>()?,
            release: release?,
            namespace: namespace?,
        })
    }
}

fn name(
    written: Option<&str>,
    (key, such_as, longest): (&'static str, &str, usize),
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<String> {
    let Some(name) = written else {
        return absent(key, "as Argo CD or Helm has it", place, reading);
    };
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let fits = name.len() <= longest
        && edge(name.chars().next())
        && edge(name.chars().next_back())
        && name.chars().all(|c| edge(Some(c)) || c == '-');
    if fits {
        return Some(name.to_owned());
    }
    reading.problems.push(
        place
            .key(key)
            .problem(
                Code::InvalidName,
                format!("`{name}` is not a name for a {key}"),
            )
            .why(format!(
                "it is up to {longest} lower-case letters, digits and dashes between them"
            ))
            .fix(format!("write it like `{such_as}`")),
    );
    None
}
