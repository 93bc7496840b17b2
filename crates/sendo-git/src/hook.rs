//! The `post-receive` hook that tells Sendo about pushes.
//!
//! Owns putting the script into a repository without losing a hook that was there. The script needs
//! neither Sendo nor the network, and never fails a push; `spool` owns the files it writes.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::GitError;
use crate::repository::{BareRepository, line};
use crate::spool::SPOOL_FOLDER;

const SCRIPT: &str = include_str!("post-receive.sh");
/// The line by which a hook of ours is known, whatever its version.
const MARK: &str = "\n# sendo-spool ";

impl BareRepository {
    /// Puts the spool hook into the repository, and creates the folder it writes to.
    ///
    /// A `post-receive` hook of somebody else moves to `hooks/post-receive.d/`, from where the new
    /// one runs it after noting the push, with the same input. Calling this again replaces an older
    /// script of ours and changes nothing else. Whoever pushes needs write access to the folder
    /// `sendo-spool`, and whoever reads the spool needs it too: with several users give the
    /// repository a shared group.
    ///
    /// # Errors
    /// `hooks_elsewhere` when the repository's configuration keeps git from running it, `io`.
    pub async fn install_hook(&self) -> Result<(), GitError> {
        let args = ["config", "--local", "--get", "core.hooksPath"];
        let finished = self.git.run(&args, b"", 4096).await?;
        if finished.status.success() {
            return Err(GitError::HooksElsewhere {
                repository: self.path().to_owned(),
                hooks_path: line(&finished),
            });
        }
        let spool = self.path().join(SPOOL_FOLDER);
        std::fs::create_dir_all(&spool).map_err(failed("create", &spool))?;
        install(&self.path().join("hooks"))
    }

    /// Whether the hook and its folder are there, as far as a glance at the folders tells.
    #[must_use]
    pub fn has_hook(&self) -> bool {
        is_executable(&self.path().join("hooks/post-receive"))
            && self.path().join(SPOOL_FOLDER).is_dir()
    }
}

fn install(hooks: &Path) -> Result<(), GitError> {
    std::fs::create_dir_all(hooks).map_err(failed("create", hooks))?;
    let hook = hooks.join("post-receive");
    match std::fs::read(&hook) {
        Ok(bytes) if bytes == SCRIPT.as_bytes() && is_executable(&hook) => return Ok(()),
        Ok(bytes) if String::from_utf8_lossy(&bytes).contains(MARK) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !hook.is_symlink() => {}
        // Also one that cannot be read: it is moved as it is.
        Ok(_) | Err(_) => keep(hooks, &hook)?,
    }
    let mut file = tempfile::Builder::new()
        .prefix("sendo-")
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempfile_in(hooks)
        .map_err(failed("write to", hooks))?;
    file.write_all(SCRIPT.as_bytes())
        .map_err(failed("write to", hooks))?;
    // The umask may have taken bits away that whoever pushes needs.
    let mode = std::fs::Permissions::from_mode(0o755);
    file.as_file()
        .set_permissions(mode)
        .map_err(failed("make executable", &hook))?;
    file.persist(&hook)
        .map_err(|error| failed("write", &hook)(error.error))?;
    Ok(())
}

/// Whether git runs it: one that it may not execute it passes over without a word.
fn is_executable(hook: &Path) -> bool {
    let metadata = std::fs::metadata(hook);
    metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o100 != 0)
}

/// Moves a foreign hook to where ours runs it from.
fn keep(hooks: &Path, hook: &Path) -> Result<(), GitError> {
    let folder = hooks.join("post-receive.d");
    std::fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
    let free = |n: &usize| !folder.join(name(*n)).is_symlink() && !folder.join(name(*n)).exists();
    let kept = folder.join(name((0..).find(free).unwrap_or_default()));
    if hook.is_symlink() {
        // A relative target would mean something else one folder further down.
        let target = std::fs::read_link(hook).map_err(failed("read", hook))?;
        std::os::unix::fs::symlink(hooks.join(target), &kept).map_err(failed("write", &kept))?;
        return std::fs::remove_file(hook).map_err(failed("remove", hook));
    }
    std::fs::rename(hook, &kept).map_err(failed("move", hook))
}

fn name(n: usize) -> String {
    format!("{n:02}-kept")
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> GitError {
    let path: PathBuf = path.to_owned();
    move |source| GitError::Io { what, path, source }
}
