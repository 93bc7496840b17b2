//! Row `chain`: from a push to a healthy environment on Gitea, Argo CD and a cluster, beside a script
//! that makes the same calls by hand and never waits on a timer. They take turns on repositories of
//! their own, and medians count.
//!
//! It measures inside a testbed, which it starts around another run of itself.

mod calls;
mod ground;
mod hand;
mod ours;
mod steps;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Bench;
use super::manifests;
use super::row::{Goal, Row};
use crate::testbed::{self, Part};
use ground::Ground;
use ours::Ours;
use steps::Steps;

const PARTS: [Part; 3] = [Part::Kubernetes, Part::Gitea, Part::Argocd];
/// The manifests repositories, what of the script's time Sendo may take, and how often each is done: the
/// first time does not count, and with many files Argo CD alone takes half a minute.
const CASES: [(&str, &str, f64, usize); 2] = [
    ("small", "small repository", 1.1, 6),
    ("large", "100,000 files", 0.7, 4),
];

pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let product = bench.product()?;
    let ground = manifests::ground()?;
    let rows = ground.path().join("rows.json");
    let mut inside = Command::new(std::env::current_exe().context("who are we?")?);
    inside
        .args(["bench", "chain", "--product"])
        .arg(product)
        .arg("--rows-to")
        .arg(&rows);
    testbed::obtain(&PARTS, bench.workspace, bench.interrupt, bench.out)?;
    let status = testbed::around(&PARTS, &inside)?
        .status()
        .context("could not start a testbed")?;
    ensure!(rows.is_file(), "it ended early ({status})");
    let text = std::fs::read(&rows).context("could not read the rows")?;
    serde_json::from_slice(&text).context("not a list of rows")
}

/// What `measure` runs in its testbed.
pub(super) fn inside(bench: &Bench<'_>, rows: &Path) -> Result<()> {
    let folder = manifests::ground()?;
    let ground = Ground::set(folder.path())?;
    for application in ["web", "by-hand"] {
        ground.application(application)?;
    }
    for (name, ..) in CASES {
        for name in [name.to_owned(), by_hand(name)] {
            bench.out.passing(&format!("chain: making {name}"));
            ground.manifests(bench, &name, name.starts_with("large"))?;
        }
    }
    let ours = Ours::start(bench, &bench.product()?, &ground)?;
    let ground = std::sync::Arc::new(ground);
    let mut all = Vec::new();
    for (name, told, times, rounds) in CASES {
        let listener = ours::checks(&ground, name)?;
        let ground = std::sync::Arc::clone(&ground);
        let there = std::sync::Arc::clone(&ground);
        std::thread::spawn(move || ours::report(&there, name, &listener));
        let (mut sendo, mut script) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            bench.out.passing(&format!("chain: {told}, round {round}"));
            let tag = format!("{name}-{round}");
            script.push(hand::promote(&ground, &by_hand(name), &tag)?);
            sendo.push(ours.promote(&ground, name, &tag, round)?);
            let took = |all: &[Steps]| all.last().map_or(0.0, Steps::total);
            bench.out.line(&format!(
                "chain: {told}, round {round}: Sendo {:.0} ms, script {:.0} ms",
                took(&sendo),
                took(&script)
            ));
        }
        all.extend(told_of(told, times, &sendo[1..], &script[1..]));
    }
    super::row::write(rows, &all)
}

fn by_hand(name: &str) -> String {
    format!("{name}-by-hand")
}

fn told_of(told: &str, times: f64, sendo: &[Steps], script: &[Steps]) -> Vec<Row> {
    let (value, limit) = (steps::total(sendo), steps::total(script));
    let goal = Goal::AtMostTimes { times, limit };
    let case = format!("push to healthy, {told}; limit: a script");
    let mut rows = vec![Row::new("chain", &case, value, "ms", goal)];
    for (who, rounds) in [("Sendo", sendo), ("script", script)] {
        for (step, took) in steps::each(rounds) {
            let case = format!("{told}, {who}: {step}");
            rows.push(Row::new("chain", &case, took, "ms", Goal::None));
        }
    }
    rows
}
