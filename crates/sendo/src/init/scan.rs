//! Finds where a manifests repository says which image runs: kustomizations, Helm values, and plain
//! manifests.

use serde_json::Value;

/// A place that names an image and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// The file, or the folder of a kustomization.
    pub(super) path: String,
    /// How it is written there.
    pub(super) form: Form,
    /// The image without its version, such as `registry.example.com/acme/web`.
    pub(super) image: String,
}

/// How a place is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// An entry of a kustomization's `images`, by its name; `digest` tells what it pins.
    Kustomization { name: String, digest: bool },
    /// The value of a `tag` beside a `repository`, as Helm charts have it.
    Tag { at: String },
    /// A whole `image: NAME:TAG` of a container, in the document of that number.
    Whole { at: String, document: Option<usize> },
}

impl Site {
    /// What its image is called: by itself, and in a kustomization's entry.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let entry = match &self.form {
            Form::Kustomization { name, .. } => Some(name.as_str()),
            Form::Tag { .. } | Form::Whole { .. } => None,
        };
        entry.into_iter().chain([self.image.as_str()])
    }
}

/// Whether a file of that name may say something.
pub(super) fn may_tell(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = |end: &str| name.ends_with(end);
    is_kustomization(name) || ends(".yaml") || ends(".yml") || ends(".json")
}

pub(super) fn is_kustomization(name: &str) -> bool {
    ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(&name)
}

/// What a file tells; nothing where it cannot be read, as with a template.
pub(super) fn sites(path: &str, text: &str) -> Vec<Site> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    // What cannot be read tells nothing here; `strays` says so.
    let documents: Vec<Value> = documents(text)
        .into_iter()
        .map(Result::unwrap_or_default)
        .collect();
    if is_kustomization(name) {
        let folder = if folder.is_empty() { "." } else { folder };
        return documents
            .first()
            .map_or_else(Vec::new, |root| images(folder, root));
    }
    let several = documents.len() > 1;
    let mut found = Vec::new();
    for (n, root) in documents.iter().enumerate() {
        let is_object = root.get("apiVersion").is_some() && root.get("kind").is_some();
        if is_object {
            containers(root, &mut String::new(), &mut |at, image| {
                let document = several.then_some(n);
                let form = Form::Whole { at, document };
                found.push((form, image));
            });
        } else if !several {
            tags(root, &mut String::new(), &mut |at, image| {
                found.push((Form::Tag { at }, image))
            });
        }
    }
    let site = |(form, image)| Site {
        path: path.to_owned(),
        form,
        image,
    };
    found.into_iter().map(site).collect()
}

/// The documents of a file, each as it reads or with what is wrong with it.
pub(super) fn documents(text: &str) -> Vec<Result<Value, String>> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        // What follows the mark on its line, a comment mostly, belongs to the document.
        let mark = line.strip_prefix("---");
        if let Some(rest) = mark.filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
            parts.push(format!("{rest}\n"));
        } else if let Some(part) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    // What stands before the first `---` is no document of its own when it only comments.
    let silent = |part: &String| {
        part.lines()
            .all(|l| l.trim().is_empty() || l.starts_with('#'))
    };
    if parts.len() > 1 && parts.first().is_some_and(silent) {
        parts.remove(0);
    }
    let said = |error: serde_saphyr::Error| {
        let text = error.without_snippet().to_string();
        text.lines().next().unwrap_or_default().to_owned()
    };
    let read = |part: &String| serde_saphyr::from_str(part).map_err(said);
    parts.iter().map(read).collect()
}

fn images(folder: &str, root: &Value) -> Vec<Site> {
    let listed = root.get("images").and_then(Value::as_array);
    let entries = listed.into_iter().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.get("name")?.as_str()?;
            let digest = entry.get("digest").is_some();
            (digest || entry.get("newTag").is_some()).then(|| Site {
                path: folder.to_owned(),
                form: Form::Kustomization {
                    name: name.to_owned(),
                    digest,
                },
                image: entry
                    .get("newName")
                    .and_then(Value::as_str)
                    .unwrap_or(name)
                    .to_owned(),
            })
        })
        .collect()
}

/// Every mapping with a text under `repository` and something plain under `tag`.
fn tags(node: &Value, at: &mut String, found: &mut dyn FnMut(String, String)) {
    let Value::Object(entries) = node else { return };
    let repository = entries.get("repository").and_then(Value::as_str);
    let tag = entries
        .get("tag")
        .filter(|tag| tag.is_string() || tag.is_number());
    if let (Some(repository), Some(_)) = (repository, tag) {
        let registry = entries.get("registry").and_then(Value::as_str);
        let image = registry.map_or_else(|| repository.to_owned(), |r| format!("{r}/{repository}"));
        found(format!("{at}.tag"), image);
    }
    within(entries, at, &mut |node, at| tags(node, at, found));
}

/// Every `image: NAME:TAG` below `containers` and `initContainers`.
fn containers(node: &Value, at: &mut String, found: &mut dyn FnMut(String, String)) {
    let Value::Object(entries) = node else { return };
    for kind in ["initContainers", "containers"] {
        let listed = entries.get(kind).and_then(Value::as_array);
        for container in listed.into_iter().flatten() {
            let name = container.get("name").and_then(Value::as_str);
            let image = container.get("image").and_then(Value::as_str);
            let (Some(name), Some(image)) = (name, image) else {
                continue;
            };
            let tag = image
                .rfind(':')
                .filter(|colon| !image[*colon..].contains('/'));
            if let Some(colon) = tag.filter(|_| plain(name) && !image.contains('@')) {
                found(
                    format!("{at}.{kind}[name={name}].image"),
                    image[..colon].to_owned(),
                );
            }
        }
    }
    within(entries, at, &mut |node, at| containers(node, at, found));
}

fn within(
    entries: &serde_json::Map<String, Value>,
    at: &mut String,
    then: &mut dyn FnMut(&Value, &mut String),
) {
    for (key, node) in entries {
        // A key that a path cannot spell simply is passed over.
        if node.is_object() && plain(key) {
            let length = at.len();
            at.push('.');
            at.push_str(key);
            then(node, at);
            at.truncate(length);
        }
    }
}

fn plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}
