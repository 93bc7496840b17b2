//! Manifests repositories of known shapes: made once into the cache, and lent to each run.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::Bench;
use crate::workspace::cache;

/// Changes with what `fill` writes.
const FORM: &str = "manifests-1";

/// So many groups of so many applications with so many files each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) groups: usize,
    pub(super) applications: usize,
    pub(super) files: usize,
}

impl Shape {
    pub(super) const fn total(self) -> usize {
        self.groups * self.applications * self.files
    }

    /// The path of a file.
    pub(super) fn path(group: usize, application: usize, file: usize) -> String {
        format!("g{group:03}/a{application:04}/f{file:03}.yaml")
    }

    /// Paths of files in that many folders, spread over the groups.
    pub(super) fn spread(self, count: usize) -> Vec<String> {
        let path = |n| {
            let (group, application) = (n % self.groups, n / self.groups * 7 + 3);
            Self::path(group, application % self.applications, 0)
        };
        (0..count).map(path).collect()
    }

    /// What a repository of it is called.
    pub(super) fn name(self) -> String {
        let Self {
            groups,
            applications,
            files,
        } = self;
        format!("{groups}x{applications}x{files}.git")
    }
}

/// A repository of that shape with branches `main` and `limit` at `folder`, which may be changed.
/// Lies where the cache does, so that no object is copied.
pub(super) fn lend(bench: &Bench<'_>, shape: Shape, folder: &Path) -> Result<PathBuf> {
    let made = cache()?.join(FORM).join(shape.name());
    if !made.is_dir() {
        let total = shape.total();
        bench
            .out
            .passing(&format!("publish: making a repository of {total} files"));
        let half = made.with_extension("half");
        let _ = std::fs::remove_dir_all(&half);
        std::fs::create_dir_all(&half).context("could not make a folder in the cache")?;
        git(&half, &["init", "-q", "--bare", "-b", "main", "."])?;
        fill(&half, shape)?;
        std::fs::rename(&half, &made).context("could not name a repository in the cache")?;
    }
    let lent = folder.join(shape.name());
    let (from, to) = (made.display().to_string(), lent.display().to_string());
    git(folder, &["clone", "-q", "--bare", "--local", &from, &to])?;
    for (key, value) in [
        ("http.receivepack", "true"),
        ("uploadpack.allowFilter", "true"),
        ("receive.autogc", "false"),
        ("gc.auto", "0"),
    ] {
        git(&lent, &["config", key, value])?;
    }
    git(&lent, &["branch", "limit", "main"])?;
    Ok(lent)
}

/// Where repositories are lent to.
pub(super) fn ground() -> Result<tempfile::TempDir> {
    let folder = cache()?.join(FORM);
    std::fs::create_dir_all(&folder).context("could not make a folder in the cache")?;
    tempfile::tempdir_in(&folder).context("could not make a folder")
}

fn fill(repository: &Path, shape: Shape) -> Result<()> {
    let mut child = plain(Command::new("git"))
        .args(["fast-import", "--quiet"])
        .current_dir(repository)
        .stdin(Stdio::piped())
        .spawn()
        .context("could not start git fast-import")?;
    let input = child.stdin.take().context("git takes no input")?;
    write(input, shape).context("git fast-import took no input")?;
    let status = child.wait().context("git fast-import did not end")?;
    ensure!(status.success(), "git fast-import failed ({status})");
    Ok(())
}

fn write(input: impl Write, shape: Shape) -> std::io::Result<()> {
    let mut input = BufWriter::with_capacity(1024 * 1024, input);
    let head = "commit refs/heads/main\ncommitter A <a@example.com> 1700000000 +0000\n";
    write!(input, "{head}data 5\nFirst\n")?;
    for group in 0..shape.groups {
        for application in 0..shape.applications {
            for file in 0..shape.files {
                let path = Shape::path(group, application, file);
                let content = content(group, application, file);
                let length = content.len();
                write!(input, "M 100644 inline {path}\ndata {length}\n{content}\n")?;
            }
        }
    }
    writeln!(input, "done")?;
    input.flush()
}

fn content(group: usize, application: usize, file: usize) -> String {
    let name = format!("g{group}-a{application}-f{file}");
    format!(
        "# edited 000000\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  \
         template:\n    spec:\n      containers:\n      - image: example.org/{name}:v1.{file}.0\n"
    )
}

/// Runs git without the configuration of whoever measures; answers what it printed.
pub(super) fn git(folder: &Path, args: &[&str]) -> Result<String> {
    feed(folder, args, "")
}

/// The same with something to read.
pub(super) fn feed(folder: &Path, args: &[&str], input: &str) -> Result<String> {
    let mut child = plain(Command::new("git"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("could not run git")?;
    let mut stdin = child.stdin.take().context("git takes no input")?;
    stdin
        .write_all(input.as_bytes())
        .context("git took no input")?;
    drop(stdin);
    let output = child.wait_with_output().context("git did not end")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("git {} failed: {}", args.join(" "), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

fn plain(mut command: Command) -> Command {
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .envs([
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.com"),
            ("GIT_COMMITTER_NAME", "A"),
            ("GIT_COMMITTER_EMAIL", "a@example.com"),
        ]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Shape = Shape {
        groups: 3,
        applications: 40,
        files: 2,
    };

    #[test]
    fn ninety_files_lie_in_ninety_folders() {
        let mut folders: Vec<_> = SMALL.spread(90);
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), 90);
    }

    #[test]
    fn the_repository_has_the_files_that_are_edited() {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "--bare", "-b", "main", "."]).unwrap();
        fill(folder.path(), SMALL).unwrap();
        let listed = git(folder.path(), &["ls-tree", "-r", "--name-only", "main"]).unwrap();
        assert_eq!(listed.lines().count(), SMALL.total());
        for path in SMALL.spread(90) {
            assert!(listed.lines().any(|line| line == path), "{path}");
        }
    }
}
