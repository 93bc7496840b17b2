//! A `git` that fails at the N-th call: a script that stands before the real one in `PATH`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How the N-th call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// It never happens.
    Refused,
    /// The process is killed before it did anything.
    Killed,
    /// It is carried out, and reported as failed: nobody can tell from outside.
    Ambiguous,
}

impl Failing {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Refused, Self::Killed, Self::Ambiguous];
}

/// A folder to put first in `PATH`.
#[derive(Debug)]
pub struct Shim {
    folder: PathBuf,
}

impl Shim {
    /// Writes the script into `folder`. It counts the calls whose arguments contain `verb`, all of
    /// them for an empty one; number 0 never comes.
    #[must_use]
    pub fn write(folder: &Path, verb: &str, nth: u32, failing: Failing) -> Self {
        let folder = folder.join("shim");
        std::fs::create_dir_all(&folder).unwrap();
        let real = real_git();
        let (real, at) = (real.display(), folder.display());
        let fails = match failing {
            Failing::Refused => "cat >/dev/null; exit 128".to_owned(),
            Failing::Killed => "kill -9 $$".to_owned(),
            Failing::Ambiguous => format!("{real} \"$@\" >/dev/null 2>&1; exit 128"),
        };
        let script = format!(
            "#!/bin/sh\n\
             case \"$*\" in *{verb}*) ;; *) exec {real} \"$@\" ;; esac\n\
             n=$( (flock 9; printf . >>{at}/calls; wc -c <{at}/calls) 9>>{at}/lock )\n\
             [ \"$n\" -ne {nth} ] && exec {real} \"$@\"\n\
             echo \"$@\" >{at}/failed\n\
             {fails}\n"
        );
        let file = folder.join("git");
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// `PATH` with the script in front.
    #[must_use]
    pub fn path(&self) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        format!("{}:{path}", self.folder.display())
    }

    /// How many calls were counted.
    #[must_use]
    pub fn calls(&self) -> u32 {
        let counted = std::fs::metadata(self.folder.join("calls"));
        counted.map_or(0, |file| u32::try_from(file.len()).unwrap_or(u32::MAX))
    }

    /// The call that failed, if it came that far.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        let told = std::fs::read_to_string(self.folder.join("failed")).ok()?;
        Some(told.trim().chars().take(80).collect())
    }
}

fn real_git() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("git"))
        .find(|file| file.is_file())
        .unwrap()
}
