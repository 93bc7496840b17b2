//! Why an edit was refused, and where in the file.
//!
//! Owns the one error type of the crate, its stable reason codes and the advice given with each.
//! It does not know file names: callers add them with [`EditError::located`].

use std::fmt;

/// A place in the text that was to be edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Offset in bytes from the start of the text, a byte order mark included.
    pub byte: usize,
    /// Line, counted from 1; lines end at `\n`.
    pub line: usize,
    /// Column in characters, counted from 1; a byte order mark takes none.
    pub column: usize,
}

impl Position {
    /// Finds line and column of a byte offset; an offset past the end means the end.
    pub(crate) fn of(text: &str, byte: usize) -> Self {
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &text[..byte];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        let column = before[line_start..]
            .trim_start_matches('\u{feff}')
            .chars()
            .count()
            + 1;
        Self { byte, line, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why nothing was written. An edit is either proved or refused with one of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The text is not UTF-8.
    #[error("the text is not UTF-8")]
    Encoding {
        /// The first byte that is not.
        at: Position,
    },
    /// The text, or what it would become, is larger than 16 MiB.
    #[error("the text has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The text holds more than a million keys, values and containers.
    #[error("the text has more than {limit} nodes")]
    TooManyNodes {
        /// The limit.
        limit: usize,
    },
    /// Containers are nested more than 64 deep.
    #[error("containers are nested more than {limit} deep")]
    TooDeep {
        /// The first container too deep.
        at: Position,
        /// The limit.
        limit: usize,
    },
    /// The text is not valid YAML or JSON.
    #[error("{detail}")]
    Parse {
        /// Where the parser stopped.
        at: Position,
        /// What it expected.
        detail: String,
    },
    /// A character that ends a line for some readers of YAML and not for others.
    #[error("{name} ends a line for some readers and not for others")]
    LineBreak {
        /// The character.
        at: Position,
        /// What it is called.
        name: &'static str,
    },
    /// A mapping holds the same key twice, so that its meaning depends on the reader.
    #[error("key `{key}` is here a second time, first on line {first_line}")]
    DuplicateKey {
        /// The second key.
        at: Position,
        /// The key.
        key: String,
        /// Line of the first one.
        first_line: usize,
    },
    /// The place to edit is an alias or comes from a merge key, so that others share it.
    #[error("{path} is not written here: {detail}")]
    Alias {
        /// The alias or merge key.
        at: Position,
        /// The path asked for.
        path: String,
        /// What stands in the way.
        detail: String,
    },
    /// No entry under `images` has this name.
    #[error("no entry of `images` is named `{name}`; {}", listed_names(names))]
    ImageNotFound {
        /// The name asked for.
        name: String,
        /// The names that are there.
        names: Vec<String>,
    },
    /// Several entries under `images` have this name.
    #[error("several entries of `images` are named `{name}`")]
    ImageAmbiguous {
        /// The second of them.
        at: Position,
        /// The name asked for.
        name: String,
    },
    /// The file uses a field or spelling that an edit of `images` would clash with.
    #[error("the field `{field}` is an old or unusual spelling of `images`")]
    LegacyField {
        /// The field.
        at: Position,
        /// Its name as written.
        field: String,
    },
    /// An image edit that does not follow the grammar of `kustomize edit set image`.
    #[error("`{text}` is not an image edit: {detail}")]
    InvalidImage {
        /// The text given.
        text: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A path that does not follow the grammar.
    #[error("`{text}` is not a path: {detail} (at character {column})")]
    InvalidPath {
        /// The text given.
        text: String,
        /// What is wrong with it.
        detail: &'static str,
        /// Where, in characters from 1.
        column: usize,
    },
    /// A part of the path does not exist.
    #[error("{path} does not exist: no `{missing}`; {}", listed_names(names))]
    PathNotFound {
        /// The innermost place that does exist.
        at: Position,
        /// The path asked for.
        path: String,
        /// The first part that is missing.
        missing: String,
        /// The keys or indices that are there, at most twenty.
        names: Vec<String>,
    },
    /// A selector such as `[name=web]` matches several items.
    #[error("{path} fits more than one item")]
    PathAmbiguous {
        /// The second item.
        at: Position,
        /// The path up to and with the selector.
        path: String,
    },
    /// The value at the path is a mapping or a list.
    #[error("{path} is a {found}, not a single value")]
    NotAScalar {
        /// The value.
        at: Position,
        /// The path asked for.
        path: String,
        /// `mapping` or `list`.
        found: &'static str,
    },
    /// A part of the path exists but has another shape.
    #[error("{path} is a {found}, not a {expected}")]
    UnexpectedType {
        /// The part.
        at: Position,
        /// The path up to it.
        path: String,
        /// What it is.
        found: &'static str,
        /// What was needed.
        expected: &'static str,
    },
    /// The value carries a tag, so that text written there would mean something else.
    #[error("{path} has the tag `{tag}`")]
    Tagged {
        /// The value.
        at: Position,
        /// The path asked for.
        path: String,
        /// The tag, resolved.
        tag: String,
    },
    /// The file has several documents and the selector fits none or more than one.
    #[error(
        "{fits} of {documents} documents fit the selector; {}",
        listed_names(names)
    )]
    DocumentAmbiguous {
        /// How many fit.
        fits: usize,
        /// How many documents there are, empty ones left out.
        documents: usize,
        /// `kind/name` of the documents, at most twenty.
        names: Vec<String>,
    },
    /// A value that must not be empty is.
    #[error("the value for {path} is empty")]
    EmptyValue {
        /// What the value was for.
        path: String,
    },
    /// Two edits of one call touch the same place.
    #[error("two edits touch {path}")]
    Conflict {
        /// The place.
        path: String,
    },
    /// The layout around the place to edit is one this crate does not rewrite.
    #[error("{path} cannot be changed in this layout: {detail}")]
    Unsupported {
        /// The place.
        at: Position,
        /// The path asked for.
        path: String,
        /// What stands in the way.
        detail: &'static str,
    },
    /// The result does not mean exactly what was asked for. Nothing was written.
    #[error("the edited text could not be proved: {detail}")]
    ProofFailed {
        /// Where the edited text departs, as a position in the old text.
        at: Position,
        /// What differs.
        detail: String,
    },
}

impl EditError {
    /// A stable `snake_case` code for logs, metrics and reports.
    #[must_use]
    pub fn reason_code(&self) -> &'static str {
        match self {
            Self::Encoding { .. } => "encoding",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyNodes { .. } => "too_many_nodes",
            Self::TooDeep { .. } => "too_deep",
            Self::Parse { .. } => "parse_error",
            Self::LineBreak { .. } => "line_break",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::Alias { .. } => "alias",
            Self::ImageNotFound { .. } => "image_not_found",
            Self::ImageAmbiguous { .. } => "image_ambiguous",
            Self::LegacyField { .. } => "legacy_field",
            Self::InvalidImage { .. } => "invalid_image",
            Self::InvalidPath { .. } => "invalid_path",
            Self::PathNotFound { .. } => "path_not_found",
            Self::PathAmbiguous { .. } => "path_ambiguous",
            Self::NotAScalar { .. } => "not_a_scalar",
            Self::UnexpectedType { .. } => "unexpected_type",
            Self::Tagged { .. } => "tagged",
            Self::DocumentAmbiguous { .. } => "document_ambiguous",
            Self::EmptyValue { .. } => "empty_value",
            Self::Conflict { .. } => "conflict",
            Self::Unsupported { .. } => "unsupported_layout",
            Self::ProofFailed { .. } => "proof_failed",
        }
    }

    /// Where in the old text, for the errors that have a place.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Encoding { at }
            | Self::TooDeep { at, .. }
            | Self::Parse { at, .. }
            | Self::LineBreak { at, .. }
            | Self::DuplicateKey { at, .. }
            | Self::Alias { at, .. }
            | Self::ImageAmbiguous { at, .. }
            | Self::LegacyField { at, .. }
            | Self::PathNotFound { at, .. }
            | Self::PathAmbiguous { at, .. }
            | Self::NotAScalar { at, .. }
            | Self::UnexpectedType { at, .. }
            | Self::Tagged { at, .. }
            | Self::Unsupported { at, .. }
            | Self::ProofFailed { at, .. } => Some(*at),
            Self::TooLarge { .. }
            | Self::TooManyNodes { .. }
            | Self::ImageNotFound { .. }
            | Self::InvalidImage { .. }
            | Self::InvalidPath { .. }
            | Self::DocumentAmbiguous { .. }
            | Self::EmptyValue { .. }
            | Self::Conflict { .. } => None,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Encoding { .. } => "save the file as UTF-8",
            Self::TooLarge { .. } | Self::TooManyNodes { .. } => "split the file",
            Self::TooDeep { .. } => "flatten the file; manifests are rarely ten levels deep",
            Self::Parse { .. } => "correct the file; the place given is where reading stopped",
            Self::LineBreak { .. } => "remove it, or escape it in double quotes",
            Self::DuplicateKey { .. } => "remove one of the two keys",
            Self::Alias { .. } => "edit the anchored value instead, or write the value out here",
            Self::ImageNotFound { .. } => "correct the name, or add the entry by hand once",
            Self::ImageAmbiguous { .. } => "remove all but one of the entries",
            Self::LegacyField { .. } => "run `kustomize edit fix` once, or rename it to `images`",
            Self::InvalidImage { .. } => {
                "write it like `name=new/name:tag`, `name:tag` or `name@digest`"
            }
            Self::InvalidPath { .. } => {
                "write it like `.a.b[0]`, `.images[name=web].newTag` or `.\"a.b\"`"
            }
            Self::PathNotFound { .. } => "correct the path, or add its parents by hand once",
            Self::PathAmbiguous { .. } => "select by index, or by a key that is unique",
            Self::NotAScalar { .. } => "extend the path down to a single value",
            Self::UnexpectedType { .. } => "correct the path or the file",
            Self::Tagged { .. } => "remove the tag, or edit the value by hand",
            Self::DocumentAmbiguous { .. } => "select the document by kind and name, or by index",
            Self::EmptyValue { .. } => "give a value",
            Self::Conflict { .. } => "give each place once",
            Self::Unsupported { .. } => {
                "write it in block style, one key a line, and end the file with a line ending"
            }
            Self::ProofFailed { .. } => {
                "edit the file by hand, and report it with the file: this is a defect of the editor"
            }
        }
    }

    /// One line `file:line:column: what went wrong; what to do`.
    #[must_use]
    pub fn located(&self, file: &str) -> String {
        match self.position() {
            Some(at) => format!("{file}:{at}: {self}; {}", self.fix()),
            None => format!("{file}: {self}; {}", self.fix()),
        }
    }
}

fn listed_names(names: &[String]) -> String {
    if names.is_empty() {
        "there are none".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    }
}
