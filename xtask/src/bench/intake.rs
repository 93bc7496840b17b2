//! Row `intake`: deliveries that are stored for good and answered over HTTP, beside bare commits of
//! one row to the same database.
//!
//! Each round has a database of its own: bare commits before and after a server that is sent image
//! reports by as many connections as it gets at once. The server also translates what it stored,
//! as it would in production.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::load::Load;
use super::row::{Goal, Row};
use super::server::{Server, sqlite};
use super::{Bench, median};
use crate::postgres::{self, Durability, Postgres};

/// Rounds whose medians count.
const ROUNDS: usize = 5;
const SECONDS: u32 = 2;
/// Before anything counts: caches fill, statements are prepared.
const WARM: Duration = Duration::from_millis(500);
/// Requests a second for the latency, and for how long.
const RATE: u32 = 500;
const STEADY: Duration = Duration::from_secs(4);

pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let product = bench.product()?;
    let commits = bench.example("sendo-store", "commit_rate")?;
    let mut rows = Vec::new();
    for database in ["SQLite", "Postgres"] {
        let programs = postgres::programs();
        if database == "Postgres" && programs.is_none() {
            bench
                .out
                .line("intake: no Postgres server programs here, so only SQLite is measured");
            continue;
        }
        let (mut accepted, mut bare, mut late) = (Vec::new(), Vec::new(), Vec::new());
        for round in 1..=ROUNDS {
            bench
                .out
                .passing(&format!("intake: {database}, round {round} of {ROUNDS}"));
            let folder = tempfile::tempdir().context("could not make a folder")?;
            let folder = folder.path();
            let server = match (database, &programs) {
                ("Postgres", Some(programs)) => {
                    let log = folder.join("postgres.log");
                    Some(Postgres::start(programs, &log, Durability::On)?)
                }
                _ => None,
            };
            let url = server.as_ref().map_or_else(
                || format!("sqlite:{}/bare.db", folder.display()),
                |server| server.url().to_owned(),
            );
            let before = bare_commits(&commits, &url)?;
            let postgres = server.as_ref().map(Postgres::url);
            let measured = round_of(bench, &product, folder, postgres)?;
            let after = bare_commits(&commits, &url)?;
            bare.push(f64::midpoint(before, after));
            accepted.push(measured.accepted);
            late.push(measured.late);
        }
        rows.push(Row::new(
            "intake",
            &format!("accepted on {database}; limit: bare commits"),
            median(accepted),
            "/s",
            Goal::AtLeastTimes {
                times: 0.5,
                limit: median(bare),
            },
        ));
        rows.push(Row::new(
            "intake",
            &format!("p99 at {RATE}/s on {database}"),
            median(late),
            "ms",
            Goal::AtMost(20.0),
        ));
    }
    Ok(rows)
}

struct Measured {
    /// A second, at saturation.
    accepted: f64,
    /// The 99th percentile at the steady rate, in milliseconds.
    late: f64,
}

fn round_of(
    bench: &Bench<'_>,
    product: &Path,
    folder: &Path,
    postgres: Option<&str>,
) -> Result<Measured> {
    let (database, token) = match postgres {
        None => {
            let token = folder.join("sendo.db.token");
            (sqlite(folder), token)
        }
        Some(url) => {
            let secret = folder.join("database");
            std::fs::write(&secret, url).context("could not write the database's URL")?;
            let database = format!("\"${{file:{}}}\"", secret.display());
            (database, folder.join("sendo.token"))
        }
    };
    let mut server = Server::start(product, &database, folder)?;
    server.wait_until_ready(bench.interrupt)?;
    let token = std::fs::read_to_string(token).context("the server left no token")?;
    let load = Load {
        server: server.address(),
        token: token.trim(),
        path: "/api/v1/images",
        body: &report,
    };
    let run = || -> Result<Measured> {
        load.saturate(0, WARM)?;
        // While the machine has nothing to catch up with; then as fast as it goes.
        let late = percentile_99(load.steady(1 << 32, RATE, STEADY)?);
        let accepted = load.saturate(2 << 32, Duration::from_secs(SECONDS.into()))?;
        Ok(Measured { accepted, late })
    };
    run().with_context(|| format!("the server's log ends with: {}", server.said()))
}

/// An image report; no two are the same.
fn report(number: u64) -> String {
    format!(r#"{{"application":"shop","revision":"{number:040x}","tag":"v{number}"}}"#)
}

fn bare_commits(program: &Path, url: &str) -> Result<f64> {
    let output = Command::new(program)
        .args([url, "1", &report(0).len().to_string()])
        .output()
        .context("could not run the measuring program")?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim().parse() {
        Ok(rate) if output.status.success() => Ok(rate),
        _ => bail!(
            "the measuring program failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
    }
}

fn percentile_99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * 99).div_ceil(100).saturating_sub(1);
    values.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_may_be_slower() {
        let values = (1..=200).rev().map(f64::from).collect();
        assert_eq!(percentile_99(values), 198.0);
        assert_eq!(percentile_99(Vec::new()), 0.0);
    }

    #[test]
    fn reports_differ_and_name_a_full_revision() {
        assert_ne!(report(1), report(2));
        let json: serde_json::Value = serde_json::from_str(&report(7)).unwrap();
        assert_eq!(json["revision"].as_str().map(str::len), Some(40));
    }
}
