//! Setting images in a kustomization file.
//!
//! Owns what `images:` means and the two ways to change an entry. The writing itself, and its
//! proof, are the draft's.

use crate::document::{self, DocumentSelector};
use crate::draft::{Draft, Slot};
use crate::edited::Edited;
use crate::error::EditError;
use crate::fragment::{Fragment, NewScalar};
use crate::image::ImageEdit;
use crate::tree::{Kind, NodeId, Tree};
use crate::values::Format;

/// What happens to the parts of an entry that an edit does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ImageMode {
    /// As a promotion needs it: `newName` stays unless given, and the image must be listed.
    ///
    /// Tag and digest are one unit, since an image with both is pulled by digest: setting only the
    /// tag removes an old digest that would go on pinning the old image, and setting only the
    /// digest removes the old tag. [`ImageEdit::PRESERVE`] keeps the other one.
    #[default]
    Keep,
    /// Like [`ImageMode::Keep`], but an image that is not listed is added.
    KeepOrAdd,
    /// As `kustomize edit set image` does it: `newName`, `newTag`, `digest` and `tagSuffix` are
    /// dropped unless given, an image that is not listed is added, and several entries of the name
    /// collapse into one. Unlike kustomize, nothing else in the file is sorted or rewritten.
    Replace,
}

const FIELDS: [&str; 3] = ["newName", "newTag", "digest"];

/// Sets images in a kustomization file, in YAML or JSON.
///
/// Later edits win over earlier ones of the same name. Limits: 16 MiB, depth 64, a million nodes.
///
/// # Errors
/// Every refusal of [`EditError`], with nothing changed: most often [`EditError::ImageNotFound`]
/// (with the names that are listed), [`EditError::Parse`] and [`EditError::Alias`].
pub fn set_images(text: &[u8], edits: &[ImageEdit], mode: ImageMode) -> Result<Edited, EditError> {
    for edit in edits {
        edit.check()?;
    }
    let text = document::decode(text)?;
    let json = Format::of_text(text) == Format::Json;
    if !json {
        document::refuse_odd_line_breaks(text)?;
    }
    let tree = Tree::parse(text)?;
    let root = document::select(&tree, &DocumentSelector::Only)?;
    let root = Slot::root(&tree, root);
    if !tree[root.node].kind.is_map() {
        return Err(unexpected(&tree, root.node, "the kustomization", "mapping"));
    }
    refuse_other_spellings(&tree, root.node)?;
    let mut images = Images {
        tree: &tree,
        root,
        mode,
        draft: Draft::new(&tree, json),
        new: Vec::new(),
    };
    for (index, edit) in edits.iter().enumerate() {
        if !edits[index + 1..]
            .iter()
            .any(|later| later.name == edit.name)
        {
            images.set(edit)?;
        }
    }
    images.add_new()?;
    images.draft.finish()
}

/// `imageTags`, or `Images` in another case, means `images` to kustomize and would clash with it.
fn refuse_other_spellings(tree: &Tree<'_>, root: NodeId) -> Result<(), EditError> {
    let other = |name: &str| {
        name != "images"
            && (name.eq_ignore_ascii_case("images") || name.eq_ignore_ascii_case("imageTags"))
    };
    match tree.pairs(root).find(|&(key, _)| other(tree.value(key))) {
        Some((key, _)) => Err(EditError::LegacyField {
            at: tree.position(key),
            field: tree.value(key).to_owned(),
        }),
        None => Ok(()),
    }
}

fn unexpected(tree: &Tree<'_>, id: NodeId, path: &str, expected: &'static str) -> EditError {
    let (at, found) = (tree.position(id), tree[id].kind.name());
    EditError::UnexpectedType {
        at,
        path: path.to_owned(),
        found,
        expected,
    }
}

struct Images<'a, 't> {
    tree: &'a Tree<'t>,
    root: Slot,
    mode: ImageMode,
    draft: Draft<'a, 't>,
    /// Entries to be added, all at once at the end.
    new: Vec<Fragment>,
}

impl Images<'_, '_> {
    fn set(&mut self, edit: &ImageEdit) -> Result<(), EditError> {
        let list = self.list()?;
        let entries = match &list {
            Some(list) => self.entries(list, &edit.name)?,
            None => Vec::new(),
        };
        match (entries.as_slice(), self.mode) {
            ([], ImageMode::Keep) => Err(EditError::ImageNotFound {
                name: edit.name.clone(),
                names: self.names(list.as_ref()),
            }),
            ([], _) => {
                self.add(edit);
                Ok(())
            }
            ([entry], _) => self.change(edit, &entry.1, &entry.1),
            ([first, .., last], ImageMode::Replace) => {
                let Some(list) = list else { return Ok(()) };
                for &(ordinal, _) in entries.iter().take(entries.len() - 1) {
                    self.draft
                        .remove(&list, ordinal, &format!(".images[{ordinal}]"))?;
                }
                self.change(edit, &first.1, &last.1)
            }
            ([_, second, ..], _) => Err(EditError::ImageAmbiguous {
                at: self.tree.position(second.1.node),
                name: edit.name.clone(),
            }),
        }
    }

    /// The list under `images`, if there is one with something in it or `[]`.
    fn list(&self) -> Result<Option<Slot>, EditError> {
        let tree = self.tree;
        let Some((key, value)) = tree.get(self.root.node, "images") else {
            return Ok(None);
        };
        if tree.is_null(value) {
            return Ok(None);
        }
        if tree[value].kind == Kind::Alias {
            return Err(alias(tree, value, ".images"));
        }
        if !tree[value].kind.is_seq() {
            return Err(unexpected(tree, value, ".images", "list"));
        }
        Ok(Some(self.root.child(tree, Some(key), value)))
    }

    /// The entries of a name with their ordinals. An entry that is an alias, or takes its name from
    /// elsewhere, is refused if it has the name.
    fn entries(&self, list: &Slot, name: &str) -> Result<Vec<(usize, Slot)>, EditError> {
        let tree = self.tree;
        let mut found = Vec::new();
        for (ordinal, item) in tree.children(list.node).enumerate() {
            let path = || format!(".images[{ordinal}]");
            let Some(field) = document::field_through_aliases(tree, item, "name") else {
                continue;
            };
            if tree.value(field) != name {
                continue;
            }
            if tree[item].kind == Kind::Alias {
                return Err(alias(tree, item, &path()));
            }
            if let Some((merge, _)) = tree.get(item, "<<") {
                return Err(alias(tree, merge, &path()));
            }
            found.push((ordinal, list.child(tree, None, item)));
        }
        Ok(found)
    }

    fn names(&self, list: Option<&Slot>) -> Vec<String> {
        let items = list
            .into_iter()
            .flat_map(|list| self.tree.children(list.node));
        items
            .filter_map(|item| document::field_through_aliases(self.tree, item, "name"))
            .map(|name| self.tree.value(name).to_owned())
            .take(20)
            .collect()
    }

    fn add(&mut self, edit: &ImageEdit) {
        let set = |part: &Option<String>| part.clone().filter(|part| part != ImageEdit::PRESERVE);
        let parts = [set(&edit.new_name), set(&edit.new_tag), set(&edit.digest)];
        let mut pairs = vec![pair("name", &edit.name)];
        for (field, value) in FIELDS.into_iter().zip(parts) {
            pairs.extend(value.map(|value| pair(field, &value)));
        }
        self.draft
            .note_new(&self.root, &path_of(&edit.name, ""), &edit.to_string());
        self.new.push(Fragment::Map(pairs));
    }

    /// Adds the new entries to the list, to an empty `images:`, or with a new `images:`.
    fn add_new(&mut self) -> Result<(), EditError> {
        let new = std::mem::take(&mut self.new);
        if new.is_empty() {
            return Ok(());
        }
        let (tree, root) = (self.tree, self.root.clone());
        if let Some(list) = self.list()? {
            return new
                .into_iter()
                .try_for_each(|item| self.draft.append_item(&list, ".images", item));
        }
        match tree.get(root.node, "images") {
            Some((key, value)) => {
                let slot = root.child(tree, Some(key), value);
                self.draft.fill_list(&slot, root.node, ".images", new)
            }
            None => self
                .draft
                .append_pair(&root, ".images", "images", Fragment::Seq(new)),
        }
    }

    /// Changes one entry. `source` is the entry that `*` takes values from.
    fn change(&mut self, edit: &ImageEdit, source: &Slot, entry: &Slot) -> Result<(), EditError> {
        let tree = self.tree;
        let old = |field: &str| {
            let (_, value) = tree.get(source.node, field)?;
            (tree[value].kind.is_scalar() && !tree.is_null(value))
                .then(|| tree.value(value).to_owned())
        };
        let wanted = |part: &Option<String>, field: &str| match part.as_deref() {
            Some(ImageEdit::PRESERVE) => old(field),
            other => other.map(str::to_owned),
        };
        let parts = [&edit.new_name, &edit.new_tag, &edit.digest];
        for (field, part) in FIELDS.into_iter().zip(parts) {
            match wanted(part, field) {
                Some(value) => self.set_field(edit, entry, field, value)?,
                None if self.drops(edit, part.as_deref(), field) => {
                    self.drop_field(edit, entry, field)?
                }
                None => {}
            }
        }
        if self.mode == ImageMode::Replace {
            self.drop_field(edit, entry, "tagSuffix")?;
        }
        Ok(())
    }

    /// Whether a field without a new value is removed.
    fn drops(&self, edit: &ImageEdit, part: Option<&str>, field: &str) -> bool {
        match self.mode {
            ImageMode::Replace => true,
            ImageMode::Keep | ImageMode::KeepOrAdd => {
                field != "newName"
                    && part.is_none()
                    && (edit.new_tag.is_some() || edit.digest.is_some())
            }
        }
    }

    fn set_field(
        &mut self,
        edit: &ImageEdit,
        entry: &Slot,
        field: &str,
        value: String,
    ) -> Result<(), EditError> {
        let (tree, path) = (self.tree, path_of(&edit.name, field));
        let new = NewScalar::string(value);
        match tree.get(entry.node, field) {
            Some((_, node)) if tree[node].kind == Kind::Alias => Err(alias(tree, node, &path)),
            Some((_, node)) if !tree[node].kind.is_scalar() => Err(EditError::NotAScalar {
                at: tree.position(node),
                path,
                found: tree[node].kind.name(),
            }),
            Some((key, node)) => self
                .draft
                .set(&entry.child(tree, Some(key), node), &path, new),
            None => self
                .draft
                .append_pair(entry, &path, field, Fragment::Scalar(new)),
        }
    }

    fn drop_field(&mut self, edit: &ImageEdit, entry: &Slot, field: &str) -> Result<(), EditError> {
        let tree = self.tree;
        let mut keys = tree.pairs(entry.node).map(|(key, _)| tree.value(key));
        match keys.position(|key| key == field) {
            Some(ordinal) => self
                .draft
                .remove(entry, ordinal, &path_of(&edit.name, field)),
            None => Ok(()),
        }
    }
}

fn pair(key: &str, value: &str) -> (String, Fragment) {
    (key.to_owned(), Fragment::Scalar(NewScalar::string(value)))
}

fn path_of(name: &str, field: &str) -> String {
    let dot = if field.is_empty() { "" } else { "." };
    format!(".images[name={name}]{dot}{field}")
}

fn alias(tree: &Tree<'_>, id: NodeId, path: &str) -> EditError {
    document::alias_error(tree, id, path)
}
