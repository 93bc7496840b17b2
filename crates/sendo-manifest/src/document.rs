//! From bytes to the document to edit.
//!
//! Owns decoding, the choice among several documents, and looking through aliases when reading. It
//! changes nothing.

use crate::error::{EditError, Position};
use crate::tree::{Kind, NodeId, Tree};

/// Which document of a file to edit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum DocumentSelector {
    /// The only one that is not empty.
    #[default]
    Only,
    /// By place, counted from 0 with empty documents included.
    Index(usize),
    /// By `kind` and `metadata.name`; what is `None` fits all. Exactly one document must fit.
    Object {
        /// The `kind`, compared exactly.
        kind: Option<String>,
        /// The `metadata.name`, compared exactly.
        name: Option<String>,
    },
}

/// Reads bytes as UTF-8. A byte order mark stays part of the text.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, EditError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (valid, _) = bytes.split_at(error.valid_up_to());
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        EditError::Encoding {
            at: Position::of(valid, valid.len()),
        }
    })
}

/// Refuses YAML with characters that end a line in YAML 1.1 alone, or that old editors leave.
///
/// What stands behind one is a comment or value to one reader and a key to another, so that no
/// proof made by one of them would hold for the other.
pub(crate) fn refuse_odd_line_breaks(text: &str) -> Result<(), EditError> {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let name = match (byte, bytes.get(at + 1), bytes.get(at + 2)) {
            (b'\r', next, _) if next != Some(&b'\n') => "a carriage return without a line feed",
            (0xc2, Some(0x85), _) => "the character U+0085",
            (0xe2, Some(0x80), Some(0xa8)) => "the character U+2028",
            (0xe2, Some(0x80), Some(0xa9)) => "the character U+2029",
            _ => continue,
        };
        return Err(EditError::LineBreak {
            at: Position::of(text, at),
            name,
        });
    }
    Ok(())
}

/// The root of the document that a selector fits.
pub(crate) fn select(tree: &Tree<'_>, selector: &DocumentSelector) -> Result<NodeId, EditError> {
    let roots = || tree.documents.iter().map(|document| document.root);
    let written = || roots().filter(|&root| !tree.is_unwritten(root));
    let fitting: Vec<NodeId> = match selector {
        DocumentSelector::Only => written().collect(),
        DocumentSelector::Index(index) => roots().nth(*index).into_iter().collect(),
        DocumentSelector::Object { kind, name } => {
            let fits = |wanted: &Option<String>, found: Option<&str>| {
                wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
            };
            written()
                .filter(|&root| {
                    let (found_kind, found_name) = identity(tree, root);
                    fits(kind, found_kind) && fits(name, found_name)
                })
                .collect()
        }
    };
    match fitting.as_slice() {
        [root] => Ok(*root),
        _ => Err(EditError::DocumentAmbiguous {
            fits: fitting.len(),
            documents: written().count(),
            names: written().take(20).map(|root| title(tree, root)).collect(),
        }),
    }
}

/// `kind` and `metadata.name` of a document.
fn identity<'t>(tree: &'t Tree<'_>, root: NodeId) -> (Option<&'t str>, Option<&'t str>) {
    if !tree[root].kind.is_map() {
        return (None, None);
    }
    let scalar = |map: NodeId, key: &str| {
        tree.get(map, key)
            .filter(|&(_, value)| tree[value].kind.is_scalar())
    };
    let kind = scalar(root, "kind").map(|(_, value)| tree.value(value));
    let metadata = tree
        .get(root, "metadata")
        .filter(|&(_, value)| tree[value].kind.is_map());
    let name = metadata.and_then(|(_, metadata)| scalar(metadata, "name"));
    (kind, name.map(|(_, value)| tree.value(value)))
}

fn title(tree: &Tree<'_>, root: NodeId) -> String {
    let (kind, name) = identity(tree, root);
    format!("{}/{}", kind.unwrap_or("?"), name.unwrap_or("?"))
}

/// The node that an alias stands for; every other node stands for itself.
pub(crate) fn target(tree: &Tree<'_>, id: NodeId) -> Option<NodeId> {
    if tree[id].kind != Kind::Alias {
        return Some(id);
    }
    let anchor = tree[id].anchor;
    let defines = |node: &crate::tree::Node| node.kind != Kind::Alias && node.anchor == anchor;
    tree.nodes
        .iter()
        .position(defines)
        .and_then(|at| NodeId::try_from(at).ok())
}

/// The scalar under a key of a list item, through an alias or one merge key if need be.
pub(crate) fn field_through_aliases(tree: &Tree<'_>, item: NodeId, key: &str) -> Option<NodeId> {
    let map = target(tree, item).filter(|&map| tree[map].kind.is_map())?;
    let value = match tree.get(map, key) {
        Some((_, value)) => value,
        None => {
            let (_, merged) = tree.get(map, "<<")?;
            let base = target(tree, merged).filter(|&base| tree[base].kind.is_map())?;
            tree.get(base, key)?.1
        }
    };
    target(tree, value).filter(|&value| tree[value].kind.is_scalar())
}

/// The refusal to edit through an alias or merge key.
pub(crate) fn alias_error(tree: &Tree<'_>, id: NodeId, path: &str) -> EditError {
    let source = target(tree, id).filter(|&source| source != id);
    let detail = match source {
        Some(source) => format!("the alias points to line {}", tree.position(source).line),
        None => "a merge key brings in a value from elsewhere".to_owned(),
    };
    EditError::Alias {
        at: tree.position(id),
        path: path.to_owned(),
        detail,
    }
}
