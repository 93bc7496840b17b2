//! How the files of a commit are asked for, and paths among them.

use crate::fault::Fault;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A file, with its content.
    File(Vec<u8>),
    /// A folder, with what lies in it.
    Folder(Vec<Entry>),
    /// Something that is not followed, such as a symbolic link.
    Link(&'static str),
}

/// A line of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// The files of one commit. Paths are normalised, without a slash at either end; empty is the root.
pub trait Source: Sync {
    /// What is at each of these paths, in their order.
    ///
    /// # Errors
    /// [`Fault::Source`] when the repository cannot be read.
    fn look(&self, paths: &[String]) -> impl Future<Output = Result<Vec<Found>, Fault>> + Send;
}

/// Where `entry` leads that stands in a file of `folder`; `None` when it leaves the repository or is none.
pub(crate) fn joined(folder: &str, entry: &str) -> Option<String> {
    if entry.is_empty()
        || entry.starts_with('/')
        || entry.chars().any(|c| c.is_control() || c == '\\')
    {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in entry.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part if is_git(part) => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn is_git(part: &str) -> bool {
    part.eq_ignore_ascii_case(".git")
}

/// The folder that a path lies in.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path of something in a folder.
pub(crate) fn within(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// A path for people: the root has a name, too.
pub(crate) fn shown(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

/// Whether an entry of a kustomization means another machine.
pub(crate) fn is_remote(entry: &str) -> bool {
    let host = entry.split(['/', ':']).next().unwrap_or_default();
    entry.contains("://")
        || entry.contains("?ref=")
        || entry.contains("git::")
        || entry.starts_with("git@")
        || host.contains('@')
        || ["github.com", "gitlab.com", "bitbucket.org"].contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside() {
        for (folder, entry, leads) in [
            ("web/test", "../base", Some("web/base")),
            ("web/test", "./a//b/", Some("web/test/a/b")),
            ("web/test", "../..", Some("")),
            ("", ".", Some("")),
            ("web", "../../etc/passwd", None),
            ("web", "/etc/passwd", None),
            ("web", "..\\..\\x", None),
            ("web", ".GIT/config", None),
            ("web", "a\nb", None),
            ("web", "", None),
        ] {
            assert_eq!(joined(folder, entry).as_deref(), leads, "{folder} {entry}");
        }
    }

    #[test]
    fn what_lies_elsewhere_is_told_by_its_form() {
        for entry in [
            "https://example.com/a.yaml",
            "github.com/acme/base?ref=v1",
            "github.com/acme/base",
            "git@example.com:acme/base.git",
            "git::https://example.com/a",
            "ssh://git@example.com/a",
        ] {
            assert!(is_remote(entry), "{entry}");
        }
        for entry in ["../base", "deployment.yaml", "a@b/../c"] {
            assert_eq!(is_remote(entry), entry.contains('@'), "{entry}");
        }
    }
}
