//! Row `board`: the board of 200 applications in six environments, with a million finished deployments
//! behind it: how soon it is answered, what it weighs, and when a browser paints it.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::Bench;
use super::row::{Goal, Row};
use super::server::{Server, sqlite};
use crate::suites::CHROMIUM;

const APPLICATIONS: usize = 200;
const ENVIRONMENTS: [&str; 6] = ["test", "qa", "staging", "canary", "europe", "production"];
const DEPLOYMENTS: usize = 1_000_000;
const REQUESTS: usize = 250;
/// A server that has looked at all its lanes by then has.
const SETTLED: Duration = Duration::from_secs(60);
/// Measures when a page is painted; run by Node.
const PAINT: &str = "crates/sendo/tests/browser/paint.mjs";

pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let product = bench.product()?;
    let seed = bench.example("sendo-store", "board_seed")?;
    let folder = tempfile::tempdir().context("could not make a folder")?;
    let folder = folder.path();
    bench.out.passing("board: writing a million deployments");
    let seeded = fill(&seed, folder)?;
    let mut server = Server::of(&product, &configuration(), &sqlite(folder), folder)?;
    server.wait_until_ready(bench.interrupt)?;
    let read = || -> Result<(Vec<f64>, Vec<u8>)> {
        settle(server.address())?;
        bench.out.passing("board: asking for it");
        let mut taken = Vec::new();
        let mut page = Vec::new();
        for _ in 0..REQUESTS {
            let started = Instant::now();
            page = get(server.address(), "/")?;
            taken.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        Ok((taken, page))
    };
    let (taken, page) =
        read().with_context(|| format!("the server's log ends with: {}", server.said()))?;
    let rivers = String::from_utf8_lossy(&page)
        .matches("<h2><a href=\"/applications/app-")
        .count();
    ensure!(rivers == APPLICATIONS, "the board shows {rivers} rivers");
    let mut rows = vec![
        row("a million deployments written", seeded, "s", 60.0),
        row("p95 of GET / on SQLite", percentile_95(taken), "ms", 200.0),
        row("page", kilobytes(page.len()), "kB", 1000.0),
        row("page, gzip", kilobytes(gzip(page)?), "kB", 100.0),
    ];
    match paint(bench, server.address()) {
        Ok(painted) => rows.push(row(
            "first paint in Chromium (median)",
            painted,
            "ms",
            1000.0,
        )),
        Err(why) => bench
            .out
            .line(&format!("board: first paint NOT MEASURED: {why:#}")),
    }
    Ok(rows)
}

fn row(case: &str, value: f64, unit: &str, most: f64) -> Row {
    Row::new("board", case, value, unit, Goal::AtMost(most))
}

/// Writes the database; gives how many seconds it took.
fn fill(program: &Path, folder: &Path) -> Result<f64> {
    let started = Instant::now();
    let output = Command::new(program)
        .arg(folder.join("sendo.db"))
        .args([APPLICATIONS.to_string(), ENVIRONMENTS.join(",")])
        .arg(DEPLOYMENTS.to_string())
        .output()
        .context("could not run the program that writes deployments")?;
    if !output.status.success() {
        bail!(
            "no deployments were written: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Applications that nobody merges into, so that nothing but the board is measured.
fn configuration() -> String {
    let mut text = "server:\n  listen: \"127.0.0.1:{port}\"\n  database: {database}\n\
                    forges:\n  here: { kind: local, root: \"{folder}\" }\napplications:\n"
        .to_owned();
    for number in 0..APPLICATIONS {
        let _ = write!(
            text,
            "  app-{number:03}:\n    repository: here:shop\n    environments:\n"
        );
        for environment in ENVIRONMENTS {
            let _ = writeln!(
                text,
                "      {environment}: {{ on: command, deliver: {{ promotion: {{ repository: \
                 here:manifests, base: main, edits: [{{ kustomization: \
                 app-{number:03}/{environment}, image: app, tag: \"{{sha}}\" }}] }} }} }}"
            );
        }
    }
    text
}

/// Waits until nothing is left to do.
fn settle(server: SocketAddr) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < SETTLED {
        let backlog: serde_json::Value = serde_json::from_slice(&get(server, "/api/v1/backlog")?)
            .context("the backlog is no JSON")?;
        let busy = |name: &str| backlog[name].as_u64() != Some(0);
        if !["deliveries", "subjects", "effects"].into_iter().any(busy) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("the server is still busy after {} s", SETTLED.as_secs())
}

/// What a server of this machine answers, without its head.
fn get(server: SocketAddr, path: &str) -> Result<Vec<u8>> {
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let head = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().with_context(|| format!("{path} was not answered"))?;
    body(&answer)
        .map(<[u8]>::to_vec)
        .with_context(|| format!("{path} was not answered with 200"))
}

/// The body of an answer that is 200.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = answer.split_at(end + 4);
    head.split(|byte| *byte == b' ')
        .nth(1)
        .filter(|status| *status == b"200")
        .map(|_| body)
}

/// How many bytes it is when packed, as a proxy would.
fn gzip(page: Vec<u8>) -> Result<usize> {
    let mut child = Command::new("gzip")
        .arg("-6c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not run gzip")?;
    let mut input = child.stdin.take().context("gzip takes no input")?;
    let writing = std::thread::spawn(move || input.write_all(&page));
    let output = child.wait_with_output().context("gzip did not end")?;
    let written = writing
        .join()
        .map_err(|_| anyhow::anyhow!("gzip's input"))?;
    written.context("gzip took no input")?;
    Ok(output.stdout.len())
}

/// When a browser paints it first, in milliseconds after it was asked for; the median of some.
fn paint(bench: &Bench<'_>, server: SocketAddr) -> Result<f64> {
    let modules = bench.workspace.target().join("xtask/browser-modules");
    ensure!(Path::new(CHROMIUM).exists(), "{CHROMIUM} is not there");
    ensure!(
        modules.join("node_modules").exists(),
        "{} is not there: `cargo xtask test --only browser` fetches it",
        modules.display()
    );
    bench.out.passing("board: painting it");
    let output = Command::new("node")
        .arg(bench.workspace.root().join(PAINT))
        .arg(format!("http://{server}/"))
        .env("SENDO_BROWSER_CHROMIUM", CHROMIUM)
        .env("SENDO_BROWSER_MODULES", &modules)
        .env("SENDO_BROWSER_PICTURES", &modules)
        .output()
        .context("could not run node")?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim()
        .parse()
        .with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

#[expect(clippy::cast_precision_loss, reason = "a page is far below 2^52 bytes")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1000.0
}

fn percentile_95(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * 95).div_ceil(100).saturating_sub(1);
    values.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_twenty_may_be_slower() {
        assert_eq!(
            percentile_95((1..=200).rev().map(f64::from).collect()),
            190.0
        );
        assert_eq!(percentile_95(Vec::new()), 0.0);
    }

    #[test]
    fn only_an_answer_of_200_has_a_body() {
        let good = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\npage";
        assert_eq!(body(good), Some(b"page".as_slice()));
        assert_eq!(body(b"HTTP/1.1 503 No\r\n\r\npage"), None);
    }

    #[test]
    fn every_application_is_configured_in_every_environment() {
        let lanes = configuration().matches("on: command").count();
        assert_eq!(lanes, APPLICATIONS * ENVIRONMENTS.len());
    }
}
