//! A file that gets its name only when it is whole.
//!
//! It is written beside its place under the name `NAME.partial`, which is locked, so that two
//! writers do not meet and what a killed one left is written over.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::error::CopyError;
use super::format::failed;

/// Readable by its owner only: it holds what the database holds.
const MODE: u32 = 0o600;

/// The file under its first name; gone when dropped.
pub(super) struct Partial {
    file: File,
    partial: PathBuf,
    to: PathBuf,
    force: bool,
    published: bool,
}

impl Partial {
    pub(super) fn begin(to: &Path, force: bool) -> Result<Self, CopyError> {
        if to.file_name().is_none() || to.is_dir() {
            let source = std::io::Error::from(std::io::ErrorKind::IsADirectory);
            return Err(failed("creating", to, source));
        }
        if !force && to.symlink_metadata().is_ok() {
            return Err(exists(to));
        }
        let mut partial = to.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(MODE)
            .open(&partial)
            .map_err(|source| failed("creating", &partial, source))?;
        let locked = match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            // Whoever had it may have given it its name between our opening and our locking it.
            Ok(()) => is_at(&file, &partial),
            Err(Errno::WOULDBLOCK) => false,
            Err(errno) => return Err(failed("locking", &partial, errno.into())),
        };
        if !locked {
            return Err(CopyError::Writing { path: partial });
        }
        let emptied = file
            .set_len(0)
            .and_then(|()| file.set_permissions(std::fs::Permissions::from_mode(MODE)));
        emptied.map_err(|source| failed("emptying", &partial, source))?;
        Ok(Self {
            file,
            partial,
            to: to.to_owned(),
            force,
            published: false,
        })
    }

    pub(super) fn file(&self) -> Result<File, CopyError> {
        let file = self.file.try_clone();
        file.map_err(|source| failed("opening", &self.partial, source))
    }

    /// Gives it its name, for good.
    pub(super) fn publish(mut self) -> Result<(), CopyError> {
        let renamed = if self.force {
            std::fs::rename(&self.partial, &self.to)
        } else {
            match renameat_with(CWD, &self.partial, CWD, &self.to, RenameFlags::NOREPLACE) {
                // Some file systems, NFS among them, cannot do it in one step.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                    if self.to.symlink_metadata().is_ok() {
                        return Err(exists(&self.to));
                    }
                    std::fs::rename(&self.partial, &self.to)
                }
                Err(Errno::EXIST) => return Err(exists(&self.to)),
                done => done.map_err(Into::into),
            }
        };
        renamed.map_err(|source| failed("naming", &self.to, source))?;
        self.published = true;
        sync_folder(&self.to)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// Whether this file has this name.
fn is_at(file: &File, path: &Path) -> bool {
    let named = path.symlink_metadata();
    file.metadata()
        .and_then(|file| Ok((file, named?)))
        .is_ok_and(|(file, named)| (file.dev(), file.ino()) == (named.dev(), named.ino()))
}

/// Makes the names in a file's folder outlast a power cut.
pub(super) fn sync_folder(path: &Path) -> Result<(), CopyError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| failed("syncing the folder", folder, source))
}

fn exists(path: &Path) -> CopyError {
    CopyError::Exists {
        path: path.to_owned(),
    }
}
