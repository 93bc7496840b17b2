//! Setting any value of a YAML or JSON file by its path.
//!
//! Owns walking a path through the tree and the rule for the type of what is written. The writing
//! itself, and its proof, are the draft's.

use crate::document::{self, DocumentSelector};
use crate::draft::{Draft, Slot};
use crate::edited::Edited;
use crate::error::{EditError, Position};
use crate::fragment::{Fragment, NewScalar};
use crate::path::{Path, Step};
use crate::proof;
use crate::scalar;
use crate::tree::{Kind, NodeId, Tree};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, of any style.
    Yaml,
    /// JSON. The text must be valid JSON before, and is after.
    Json,
}

impl Format {
    /// JSON for names that end in `.json`, else YAML.
    #[must_use]
    pub fn of_file_name(name: &str) -> Self {
        let json = name.len() >= 5
            && name.is_char_boundary(name.len() - 5)
            && name[name.len() - 5..].eq_ignore_ascii_case(".json");
        if json { Self::Json } else { Self::Yaml }
    }

    /// JSON if the text is one JSON object, whatever its file is called; else YAML.
    pub(crate) fn of_text(text: &str) -> Self {
        let object = text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .starts_with('{');
        let json = object
            && proof::check_json(text, |_| EditError::Conflict {
                path: String::new(),
            })
            .is_ok();
        if json { Self::Json } else { Self::Yaml }
    }
}

/// What to write at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text that takes the type of the value it replaces where it can.
    ///
    /// A number stays a number if the text is one as JSON writes it, and an integer only if the
    /// text is one of at most 15 digits; a boolean stays one if the text is `true` or `false`.
    /// In all other cases, and where there was nothing, a string is written. For tags and
    /// revisions use [`Value::String`]: `1234567` must not become a number again.
    Text(String),
    /// A string, quoted where a reader might take it for something else.
    String(String),
    /// An integer.
    Integer(i64),
    /// `true` or `false`.
    Bool(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Value {
    /// The scalar to write in place of `old`.
    fn scalar(&self, tree: &Tree<'_>, old: Option<NodeId>) -> NewScalar {
        let verbatim = |text: String| NewScalar {
            text,
            verbatim: true,
        };
        match self {
            Self::String(text) => NewScalar::string(text),
            Self::Integer(number) => verbatim(number.to_string()),
            Self::Bool(value) => verbatim(value.to_string()),
            Self::Text(text) => {
                let plain =
                    old.filter(|&old| tree[old].kind == Kind::Plain && tree.tag(old).is_none());
                let stays = plain.is_some_and(|old| keeps_type(tree.value(old), text));
                NewScalar {
                    text: text.clone(),
                    verbatim: stays,
                }
            }
        }
    }
}

fn keeps_type(old: &str, new: &str) -> bool {
    const MAX_DIGITS: usize = 15;
    let boolean = |text: &str| matches!(text, "true" | "false");
    let integer = |text: &str| scalar::is_json_number(text) && !text.contains(['.', 'e', 'E']);
    if integer(old) {
        integer(new) && new.len() <= MAX_DIGITS
    } else {
        boolean(old) && boolean(new) || scalar::is_json_number(old) && scalar::is_json_number(new)
    }
}

/// Sets values of a YAML or JSON file.
///
/// A path must lead to a single value, or to a key that its mapping does not have yet: then the
/// pair is added at the end of the mapping. Nothing but the last key is ever created. Quotes stay
/// as they are where the new value is legal in them. Limits: 16 MiB, depth 64, a million nodes.
///
/// # Errors
/// Every refusal of [`EditError`], with nothing changed: most often [`EditError::PathNotFound`],
/// [`EditError::NotAScalar`], [`EditError::DocumentAmbiguous`] and [`EditError::Parse`].
pub fn set_values(
    text: &[u8],
    format: Format,
    document: &DocumentSelector,
    edits: &[(Path, Value)],
) -> Result<Edited, EditError> {
    let text = document::decode(text)?;
    let json = format == Format::Json;
    if !json {
        document::refuse_odd_line_breaks(text)?;
    }
    let tree = Tree::parse(text)?;
    if json {
        proof::check_json(text, |detail| EditError::Parse {
            at: Position::of(text, 0),
            detail,
        })?;
    }
    let root = document::select(&tree, document)?;
    let mut draft = Draft::new(&tree, json);
    for (path, value) in edits {
        let full = path.to_string();
        match resolve(&tree, root, path)? {
            Target::Value(slot) => {
                let new = value.scalar(&tree, Some(slot.node));
                draft.set(&slot, &full, new)?;
            }
            Target::Missing(map, key) => {
                let new = Fragment::Scalar(value.scalar(&tree, None));
                draft.append_pair(&map, &full, key, new)?;
            }
        }
    }
    draft.finish()
}

enum Target<'p> {
    Value(Slot),
    /// A mapping without the key.
    Missing(Slot, &'p str),
}

fn resolve<'p>(tree: &Tree<'_>, root: NodeId, path: &'p Path) -> Result<Target<'p>, EditError> {
    let steps = path.steps();
    let mut slot = Slot::root(tree, root);
    for (done, step) in steps.iter().enumerate() {
        if tree[slot.node].kind == Kind::Alias {
            return Err(document::alias_error(tree, slot.node, &path.prefix(done)));
        }
        slot = match step {
            Step::Key(key) => match enter(tree, &slot, path, done, key)? {
                Some(slot) => slot,
                None => return Ok(Target::Missing(slot, key)),
            },
            Step::Index(index) => {
                let list = expect_list(tree, &slot, path, done)?;
                match tree.children(list).nth(*index) {
                    Some(item) => slot.child(tree, None, item),
                    None => return Err(not_found(tree, list, path, done)),
                }
            }
            Step::Where { key, value } => {
                let list = expect_list(tree, &slot, path, done)?;
                let item = pick(tree, list, (key, value), path, done)?;
                slot.child(tree, None, item)
            }
        };
    }
    let kind = tree[slot.node].kind;
    if kind == Kind::Alias {
        return Err(document::alias_error(tree, slot.node, &path.to_string()));
    }
    if kind.is_scalar() && !steps.is_empty() {
        return Ok(Target::Value(slot));
    }
    let (at, found) = (tree.position(slot.node), kind.name());
    Err(EditError::NotAScalar {
        at,
        path: path.prefix(steps.len()),
        found,
    })
}

/// The value under a key; `None` if the key is the last of the path and can be added.
fn enter(
    tree: &Tree<'_>,
    slot: &Slot,
    path: &Path,
    done: usize,
    key: &str,
) -> Result<Option<Slot>, EditError> {
    if !tree[slot.node].kind.is_map() {
        return Err(unexpected(tree, slot.node, path.prefix(done), "mapping"));
    }
    if let Some((key, value)) = tree.get(slot.node, key) {
        return Ok(Some(slot.child(tree, Some(key), value)));
    }
    if let Some((merge, _)) = tree.get(slot.node, "<<") {
        return Err(document::alias_error(tree, merge, &path.prefix(done + 1)));
    }
    if done + 1 == path.steps().len() {
        Ok(None)
    } else {
        Err(not_found(tree, slot.node, path, done))
    }
}

fn expect_list(
    tree: &Tree<'_>,
    slot: &Slot,
    path: &Path,
    done: usize,
) -> Result<NodeId, EditError> {
    if tree[slot.node].kind.is_seq() {
        Ok(slot.node)
    } else {
        Err(unexpected(tree, slot.node, path.prefix(done), "list"))
    }
}

/// The one item whose key has the value, be it written there, merged in, or behind an alias.
fn pick(
    tree: &Tree<'_>,
    list: NodeId,
    (key, value): (&str, &str),
    path: &Path,
    done: usize,
) -> Result<NodeId, EditError> {
    let fits = |&item: &NodeId| {
        document::field_through_aliases(tree, item, key).is_some_and(|id| tree.value(id) == value)
    };
    let mut fitting = tree.children(list).filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(item), None) => Ok(item),
        (None, _) => Err(not_found(tree, list, path, done)),
        (Some(_), Some(second)) => {
            let at = tree.position(second);
            Err(EditError::PathAmbiguous {
                at,
                path: path.prefix(done + 1),
            })
        }
    }
}

fn unexpected(tree: &Tree<'_>, id: NodeId, path: String, expected: &'static str) -> EditError {
    let found = if tree.is_null(id) {
        "null"
    } else {
        tree[id].kind.name()
    };
    EditError::UnexpectedType {
        at: tree.position(id),
        path,
        found,
        expected,
    }
}

fn not_found(tree: &Tree<'_>, container: NodeId, path: &Path, done: usize) -> EditError {
    let names = match path.steps().get(done) {
        Some(Step::Where { key, .. }) => tree
            .children(container)
            .filter_map(|item| document::field_through_aliases(tree, item, key))
            .map(|id| tree.value(id).to_owned())
            .take(20)
            .collect(),
        Some(Step::Index(_)) => vec![format!("{} items", tree.children(container).count())],
        _ => tree
            .pairs(container)
            .map(|(key, _)| tree.value(key).to_owned())
            .take(20)
            .collect(),
    };
    EditError::PathNotFound {
        at: tree.position(container),
        path: path.to_string(),
        missing: path
            .steps()
            .get(done)
            .map(ToString::to_string)
            .unwrap_or_default(),
        names,
    }
}
