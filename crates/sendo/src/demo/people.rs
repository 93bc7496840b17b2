//! The people and machines of the demo: a developer who merges, CI that checks, a reviewer.
//!
//! They have no way in that a team would not have.

use std::process::Stdio;

use tokio::process::Command;

use super::stage::Stage;
use crate::cli::Failure;
use crate::exit::Exit;

/// What the developer works on, in turn.
const WORK: [(&str, &str, &str); 6] = [
    ("add-cart", "Add a shopping cart", "mei"),
    ("fix-rounding", "Round prices half to even", "kenji"),
    ("faster-search", "Search with an index", "aoi"),
    ("dark-theme", "Offer a dark theme", "mei"),
    ("gift-cards", "Sell gift cards", "kenji"),
    ("clearer-errors", "Say what went wrong at the till", "aoi"),
];

/// Does the `n`-th piece of work on a branch, merges it and pushes: a merge into `main`.
pub(super) async fn merge_work(stage: &Stage, n: usize) -> Result<String, Failure> {
    let (branch, title, who) = WORK[n % WORK.len()];
    let round = n / WORK.len();
    let branch = if round == 0 {
        branch.to_owned()
    } else {
        format!("{branch}-{round}")
    };
    let clone = stage.clone_of("shop");
    stage
        .git(&clone, who, &["checkout", "--quiet", "-b", &branch, "main"])
        .await?;
    stage.write(
        "shop",
        &format!("features/{branch}.md"),
        &format!("# {title}\n"),
    )?;
    stage.git(&clone, who, &["add", "--all"]).await?;
    stage
        .git(&clone, who, &["commit", "--quiet", "-m", title])
        .await?;
    stage
        .git(&clone, who, &["checkout", "--quiet", "main"])
        .await?;
    let merge = format!("Merge branch '{branch}': {title}");
    stage
        .git(
            &clone,
            who,
            &["merge", "--quiet", "--no-ff", "-m", &merge, &branch],
        )
        .await?;
    stage
        .git(&clone, who, &["push", "--quiet", "origin", "main"])
        .await?;
    Ok(format!("{who} merges “{title}” into main"))
}

/// Reports the check on a change request's head, as CI would after running it.
pub(super) async fn run_checks(stage: &Stage, number: u64) -> Result<(), Failure> {
    let shown = sendo(
        stage,
        &[
            "change",
            "show",
            "manifests.git",
            &number.to_string(),
            "-o",
            "json",
        ],
    )
    .await?;
    let head = serde_json::from_str::<serde_json::Value>(&shown)
        .ok()
        .and_then(|shown| shown["head"].as_str().map(ToOwned::to_owned))
        .unwrap_or_default();
    let report = [
        "change",
        "check",
        "manifests.git",
        &head,
        "--name",
        "ci/validate",
        "--state",
        "success",
        "--as",
        "ci",
    ];
    sendo(stage, &report).await.map(|_| ())
}

/// Approves a change request.
pub(super) async fn approve(stage: &Stage, number: u64, who: &str) -> Result<(), Failure> {
    let review = [
        "change",
        "review",
        "manifests.git",
        &number.to_string(),
        "--approve",
        "--as",
        who,
    ];
    sendo(stage, &review).await.map(|_| ())
}

/// Runs this program as somebody at a terminal would, in the demo's folder.
async fn sendo(stage: &Stage, arguments: &[&str]) -> Result<String, Failure> {
    let failed = |why: String| {
        Failure::new(
            Exit::Failed,
            "demo",
            format!("sendo {} did not work", arguments.join(" ")),
        )
        .why(why)
    };
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let ended = Command::new(program)
        .args(arguments)
        .current_dir(stage.folder())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed(error.to_string()))?;
    if ended.status.success() {
        Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
    } else {
        Err(failed(
            String::from_utf8_lossy(&ended.stderr).trim().to_owned(),
        ))
    }
}
