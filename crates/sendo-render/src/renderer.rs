//! From the files of two commits to what differs between the objects they mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sendo_core::rendering::{Comparison, Rendering};
use tokio::sync::Semaphore;

use crate::compare::compare;
use crate::fault::Fault;
use crate::gather::{Files, gather};
use crate::parse::{self, ObjectSet};
use crate::programs::Programs;
use crate::run::Run;
use crate::source::{Source, joined};

/// Comparisons that are made at the same time: each reads files and starts processes.
const TOGETHER: usize = 2;

/// How much one run of a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until it is ended.
    pub time: Duration,
    /// Bytes that it prints.
    pub output: u64,
    /// Bytes of memory of its own.
    pub memory: u64,
}

/// Renders, a few at a time.
#[derive(Debug)]
pub struct Renderer {
    programs: Programs,
    limits: Limits,
    turns: Semaphore,
}

impl Renderer {
    /// One that runs these programs within these limits.
    #[must_use]
    pub fn new(programs: Programs, limits: Limits) -> Self {
        Self {
            programs,
            limits,
            turns: Semaphore::new(TOGETHER),
        }
    }

    /// What a change does to the objects of a rendering. Where nothing is rendered before the change, as
    /// when it adds a folder, all of it is added.
    ///
    /// # Errors
    /// [`Fault`], which says what is in the way and what helps.
    pub async fn compare(
        &self,
        rendering: &Rendering,
        old: &impl Source,
        new: &impl Source,
    ) -> Result<Comparison, Fault> {
        if let Some(program) = rendering.program() {
            // Said before anybody waits, or anything is read.
            self.programs.find(program)?;
        }
        let _turn = self.turns.acquire().await;
        let after = self.render(rendering, new).await?;
        let before = match self.render(rendering, old).await {
            Err(Fault::Missing { .. }) if !is_there(rendering, old).await? => ObjectSet::new(),
            before => before?,
        };
        // Millions of fields are compared off the threads that everything else runs on.
        tokio::task::spawn_blocking(move || compare(&before, &after))
            .await
            .map_err(|error| Fault::machine("could not compare", &error.into()))
    }

    async fn render(
        &self,
        rendering: &Rendering,
        source: &impl Source,
    ) -> Result<ObjectSet, Fault> {
        let files = gather(source, rendering).await?;
        let Some(name) = rendering.program() else {
            return parsed(files).await;
        };
        let output = self.run(name, rendering, files).await?;
        parsed(Files::from([(format!("what {name} printed"), output)])).await
    }

    async fn run(
        &self,
        name: &'static str,
        rendering: &Rendering,
        files: Files,
    ) -> Result<Vec<u8>, Fault> {
        let program = self.programs.find(name)?;
        let stage = blocking(move || laid_out(&files)).await?;
        let files = stage.path().join("files");
        let place = |path: &str| joined("", path).unwrap_or_default();
        let (folder, args) = match rendering {
            Rendering::Kustomize { path } => (
                files.join(place(path)),
                vec!["build".to_owned(), ".".to_owned()],
            ),
            Rendering::Helm {
                chart,
                values,
                release,
                namespace,
            } => {
                let mut args = vec![
                    "template".to_owned(),
                    release.clone(),
                    format!("./{}", place(chart)),
                ];
                args.push(format!("--namespace={namespace}"));
                args.push("--include-crds".to_owned());
                args.extend(
                    values
                        .iter()
                        .map(|file| format!("--values=./{}", place(file))),
                );
                (files, args)
            }
            Rendering::Plain { .. } => return Ok(Vec::new()),
        };
        let home = stage.path().join("home");
        let run = Run {
            name,
            program: &program,
            args,
            folder: &folder,
            home: &home,
            limits: self.limits,
        };
        let output = run.output().await;
        // Removing many files takes a while, too.
        tokio::task::spawn_blocking(move || drop(stage));
        output
    }
}

/// Whether what is rendered begins somewhere in this commit.
async fn is_there(rendering: &Rendering, source: &impl Source) -> Result<bool, Fault> {
    let path = joined("", rendering.path()).unwrap_or_default();
    let found = source.look(&[path]).await?;
    Ok(!found
        .iter()
        .all(|found| *found == crate::source::Found::Nothing))
}

async fn parsed(files: Files) -> Result<ObjectSet, Fault> {
    blocking(move || {
        let mut set = ObjectSet::new();
        for (path, text) in &files {
            parse::objects(path, text, &mut set)?;
        }
        Ok(set)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Fault::machine("could not render", &error.into())),
    }
}

/// A folder with the files, and one that the program may call its own.
fn laid_out(files: &Files) -> Result<tempfile::TempDir, Fault> {
    let broke = |error: std::io::Error| Fault::machine("could not lay out files to render", &error);
    let stage = tempfile::Builder::new()
        .prefix("sendo-render-")
        .tempdir()
        .map_err(broke)?;
    let make = |folder: &Path| std::fs::create_dir_all(folder).map_err(broke);
    for own in ["bin", "tmp", "config", "plugins", "cache", "data"] {
        make(&stage.path().join("home").join(own))?;
    }
    let root: PathBuf = stage.path().join("files");
    make(&root)?;
    for (path, bytes) in files {
        let file = root.join(path);
        make(file.parent().unwrap_or(&root))?;
        std::fs::write(file, bytes).map_err(broke)?;
    }
    Ok(stage)
}
