//! `edits:` what a promotion writes into the manifests repository.

use schemars::JsonSchema;
use sendo_core::promotion::{EditRule, Trigger};
use sendo_core::template::Template;
use serde::Deserialize;

use super::Reading;
use super::place::Place;
use super::problem::Code;

/// One edit: an image of a kustomization, or one value of a file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Edit")]
pub(crate) struct EditShape {
    /// A kustomization file or its folder, from the root of the manifests repository.
    kustomization: Option<String>,
    /// With `kustomization`: the `name` of the entry under `images`.
    image: Option<String>,
    /// With `kustomization`: a template for `newTag`. "{sha}" when neither `tag`, `new_name` nor
    /// `digest` is given.
    tag: Option<String>,
    /// With `kustomization`: a template for `newName`.
    new_name: Option<String>,
    /// With `kustomization`: a template for `digest`.
    digest: Option<String>,
    /// A YAML or JSON file, from the root of the manifests repository.
    file: Option<String>,
    /// The same, said of the values of a Helm chart.
    helm_values: Option<String>,
    /// With `file` or `helm_values`: where in it, such as `.image.tag`.
    set: Option<String>,
    /// With `file` or `helm_values`: a template for the value; "{sha}" when it is left out.
    value: Option<String>,
    /// With `file`: which document of several, counted from 0.
    document: Option<u32>,
}

/// What an edit is about, by the key that begins it.
const KINDS: [&str; 3] = ["kustomization", "file", "helm_values"];

impl EditShape {
    /// The checked edit. `trigger` decides which variables have a value.
    pub(crate) fn resolve(
        &self,
        trigger: Option<&Trigger>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<EditRule> {
        let kinds: Vec<&str> = KINDS
            .into_iter()
            .filter(|kind| place.key(kind).is_written())
            .collect();
        match kinds.as_slice() {
            ["kustomization"] => self.image(trigger, place, reading),
            [_] => self.scalar(trigger, place, reading),
            [] => {
                reading.problems.push(
                    place
                        .problem(Code::MissingKey, "this edit names no file")
                        .fix("begin it with `kustomization: PATH`, `file: PATH` or `helm_values: PATH`"),
                );
                None
            }
            _ => {
                reading.problems.push(
                    place
                        .problem(
                            Code::Contradiction,
                            format!("this edit names {} files", kinds.len()),
                        )
                        .fix("make one edit of each"),
                );
                None
            }
        }
    }

    fn image(
        &self,
        trigger: Option<&Trigger>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<EditRule> {
        let foreign = ["set", "value", "document"];
        let fits = only(
            place,
            &foreign,
            "`kustomization`",
            "`tag`, `new_name` or `digest`",
            reading,
        );
        let path = self.kustomization.as_deref()?;
        let path = checked_path(path, place.key("kustomization"), reading);
        let image = match self.image.as_deref() {
            Some(image) if image_name(image) => Some(image.to_owned()),
            Some(image) => {
                let fix = match image.rsplit_once([':', '@']) {
                    Some((name, _)) if image_name(name) => format!(
                        "write `image: {name}`; what is set stands in `tag`, `new_name` or `digest`"
                    ),
                    _ => "write the `name` of the entry under `images`, such as `example1`"
                        .to_owned(),
                };
                reading.problems.push(
                    place
                        .key("image")
                        .problem(
                            Code::InvalidValue,
                            format!("`{image}` is not the name of an image"),
                        )
                        .fix(fix),
                );
                None
            }
            None => {
                missing(
                    "image",
                    "the `name` of the entry under `images`",
                    place,
                    reading,
                );
                None
            }
        };
        let mut checked = |text: &Option<String>, key: &str| match text {
            Some(text) => template(text, trigger, place.key(key), reading).map(Some),
            // What was refused before is not taken for left out.
            None if place.key(key).is_written() => None,
            None => Some(None),
        };
        let (tag, new_name, digest) = (
            checked(&self.tag, "tag"),
            checked(&self.new_name, "new_name"),
            checked(&self.digest, "digest"),
        );
        let (mut new_tag, new_name, digest) = (tag?, new_name?, digest?);
        if new_tag.is_none() && new_name.is_none() && digest.is_none() {
            new_tag = Template::new("{sha}").ok();
        }
        if !fits {
            return None;
        }
        Some(EditRule::Image {
            path: path?,
            image: image?,
            new_name,
            new_tag,
            digest,
        })
    }

    fn scalar(
        &self,
        trigger: Option<&Trigger>,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<EditRule> {
        let foreign = ["image", "tag", "new_name", "digest"];
        let fits = only(place, &foreign, "`file`", "`set` and `value`", reading);
        let (key, path) = match (&self.file, &self.helm_values) {
            (Some(path), _) => ("file", path),
            (None, Some(path)) => ("helm_values", path),
            (None, None) => return None,
        };
        let path = checked_path(path, place.key(key), reading);
        let at = match self.set.as_deref() {
            Some(set) => scalar_path(set, place.key("set"), reading),
            None => {
                missing(
                    "set",
                    "where in the file, such as `.image.tag`",
                    place,
                    reading,
                );
                None
            }
        };
        let value = match self.value.as_deref() {
            Some(text) => template(text, trigger, place.key("value"), reading),
            None if place.key("value").is_written() => None,
            None => Template::new("{sha}").ok(),
        };
        if !fits {
            return None;
        }
        Some(EditRule::Value {
            path: path?,
            at: at?,
            value: value?,
            document: self.document.and_then(|index| usize::try_from(index).ok()),
        })
    }
}

fn missing(key: &str, what: &str, place: Place<'_>, reading: &mut Reading<'_>) {
    if !place.key(key).is_written() {
        reading.problems.push(
            place
                .problem(Code::MissingKey, format!("this edit has no `{key}`"))
                .fix(format!("add `{key}`: {what}")),
        );
    }
}

/// Refuses keys that belong to the other kind of edit.
fn only(
    place: Place<'_>,
    foreign: &[&str],
    kind: &str,
    instead: &str,
    reading: &mut Reading<'_>,
) -> bool {
    let wrong: Vec<_> = place
        .keys()
        .filter(|(key, _)| foreign.contains(key))
        .collect();
    for (key, at) in &wrong {
        reading.problems.push(
            super::problem::Problem::new(
                Code::Contradiction,
                *at,
                format!("`{key}` does not go with {kind}"),
            )
            .fix(format!("write {instead} instead")),
        );
    }
    wrong.is_empty()
}

fn image_name(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    !last.is_empty()
        && !last.contains([':', '@'])
        && name.len() <= 255
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '=')
}

/// A path inside a repository, without a slash at its end.
pub(super) fn checked_path(
    path: &str,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<String> {
    let short = path
        .strip_prefix("./")
        .unwrap_or(path)
        .trim_end_matches('/');
    let part = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git")
    };
    let whole = path == "." || path == "./";
    if whole
        || (short.split('/').all(part)
            && !short.contains('\\')
            && !short.chars().any(char::is_control))
    {
        return Some(if whole {
            ".".to_owned()
        } else {
            short.to_owned()
        });
    }
    reading.problems.push(
        place
            .problem(
                Code::InvalidValue,
                format!("`{path}` is not a path in a repository"),
            )
            .why("it starts at the root of the manifests repository and stays inside it")
            .fix("write it like `example1/overlays/test`"),
    );
    None
}

/// The path of a value, in the grammar its editor reads.
fn scalar_path(path: &str, place: Place<'_>, reading: &mut Reading<'_>) -> Option<String> {
    match path.parse::<sendo_manifest::Path>() {
        Ok(_) => Some(path.to_owned()),
        Err(error) => {
            reading.problems.push(
                place
                    .problem(Code::InvalidValue, error.to_string())
                    .fix(error.fix()),
            );
            None
        }
    }
}

/// A checked template, all of whose variables have a value under this trigger.
fn template(
    text: &str,
    trigger: Option<&Trigger>,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Option<Template> {
    let template = match Template::new(text) {
        Ok(template) if !text.trim().is_empty() => template,
        Ok(_) => {
            reading.problems.push(empty(place));
            return None;
        }
        Err(sendo_core::template::TemplateError::Empty) => {
            reading.problems.push(empty(place));
            return None;
        }
        Err(error) => {
            let names = ["sha", "short_sha", "tag", "digest"];
            let fix = match &error {
                sendo_core::template::TemplateError::Unknown(name) => {
                    super::suggest::closest(name, &names)
                        .map(|name| format!("did you mean \"{{{name}}}\"?"))
                }
                _ => None,
            };
            reading.problems.push(
                place
                    .problem(Code::Template, format!("`{text}` is not a template"))
                    .why(error.to_string())
                    .fix(fix.unwrap_or_else(|| "write it like \"{sha}\" or \"v{tag}\"".to_owned())),
            );
            return None;
        }
    };
    let without = |variable: &str| text.contains(&format!("{{{variable}}}"));
    let missing = match trigger? {
        Trigger::MergedInto(_) | Trigger::PushedTo(_) => ["tag", "digest"]
            .into_iter()
            .find(|variable| without(variable)),
        Trigger::Tag { .. } | Trigger::Command => Some("digest").filter(|v| without(v)),
        Trigger::Image => None,
    };
    if let Some(variable) = missing {
        reading.problems.push(
            place
                .problem(
                    Code::Contradiction,
                    format!("`{{{variable}}}` never has a value here"),
                )
                .why("what starts this lane names no such thing")
                .fix(if variable == "tag" {
                    "use \"{sha}\" or \"{short_sha}\", or let `on` be a tag or an image"
                } else {
                    "use \"{sha}\", or let `on` be `image`"
                }),
        );
        return None;
    }
    Some(template)
}

fn empty(place: Place<'_>) -> super::problem::Problem {
    place
        .problem(Code::Template, "the template is empty")
        .why("it would write nothing where a value has to be")
        .fix("write it like \"{sha}\" or \"v{tag}\"")
}
