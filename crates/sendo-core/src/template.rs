//! Values written into manifests, such as `{sha}` or `v{tag}`.
//!
//! Variables are typed and known in advance; an unknown one is refused when the configuration is
//! read, an empty result when it is rendered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The variables a template may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables<'a> {
    /// The full revision.
    pub sha: &'a str,
    /// The tag the revision was found by, or the image tag CI reported.
    pub tag: Option<&'a str>,
    /// The image digest CI reported.
    pub digest: Option<&'a str>,
}

/// A checked template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template(String);

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A variable nobody knows.
    #[error("unknown variable `{{{0}}}`; use {{sha}}, {{short_sha}}, {{tag}} or {{digest}}")]
    Unknown(String),
    /// A `{` without its `}`.
    #[error("`{{` without `}}`")]
    Unclosed,
    /// A variable that has no value here.
    #[error("`{{{0}}}` has no value for this revision")]
    Missing(&'static str),
    /// Nothing is left.
    #[error("the template renders to nothing")]
    Empty,
}

enum Piece<'a> {
    Text(&'a str),
    Sha,
    ShortSha,
    Tag,
    Digest,
}

impl Template {
    /// Checks a template.
    ///
    /// # Errors
    /// [`TemplateError`] when a brace is open, a variable unknown or the text empty.
    pub fn new(text: impl Into<String>) -> Result<Self, TemplateError> {
        let text = text.into();
        if text.is_empty() {
            return Err(TemplateError::Empty);
        }
        pieces(&text)?;
        Ok(Self(text))
    }

    /// Renders it.
    ///
    /// # Errors
    /// [`TemplateError::Missing`] or [`TemplateError::Empty`].
    pub fn render(&self, variables: &Variables<'_>) -> Result<String, TemplateError> {
        let mut out = String::new();
        for piece in pieces(&self.0)? {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Sha => variables.sha,
                Piece::ShortSha => variables.sha.get(..7).unwrap_or(variables.sha),
                Piece::Tag => variables.tag.ok_or(TemplateError::Missing("tag"))?,
                Piece::Digest => variables.digest.ok_or(TemplateError::Missing("digest"))?,
            });
        }
        if out.trim().is_empty() {
            Err(TemplateError::Empty)
        } else {
            Ok(out)
        }
    }
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, TemplateError> {
    let mut rest = text;
    let mut out = Vec::new();
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            out.push(Piece::Text(before));
        }
        let (name, after) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
        out.push(match name {
            "sha" => Piece::Sha,
            "short_sha" => Piece::ShortSha,
            "tag" => Piece::Tag,
            "digest" => Piece::Digest,
            other => return Err(TemplateError::Unknown(other.chars().take(40).collect())),
        });
        rest = after;
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest));
    }
    Ok(out)
}

impl TryFrom<String> for Template {
    type Error = TemplateError;
    fn try_from(text: String) -> Result<Self, TemplateError> {
        Self::new(text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.0
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_renders_what_it_knows_and_refuses_the_rest() {
        let known = Variables {
            sha: "0123456789abcdef",
            tag: Some("release-1"),
            digest: None,
        };
        let render = |text: &str| Template::new(text).and_then(|t| t.render(&known));
        assert_eq!(render("v-{short_sha}-x"), Ok("v-0123456-x".into()));
        assert_eq!(render("{tag}"), Ok("release-1".into()));
        assert_eq!(render("{digest}"), Err(TemplateError::Missing("digest")));
        assert_eq!(render(""), Err(TemplateError::Empty));
        assert_eq!(render("{sha"), Err(TemplateError::Unclosed));
        assert_eq!(
            render("{commit}"),
            Err(TemplateError::Unknown("commit".into()))
        );
        let blank = Variables {
            tag: Some(" "),
            ..known
        };
        assert_eq!(
            Template::new("{tag}").and_then(|t| t.render(&blank)),
            Err(TemplateError::Empty)
        );
    }
}
