//! One run of a program that renders: in a folder of its own, with nothing of our environment, no way to
//! other machines, and an end.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::fault::Fault;
use crate::renderer::Limits;

/// How much of what it says on stderr is kept, in bytes.
const SAID: u64 = 4 * 1024;
/// Lines of that which people are told.
const SAID_LINES: usize = 5;

/// What is run.
pub(crate) struct Run<'r> {
    pub(crate) name: &'static str,
    pub(crate) program: &'r Path,
    pub(crate) args: Vec<String>,
    /// Where it runs.
    pub(crate) folder: &'r Path,
    /// All it may call its own.
    pub(crate) home: &'r Path,
    pub(crate) limits: Limits,
}

/// Ends a process and all it started, whatever becomes of who waits for it.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Nobody may be left, which is what is wanted.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

impl Run<'_> {
    /// Runs it to its end and gives what it printed.
    pub(crate) async fn output(&self) -> Result<Vec<u8>, Fault> {
        let limit = self.limits.time;
        match tokio::time::timeout(limit, self.to_its_end()).await {
            Ok(output) => output,
            Err(_) => Err(Fault::TooLong {
                program: self.name,
                after: limit,
            }),
        }
    }

    async fn to_its_end(&self) -> Result<Vec<u8>, Fault> {
        let broke =
            |error: std::io::Error| Fault::machine(format!("could not run {}", self.name), &error);
        let mut child = self.command().spawn().map_err(broke)?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = Group(id.and_then(Pid::from_raw));
        bound(group.0, self.limits.memory);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let read = async {
            let bytes = first(stdout, self.limits.output.saturating_add(1)).await?;
            if bytes.len() as u64 > self.limits.output {
                // It need not go on.
                drop(Group(group.0));
            }
            Ok(bytes)
        };
        let (output, said) = tokio::try_join!(read, said(stderr)).map_err(broke)?;
        let status = child.wait().await.map_err(broke)?;
        if output.len() as u64 > self.limits.output {
            return Err(Fault::TooMuch {
                limit: format!("{} KiB of output", self.limits.output >> 10),
            });
        }
        if status.success() {
            return Ok(output);
        }
        let said = self.without_folder(&said);
        Err(Fault::Refused {
            program: self.name,
            said: if said.is_empty() {
                status.to_string()
            } else {
                said
            },
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        let own = |name: &str| self.home.join(name);
        command
            .args(&self.args)
            .current_dir(self.folder)
            .env_clear()
            // An empty folder: there is no git, no helm and no plugin to be found.
            .env("PATH", own("bin"))
            .env("HOME", self.home)
            .env("TMPDIR", own("tmp"))
            .env("XDG_CONFIG_HOME", own("config"))
            .env("KUSTOMIZE_PLUGIN_HOME", own("plugins"))
            .env("HELM_CACHE_HOME", own("cache"))
            .env("HELM_CONFIG_HOME", own("config"))
            .env("HELM_DATA_HOME", own("data"))
            .env("HELM_PLUGINS", own("plugins"))
            .env("LC_ALL", "C")
            // Whatever asks another machine all the same asks nobody.
            .envs(
                ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]
                    .map(|key| (key, "http://127.0.0.1:9")),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    /// What it said, with paths as they are in the repository.
    fn without_folder(&self, said: &str) -> String {
        let home = self.home.parent().unwrap_or(self.home);
        let files = format!("{}/", home.join("files").display());
        said.replace(&files, "")
            .replace(&home.display().to_string(), "")
    }
}

/// Bounds the memory of its own that each of its processes may have.
#[cfg(target_os = "linux")]
fn bound(process: Option<Pid>, most: u64) {
    use rustix::process::{Resource, Rlimit, prlimit};
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    if let Some(process) = process {
        // One that has ended already needs no bound.
        let _ = prlimit(Some(process), Resource::Data, limit);
    }
}

/// Only Linux bounds another process.
#[cfg(not(target_os = "linux"))]
const fn bound(_: Option<Pid>, _: u64) {}

async fn first(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// The first lines of what was said; the rest is read and dropped, so that it can go on.
async fn said(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let Some(mut pipe) = pipe else {
        return Ok(String::new());
    };
    let bytes = first(Some(&mut pipe), SAID).await?;
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.split(|c: char| c.is_control()).map(str::trim);
    let lines = lines.filter(|line| !line.is_empty()).take(SAID_LINES);
    Ok(lines.collect::<Vec<_>>().join("; "))
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(20),
            output: 16 * 1024 * 1024,
            memory: 1024 * 1024 * 1024,
        }
    }
}
