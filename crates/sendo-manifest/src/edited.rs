//! The outcome of an edit: the new text, the bytes replaced, and what changed in words.
//!
//! Owns the result types and the unified diff of them. Values of this type are only made by the
//! proof, so that having one means that it was proved.

use std::ops::Range;

/// One replacement in the old text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The bytes of the old text that were replaced; empty for an insertion.
    pub range: Range<usize>,
    /// What stands there now.
    pub replacement: String,
}

/// One value that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path of the value, such as `.images[name=web].newTag`.
    pub path: String,
    /// The value before; `None` if it was not there.
    pub old: Option<String>,
    /// The value now; `None` if it was removed.
    pub new: Option<String>,
    /// Line in the old text, counted from 1: of the value, or of what it was added to.
    pub line: usize,
    /// How many aliases show the value elsewhere in the file, all of which changed with it.
    pub aliases: usize,
}

/// A proved edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    pub(crate) text: String,
    pub(crate) splices: Vec<Splice>,
    pub(crate) changes: Vec<Change>,
}

impl Edited {
    /// The whole new text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole new text, taken out.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// The replaced bytes, in order and without overlap. All other bytes are those of the old text.
    #[must_use]
    pub fn splices(&self) -> &[Splice] {
        &self.splices
    }

    /// What changed, in the order of the edits. Values that already were as wanted are left out.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether the old text already was as wanted.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.splices.is_empty()
    }

    /// A unified diff from `old`, which must be the text that was edited.
    #[must_use]
    pub fn unified_diff(&self, old: &str, file: &str) -> String {
        unified_diff(old, &self.text, file)
    }
}

/// A unified diff of two texts with three lines of context, as `git diff` prints it.
///
/// Empty if the texts are equal.
#[must_use]
pub fn unified_diff(old: &str, new: &str, file: &str) -> String {
    similar::TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{file}"), &format!("b/{file}"))
        .to_string()
}
