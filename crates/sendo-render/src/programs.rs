//! Where the programs are that render.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::fault::Fault;

/// The folders that `kustomize` and `helm` are looked for in. They are looked for each time, so that one
/// that is installed meanwhile is found.
#[derive(Debug, Clone)]
pub struct Programs(OsString);

impl Programs {
    /// Those on the `PATH` of this process.
    #[must_use]
    pub fn on_path() -> Self {
        Self(std::env::var_os("PATH").unwrap_or_default())
    }

    /// Those in folders that are written like a `PATH`.
    #[must_use]
    pub fn among(path: impl Into<OsString>) -> Self {
        Self(path.into())
    }

    /// Where a program is. Folders that depend on where this process runs do not count.
    ///
    /// # Errors
    /// [`Fault::NoProgram`] when it is nowhere.
    pub fn find(&self, program: &'static str) -> Result<PathBuf, Fault> {
        let mut folders = std::env::split_paths(&self.0).filter(|folder| folder.is_absolute());
        let runs = |file: &PathBuf| {
            let found = file.metadata();
            found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        folders
            .find_map(|folder| Some(folder.join(program)).filter(runs))
            .ok_or(Fault::NoProgram { program })
    }
}
