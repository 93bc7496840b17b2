//! A Postgres for one suite or one measurement: made in a folder of its own, gone when dropped.
//!
//! It listens on a free loopback port, with a password, because other users of the machine reach
//! the same loopback. For tests durability is off: a crash of the machine is not what they try.
//! The server refuses to run as root, so root hands it to a user without rights.

use std::fs::File;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::process::tail;
use crate::unprivileged::User;

/// The role and owner of everything.
const ROLE: &str = "sendo";
/// How long the server may take to be ready, and how long to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a commit reaches the disk before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production.
    On,
    /// Faster, for tests.
    Off,
}

/// A running server.
pub(crate) struct Postgres {
    server: Child,
    url: String,
    // Dropped after `Drop` has stopped the server.
    _folder: TempDir,
}

impl Postgres {
    /// Makes a database cluster and starts a server on it; `programs` holds initdb and postgres.
    pub(crate) fn start(programs: &Path, log: &Path, durability: Durability) -> Result<Self> {
        Self::start_in(&std::env::temp_dir(), programs, log, durability)
    }

    /// The same with its folder in another place than the system's own for such things.
    pub(crate) fn start_in(
        place: &Path,
        programs: &Path,
        log: &Path,
        durability: Durability,
    ) -> Result<Self> {
        let folder =
            TempDir::with_prefix_in("sendo-postgres-", place).context("could not make a folder")?;
        let user = User::to_run_as()?;
        let password = password()?;
        let (data, secret) = (folder.path().join("data"), folder.path().join("password"));
        std::fs::write(&secret, &password).context("could not write the password")?;
        for path in [folder.path(), &secret] {
            user.own(path)?;
        }
        let made = user
            .command_that_ends_with_us(&programs.join("initdb"))
            .args([
                "--username",
                ROLE,
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
            ])
            .args([
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ])
            .arg("--pwfile")
            .arg(&secret)
            .arg("--pgdata")
            .arg(&data)
            .env("LC_ALL", "C")
            .current_dir(folder.path())
            .output()
            .context("could not run initdb")?;
        if !made.status.success() {
            bail!(
                "initdb failed: {}",
                String::from_utf8_lossy(&made.stderr).trim()
            );
        }
        let port = free_port()?;
        let output =
            File::create(log).with_context(|| format!("could not create {}", log.display()))?;
        let server = user
            .command_that_ends_with_us(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-p", &port.to_string()])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "max_connections=400",
            ])
            .args(["-c", "logging_collector=off"])
            .args(match durability {
                Durability::On => [].as_slice(),
                Durability::Off => &["-c", "fsync=off", "-c", "full_page_writes=off"],
            })
            .env("LC_ALL", "C")
            .current_dir(folder.path())
            .process_group(0)
            .stdout(output.try_clone().context("could not share the log")?)
            .stderr(output)
            .spawn()
            .context("could not start postgres")?;
        let url = format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/postgres");
        let mut postgres = Self {
            server,
            url,
            _folder: folder,
        };
        postgres.wait_until_ready(log)?;
        Ok(postgres)
    }

    /// Where tests reach it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_ready(&mut self, log: &Path) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if tail(log, 4000).contains("ready to accept connections") {
                return Ok(());
            }
            if let Some(status) = self.server.try_wait().context("lost sight of postgres")? {
                bail!(
                    "postgres ended at once ({status}): {}",
                    tail(log, 1000).trim()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("postgres was not ready after {} s", PATIENCE.as_secs())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Interrupt is "fast shutdown": connections are cut, the server ends in order.
        let _ = kill_process(Pid::from_child(&self.server), Signal::INT);
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if !matches!(self.server.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Where the server programs are: on PATH, else in the newest of Debian's version folders.
pub(crate) fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let versions = versions.into_iter().rev().map(|(_, folder)| folder);
    first_with(
        std::env::split_paths(&path).chain(versions),
        &["initdb", "postgres"],
    )
}

fn first_with(mut folders: impl Iterator<Item = PathBuf>, programs: &[&str]) -> Option<PathBuf> {
    folders.find(|folder: &PathBuf| {
        programs
            .iter()
            .all(|program| Path::is_file(&folder.join(program)))
    })
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
    Ok(listener
        .local_addr()
        .context("no free port on loopback")?
        .port())
}

fn password() -> Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("could not read random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_server_programs_have_to_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let (client, server) = (folder.path().join("client"), folder.path().join("server"));
        for (at, program) in [
            (&client, "initdb"),
            (&server, "initdb"),
            (&server, "postgres"),
        ] {
            std::fs::create_dir_all(at).unwrap();
            std::fs::write(at.join(program), "").unwrap();
        }
        let folders = [client, server.clone()].into_iter();
        assert_eq!(first_with(folders, &["initdb", "postgres"]), Some(server));
    }

    #[test]
    fn passwords_differ() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert!(one.len() == 32 && one != other);
    }
}
