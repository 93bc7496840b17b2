//! Renders the values a deployment writes from the templates of its lane.

use super::rules::EditRule;
use super::state::Candidate;
use crate::effect::Edit;
use crate::template::{Template, TemplateError, Variables};

/// The edits with their values, and the first value, which people call the version.
pub(super) fn render(
    rules: &[EditRule],
    candidate: &Candidate,
) -> Result<(Vec<Edit>, String), TemplateError> {
    with(
        rules,
        &Variables {
            sha: candidate.revision.as_str(),
            tag: candidate.tag.as_deref(),
            digest: candidate.digest.as_deref(),
        },
    )
}

/// The edits of a lane with values that stand for any other: to see whether they would find their
/// places. They are never published.
///
/// # Errors
/// [`TemplateError`] when a template renders to nothing whatever the revision.
pub fn sample_edits(rules: &[EditRule]) -> Result<Vec<Edit>, TemplateError> {
    const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let variables = Variables {
        sha: "0000000000000000000000000000000000000000",
        tag: Some("0"),
        digest: Some(DIGEST),
    };
    with(rules, &variables).map(|(edits, _)| edits)
}

fn with(
    rules: &[EditRule],
    variables: &Variables<'_>,
) -> Result<(Vec<Edit>, String), TemplateError> {
    let one =
        |template: &Option<Template>| template.as_ref().map(|t| t.render(variables)).transpose();
    let mut version = None;
    let edits = rules
        .iter()
        .map(|rule| match rule {
            EditRule::Image {
                path,
                image,
                new_name,
                new_tag,
                digest,
            } => {
                let (new_name, new_tag, digest) = (one(new_name)?, one(new_tag)?, one(digest)?);
                version = version.take().or_else(|| {
                    new_tag
                        .clone()
                        .or_else(|| digest.clone())
                        .or_else(|| new_name.clone())
                });
                Ok(Edit::Image {
                    path: path.clone(),
                    image: image.clone(),
                    new_name,
                    new_tag,
                    digest,
                })
            }
            EditRule::Value {
                path,
                at,
                value,
                document,
            } => {
                let value = value.render(variables)?;
                version = version.take().or_else(|| Some(value.clone()));
                Ok(Edit::Value {
                    path: path.clone(),
                    at: at.clone(),
                    value,
                    document: *document,
                })
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok((edits, version.unwrap_or_default()))
}
