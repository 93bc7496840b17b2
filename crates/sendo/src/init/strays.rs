//! What names an image and is not proposed: every such place is told, so that nothing is lost silently.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scan::{documents, is_kustomization};

/// A place that names an image and was not taken up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stray {
    /// The image as it is written; empty where the file cannot be read.
    pub(super) image: String,
    /// Why, and what to do.
    pub(super) why: String,
}

/// What a file names besides the images of `found`, whose versions are set in this file or in another.
pub(super) fn strays(path: &str, bytes: &[u8], found: &BTreeSet<&str>) -> Vec<Stray> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let unread = |why: String| Stray {
        image: String::new(),
        why,
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        let tells = is_kustomization(name) || mentions(&String::from_utf8_lossy(bytes));
        let why = || unread("it is not UTF-8; save it as UTF-8".to_owned());
        return tells.then(why).into_iter().collect();
    };
    let (mut all, mut images) = (Vec::new(), Vec::new());
    for document in documents(text) {
        match document {
            Ok(_) if is_kustomization(name) => {}
            Ok(root) => named(&root, &mut images),
            Err(error) if is_kustomization(name) => {
                let why = format!("it cannot be read as YAML, so correct it: {error}");
                return vec![unread(why)];
            }
            Err(error) if all.is_empty() && mentions(text) => {
                let why = format!(
                    "it names an image, and cannot be read as YAML ({error}): where it is a template, add its edit by hand to the file its values are in"
                );
                all.push(unread(why));
            }
            Err(_) => {}
        }
    }
    images.retain(|image| !found.contains(unversioned(image)));
    images.sort();
    images.dedup();
    all.extend(images.into_iter().map(|image| {
        let why = if image.contains('@') {
            "it is pinned by its digest in one value with its name; add an edit of `value` with `{digest}` by hand, or pin it by the kustomization's `digest`"
        } else if unversioned(&image) == image {
            "it has no tag that could be set; give it one"
        } else {
            "it is no container of a Kubernetes object that is read here; add its edit by hand"
        };
        Stray {
            image,
            why: why.to_owned(),
        }
    }));
    all
}

/// Whether some line of a text gives something the name `image`.
fn mentions(text: &str) -> bool {
    text.lines().any(|line| {
        let key = line.trim_start_matches([' ', '\t', '-', '{', '"', '\'']);
        key.strip_prefix("image")
            .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
    })
}

/// Every text under a key `image`.
fn named(node: &Value, images: &mut Vec<String>) {
    match node {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value {
                    Value::String(image) if key == "image" && !image.is_empty() => {
                        images.push(image.clone());
                    }
                    other => named(other, images),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, images)),
        _ => {}
    }
}

/// An image's name without its tag and digest. A port comes before the last part of it, a tag after it.
fn unversioned(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    match name[last..].find(':') {
        Some(colon) => &name[..last + colon],
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_told_from_a_port() {
        for (image, name) in [
            ("web", "web"),
            ("web:1", "web"),
            ("host:5000/web", "host:5000/web"),
            ("host:5000/team/web:1@sha256:ab", "host:5000/team/web"),
        ] {
            assert_eq!(unversioned(image), name);
        }
    }
}
