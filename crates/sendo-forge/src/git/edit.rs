//! Applies a deployment's edits to the files of a commit. Writes objects, moves no ref.

use std::collections::BTreeMap;

use sendo_core::effect::Edit;
use sendo_core::names::{Revision, TreeId};
use sendo_git::{Change, Oid, TreePath};
use sendo_manifest::{
    DocumentSelector, Edited, Format, ImageEdit, ImageMode, Path, Value, set_images, set_values,
};

use super::Git;
use crate::error::ForgeError;

/// The names a kustomization may have, in kustomize's order.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Edits applied to a commit's files.
pub(super) struct Applied {
    /// The files that differ.
    pub(super) changes: Vec<Change>,
    /// The value each edit found.
    pub(super) old: Vec<String>,
}

/// Applies `edits` to the files of `base`.
pub(super) async fn apply(
    repository: &Git,
    base: Oid,
    edits: &[Edit],
) -> Result<Applied, ForgeError> {
    let mut files: BTreeMap<String, (Vec<u8>, Vec<u8>)> = BTreeMap::new();
    let mut old = Vec::with_capacity(edits.len());
    for edit in edits {
        let path = locate(repository, base, edit).await?;
        if !files.contains_key(&path) {
            let at = TreePath::new(&path)?;
            let file = repository
                .read_file(base, &at)
                .await?
                .ok_or_else(|| missing(&path))?;
            files.insert(path.clone(), (file.bytes.clone(), file.bytes));
        }
        let Some((_, text)) = files.get_mut(&path) else {
            continue;
        };
        let edited = one(text, &path, edit).map_err(|error| ForgeError::edit(&path, &error))?;
        let found: Vec<&str> = edited
            .changes()
            .iter()
            .filter_map(|change| change.old.as_deref())
            .collect();
        old.push(if edited.is_unchanged() {
            wanted(edit)
        } else {
            found.join(" ")
        });
        *text = edited.into_text().into_bytes();
    }
    let changed = files
        .into_iter()
        .filter(|(_, (before, after))| before != after);
    let changes = changed
        .map(|(path, (_, after))| Ok(Change::write(TreePath::new(&path)?, after)))
        .collect::<Result<Vec<_>, ForgeError>>()?;
    Ok(Applied { changes, old })
}

/// What each edit would replace in the files of `base`, by itself.
pub(crate) async fn present(
    repository: &Git,
    base: Oid,
    edits: &[Edit],
) -> Result<Vec<Result<String, ForgeError>>, ForgeError> {
    let mut found = Vec::with_capacity(edits.len());
    for edit in edits {
        found.push(
            match apply(repository, base, std::slice::from_ref(edit)).await {
                Ok(applied) => Ok(applied.old.join(" ")),
                Err(error) if error.transient => return Err(error),
                Err(error) => Err(error),
            },
        );
    }
    Ok(found)
}

/// The tree the edits give on `base`: what a change request built on it must have.
///
/// # Errors
/// [`ForgeError`] where a file cannot be read or edited.
pub(crate) async fn expected_tree(
    repository: &Git,
    base: &Revision,
    edits: &[Edit],
) -> Result<TreeId, ForgeError> {
    let base = super::oid(base)?;
    let applied = apply(repository, base, edits).await?;
    super::tree(repository.tree_with(base, &applied.changes).await?.oid())
}

/// Whether the files of `commit` say already what the edits set.
///
/// # Errors
/// [`ForgeError`] where a file cannot be read or edited.
pub(crate) async fn is_applied(
    repository: &Git,
    commit: &Revision,
    edits: &[Edit],
) -> Result<bool, ForgeError> {
    let applied = apply(repository, super::oid(commit)?, edits).await?;
    Ok(applied.changes.is_empty())
}

fn one(text: &[u8], path: &str, edit: &Edit) -> Result<Edited, sendo_manifest::EditError> {
    match edit {
        Edit::Image {
            image,
            new_name,
            new_tag,
            digest,
            ..
        } => {
            let edit = ImageEdit {
                name: image.clone(),
                new_name: new_name.clone(),
                new_tag: new_tag.clone(),
                digest: digest.clone(),
            };
            set_images(text, &[edit], ImageMode::Keep)
        }
        Edit::Value {
            at,
            value,
            document,
            ..
        } => {
            let at: Path = at.parse()?;
            let document = document.map_or(DocumentSelector::Only, DocumentSelector::Index);
            set_values(
                text,
                Format::of_file_name(path),
                &document,
                &[(at, Value::String(value.clone()))],
            )
        }
    }
}

fn wanted(edit: &Edit) -> String {
    match edit {
        Edit::Image {
            new_name,
            new_tag,
            digest,
            ..
        } => {
            let parts = [new_name, new_tag, digest];
            parts
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        }
        Edit::Value { value, .. } => value.clone(),
    }
}

/// Whether the value an edit found now is still the one it found first, or already the wanted one.
pub(super) fn still(edit: &Edit, first: &str, now: &str) -> bool {
    first == now || wanted(edit) == now
}

/// The file an edit means: a kustomization may be named by its folder.
async fn locate(repository: &Git, base: Oid, edit: &Edit) -> Result<String, ForgeError> {
    let (path, folder_allowed) = match edit {
        Edit::Image { path, .. } => (path, true),
        Edit::Value { path, .. } => (path, false),
    };
    let path = path.trim_start_matches("./").trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or(path);
    if !folder_allowed
        || KUSTOMIZATIONS.contains(&name)
        || name.ends_with(".yaml")
        || name.ends_with(".yml")
    {
        return Ok(path.to_owned());
    }
    let within = |name: &str| match path {
        "" | "." => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    let folder = if path.is_empty() || path == "." {
        None
    } else {
        Some(TreePath::new(path)?)
    };
    let listed = repository
        .list_dir(base, folder.as_ref())
        .await?
        .ok_or_else(|| missing(path))?;
    KUSTOMIZATIONS
        .iter()
        .find(|name| listed.iter().any(|entry| entry.name == **name))
        .map(|name| within(name))
        .ok_or_else(|| missing(&within(KUSTOMIZATIONS[0])))
}

fn missing(path: &str) -> ForgeError {
    ForgeError::refused(
        "file_not_found",
        format!(
            "`{path}` is not in the manifests repository; correct the path in the configuration or add the file"
        ),
    )
}
