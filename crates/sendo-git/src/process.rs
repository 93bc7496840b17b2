//! Running git: a fixed environment, no shell, a time limit, bounded output.
//!
//! Owns every spawn of the crate. A caller names a subcommand and typed arguments; nothing a user
//! wrote reaches an argument without having been an [`crate::Oid`], [`crate::RefName`] or
//! [`crate::TreePath`] first. Knows nothing of what the commands mean.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::GitError;

/// How much of what git says on stderr is kept, in bytes.
const MAX_STDERR: u64 = 4096;

/// The user's and the machine's configuration, prompts, hooks, replacements and grafts have no say.
const ENVIRONMENT: [(&str, &str); 10] = [
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "file"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_OPTIONAL_LOCKS", "0"),
];

/// Configuration that overrides the repository's own.
const CONFIGURATION: [(&str, &str); 8] = [
    ("core.hooksPath", "/dev/null"),
    ("safe.directory", "*"),
    ("core.logAllRefUpdates", "false"),
    ("core.filesRefLockTimeout", "2000"),
    ("core.packedRefsTimeout", "5000"),
    ("core.quotePath", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
];

/// Where git is, looked up once: by a full path a process starts faster, since this one need not be
/// copied to search `PATH` in the copy.
static GIT: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let executable = |file: &PathBuf| {
        let metadata = file.metadata();
        metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let mut places = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let found = places.find_map(|folder| Some(folder.join("git")).filter(executable));
    found.unwrap_or_else(|| PathBuf::from("git"))
});

/// git, pointed at one repository (or at none, to create one).
#[derive(Debug, Clone)]
pub(crate) struct Git {
    pub(crate) repository: PathBuf,
    pub(crate) limit: Duration,
}

/// What a finished command left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// The output went on beyond the limit and the command was stopped there.
    pub(crate) cut: bool,
}

impl Git {
    /// Runs a command and insists on exit 0 and on output within `limit` bytes.
    pub(crate) async fn read(
        &self,
        args: &[&str],
        stdin: &[u8],
        limit: u64,
    ) -> Result<Vec<u8>, GitError> {
        let finished = self.run(args, stdin, limit).await?;
        if finished.cut {
            return Err(GitError::OutputTooLarge {
                command: subcommand(args),
                repository: self.repository.clone(),
                limit,
            });
        }
        if !finished.status.success() {
            return Err(self.failed(args, &finished));
        }
        Ok(finished.stdout)
    }

    /// Runs a command to its end, whatever its exit code; stops it when it prints more than `limit`.
    pub(crate) async fn run(
        &self,
        args: &[&str],
        stdin: &[u8],
        limit: u64,
    ) -> Result<Finished, GitError> {
        let command = self.command(args);
        self.run_command(command, args, stdin, limit).await
    }

    /// As [`Git::run`], for a command the caller has changed.
    pub(crate) async fn run_command(
        &self,
        mut command: Command,
        args: &[&str],
        stdin: &[u8],
        limit: u64,
    ) -> Result<Finished, GitError> {
        let mut child = spawn(&mut command)?;
        match timeout(self.limit, finish(&mut child, stdin, limit)).await {
            Ok(finished) => finished.map_err(|source| self.pipe_broke(source)),
            Err(_) => Err(self.timed_out(args)),
        }
    }

    /// The command with nothing of our own environment but `PATH`.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.command_without_repository(args);
        command.env("GIT_DIR", &self.repository);
        command
    }

    /// As [`Git::command`], for `git init`.
    pub(crate) fn command_without_repository(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&*GIT);
        command
            .env_clear()
            .envs(ENVIRONMENT)
            .current_dir("/")
            .args(args)
            .kill_on_drop(true);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.env("GIT_CONFIG_COUNT", CONFIGURATION.len().to_string());
        for (n, (key, value)) in CONFIGURATION.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{n}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        command
    }

    /// Starts a command that answers line by line or object by object while it is being asked.
    pub(crate) fn converse(&self, args: &[&str], folder: &Path) -> Result<Conversation, GitError> {
        let mut child = spawn(self.command(args).current_dir(folder))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.pipe_broke(std::io::ErrorKind::BrokenPipe.into()));
        };
        Ok(Conversation {
            git: self.clone(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            child,
            stdin,
            stdout: BufReader::with_capacity(64 * 1024, stdout),
            deadline: Instant::now() + self.limit,
        })
    }

    /// Looks at the repository's files, off the threads that everything else runs on; `None` when that
    /// took longer than a command may.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Path) -> T + Send + 'static,
    ) -> Option<T> {
        let repository = self.repository.clone();
        let looking = tokio::task::spawn_blocking(move || look(&repository));
        timeout(self.limit, looking).await.ok()?.ok()
    }

    pub(crate) fn failed(&self, args: &[&str], finished: &Finished) -> GitError {
        GitError::Failed {
            command: subcommand(args),
            repository: self.repository.clone(),
            status: finished
                .status
                .code()
                .map_or("killed".to_owned(), |code| format!("exit {code}")),
            stderr: finished.stderr.clone(),
        }
    }

    pub(crate) fn corrupt(&self, what: impl Into<String>) -> GitError {
        GitError::Corrupt {
            repository: self.repository.clone(),
            what: what.into(),
        }
    }

    fn timed_out(&self, args: &[&str]) -> GitError {
        GitError::TimedOut {
            command: subcommand(args),
            repository: self.repository.clone(),
            after: self.limit,
        }
    }

    fn pipe_broke(&self, source: std::io::Error) -> GitError {
        GitError::Io {
            what: "talk to git about",
            path: self.repository.clone(),
            source,
        }
    }
}

fn subcommand(args: &[&str]) -> String {
    args.first().copied().unwrap_or_default().to_owned()
}

fn spawn(command: &mut Command) -> Result<Child, GitError> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| GitError::NotStarted { source })
}

async fn finish(child: &mut Child, input: &[u8], limit: u64) -> std::io::Result<Finished> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        let Some(mut stdin) = stdin else {
            return Ok(());
        };
        match stdin.write_all(input).await {
            // It stopped listening: its exit code says why.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    };
    let read = async {
        let mut bytes = Vec::new();
        if let Some(stdout) = stdout {
            stdout
                .take(limit.saturating_add(1))
                .read_to_end(&mut bytes)
                .await?;
        }
        let cut = bytes.len() as u64 > limit;
        if cut {
            bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            child.start_kill()?;
        }
        Ok((bytes, cut))
    };
    let ((), (stdout, cut), stderr) = tokio::try_join!(write, read, said(stderr))?;
    let status = child.wait().await?;
    Ok(Finished {
        status,
        stdout,
        stderr,
        cut,
    })
}

/// The first part of what was said on stderr; the rest is read and dropped so that git can go on.
async fn said(stderr: Option<tokio::process::ChildStderr>) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(mut stderr) = stderr {
        (&mut stderr)
            .take(MAX_STDERR)
            .read_to_end(&mut bytes)
            .await?;
        tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines = text
        .split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|line| !line.is_empty());
    Ok(lines.collect::<Vec<_>>().join("; "))
}

/// A git process that is asked many questions, within one time limit.
///
/// Dropping it kills the process; one that writes must be [`Conversation::ended`].
#[derive(Debug)]
pub(crate) struct Conversation {
    git: Git,
    args: Vec<String>,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    deadline: Instant,
}

impl Conversation {
    pub(crate) fn corrupt(&self, what: impl Into<String>) -> GitError {
        self.git.corrupt(what)
    }

    /// Says something and reads the line that comes back, without its end.
    pub(crate) async fn ask(&mut self, question: &[u8]) -> Result<Vec<u8>, GitError> {
        let Self { stdin, stdout, .. } = self;
        let mut line = Vec::new();
        let exchange = async {
            // Both at once: a long question may be answered before it has been said to its end.
            let say = async {
                stdin.write_all(question).await?;
                stdin.flush().await
            };
            tokio::try_join!(say, stdout.read_until(b'\n', &mut line)).map(|_| ())
        };
        let outcome = timeout_at(self.deadline, exchange).await;
        self.check(outcome).await?;
        if line.pop() != Some(b'\n') {
            return Err(self.gave_up().await);
        }
        Ok(line)
    }

    /// Reads exactly so many bytes of an answer.
    pub(crate) async fn read(&mut self, length: usize) -> Result<Vec<u8>, GitError> {
        let mut bytes = vec![0; length];
        let outcome = timeout_at(self.deadline, self.stdout.read_exact(&mut bytes)).await;
        self.check(outcome.map(|read| read.map(|_| ()))).await?;
        Ok(bytes)
    }

    /// Both ends and the deadline, for whoever asks ahead of the answers.
    pub(crate) fn split(&mut self) -> (&mut ChildStdin, &mut BufReader<ChildStdout>, Instant) {
        (&mut self.stdin, &mut self.stdout, self.deadline)
    }

    /// Lets the process finish and insists that it was content.
    pub(crate) async fn ended(self) -> Result<(), GitError> {
        let Self {
            git,
            args,
            mut child,
            stdin,
            stdout,
            deadline,
        } = self;
        drop((stdin, stdout));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        match timeout_at(deadline, finish(&mut child, b"", 0)).await {
            Ok(Ok(finished)) if finished.status.success() => Ok(()),
            Ok(Ok(finished)) => Err(git.failed(&args, &finished)),
            Ok(Err(source)) => Err(git.pipe_broke(source)),
            Err(_) => Err(git.timed_out(&args)),
        }
    }

    pub(crate) async fn check(
        &mut self,
        outcome: Result<std::io::Result<()>, tokio::time::error::Elapsed>,
    ) -> Result<(), GitError> {
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.gave_up().await),
            Err(_) => {
                let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
                Err(self.git.timed_out(&args))
            }
        }
    }

    /// The process ended in the middle of an answer: what it said, as an error.
    async fn gave_up(&mut self) -> GitError {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        match timeout_at(self.deadline, finish(&mut self.child, b"", 0)).await {
            Ok(Ok(finished)) => self.git.failed(&args, &finished),
            Ok(Err(source)) => self.git.pipe_broke(source),
            Err(_) => self.git.timed_out(&args),
        }
    }
}
