//! Paths inside a repository's tree, checked and in one spelling.
//!
//! Owns normalisation (`./a//b/` becomes `a/b`) and refusal of whatever could leave the tree, reach
//! git's own folder on any operating system, or break a line-based protocol. Never touches a file
//! system: a tree is read and written as objects, not as a checkout.

use std::fmt;
use std::str::FromStr;

use crate::error::GitError;

const MAX_PATH: usize = 4096;

/// A relative, normalised path of at least one part, separated by slashes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreePath(String);

impl TreePath {
    /// Takes a path; empty and `.` parts are dropped.
    ///
    /// # Errors
    /// [`GitError::InvalidPath`] for an absolute or empty path, `..`, `.git` in any spelling a file
    /// system may fold to it, backslashes, control characters, and more than 4096 bytes.
    pub fn new(path: &str) -> Result<Self, GitError> {
        let refuse = |why| {
            Err(GitError::InvalidPath {
                path: path.chars().take(200).collect(),
                why,
            })
        };
        if path.starts_with('/') {
            return refuse("it is absolute; paths start at the repository's root");
        }
        if path.len() > MAX_PATH {
            return refuse("it is longer than 4096 bytes");
        }
        if path.chars().any(|c| c.is_control() || c == '\\') {
            return refuse("it has a control character or a backslash");
        }
        let parts: Vec<&str> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        if parts.is_empty() {
            return refuse("it names no file");
        }
        if parts.contains(&"..") {
            return refuse("it has .. in it");
        }
        if parts.iter().any(|part| is_git_folder(part)) {
            return refuse("it leads into git's own folder");
        }
        Ok(Self(parts.join("/")))
    }

    /// The normalised path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder it is in (empty for the root) and its last part.
    pub(crate) fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }
}

/// Whether a part is `.git` as written, or as HFS+ (ignores some code points) or NTFS (ignores
/// trailing dots and spaces, knows short names and streams) would read it.
fn is_git_folder(part: &str) -> bool {
    let ignored = |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let folded: String = part
        .chars()
        .filter(|c| !ignored(*c))
        .collect::<String>()
        .to_lowercase();
    let stem = folded.split(':').next().unwrap_or_default();
    matches!(stem.trim_end_matches(['.', ' ']), ".git" | "git~1")
}

impl FromStr for TreePath {
    type Err = GitError;

    fn from_str(path: &str) -> Result<Self, GitError> {
        Self::new(path)
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreePath({})", self.0)
    }
}
