//! Building what is missing, each program once, into the cache.
//!
//! A program is built in a folder with a name of its own, which gets its final name when everything
//! is in it: what has that name is whole. One build at a time works on the cache, whoever started it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::find::Places;
use super::part::{Origin, Program, Reads, Recipe};
use crate::interrupt::Interrupt;
use crate::out::Out;
use crate::process::{Ended, Logs, run, tail};
use crate::workspace::Workspace;

/// How long one program may take.
const LIMIT: Duration = Duration::from_secs(40 * 60);
/// How often people hear that it still builds.
const STILL: Duration = Duration::from_secs(30);

/// Where programs are built from, and who is told.
pub(super) struct Builder<'a> {
    pub(super) places: &'a Places,
    pub(super) workspace: &'a Workspace,
    pub(super) interrupt: &'a Interrupt,
    pub(super) out: &'a Out,
}

impl Builder<'_> {
    /// Builds those of `programs` that are not here; what only a package brings is passed over.
    pub(super) fn build(&self, programs: &[&'static Program]) -> Result<()> {
        let missing: Vec<(&Program, &Recipe)> = programs
            .iter()
            .filter_map(|program| match &program.origin {
                Origin::Go(recipe) => Some((*program, recipe)),
                Origin::Debian { .. } => None,
            })
            .filter(|(program, _)| self.places.find(program).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let _only_one = self.lock()?;
        for (program, recipe) in missing {
            // Whoever held the lock may have built it.
            if self.places.find(program).is_none() {
                self.build_one(program, recipe)?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> Result<File> {
        let cache = &self.places.cache;
        std::fs::create_dir_all(cache)
            .with_context(|| format!("could not create the cache {}", cache.display()))?;
        let path = cache.join("lock");
        let lock =
            File::create(&path).with_context(|| format!("could not open {}", path.display()))?;
        let mut told = false;
        while let Err(error) = lock.try_lock() {
            if let TryLockError::Error(error) = error {
                return Err(error).with_context(|| format!("could not lock {}", path.display()));
            }
            if self.interrupt.asked() {
                bail!("interrupted while another build on this machine was at work");
            }
            if !told {
                self.out
                    .line("testbed: waiting for another build on this machine");
                told = true;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        // Left by builds that were killed: nobody else is at work now.
        let entries = std::fs::read_dir(cache)
            .with_context(|| format!("could not list {}", cache.display()))?;
        for entry in entries.flatten() {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(".building-")
            {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        Ok(lock)
    }

    fn build_one(&self, program: &Program, recipe: &Recipe) -> Result<()> {
        let what = format!("{} {}", program.name, recipe.version);
        self.out.line(&format!(
            "testbed: building {what} (up to {} on two cores)",
            recipe.minutes
        ));
        let started = Instant::now();
        let folder = tempfile::Builder::new()
            .prefix(&format!(".building-{}-", program.name))
            // Users without rights run some of the programs.
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir_in(&self.places.cache)
            .with_context(|| {
                format!("could not make a folder in {}", self.places.cache.display())
            })?;
        self.compile(program, recipe, &folder.path().join(program.name))?;
        for link in recipe.links {
            std::os::unix::fs::symlink(program.name, folder.path().join(link))
                .with_context(|| format!("could not link {link}"))?;
        }
        if let Some(reads) = &recipe.reads {
            self.copy(recipe, reads, folder.path())?;
        }
        let to = self.places.folder(program, recipe);
        std::fs::rename(folder.path(), &to)
            .with_context(|| format!("could not move what was built to {}", to.display()))?;
        let _ = folder.keep();
        self.out.line(&format!(
            "testbed: built {what} in {} s, {}",
            started.elapsed().as_secs(),
            megabytes(size(&to))
        ));
        Ok(())
    }

    fn compile(&self, program: &Program, recipe: &Recipe, to: &Path) -> Result<()> {
        let mut go = self.go(recipe);
        go.args(["build", "-trimpath", "-ldflags", &linker_flags(recipe)])
            .args(["-tags", recipe.tags])
            .arg("-o")
            .arg(to)
            .arg(recipe.package)
            .env("CGO_ENABLED", if recipe.cgo { "1" } else { "0" });
        self.run(
            go,
            program.name,
            &format!("{} {}", program.name, recipe.version),
        )
    }

    /// Copies what the program reads while it runs out of its module, whose folder may go.
    fn copy(&self, recipe: &Recipe, reads: &Reads, to: &Path) -> Result<()> {
        let output = self
            .go(recipe)
            .args(["list", "-m", "-f", "{{.Dir}}", reads.module])
            .output()
            .context("could not run go list")?;
        let module = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        ensure!(
            output.status.success() && module.is_absolute(),
            "go does not tell where it keeps the module {}: {}",
            reads.module,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        for folder in reads.folders {
            copy_folder(&module.join(folder), &to.join(folder))?;
        }
        Ok(())
    }

    fn go(&self, recipe: &Recipe) -> Command {
        let wrapper = self
            .workspace
            .root()
            .join("xtask/testbed")
            .join(recipe.wrapper);
        let mut go = Command::new("go");
        go.current_dir(wrapper)
            // The committed go.mod and go.sum decide, whatever the user's own flags are.
            .env("GOFLAGS", "-mod=readonly -buildvcs=false")
            .env("GOWORK", "off");
        go
    }

    fn run(&self, command: Command, name: &str, what: &str) -> Result<()> {
        let log = self
            .workspace
            .target()
            .join(format!("xtask/testbed/build-{name}.log"));
        let logs = Logs {
            log: &log,
            stdout: None,
        };
        let started = Instant::now();
        let told = std::cell::Cell::new(STILL);
        let ended = run(command, &logs, LIMIT, self.interrupt, &|_| {
            if started.elapsed() >= told.get() {
                self.out.line(&format!(
                    "testbed: still building {what} after {} s",
                    told.get().as_secs()
                ));
                told.set(told.get() + STILL);
            }
        })?;
        if ended.success() {
            return Ok(());
        }
        if ended == Ended::Interrupted {
            bail!(
                "interrupted while building {what}; what is whole is kept: run it again to go on"
            );
        }
        let said = tail(&log, 2000);
        let cause = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        bail!(
            "{what} could not be built ({}; {}): see {}",
            ended.reason(LIMIT),
            cause.unwrap_or("no reason given"),
            log.display()
        )
    }
}

fn linker_flags(recipe: &Recipe) -> String {
    let mut numbers = recipe.version.split('.');
    let (major, minor) = (numbers.next(), numbers.next());
    let mut flags = "-s -w".to_owned();
    for stamp in recipe.stamps {
        let stamp = stamp
            .replace("{version}", recipe.version)
            .replace("{major}", major.unwrap_or_default())
            .replace("{minor}", minor.unwrap_or_default());
        flags.push_str(" -X ");
        flags.push_str(&stamp);
    }
    flags
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let told = || format!("could not copy {} to {}", from.display(), to.display());
    std::fs::create_dir_all(to).with_context(told)?;
    for entry in std::fs::read_dir(from).with_context(told)? {
        let entry = entry.with_context(told)?;
        let to = to.join(entry.file_name());
        if entry.file_type().with_context(told)?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), &to).with_context(told)?;
        }
    }
    Ok(())
}

/// Bytes below a path; what cannot be read counts nothing.
pub(super) fn size(path: &Path) -> u64 {
    let Ok(about) = std::fs::symlink_metadata(path) else {
        return 0;
    };
    if !about.is_dir() {
        return about.len();
    }
    std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| size(&entry.path()))
        .sum()
}

/// As people read sizes.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::super::part::PROGRAMS;
    use super::*;

    #[test]
    fn the_linker_stamps_the_version() {
        let program = PROGRAMS.iter().find(|program| program.name == "kubectl");
        let Origin::Go(recipe) = &program.unwrap().origin else {
            panic!("kubectl is built");
        };
        let flags = linker_flags(recipe);
        assert!(flags.starts_with("-s -w -X "), "{flags}");
        let version = format!("version.gitVersion=v{}", recipe.version);
        assert!(flags.contains(&version) && flags.contains("version.gitMajor=1 "));
        assert!(!flags.contains('{'), "{flags}");
    }

    #[test]
    fn folders_are_copied_whole() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        std::fs::create_dir_all(from.join("a/b")).unwrap();
        std::fs::write(from.join("a/b/c"), "four").unwrap();
        copy_folder(&from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(to.join("a/b/c")).unwrap(), "four");
        assert_eq!(size(&to), 4);
    }
}
