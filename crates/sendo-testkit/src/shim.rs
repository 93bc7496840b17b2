//! A `git` that fails or waits at chosen calls: a script that stands before the real one in `PATH`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How a call fails, of git or over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// It never happens.
    Refused,
    /// The other end is gone before it did anything.
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
    /// Of all calls, the one of number `first` fails and every `stride`-th after it; 0 for `first`
    /// fails none. The script is written into `folder`.
    #[must_use]
    pub fn write(folder: &Path, first: u32, stride: u32, failing: Failing) -> Self {
        let folder = folder.join("shim");
        let real = real_git();
        let (real, at) = (real.display(), folder.display());
        let fails = match failing {
            Failing::Refused => "exit 128".to_owned(),
            Failing::Killed => "kill -9 $$".to_owned(),
            Failing::Ambiguous => format!("{real} \"$@\"; exit 128"),
        };
        let script = format!(
            "#!/bin/sh\n\
             n=$( (flock 9; printf . >>{at}/calls; wc -c <{at}/calls) 9>>{at}/lock )\n\
             [ {first} -gt 0 ] && [ $((n % {stride})) -eq $(({first} % {stride})) ] || exec {real} \"$@\"\n\
             echo \"$n $@\" >>{at}/failed\n\
             {fails}\n"
        );
        Self::with(folder, &script)
    }

    /// The first call of `command` is held until it is let go.
    #[must_use]
    pub fn holding(folder: &Path, command: &str) -> Self {
        let folder = folder.join("shim");
        let real = real_git();
        let (real, at) = (real.display(), folder.display());
        let script = format!(
            "#!/bin/sh\n\
             if [ \"$1\" = {command} ] && mkdir {at}/held 2>/dev/null; then\n\
             while [ ! -e {at}/go ]; do sleep 0.05; done\n\
             fi\n\
             exec {real} \"$@\"\n"
        );
        Self::with(folder, &script)
    }

    fn with(folder: PathBuf, script: &str) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("git");
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// Whether a call is held, or was.
    #[must_use]
    pub fn has_held(&self) -> bool {
        self.folder.join("held").is_dir()
    }

    /// Lets go what is held.
    pub fn let_go(&self) {
        std::fs::write(self.folder.join("go"), "").unwrap();
    }

    /// `PATH` with the script in front.
    #[must_use]
    pub fn path(&self) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        format!("{}:{path}", self.folder.display())
    }

    /// The calls that failed, each with its number.
    #[must_use]
    pub fn failed(&self) -> Vec<String> {
        let told = std::fs::read_to_string(self.folder.join("failed")).unwrap_or_default();
        told.lines()
            .map(|line| line.chars().take(80).collect())
            .collect()
    }
}

fn real_git() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("git"))
        .find(|file| file.is_file())
        .unwrap()
}
