//! The files of an edit: finding a kustomization, and replacing a file in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::{Failure, input};
use crate::exit::Exit;

/// The names kustomize looks for, in its order.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The kustomization file that a path means: itself, or the one in its folder.
///
/// # Errors
/// [`Exit::NotFound`] when there is none, [`Exit::Conflict`] when there are several.
pub(super) fn kustomization(path: &Path) -> Result<PathBuf, Failure> {
    let about = fs::metadata(path).map_err(|error| input::failed(path, &error))?;
    if !about.is_dir() {
        return Ok(path.to_owned());
    }
    let found: Vec<PathBuf> = NAMES
        .iter()
        .map(|name| path.join(name))
        .filter(|file| file.is_file())
        .collect();
    match found.as_slice() {
        [file] => Ok(file.clone()),
        [] => Err(Failure::new(
            Exit::NotFound,
            "not_found",
            format!("{} holds no kustomization", path.display()),
        )
        .why(format!("it has none of {}", NAMES.join(", ")))
        .next("name the file itself")),
        _ => Err(Failure::new(
            Exit::Conflict,
            "kustomization_ambiguous",
            format!("{} holds {} kustomizations", path.display(), found.len()),
        )
        .why("kustomize refuses such a folder too")
        .next("remove all but one, or name the file itself")),
    }
}

/// Replaces a file in one step: whoever reads it sees the old text or the new one, whole.
///
/// # Errors
/// [`Exit::Conflict`] when somebody changed the file since it was read; [`Exit::Failed`] when it
/// cannot be written, which leaves it as it was.
pub(super) fn replace(path: &Path, old: &[u8], new: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| input::failed(path, &error);
    // A link stays a link: what it points to is replaced.
    let target = fs::canonicalize(path).map_err(failed)?;
    let permissions = fs::metadata(&target).map_err(failed)?.permissions();
    if permissions.readonly() {
        return Err(Failure::new(
            Exit::Failed,
            "read_only",
            format!("{} is read-only", path.display()),
        )
        .next("make it writable"));
    }
    let (beside, mut file) = beside(&target).map_err(failed)?;
    let written = file
        .write_all(new.as_bytes())
        .and_then(|()| file.set_permissions(permissions))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::read(&target))
        .map_err(failed)
        .and_then(|now| {
            if now == old {
                fs::rename(&beside, &target).map_err(failed)
            } else {
                Err(Failure::new(
                    Exit::Conflict,
                    "changed_meanwhile",
                    format!("{} was changed while it was edited", path.display()),
                )
                .next("run the command again"))
            }
        });
    if written.is_err() {
        // The error that is told is the first one.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A new, empty file in the same folder, so that renaming it is one step.
fn beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let process = std::process::id();
    let mut attempt = 0;
    loop {
        let path = folder.join(format!(".{name}.sendo-{process}-{attempt}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
