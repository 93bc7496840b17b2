//! The product as a running server, in a folder of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt::Interrupt;
use crate::process::{stop, tail};

/// One application on a local forge, with places for the database, the port and the folder.
const CONFIG: &str = include_str!("server.yaml");
/// The repositories that it names.
const REPOSITORIES: [&str; 2] = ["shop", "manifests"];
/// A server that is not ready by then will not be.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running product; stopped when dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    started: Instant,
}

impl Server {
    /// Starts the product on a free port with one application, whose repositories are empty. The
    /// database is a value of the configuration.
    pub(super) fn start(product: &Path, database: &str, folder: &Path) -> Result<Self> {
        Self::of(product, CONFIG, database, folder)
    }

    /// The same with another configuration, which has the same places.
    pub(super) fn of(
        product: &Path,
        template: &str,
        database: &str,
        folder: &Path,
    ) -> Result<Self> {
        for name in REPOSITORIES {
            make_repository(folder, name)?;
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
        let address = listener.local_addr().context("no free port on loopback")?;
        drop(listener);
        let config = folder.join("sendo.yaml");
        std::fs::write(&config, fill(template, database, address.port(), folder))
            .context("could not write the configuration")?;
        let log = folder.join("server.log");
        let output = std::fs::File::create(&log).context("could not create the log")?;
        let started = Instant::now();
        let child = Command::new(product)
            .args(["serve", "--config"])
            .arg(&config)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("could not share the log")?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("could not start {}", product.display()))?;
        Ok(Self {
            child,
            address,
            log,
            started,
        })
    }

    /// How long it took from the start until it could be sent work.
    pub(super) fn wait_until_ready(&mut self, interrupt: &Interrupt) -> Result<Duration> {
        while self.started.elapsed() < PATIENCE && !interrupt.asked() {
            if is_ready(self.address) {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.try_wait().context("lost sight of the server")? {
                bail!(
                    "`sendo serve --config FILE` ended at once ({status}): {}",
                    self.said()
                );
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        bail!("/readyz did not answer 200 within {} s", PATIENCE.as_secs())
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The end of its log.
    pub(super) fn said(&self) -> String {
        tail(&self.log, 2000).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// The value of a configuration that names a SQLite file in the folder.
pub(super) fn sqlite(folder: &Path) -> String {
    format!("\"sqlite:{}/sendo.db\"", folder.display())
}

fn make_repository(folder: &Path, name: &str) -> Result<()> {
    let status = Command::new("git")
        .args(["init", "--quiet", "--bare", "--initial-branch=main"])
        .arg(folder.join(format!("{name}.git")))
        .status()
        .context("could not run git")?;
    if !status.success() {
        bail!("git init failed ({status})");
    }
    Ok(())
}

/// Puts the database, the port and the folder where the template has a place for them.
fn fill(template: &str, database: &str, port: u16, folder: &Path) -> String {
    template
        .replace("{database}", database)
        .replace("{port}", &port.to_string())
        .replace("{folder}", &folder.display().to_string())
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(200))?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = [0_u8; 12];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_filled_in() {
        let template = "listen: 127.0.0.1:{port}, database: {database}, root: {folder}";
        let folder = Path::new("/f");
        let filled = fill(template, &sqlite(folder), 4711, folder);
        assert_eq!(
            filled,
            "listen: 127.0.0.1:4711, database: \"sqlite:/f/sendo.db\", root: /f"
        );
    }

    #[test]
    fn a_server_is_ready_when_it_answers_200() {
        for (answer, ready) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 503 No\r\n\r\n", false),
        ] {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 512]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            });
            assert_eq!(is_ready(address), ready, "{answer}");
            server.join().unwrap();
        }
    }
}
