//! Row `idle`: a server that has nothing to do: how soon it is ready, what it holds, what it
//! weighs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Bench;
use super::row::{Goal, Row};
use crate::process::{stop, tail};

/// The smallest configuration, with a place for the port and the folder.
const CONFIG: &str = include_str!("idle.yaml");
/// How often the server is started; the median start counts.
const STARTS: usize = 5;
/// A server that is not ready by then will not be.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the server rests before its memory is read.
const REST: Duration = Duration::from_secs(5);

const MIB: f64 = 1024.0 * 1024.0;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let product = bench.product()?;
    let size = std::fs::metadata(&product)
        .context("no binary to weigh")?
        .len();
    let mut ready = Vec::new();
    let mut resident = 0.0;
    for start in 1..=STARTS {
        bench
            .out
            .passing(&format!("idle: start {start} of {STARTS}"));
        let folder = tempfile::tempdir().context("could not make a folder")?;
        let mut server = Server::start(&product, bench, folder.path())?;
        ready.push(server.wait_until_ready(bench)?);
        if start == STARTS {
            std::thread::sleep(REST);
            resident = resident_mib(server.child.id())?;
        }
    }
    ready.sort();
    let median = ready[ready.len() / 2].as_secs_f64() * 1000.0;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a binary is far below 2^52 bytes"
    )]
    let megabytes = size as f64 / 1_000_000.0;
    Ok(vec![
        Row::new(
            "idle",
            "ready (median of 5 starts)",
            median,
            "ms",
            Goal::AtMost(200.0),
        ),
        Row::new(
            "idle",
            "resident after 5 s",
            resident,
            "MiB",
            Goal::AtMost(30.0),
        ),
        Row::new("idle", "binary", megabytes, "MB", Goal::AtMost(40.0)),
    ])
}

/// A running product; stopped when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    log: std::path::PathBuf,
    started: Instant,
}

impl Server {
    fn start(product: &Path, bench: &Bench<'_>, folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
        let address = listener.local_addr().context("no free port on loopback")?;
        drop(listener);
        let template = match &bench.config {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("could not read {}", path.display()))?,
            None => CONFIG.to_owned(),
        };
        let config = folder.join("sendo.yaml");
        std::fs::write(&config, fill(&template, address.port(), folder))
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

    fn wait_until_ready(&mut self, bench: &Bench<'_>) -> Result<Duration> {
        while self.started.elapsed() < PATIENCE && !bench.interrupt.asked() {
            if is_ready(self.address) {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.try_wait().context("lost sight of the server")? {
                let said = tail(&self.log, 2000);
                bail!(
                    "`sendo serve --config FILE` ended at once ({status}): {}",
                    said.trim()
                );
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        bail!("/readyz did not answer 200 within {} s", PATIENCE.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Puts the port and the folder where the template has a place for them.
fn fill(template: &str, port: u16, folder: &Path) -> String {
    template
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

fn resident_mib(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("could not read the server's memory")?;
    vm_rss(&status).context("the kernel does not tell the server's memory")
}

/// `VmRSS:      2048 kB` in MiB.
fn vm_rss(status: &str) -> Option<f64> {
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = kibibytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernel() {
        assert_eq!(vm_rss("Name:\tsendo\nVmRSS:\t    2048 kB\n"), Some(2.0));
        assert_eq!(vm_rss("Name:\tsendo\n"), None);
    }

    #[test]
    fn the_configuration_is_filled_in() {
        let filled = fill(CONFIG, 4711, Path::new("/f"));
        assert!(filled.contains("127.0.0.1:4711") && filled.contains("sqlite:/f/sendo.db"));
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
