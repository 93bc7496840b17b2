//! Byte-exact, proved edits of YAML and JSON manifests.
//!
//! An edit replaces as few bytes as possible: comments, quotes, indentation, line endings, order
//! and everything else a person put into the file stay as they are. Before a result is returned it
//! is *proved*: the new text is parsed again and compared, node by node, with the old data changed
//! in exactly the way that was asked for. What cannot be proved is refused with an [`EditError`]
//! that says where, what, why and what to do; an unproved text is never returned.
//!
//! - [`set_images`] sets images in a kustomization file, with the meaning of
//!   `kustomize edit set image` or with that of a promotion ([`ImageMode`]).
//! - [`set_values`] sets any value of a YAML or JSON file by its [`Path`].
//!
//! Strings are written so that YAML 1.1 and 1.2 readers agree that they are strings: a tag such as
//! `1234e56` or `0123456` is quoted. Texts up to 16 MiB, 64 levels and a million nodes are read;
//! aliases are never expanded, so a small file cannot become a large one.
//!
//! The crate is pure: it reads no files, opens no connections and knows no clock.

mod document;
mod draft;
mod edited;
mod error;
mod fragment;
mod image;
mod images;
mod layout;
mod path;
mod proof;
mod scalar;
mod tree;
mod values;

pub use document::DocumentSelector;
pub use edited::{Change, Edited, Splice, unified_diff};
pub use error::{EditError, Position};
pub use image::ImageEdit;
pub use images::{ImageMode, set_images};
pub use path::{Path, Step};
pub use scalar::is_plain_string;
pub use tree::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
pub use values::{Format, Value, set_values};

/// Checks that a text could be edited: readable, within the limits, no duplicate keys.
///
/// # Errors
/// The refusal that every edit of the text would meet.
pub fn check(text: &[u8], format: Format) -> Result<(), EditError> {
    let text = document::decode(text)?;
    if format == Format::Yaml {
        document::refuse_odd_line_breaks(text)?;
    }
    tree::Tree::parse(text).map(|_| ())
}

/// Runs the parser over a text and builds nothing: the yardstick that edits are measured against.
///
/// Returns the number of events, comments left out.
///
/// # Errors
/// [`EditError::Parse`] and [`EditError::TooDeep`], as for an edit.
pub fn parse_only(text: &str) -> Result<usize, EditError> {
    tree::parser(text).try_fold(0, |count, event| match event {
        Ok(_) => Ok(count + 1),
        Err(error) => Err(tree::parse_error(text, &error)),
    })
}
