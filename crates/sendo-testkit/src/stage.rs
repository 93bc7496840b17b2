//! A folder with bare repositories, clones and a configuration; gone when dropped.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::database::Database;
use crate::process::Server;

/// How a command line ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The stage.
#[derive(Debug)]
pub struct Stage {
    // Dropped before the folder is.
    database: Database,
    folder: TempDir,
    program: PathBuf,
}

impl Stage {
    /// An empty stage on which `program` is the command line.
    #[must_use]
    pub fn set(program: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sendo-stage-")
            .tempdir_in(place())
            .unwrap();
        Self {
            database: Database::fresh(folder.path()),
            folder,
            program: program.into(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Makes a bare repository `NAME.git` and a clone of it whose branch has these files.
    pub fn repository(&self, name: &str, branch: &str, files: &[(&str, &str)]) {
        let (bare, clone) = (self.bare(name), self.clone_of(name));
        let branch_option = format!("--initial-branch={branch}");
        std::fs::create_dir_all(&clone).unwrap();
        self.git(&clone, "setup", &["init", "-q", &branch_option]);
        for (path, text) in files {
            self.write(name, path, text);
        }
        let revision = self.commit(name, "setup", "Begin");
        let bare_text = bare.to_string_lossy().into_owned();
        let init = ["init", "-q", "--bare", &branch_option, &bare_text];
        self.git(self.folder(), "setup", &init);
        // What a push does, without its processes: stages are set by the hundred.
        copy(&clone.join(".git/objects"), &bare.join("objects"));
        let head = bare.join("refs/heads").join(branch);
        std::fs::create_dir_all(head.parent().unwrap()).unwrap();
        std::fs::write(head, revision + "\n").unwrap();
    }

    /// A bare repository's folder.
    #[must_use]
    pub fn bare(&self, name: &str) -> PathBuf {
        self.folder().join(format!("{name}.git"))
    }

    /// The clone people work in.
    #[must_use]
    pub fn clone_of(&self, name: &str) -> PathBuf {
        self.folder().join("clones").join(name)
    }

    /// Writes a file in a clone.
    pub fn write(&self, clone: &str, path: &str, text: &str) {
        let file = self.clone_of(clone).join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Writes the configuration; `DATABASE` in it becomes this stage's.
    pub fn configure(&self, text: &str) {
        let text = text.replace("DATABASE", &self.database.url());
        std::fs::write(self.configuration(), text).unwrap();
    }

    /// The configuration's file.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder().join("sendo.yaml")
    }

    /// Commits everything in a clone; gives the revision.
    pub fn commit(&self, clone: &str, who: &str, title: &str) -> String {
        let clone = self.clone_of(clone);
        self.git(&clone, who, &["add", "--all"]);
        self.git(&clone, who, &["commit", "-q", "--allow-empty", "-m", title]);
        self.git(&clone, who, &["rev-parse", "HEAD"])
    }

    /// Pushes a clone's head to `reference` of its bare repository.
    pub fn push(&self, name: &str, reference: &str) {
        let bare = self.bare(name).to_string_lossy().into_owned();
        let target = format!("HEAD:{}", full(reference));
        self.git(
            &self.clone_of(name),
            "setup",
            &["push", "-q", &bare, &target],
        );
    }

    /// Does a piece of work in a clone and pushes it to `branch`; gives the revision.
    pub fn work(&self, name: &str, branch: &str, title: &str) -> String {
        self.write(name, "WORK.md", &format!("{title}\n"));
        let revision = self.commit(name, "mei", title);
        self.push(name, branch);
        revision
    }

    /// A file as a bare repository's branch has it.
    #[must_use]
    pub fn file(&self, name: &str, branch: &str, path: &str) -> String {
        let what = format!("{branch}:{path}");
        self.git(&self.bare(name), "reader", &["show", &what])
    }

    /// Runs git as somebody and insists that it works.
    pub fn git(&self, within: &Path, who: &str, arguments: &[&str]) -> String {
        self.try_git(within, who, arguments)
            .unwrap_or_else(|error| panic!("git {}: {error}", arguments.join(" ")))
    }

    /// Runs git as somebody.
    ///
    /// # Errors
    /// What git said.
    pub fn try_git(&self, within: &Path, who: &str, arguments: &[&str]) -> Result<String, String> {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(within).env_clear();
        git.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        git.env("HOME", self.folder())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        // Nothing is packed in the background: what a stage has is small, and soon gone.
        let idle = [("gc.auto", "0"), ("maintenance.auto", "false")];
        git.env("GIT_CONFIG_COUNT", idle.len().to_string());
        for (n, (key, value)) in idle.into_iter().enumerate() {
            git.env(format!("GIT_CONFIG_KEY_{n}"), key)
                .env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), who)
                .env(format!("GIT_{role}_EMAIL"), format!("{who}@example.com"));
        }
        let ended = text(&git.stdin(Stdio::null()).output().unwrap());
        if ended.code == 0 {
            Ok(ended.out.trim_end().to_owned())
        } else {
            Err(ended.err)
        }
    }

    /// Every ref of a bare repository with its commit.
    #[must_use]
    pub fn refs(&self, name: &str) -> BTreeMap<String, String> {
        let format = "--format=%(refname) %(objectname)";
        self.git(&self.bare(name), "reader", &["for-each-ref", format])
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, oid)| (name.to_owned(), oid.to_owned()))
            .collect()
    }

    /// Runs the command line in the stage's folder.
    #[must_use]
    pub fn sendo(&self, arguments: &[&str]) -> Ended {
        let output = self
            .command(&self.program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        text(&output)
    }

    /// A program in the stage's folder, with nothing of our environment but `PATH`.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// Starts `sendo serve` on the stage's configuration.
    #[must_use]
    pub fn serve(&self) -> Server {
        let mut command = self.command(&self.program);
        command.args(["serve", "--config", "sendo.yaml"]);
        Server::start(command, &self.folder().join("serve.log"))
    }

    /// Starts `sendo serve` and waits until it listens.
    #[must_use]
    pub fn served(&self) -> Server {
        let mut server = self.serve();
        assert!(server.came_up(), "{}", server.log());
        server
    }
}

/// Copies what a folder has into another one.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

fn full(reference: &str) -> String {
    if reference.starts_with("refs/") {
        reference.to_owned()
    } else {
        format!("refs/heads/{reference}")
    }
}

fn text(output: &Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Stages stand in memory where the machine offers that: what is killed here is a process, never
/// the machine, so a disk would only make the suite slower.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if tempfile::tempfile_in(memory).is_ok() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// A port that nobody listens at: not one of those that connections are made from, so that none of the
/// many that a run opens takes it before a server does.
#[must_use]
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const PORTS: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(97);
    let candidates = std::iter::repeat_with(|| {
        let next = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        u16::try_from(FIRST + next % PORTS).unwrap_or_default()
    });
    candidates
        .take(PORTS as usize)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
