//! Row `edit`: what an edit costs, proof included, beside one parse of the same bytes, and what
//! the whole process takes beside kustomize's.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::kustomize::{self, Kustomize};
use super::row::{Goal, Row};
use super::{Bench, median};

/// How often each process is run; they take turns, and medians count.
const RUNS: usize = 25;
/// Entries of the kustomization: 200 lines in all.
const IMAGES: usize = 97;
const PROCESS: &str = "a process that sets one image; limit: kustomize's";
/// Five times faster.
const TIMES: f64 = 0.2;

/// A line of the measuring program.
#[derive(Deserialize)]
struct Cost {
    case: String,
    edit_ms: f64,
    parse_ms: f64,
}

pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let mut rows = beside_a_parse(bench)?;
    rows.push(beside_kustomize(bench)?);
    Ok(rows)
}

fn beside_a_parse(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let program = bench.example("sendo-manifest", "edit_cost")?;
    bench.out.passing("edit: beside a parse");
    let output = Command::new(&program)
        .output()
        .context("could not run the measuring program")?;
    if !output.status.success() {
        bail!(
            "the measuring program failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| {
            let cost: Cost =
                serde_json::from_str(line).context("the measuring program told no JSON")?;
            let goal = Goal::AtMostTimes {
                times: 3.0,
                limit: cost.parse_ms,
            };
            Ok(Row::new("edit", &cost.case, cost.edit_ms, "ms", goal))
        })
        .collect()
}

fn beside_kustomize(bench: &Bench<'_>) -> Result<Row> {
    let product = bench.product()?;
    let peer = kustomize::obtain(bench);
    let folder = tempfile::tempdir().context("could not make a folder")?;
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    for place in [&ours, &theirs] {
        std::fs::create_dir(place).context("could not make a folder")?;
        std::fs::write(place.join("kustomization.yaml"), kustomization())
            .context("could not write a kustomization")?;
    }
    let (mut own_times, mut peer_times) = (Vec::new(), Vec::new());
    for run in 1..=RUNS {
        bench.out.passing(&format!("edit: process {run} of {RUNS}"));
        // Another tag each time, so that there is something to write.
        let image = format!("app-50=app-50:v2.{run}.0");
        let mut command = Command::new(&product);
        command.args(["manifest", "set-image", ".", &image]);
        own_times.push(milliseconds(command, &ours)?);
        if let Kustomize::At(program) = &peer {
            let mut command = Command::new(program);
            command.args(["edit", "set", "image", &image]);
            peer_times.push(milliseconds(command, &theirs)?);
        }
    }
    let goal = match &peer {
        Kustomize::At(_) => Goal::AtMostTimes {
            times: TIMES,
            limit: median(peer_times),
        },
        Kustomize::Missing(why) => Goal::Unknown { times: TIMES, why },
    };
    Ok(Row::new("edit", PROCESS, median(own_times), "ms", goal))
}

/// How long a process takes, from its start to its end.
fn milliseconds(mut command: Command, folder: &Path) -> Result<f64> {
    let name = command.get_program().to_string_lossy().into_owned();
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("could not start {name}"))?;
    let took = started.elapsed();
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(took.as_secs_f64() * 1000.0)
}

fn kustomization() -> String {
    let entry = |n| format!("- name: app-{n}\n  newTag: v1.{n}.0\n");
    let entries: String = (0..IMAGES).map(entry).collect();
    format!(
        "# 200 lines\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- a.yaml\nimages:\n{entries}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kustomization_has_200_lines() {
        assert_eq!(kustomization().lines().count(), 200);
    }

    #[test]
    fn a_process_that_fails_is_no_measurement() {
        let folder = tempfile::tempdir().unwrap();
        assert!(milliseconds(Command::new("true"), folder.path()).is_ok());
        assert!(milliseconds(Command::new("false"), folder.path()).is_err());
    }
}
