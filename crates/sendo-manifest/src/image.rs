//! The grammar of an image edit, as `kustomize edit set image` reads it.
//!
//! Owns [`ImageEdit`] and its text form. It does not know about files; [`crate::set_images`] does.

use std::fmt;
use std::str::FromStr;

use crate::error::EditError;

/// What one entry under `images` shall say.
///
/// ```text
/// name=new/name:tag    name=new/name@digest    name=new/name:tag@digest    name=new/name
/// name:tag             name:tag@digest         name@digest
/// ```
///
/// `*` in place of the new name, tag or digest stands for what the entry already says. As in
/// kustomize, `name=text` sets the new *name*; a tag alone is set with `name:tag`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageEdit {
    /// The `name` of the entry, compared exactly.
    pub name: String,
    /// The `newName`, or [`ImageEdit::PRESERVE`].
    pub new_name: Option<String>,
    /// The `newTag`, or [`ImageEdit::PRESERVE`].
    pub new_tag: Option<String>,
    /// The `digest`, such as `sha256:…`, or [`ImageEdit::PRESERVE`].
    pub digest: Option<String>,
}

impl ImageEdit {
    /// Stands for the value the entry already has.
    pub const PRESERVE: &'static str = "*";

    /// An edit that sets the tag alone.
    #[must_use]
    pub fn tag(name: impl Into<String>, tag: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            new_tag: Some(tag.into()),
            ..Self::default()
        }
    }

    /// Refuses parts that no reference to an image can have.
    pub(crate) fn check(&self) -> Result<(), EditError> {
        let invalid = |detail| EditError::InvalidImage {
            text: self.to_string(),
            detail,
        };
        if self.name.is_empty() {
            return Err(invalid("the name is empty"));
        }
        let given = [&self.new_name, &self.new_tag, &self.digest];
        if given.iter().all(|part| part.is_none()) {
            return Err(invalid("nothing is to be set"));
        }
        for part in given.into_iter().flatten() {
            if part.is_empty() {
                return Err(EditError::EmptyValue {
                    path: format!("image {}", self.name),
                });
            }
        }
        let parts = given.into_iter().flatten().chain([&self.name]);
        if parts
            .into_iter()
            .any(|part| part.chars().any(|c| c.is_whitespace() || c.is_control()))
        {
            return Err(invalid(
                "white space and control characters are not allowed",
            ));
        }
        let separator = |part: &Option<String>, set: &[char]| {
            part.as_deref().is_some_and(|part| part.contains(set))
        };
        if separator(&self.new_tag, &[':', '@', '/']) {
            return Err(invalid("a tag cannot contain `:`, `@` or `/`"));
        }
        if separator(&self.digest, &['@', '/']) {
            return Err(invalid("a digest cannot contain `@` or `/`"));
        }
        Ok(())
    }
}

impl FromStr for ImageEdit {
    type Err = EditError;

    fn from_str(text: &str) -> Result<Self, EditError> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, value),
            None => ("", text),
        };
        let (name, tag, digest) = split_reference(value);
        if name == text {
            let detail = "it says nothing but a name";
            return Err(EditError::InvalidImage {
                text: text.to_owned(),
                detail,
            });
        }
        let given = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        let edit = Self {
            name: if key.is_empty() { name } else { key }.to_owned(),
            new_name: if key.is_empty() { None } else { given(name) },
            new_tag: given(tag),
            digest: given(digest),
        };
        edit.check().map(|()| edit)
    }
}

impl fmt::Display for ImageEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (mark, part) in [
            ("=", &self.new_name),
            (":", &self.new_tag),
            ("@", &self.digest),
        ] {
            if let Some(part) = part {
                write!(f, "{mark}{part}")?;
            }
        }
        Ok(())
    }
}

/// Splits a reference into name, tag and digest. A colon before the first `/` belongs to a host.
fn split_reference(text: &str) -> (&str, &str, &str) {
    let path = text.find('/').filter(|&slash| slash > 0).unwrap_or(0);
    let at = text[path..].find('@').map(|at| at + path);
    let colon = text[path..].find(':').map(|colon| colon + path);
    match (colon, at) {
        (Some(colon), Some(at)) if colon < at => {
            (&text[..colon], &text[colon + 1..at], &text[at + 1..])
        }
        (_, Some(at)) => (&text[..at], "", &text[at + 1..]),
        (Some(colon), None) => (&text[..colon], &text[colon + 1..], ""),
        (None, None) => (text, "", ""),
    }
}
