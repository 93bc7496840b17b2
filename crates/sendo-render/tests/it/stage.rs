//! A commit in memory, and programs that are scripts.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use sendo_core::rendering::{Comparison, Rendering};
use sendo_render::{Entry, Fault, Found, Limits, Programs, Renderer, Source};

/// Files by their paths; a content that begins with `->` is a symbolic link.
#[derive(Default)]
pub(crate) struct Commit {
    files: BTreeMap<String, Vec<u8>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Commit {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter();
        let files = files.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        Self {
            files: files.collect(),
            asked: Mutex::default(),
        }
    }

    pub(crate) fn add(&mut self, path: String, bytes: Vec<u8>) {
        self.files.insert(path, bytes);
    }

    fn at(&self, path: &str) -> Found {
        if let Some(bytes) = self.files.get(path) {
            return if bytes.starts_with(b"->") {
                Found::Link("symbolic link")
            } else {
                Found::File(bytes.clone())
            };
        }
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let mut entries: Vec<Entry> = Vec::new();
        for rest in self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&prefix))
        {
            let (name, folder) = match rest.split_once('/') {
                Some((name, _)) => (name, true),
                None => (rest, false),
            };
            if entries.last().is_none_or(|last| last.name != name) {
                entries.push(Entry {
                    name: name.to_owned(),
                    folder,
                });
            }
        }
        if entries.is_empty() {
            Found::Nothing
        } else {
            Found::Folder(entries)
        }
    }
}

impl Source for Commit {
    async fn look(&self, paths: &[String]) -> Result<Vec<Found>, Fault> {
        self.asked.lock().unwrap().extend(paths.iter().cloned());
        Ok(paths.iter().map(|path| self.at(path)).collect())
    }
}

/// A machine with one program, which is this script.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    pub(crate) limits: Limits,
}

impl Machine {
    pub(crate) fn with(program: &str, script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(program);
        let kept = folder.path().join("kept");
        let script = script.replace("KEPT", kept.to_str().unwrap());
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let limits = Limits {
            time: Duration::from_secs(10),
            output: 64 * 1024,
            ..Limits::default()
        };
        Self { folder, limits }
    }

    /// What the script kept.
    pub(crate) fn kept(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("kept")).unwrap_or_default()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) async fn compare(
        &self,
        rendering: &Rendering,
        old: &Commit,
        new: &Commit,
    ) -> Result<Comparison, Fault> {
        let programs = Programs::among(self.folder.path());
        let renderer = Renderer::new(programs, self.limits);
        renderer.compare(rendering, old, new).await
    }
}

pub(crate) fn kustomize(path: &str) -> Rendering {
    Rendering::Kustomize {
        path: path.to_owned(),
    }
}

pub(crate) fn plain(path: &str) -> Rendering {
    Rendering::Plain {
        path: path.to_owned(),
    }
}
