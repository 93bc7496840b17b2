//! Row `publish`: one edit published to a manifests repository over smart HTTP, with 30 ms added to
//! every request, beside the one request it cannot do without, and beside how others do it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::clones::{self, Way};
use super::manifests::{self, Shape};
use super::row::{Goal, Row};
use super::{Bench, median};
use crate::process::stop;

/// Added to every request, in milliseconds: a forge that is near.
const LATENCY: &str = "30";
/// How often each is done; they take turns, and medians count.
const ROUNDS: &str = "15";
/// How often each of the others is done.
const PEER_ROUNDS: usize = 3;
/// Applications that are edited together.
const TOGETHER: usize = 90;

const SMALL: Shape = shape(10, 10, 10);
const MIDDLE: Shape = shape(10, 100, 100);
const LARGE: Shape = shape(100, 100, 100);
/// Folders of two thousand, few and many.
const WIDE_SMALL: Shape = shape(2, 2_000, 1);
const WIDE: Shape = shape(50, 2_000, 1);

const fn shape(groups: usize, applications: usize, files: usize) -> Shape {
    Shape {
        groups,
        applications,
        files,
    }
}

/// What the measuring program tells.
#[derive(Deserialize)]
struct Cost {
    one_ms: f64,
    hand_ms: f64,
    all_ms: f64,
    share_ms: f64,
    peak_mib: f64,
}

/// What the git server counted.
#[derive(Deserialize)]
struct Counts {
    requests: f64,
    up: f64,
    down: f64,
}

/// What was measured of one repository.
struct Measured {
    cost: Cost,
    counts: Counts,
}

pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let programs = Programs {
        server: bench.example("sendo-git", "git_server")?,
        cost: bench.example("sendo-git", "publish_cost")?,
    };
    let ground = manifests::ground()?;
    let mut server = Lines::start(
        Command::new(&programs.server)
            .arg(ground.path())
            .arg(LATENCY),
    )?;
    let base = server.line()?;
    let mut one = |shape: Shape| -> Result<Measured> {
        let repository = manifests::lend(bench, shape, ground.path())?;
        let total = shape.total();
        bench
            .out
            .passing(&format!("publish: to a repository of {total} files"));
        publish(&programs, &repository, shape, &base, &mut server)
    };
    let (small, middle, large) = (one(SMALL)?, one(MIDDLE)?, one(LARGE)?);
    let (wide_small, wide) = (one(WIDE_SMALL)?, one(WIDE)?);
    let mut rows = vec![
        beside_by_hand("1,000 files", &small.cost),
        beside_by_hand("100,000 files", &middle.cost),
        beside_by_hand("1,000,000 files", &large.cost),
        beside_by_hand("100,000 files in folders of 2,000", &wide.cost),
        row(
            "our share, 100,000 files; limit: 1,000",
            middle.cost.share_ms,
            "ms",
            1.2,
            small.cost.share_ms,
        ),
        row(
            "our share, 1,000,000 files; limit: 1,000",
            large.cost.share_ms,
            "ms",
            1.2,
            small.cost.share_ms,
        ),
        row(
            "our share, 100,000 files in folders of 2,000; limit: 4,000",
            wide.cost.share_ms,
            "ms",
            1.2,
            wide_small.cost.share_ms,
        ),
        row(
            "90 applications; limit: one",
            middle.cost.all_ms,
            "ms",
            2.0,
            middle.cost.one_ms,
        ),
        // What is remembered of a repository takes 32 MiB at the most, and little of a small one.
        at_most(
            "peak memory, 1,000,000 files",
            large.cost.peak_mib,
            "MiB",
            64.0,
        ),
        at_most("peak memory, 1,000 files", small.cost.peak_mib, "MiB", 64.0),
        at_most("requests of one edit", middle.counts.requests, "", 1.0),
        at_most(
            "bytes up of one edit, folders of 2,000",
            wide.counts.up,
            "B",
            1000.0,
        ),
        at_most("bytes down of one edit", middle.counts.down, "B", 1000.0),
    ];
    for (shape, files, measured) in [
        (SMALL, "1,000", &small),
        (MIDDLE, "100,000", &middle),
        (LARGE, "1,000,000", &large),
    ] {
        let ours = &measured.cost;
        rows.extend(beside_others(
            bench,
            (shape, files),
            ours,
            &base,
            &mut server,
        )?);
    }
    Ok(rows)
}

fn row(case: &str, value: f64, unit: &str, times: f64, limit: f64) -> Row {
    let goal = Goal::AtMostTimes { times, limit };
    Row::new("publish", case, value, unit, goal)
}

fn at_most(case: &str, value: f64, unit: &str, most: f64) -> Row {
    Row::new("publish", case, value, unit, Goal::AtMost(most))
}

fn beside_by_hand(case: &str, cost: &Cost) -> Row {
    let case = format!("one edit, {case}; limit: its request by hand");
    row(&case, cost.one_ms, "ms", 1.3, cost.hand_ms)
}

struct Programs {
    server: std::path::PathBuf,
    cost: std::path::PathBuf,
}

fn publish(
    programs: &Programs,
    repository: &Path,
    shape: Shape,
    base: &str,
    server: &mut Lines,
) -> Result<Measured> {
    let paths = repository.with_extension("paths");
    std::fs::write(&paths, shape.spread(TOGETHER).join("\n"))
        .context("could not write the paths")?;
    let name = repository.file_name().context("a repository of no name")?;
    let url = format!("{base}/{}", name.to_string_lossy());
    let mut command = Command::new(&programs.cost);
    command.arg(url).arg(repository).arg(&paths).arg(ROUNDS);
    let mut measuring = Lines::start(&mut command)?;
    // It has published once and knows its base; what comes now is counted.
    measuring.line()?;
    server.ask()?;
    measuring.ask()?;
    let counts = server.ask()?;
    let counts = serde_json::from_str(&counts).context("the server told no JSON")?;
    let told = measuring.ask()?;
    let cost = serde_json::from_str(&told).context("the measuring program told no JSON")?;
    Ok(Measured { cost, counts })
}

/// The ways of others, on a repository. With few files all there is to say is that none of them is
/// faster.
fn beside_others(
    bench: &Bench<'_>,
    (shape, files): (Shape, &str),
    ours: &Cost,
    base: &str,
    server: &mut Lines,
) -> Result<Vec<Row>> {
    let ground = manifests::ground()?;
    let url = format!("{base}/{}", shape.name());
    let path = Shape::path(1, 3, 0);
    clones::cache(&url, ground.path())?;
    let ways = [
        ("clone --depth=1, edit, push", Way::Shallow, 0.04),
        ("the same sparse, without blobs", Way::Sparse, 0.2),
        ("git with a warm cache", Way::Warm, 0.5),
    ];
    let mut rows = Vec::new();
    // Every edit is another one, or there would be nothing to commit.
    let mut edits = 0..;
    for (name, way, times) in ways {
        let (mut taken, mut peak) = (Vec::new(), 0.0_f64);
        let rounds = peer_rounds(shape);
        for edit in edits.by_ref().take(rounds) {
            bench
                .out
                .passing(&format!("publish: {name}, {files} files"));
            server.ask()?;
            let took = way.publish(&url, ground.path(), &path, edit)?;
            taken.push(took.ms);
            peak = peak.max(took.peak_mib);
            way.tidy(ground.path())?;
        }
        let counted: Counts =
            serde_json::from_str(&server.ask()?).context("the server told no JSON")?;
        let Counts { requests, up, down } = counted;
        let case = format!(
            "one edit, {files} files; limit: {name} ({requests} requests, {:.1} kB up, {:.1} kB down, {peak:.0} MiB)",
            up / 1000.0,
            down / 1000.0
        );
        let limit = median(taken);
        let times = if shape.total() < 100_000 { 1.0 } else { times };
        let goal = Goal::AtMostTimes { times, limit };
        rows.push(Row::new("publish", &case, ours.one_ms, "ms", goal));
    }
    Ok(rows)
}

/// A clone of a million files takes minutes.
const fn peer_rounds(shape: Shape) -> usize {
    if shape.total() > 100_000 {
        1
    } else {
        PEER_ROUNDS
    }
}

/// A program that answers lines with lines; stopped when dropped.
struct Lines {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Lines {
    fn start(command: &mut Command) -> Result<Self> {
        use std::os::unix::process::CommandExt;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("could not start a measuring program")?;
        let input = child.stdin.take().context("it takes no input")?;
        let output = child.stdout.take().context("it gives no output")?;
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
        })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        read.context("a measuring program broke off")?;
        ensure!(!line.is_empty(), "a measuring program ended early");
        Ok(line.trim_end().to_owned())
    }

    fn ask(&mut self) -> Result<String> {
        let told = self.input.write_all(b"\n");
        told.context("a measuring program takes no line")?;
        self.line()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}
