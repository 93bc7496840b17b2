//! Which files a rendering needs, asked for a level at a time: what is large is never read whole.
//!
//! What a kustomization names is found before the program runs, so that nothing is left that it could
//! look for elsewhere.

mod kustomize;

use std::collections::{BTreeMap, BTreeSet};

use sendo_core::rendering::Rendering;

use crate::fault::Fault;
use crate::source::{Found, Source, joined, shown, within};

/// Files of one rendering at the most.
const MOST_FILES: usize = 2_000;
/// Bytes of them at the most.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How often what was found may name something else.
const DEEPEST: usize = 32;
/// How many paths are asked for at once.
const TOGETHER: usize = 64;

/// Files by their paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A path that something names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Want {
    pub(crate) path: String,
    /// The file that names it, and as what; nobody is the configuration.
    pub(crate) by: Option<(String, String)>,
    /// What a folder there means.
    pub(crate) folder: Folder,
    /// Whether it may be missing.
    pub(crate) optional: bool,
}

/// What a folder means where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Folder {
    /// A kustomization.
    Kustomization,
    /// A kustomization of transformers, generators or validators, whose files may name others.
    Plugins,
    /// All that lies in it, at any depth.
    All,
    /// The YAML files in it, and not its folders.
    Manifests,
    /// Nothing: only a file does.
    Never,
}

impl Want {
    fn named(path: &str, folder: Folder) -> Result<Self, Fault> {
        let path = joined("", path).ok_or_else(|| Fault::Outside {
            file: "render".to_owned(),
            entry: path.to_owned(),
        })?;
        Ok(Self {
            path,
            by: None,
            folder,
            optional: false,
        })
    }

    fn missing(&self) -> Fault {
        let path = shown(&self.path);
        Fault::Missing {
            what: match &self.by {
                Some((file, entry)) if entry == path => format!("`{path}`, named by `{file}`,"),
                Some((file, entry)) => format!("`{path}`, named by `{file}` as `{entry}`,"),
                None => format!("`{path}`"),
            },
        }
    }
}

/// The files that a rendering of this commit needs.
pub(crate) async fn gather(source: &impl Source, rendering: &Rendering) -> Result<Files, Fault> {
    let mut wanted = BTreeSet::new();
    match rendering {
        Rendering::Kustomize { path } => {
            wanted.insert(Want::named(path, Folder::Kustomization)?);
        }
        Rendering::Helm { chart, values, .. } => {
            wanted.insert(Want::named(chart, Folder::All)?);
            for file in values {
                wanted.insert(Want::named(file, Folder::Never)?);
            }
        }
        Rendering::Plain { path } => {
            wanted.insert(Want::named(path, Folder::Manifests)?);
        }
    }
    let mut gathered = Gathered::default();
    for _ in 0..DEEPEST {
        wanted.retain(|want| {
            let asked = (want.path.clone(), want.folder, want.optional);
            gathered.seen.insert(asked)
        });
        if wanted.is_empty() {
            return Ok(gathered.files);
        }
        let level: Vec<Want> = std::mem::take(&mut wanted).into_iter().collect();
        for some in level.chunks(TOGETHER) {
            let paths: Vec<String> = some.iter().map(|want| want.path.clone()).collect();
            for (want, found) in some.iter().zip(source.look(&paths).await?) {
                gathered.take(want, found, &mut wanted)?;
            }
        }
    }
    Err(Fault::TooMuch {
        limit: format!("{DEEPEST} files and folders that name one another in turn"),
    })
}

#[derive(Default)]
struct Gathered {
    files: Files,
    bytes: usize,
    seen: BTreeSet<(String, Folder, bool)>,
}

impl Gathered {
    fn take(
        &mut self,
        want: &Want,
        found: Found,
        wanted: &mut BTreeSet<Want>,
    ) -> Result<(), Fault> {
        match found {
            Found::Nothing if want.optional => Ok(()),
            Found::Nothing => Err(want.missing()),
            Found::Link(what) => Err(Fault::Link {
                path: want.path.clone(),
                what,
            }),
            Found::File(bytes) => self.file(want, bytes, wanted),
            Found::Folder(entries) => {
                if self.seen.len() + entries.len() > 2 * MOST_FILES && want.folder == Folder::All {
                    return Err(too_many());
                }
                let more = |name: &str, folder| Want {
                    path: within(&want.path, name),
                    folder,
                    ..want.clone()
                };
                match want.folder {
                    Folder::Kustomization | Folder::Plugins => {
                        let mut names = entries
                            .iter()
                            .filter(|entry| kustomize::is_one(&entry.name));
                        let Some(first) = names.next() else {
                            return Err(Want {
                                path: within(&want.path, kustomize::NAMES[0]),
                                ..want.clone()
                            }
                            .missing());
                        };
                        // Of several, the program says that it does not like them.
                        wanted.insert(more(&first.name, want.folder));
                        wanted.extend(names.map(|entry| more(&entry.name, Folder::Never)));
                    }
                    Folder::All => {
                        wanted.extend(entries.iter().map(|entry| more(&entry.name, Folder::All)));
                    }
                    Folder::Manifests => {
                        let files = entries
                            .iter()
                            .filter(|entry| !entry.folder && is_manifest(&entry.name));
                        wanted.extend(files.map(|entry| more(&entry.name, Folder::Never)));
                    }
                    Folder::Never if want.optional => {}
                    Folder::Never => return Err(want.missing()),
                }
                Ok(())
            }
        }
    }

    fn file(
        &mut self,
        want: &Want,
        bytes: Vec<u8>,
        wanted: &mut BTreeSet<Want>,
    ) -> Result<(), Fault> {
        let name = want.path.rsplit('/').next().unwrap_or_default();
        match want.folder {
            Folder::Kustomization | Folder::Plugins if kustomize::is_one(name) => {
                wanted.extend(kustomize::names(&want.path, want.folder, &bytes)?);
            }
            Folder::Plugins => wanted.extend(kustomize::named_by_plugin(want, &bytes)?),
            _ => {}
        }
        self.bytes += bytes.len();
        self.files.insert(want.path.clone(), bytes);
        if self.files.len() > MOST_FILES {
            return Err(too_many());
        }
        if self.bytes > MOST_BYTES {
            return Err(Fault::TooMuch {
                limit: format!("{} MiB of files", MOST_BYTES >> 20),
            });
        }
        Ok(())
    }
}

fn too_many() -> Fault {
    Fault::TooMuch {
        limit: format!("{MOST_FILES} files"),
    }
}

/// Whether a file of a plain folder is applied.
pub(crate) fn is_manifest(name: &str) -> bool {
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| name.ends_with(end))
}
