//! The stage: two bare repositories, a configuration and the clones people work in, all in one
//! fresh folder, under no git configuration but its own.

use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;

use crate::cli::Failure;
use crate::exit::Exit;

const CONFIGURATION: &str = include_str!("stage/sendo.yaml");
const FILES: [(&str, &str); 4] = [
    (
        "shop/base/kustomization.yaml",
        include_str!("stage/base.yaml"),
    ),
    (
        "shop/base/deployment.yaml",
        include_str!("stage/deployment.yaml"),
    ),
    (
        "shop/overlays/test/kustomization.yaml",
        include_str!("stage/test.yaml"),
    ),
    (
        "shop/overlays/production/kustomization.yaml",
        include_str!("stage/production.yaml"),
    ),
];

/// The demo's folder.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// Sets the stage in a folder that is empty or not there yet; a fresh one when `None`.
    ///
    /// # Errors
    /// [`Failure`] when the folder is in use or git does not work.
    pub(crate) async fn set(folder: Option<PathBuf>) -> Result<Self, Failure> {
        let folder = match folder {
            Some(folder) => folder,
            None => std::env::temp_dir().join(format!("sendo-demo-{:08x}", rand::random::<u32>())),
        };
        let trouble = |error: std::io::Error| {
            Failure::new(
                Exit::Failed,
                "demo_folder",
                format!("the demo cannot use {}", folder.display()),
            )
            .why(error.to_string())
            .next("sendo demo --dir DIR, with a folder that is empty or not there yet")
        };
        std::fs::create_dir_all(&folder).map_err(trouble)?;
        let folder = folder.canonicalize().map_err(trouble)?;
        if std::fs::read_dir(&folder)
            .map_err(trouble)?
            .next()
            .is_some()
        {
            return Err(Failure::new(
                Exit::Usage,
                "demo_folder",
                format!("{} is not empty", folder.display()),
            )
            .next("sendo demo --dir DIR, with a folder that is empty or not there yet"));
        }
        let stage = Self { folder };
        std::fs::write(stage.configuration(), CONFIGURATION).map_err(trouble)?;
        for name in ["shop", "manifests"] {
            let bare = stage.bare(name);
            stage
                .git(
                    &stage.folder,
                    "setup",
                    &[
                        "init",
                        "--quiet",
                        "--bare",
                        "--initial-branch=main",
                        &text(&bare),
                    ],
                )
                .await?;
            let clone = stage.clone_of(name);
            stage
                .git(
                    &stage.folder,
                    "setup",
                    &["clone", "--quiet", &text(&bare), &text(&clone)],
                )
                .await?;
            stage
                .git(&clone, "setup", &["checkout", "--quiet", "-B", "main"])
                .await?;
        }
        for (path, content) in FILES {
            stage.write("manifests", path, content)?;
        }
        stage.write("shop", "README.md", "# shop\n\nSells things.\n")?;
        for name in ["shop", "manifests"] {
            let clone = stage.clone_of(name);
            stage.git(&clone, "setup", &["add", "--all"]).await?;
            stage
                .git(&clone, "setup", &["commit", "--quiet", "-m", "Begin"])
                .await?;
            stage
                .git(&clone, "setup", &["push", "--quiet", "origin", "main"])
                .await?;
        }
        Ok(stage)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The generated configuration.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.join("sendo.yaml")
    }

    /// A bare repository.
    pub(crate) fn bare(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.git"))
    }

    /// The clone people work in.
    pub(super) fn clone_of(&self, name: &str) -> PathBuf {
        self.folder.join("clones").join(name)
    }

    /// Writes a file in a clone.
    pub(super) fn write(&self, clone: &str, path: &str, content: &str) -> Result<(), Failure> {
        let file = self.clone_of(clone).join(path);
        let written = match file.parent() {
            Some(folder) => {
                std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, content))
            }
            None => Ok(()),
        };
        written.map_err(|error| {
            Failure::new(
                Exit::Failed,
                "demo_folder",
                format!("{} cannot be written", file.display()),
            )
            .why(error.to_string())
        })
    }

    /// Runs git as somebody, without the configuration of whoever runs the demo.
    pub(super) async fn git(
        &self,
        within: &Path,
        who: &str,
        arguments: &[&str],
    ) -> Result<String, Failure> {
        let mut git = Command::new("git");
        git.args(arguments)
            .current_dir(within)
            .env_clear()
            .env("HOME", &self.folder)
            .kill_on_drop(true);
        git.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        git.env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0");
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), who)
                .env(format!("GIT_{role}_EMAIL"), format!("{who}@example.com"));
        }
        let failed = |why: String| {
            Failure::new(
                Exit::Failed,
                "git",
                format!("git {} did not work", arguments.first().unwrap_or(&"")),
            )
            .why(why)
        };
        let Output {
            status,
            stdout,
            stderr,
        } = git
            .output()
            .await
            .map_err(|error| failed(error.to_string()).next("install git 2.38 or newer"))?;
        if status.success() {
            Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
        } else {
            Err(failed(String::from_utf8_lossy(&stderr).trim().to_owned()))
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
