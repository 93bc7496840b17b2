//! Reading files and folders of a commit, as objects.
//!
//! Owns the walk from a tree along a path. Symbolic links and submodules are never followed, and a
//! file larger than [`MAX_FILE`] is refused before it is read. Writing is in `write`.

use std::collections::BTreeMap;

use crate::error::GitError;
use crate::objects::{Content, Entry, ObjectReader};
use crate::oid::Oid;
use crate::repository::BareRepository;
use crate::tree_path::TreePath;

/// Largest file that is read, in bytes.
pub const MAX_FILE: u64 = 16 * 1024 * 1024;

/// What a line of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A file.
    File,
    /// A file with the executable bit.
    Executable,
    /// A symbolic link.
    Symlink,
    /// A commit of another repository.
    Submodule,
    /// A folder.
    Folder,
}

impl Mode {
    pub(crate) fn of(mode: u32) -> Self {
        match mode & 0o170_000 {
            0o040_000 => Self::Folder,
            0o120_000 => Self::Symlink,
            0o160_000 => Self::Submodule,
            _ if mode & 0o111 != 0 => Self::Executable,
            _ => Self::File,
        }
    }
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// [`Mode::File`] or [`Mode::Executable`].
    pub mode: Mode,
    /// The blob.
    pub oid: Oid,
    /// Its content, exactly.
    pub bytes: Vec<u8>,
}

impl FileEntry {
    /// Whether this is a Git LFS pointer: the real content is kept elsewhere, and must not be edited
    /// here.
    #[must_use]
    pub fn is_lfs_pointer(&self) -> bool {
        self.bytes.len() < 1024
            && self
                .bytes
                .starts_with(b"version https://git-lfs.github.com/spec/")
    }
}

/// A line of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// Its name; bytes that are not UTF-8 are replaced, and such an entry cannot be named in a path.
    pub name: String,
    /// What it is.
    pub mode: Mode,
    /// The blob, tree or commit.
    pub oid: Oid,
}

impl BareRepository {
    /// Reads a file of a commit or tree; `None` when there is none at the path.
    ///
    /// # Errors
    /// `symlink` and `submodule` when the path leads to or through one, `not_a_file`,
    /// `file_too_large`, `object_missing`, and those of running git.
    pub async fn read_file(
        &self,
        treeish: Oid,
        path: &TreePath,
    ) -> Result<Option<FileEntry>, GitError> {
        let mut files = self.read_files(treeish, std::slice::from_ref(path)).await?;
        Ok(files.pop().flatten())
    }

    /// Reads several files of one commit or tree, in the order asked for, by one git process at most.
    ///
    /// # Errors
    /// As [`BareRepository::read_file`], for the first file that has one.
    pub async fn read_files(
        &self,
        treeish: Oid,
        paths: &[TreePath],
    ) -> Result<Vec<Option<FileEntry>>, GitError> {
        let mut walk = Walk::open(self, treeish);
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            files.push(match walk.find(path).await? {
                None => None,
                Some(entry) => Some(walk.file(path, &entry).await?),
            });
        }
        Ok(files)
    }

    /// The lines of a folder (`None`: the root) in git's order; `None` when there is no such folder.
    ///
    /// # Errors
    /// `symlink`, `submodule`, `not_a_folder`, `object_missing`, and those of running git.
    pub async fn list_dir(
        &self,
        treeish: Oid,
        folder: Option<&TreePath>,
    ) -> Result<Option<Vec<DirEntry>>, GitError> {
        let mut walk = Walk::open(self, treeish);
        let Some(entries) = walk.folder(folder.map_or("", TreePath::as_str)).await? else {
            return Ok(None);
        };
        let shown = |entry: &Entry| DirEntry {
            name: String::from_utf8_lossy(&entry.name).into_owned(),
            mode: Mode::of(entry.mode),
            oid: entry.oid,
        };
        Ok(Some(entries.iter().map(shown).collect()))
    }
}

impl BareRepository {
    /// Every plain file of a commit or tree that `wanted` accepts by its path, in the order of
    /// paths, by one git process at most. Links, submodules, files larger than `largest` bytes and names
    /// that are not UTF-8 are passed over. `None` when there are more than `most`.
    ///
    /// # Errors
    /// `object_missing`, and those of running git.
    pub async fn all_files(
        &self,
        treeish: Oid,
        wanted: impl Fn(&str) -> bool,
        most: usize,
        largest: u64,
    ) -> Result<Option<Vec<(TreePath, Vec<u8>)>>, GitError> {
        let mut walk = Walk::open(self, treeish);
        let mut folders = vec![String::new()];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            let lines = walk.folder(&folder).await?.cloned().unwrap_or_default();
            for line in lines {
                let Ok(name) = std::str::from_utf8(&line.name) else {
                    continue;
                };
                let path = if folder.is_empty() {
                    name.to_owned()
                } else {
                    format!("{folder}/{name}")
                };
                match Mode::of(line.mode) {
                    Mode::Folder => folders.push(path),
                    Mode::File | Mode::Executable if wanted(&path) => {
                        if let Ok(path) = TreePath::new(&path) {
                            found.push((path, line.oid));
                        }
                    }
                    _ => {}
                }
                if found.len() > most {
                    return Ok(None);
                }
            }
        }
        found.sort_by(|one, other| one.0.as_str().cmp(other.0.as_str()));
        let mut files = Vec::with_capacity(found.len());
        for (path, oid) in found {
            let object = walk.reader.read(&oid.to_string(), largest).await?;
            match object.map(|object| object.content) {
                Some(Content::Bytes(bytes)) => files.push((path, bytes)),
                // A reader that met something too large is of no more use.
                Some(Content::TooLarge(_)) => walk = Walk::open(self, treeish),
                None => {}
            }
        }
        Ok(Some(files))
    }
}

/// A tree being walked: folders read so far, by path (the root's is empty).
#[derive(Debug)]
pub(crate) struct Walk {
    reader: ObjectReader,
    root: Oid,
    folders: BTreeMap<String, Option<Vec<Entry>>>,
}

impl Walk {
    pub(crate) fn open(repository: &BareRepository, root: Oid) -> Self {
        Self {
            reader: ObjectReader::open(&repository.git),
            root,
            folders: BTreeMap::new(),
        }
    }

    /// The name of the root's tree.
    pub(crate) async fn root(&mut self) -> Result<Oid, GitError> {
        if !self.folders.contains_key("") {
            let (oid, root) = self.reader.tree(self.root).await?;
            self.root = oid;
            self.folders.insert(String::new(), Some(root));
        }
        Ok(self.root)
    }

    /// The lines of a folder, `None` when it does not exist. Reads each folder once.
    pub(crate) async fn folder(&mut self, path: &str) -> Result<Option<&Vec<Entry>>, GitError> {
        self.root().await?;
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        for end in ends.filter(|end| *end > 0) {
            let folder = &path[..end];
            if !self.folders.contains_key(folder) {
                let (parent, name) = folder.rsplit_once('/').unwrap_or(("", folder));
                let entry = self.line(parent, name);
                let entries = match entry.map(|entry| (Mode::of(entry.mode), entry.oid)) {
                    None => None,
                    Some((Mode::Folder, oid)) => Some(self.reader.tree(oid).await?.1),
                    Some((other, _)) => return Err(not_a_folder(other, folder)),
                };
                self.folders.insert(folder.to_owned(), entries);
            }
        }
        Ok(self.folders.get(path).and_then(Option::as_ref))
    }

    /// The line a path leads to.
    pub(crate) async fn find(&mut self, path: &TreePath) -> Result<Option<Entry>, GitError> {
        let (folder, name) = path.split();
        self.folder(folder).await?;
        Ok(self.line(folder, name).cloned())
    }

    /// All folders read.
    pub(crate) fn into_folders(self) -> BTreeMap<String, Option<Vec<Entry>>> {
        self.folders
    }

    fn line(&self, folder: &str, name: &str) -> Option<&Entry> {
        let entries = self.folders.get(folder)?.as_ref()?;
        entries.iter().find(|entry| entry.name == name.as_bytes())
    }

    async fn file(&mut self, path: &TreePath, entry: &Entry) -> Result<FileEntry, GitError> {
        let mode = file_mode(path, entry)?;
        let Some(object) = self.reader.read(&entry.oid.to_string(), MAX_FILE).await? else {
            return Err(self.reader.absent(entry.oid, "blob").await);
        };
        match object.content {
            Content::Bytes(bytes) => Ok(FileEntry {
                mode,
                oid: entry.oid,
                bytes,
            }),
            Content::TooLarge(size) => Err(GitError::FileTooLarge {
                path: path.to_string(),
                size,
                limit: MAX_FILE,
            }),
        }
    }
}

/// The mode of a line that must be a file.
pub(crate) fn file_mode(path: &TreePath, entry: &Entry) -> Result<Mode, GitError> {
    let path = path.to_string();
    match Mode::of(entry.mode) {
        mode @ (Mode::File | Mode::Executable) => Ok(mode),
        Mode::Symlink => Err(GitError::Symlink { path }),
        Mode::Submodule => Err(GitError::Submodule { path }),
        Mode::Folder => Err(GitError::NotAFile { path }),
    }
}

/// Why a path does not go on below this.
pub(crate) fn not_a_folder(mode: Mode, path: &str) -> GitError {
    let path = path.to_owned();
    match mode {
        Mode::Symlink => GitError::Symlink { path },
        Mode::Submodule => GitError::Submodule { path },
        Mode::File | Mode::Executable | Mode::Folder => GitError::NotAFolder { path },
    }
}
