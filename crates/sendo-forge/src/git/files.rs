//! The files of a commit, for whoever renders them: as they are, or with edits that nobody made yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sendo_core::effect::Edit;
use sendo_git::{DirEntry, Mode, Oid, TreePath};
use sendo_render::{Entry, Fault, Found, Source};

use super::Git;
use super::edit::apply;
use crate::error::ForgeError;

/// The files of a commit. Nothing is read before it is asked for.
#[derive(Debug, Clone)]
pub struct Files {
    git: Git,
    commit: Oid,
    /// Files that exist there, with other content.
    instead: BTreeMap<String, Vec<u8>>,
}

impl Files {
    pub(crate) const fn of(git: Git, commit: Oid) -> Self {
        Self {
            git,
            commit,
            instead: BTreeMap::new(),
        }
    }

    /// The same files after these edits.
    ///
    /// # Errors
    /// [`ForgeError`] where a file cannot be read or edited.
    pub async fn with(&self, edits: &[Edit]) -> Result<Self, ForgeError> {
        let applied = apply(&self.git, self.commit, edits).await?;
        let changed = applied.changes.into_iter().filter_map(|change| {
            let (path, bytes) = change.into_parts();
            Some((path.as_str().to_owned(), bytes?))
        });
        Ok(Self {
            instead: changed.collect(),
            ..self.clone()
        })
    }

    async fn found(&self, paths: &[String]) -> Result<Vec<Found>, ForgeError> {
        let parents: BTreeSet<&str> = paths.iter().map(|path| parent(path)).collect();
        let mut folders: HashMap<&str, HashMap<String, Mode>> = HashMap::new();
        for folder in parents {
            let entries = self.list(folder).await?.unwrap_or_default();
            let modes = entries.into_iter().map(|entry| (entry.name, entry.mode));
            folders.insert(folder, modes.collect());
        }
        let mode = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            match path {
                "" => Some(Mode::Folder),
                path => folders.get(parent(path))?.get(name).copied(),
            }
        };
        let files = paths.iter().filter(|path| {
            let file = matches!(mode(path), Some(Mode::File | Mode::Executable));
            file && !self.instead.contains_key(*path)
        });
        let mut wanted = files
            .map(|path| TreePath::new(path))
            .collect::<Result<Vec<_>, _>>()?;
        wanted.sort();
        wanted.dedup();
        let read = self.git.read_files(self.commit, &wanted).await?;
        let read = wanted.iter().map(TreePath::as_str).zip(read);
        let read: HashMap<&str, Vec<u8>> = read
            .filter_map(|(path, file)| Some((path, file?.bytes)))
            .collect();
        let mut found = Vec::with_capacity(paths.len());
        for path in paths {
            found.push(match mode(path) {
                None => Found::Nothing,
                Some(Mode::Symlink) => Found::Link("symbolic link"),
                Some(Mode::Submodule) => Found::Link("submodule"),
                Some(Mode::Folder) => match self.list(path).await? {
                    None => Found::Nothing,
                    Some(entries) => Found::Folder(entries.into_iter().map(entry).collect()),
                },
                Some(Mode::File | Mode::Executable) => {
                    let instead = self.instead.get(path);
                    match instead.or_else(|| read.get(path.as_str())) {
                        Some(bytes) => Found::File(bytes.clone()),
                        None => Found::Nothing,
                    }
                }
            });
        }
        Ok(found)
    }

    async fn list(&self, folder: &str) -> Result<Option<Vec<DirEntry>>, ForgeError> {
        let path = match folder {
            "" => None,
            folder => Some(TreePath::new(folder)?),
        };
        let listed = self.git.list_dir(self.commit, path.as_ref()).await;
        match listed {
            // A file stands in the way: nothing is below it.
            Err(error) if error.reason_code == "not_a_folder" => Ok(None),
            listed => listed,
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn entry(entry: DirEntry) -> Entry {
    Entry {
        folder: entry.mode == Mode::Folder,
        name: entry.name,
    }
}

impl Source for Files {
    async fn look(&self, paths: &[String]) -> Result<Vec<Found>, Fault> {
        let found = self.found(paths).await;
        found.map_err(|error| Fault::Source {
            reason_code: error.reason_code,
            message: error.message,
        })
    }
}
