//! Row `idle`: a server of one application that has nothing to do: how soon it is ready, what it holds, what it
//! weighs.

use std::time::Duration;

use anyhow::{Context, Result};

use super::row::{Goal, Row};
use super::server::{Server, sqlite};
use super::{Bench, median};

/// How often the server is started; the median start counts.
const STARTS: usize = 5;
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
        let mut server = Server::start(&product, &sqlite(folder.path()), folder.path())?;
        let took = server.wait_until_ready(bench.interrupt)?;
        ready.push(took.as_secs_f64() * 1000.0);
        if start == STARTS {
            std::thread::sleep(REST);
            resident = resident_mib(server.id())?;
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a binary is far below 2^52 bytes"
    )]
    let megabytes = size as f64 / 1_000_000.0;
    Ok(vec![
        Row::new(
            "idle",
            "ready (median of 5 starts)",
            median(ready),
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
}
