//! Where the programs of the testbed are on this machine: in the cache at their pinned version,
//! else in `KUBEBUILDER_ASSETS` or on PATH at a version that does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::part::{Origin, Program, Recipe};
use crate::postgres;
use crate::workspace;

/// Where programs are looked for.
#[derive(Debug)]
pub(super) struct Places {
    /// The folder of the cache that holds what was built.
    pub(super) cache: PathBuf,
    /// `KUBEBUILDER_ASSETS` and the folders of PATH.
    folders: Vec<PathBuf>,
}

/// A program that is here.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) version: String,
    /// Whether it was built for the testbed.
    pub(super) built: bool,
}

impl Places {
    pub(super) fn look() -> Result<Self> {
        let assets = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        Ok(Self {
            // Builds take place in other folders than ours.
            cache: std::path::absolute(workspace::cache()?.join("testbed"))
                .context("the cache is nowhere")?,
            folders: assets
                .into_iter()
                .chain(std::env::split_paths(&path))
                // Debian keeps the programs of the Postgres server off PATH.
                .chain(postgres::programs())
                .collect(),
        })
    }

    /// A cache in a folder, and nothing else.
    #[cfg(test)]
    pub(super) fn only(cache: &Path) -> Self {
        Self {
            cache: cache.to_owned(),
            folders: Vec::new(),
        }
    }

    /// The folder of a program in the cache, whether it is there or not.
    pub(super) fn folder(&self, program: &Program, recipe: &Recipe) -> PathBuf {
        self.cache
            .join(format!("{}-{}", program.name, recipe.version))
    }

    /// The program, if it is here.
    pub(super) fn find(&self, program: &Program) -> Option<Found> {
        match &program.origin {
            Origin::Go(recipe) => self
                .built(program, recipe)
                .or_else(|| self.alike(program, recipe)),
            Origin::Debian { oldest, .. } => self
                .outside(program)
                .find(|found| major_minor(&found.version).is_some_and(|(n, _)| n >= *oldest)),
        }
    }

    fn built(&self, program: &Program, recipe: &Recipe) -> Option<Found> {
        let path = self.folder(program, recipe).join(program.name);
        path.is_file().then(|| Found {
            path,
            version: recipe.version.to_owned(),
            built: true,
        })
    }

    /// One that somebody else made does when nothing has to come with it from its module, and its
    /// major and minor version are those we would build.
    fn alike(&self, program: &Program, recipe: &Recipe) -> Option<Found> {
        if recipe.reads.as_ref().is_some_and(|reads| reads.always) {
            return None;
        }
        self.outside(program)
            .find(|found| major_minor(&found.version) == major_minor(recipe.version))
    }

    fn outside(&self, program: &Program) -> impl Iterator<Item = Found> {
        self.folders
            .iter()
            .filter_map(|folder| answer(&folder.join(program.name), program.asked))
    }
}

/// Asks a file that looks like the program for its version.
fn answer(path: &Path, asked: &[&str]) -> Option<Found> {
    if !path.is_file() {
        return None;
    }
    let output = Command::new(path)
        .args(asked)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let version = version(&String::from_utf8_lossy(&output.stdout))?;
    Some(Found {
        path: path.to_owned(),
        version,
        built: false,
    })
}

/// The first thing in a text that is written like a version.
fn version(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|word| word.trim_matches('.'))
        .find(|word| major_minor(word).is_some())
        .map(str::to_owned)
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

/// A program of the system itself, on PATH or in the folders that PATH of a plain user may lack.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(OsStr::new(name)))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::part::PROGRAMS;
    use super::*;

    fn program(name: &str) -> &'static Program {
        PROGRAMS
            .iter()
            .find(|program| program.name == name)
            .unwrap()
    }

    fn place(folder: &Path, name: &str, says: &str) {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn versions_are_read_from_what_programs_say() {
        for (says, means) in [
            ("Kubernetes v1.36.3", "1.36.3"),
            ("etcd Version: 3.6.8\nGit SHA: Not provided", "3.6.8"),
            ("kwok version v0.7.0 go1.26.8 (linux/amd64)", "0.7.0"),
            (
                "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc",
                "7.0.15",
            ),
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0)", "15.18"),
        ] {
            assert_eq!(version(says).as_deref(), Some(means));
        }
        assert_eq!(version("no such flag"), None);
    }

    #[test]
    fn the_cache_comes_first_and_others_need_the_same_minor_version() {
        let root = tempfile::tempdir().unwrap();
        let (old, new) = (root.path().join("old"), root.path().join("new"));
        place(&old, "kubectl", "Client Version: v1.32.4-dispatcher");
        place(&new, "kubectl", "Client Version: v1.36.0");
        let places = Places {
            cache: root.path().join("cache"),
            folders: vec![old, new.clone()],
        };
        let found = places.find(program("kubectl")).unwrap();
        assert_eq!((found.path, found.built), (new.join("kubectl"), false));

        let Origin::Go(recipe) = &program("kubectl").origin else {
            panic!("kubectl is built");
        };
        let folder = places.folder(program("kubectl"), recipe);
        place(&folder, "kubectl", "");
        assert!(places.find(program("kubectl")).unwrap().built);
    }

    #[test]
    fn what_has_to_come_with_its_module_is_never_taken_from_path() {
        let root = tempfile::tempdir().unwrap();
        place(root.path(), "argocd", "argocd: v3.2.6+unknown");
        let places = Places {
            cache: root.path().join("cache"),
            folders: vec![root.path().to_owned()],
        };
        assert!(places.find(program("argocd")).is_none());
    }
}
