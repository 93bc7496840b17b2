//! The script: the calls of a promotion by hand, one after the other, waiting on nothing but answers.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::ground::{APPLICATIONS, Ground};
use super::steps::Steps;
use crate::bench::manifests::git;

/// Releases a tag and takes it by hand to the pods of an Application.
pub(super) fn promote(ground: &Ground, name: &str, tag: &str) -> Result<Steps> {
    let mut steps = Steps::begin(Instant::now());
    ground.release("by-hand", tag)?;
    steps.done("release");
    let clone = ground.folder.join("work");
    let path = clone.to_string_lossy().into_owned();
    let remote = ground.remote(name)?;
    git(
        &ground.folder,
        &["clone", "-q", "--depth=1", &remote, &path],
    )?;
    steps.done("clone");
    let file = clone.join("web/kustomization.yaml");
    let text = std::fs::read_to_string(&file).context("the clone lacks the file")?;
    let head = text.split("newTag").next().unwrap_or_default();
    std::fs::write(&file, format!("{head}newTag: {tag}\n")).context("could not edit")?;
    let branch = format!("deploy-{tag}");
    git(&clone, &["checkout", "-q", "-b", &branch])?;
    git(
        &clone,
        &["commit", "-q", "-a", "-m", &format!("Deploy {tag}")],
    )?;
    let commit = git(&clone, &["rev-parse", "HEAD"])?;
    steps.done("edit and commit");
    git(&clone, &["push", "-q", "origin", &branch])?;
    steps.done("push");
    let repository = ground.repository(name);
    let change = json!({ "head": branch, "base": "main", "title": format!("Deploy {tag}") });
    let change = ground
        .proposer
        .call("POST", &format!("{repository}/pulls"), &change)?;
    let change = format!("{repository}/pulls/{}", change["number"]);
    steps.done("open");
    check(ground, name, &commit)?;
    steps.done("check");
    let review = json!({ "event": "APPROVED", "commit_id": commit });
    ground
        .approver
        .call("POST", &format!("{change}/reviews"), &review)?;
    steps.done("approve");
    merge(ground, &change, &commit)?;
    let merged = ground.admin.call("GET", &change, &Value::Null)?;
    let merged = merged["merge_commit_sha"]
        .as_str()
        .context("no merge")?
        .to_owned();
    steps.done("merge");
    let mark = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
    ground
        .proxy
        .cluster
        .call("PATCH", &format!("{APPLICATIONS}/{name}"), &mark)?;
    ground.healthy(name, Some(&merged))?;
    while !ground.runs(name, tag)? {}
    steps.done("healthy");
    std::fs::remove_dir_all(&clone).context("could not remove a clone")?;
    Ok(steps)
}

/// A check reports success.
pub(super) fn check(ground: &Ground, name: &str, commit: &str) -> Result<()> {
    let status = json!({ "context": "ci/validate", "state": "success" });
    let path = format!("{}/statuses/{commit}", ground.repository(name));
    ground.admin.call("POST", &path, &status).map(drop)
}

/// Gitea says for a moment that it does not know yet whether it can be merged.
fn merge(ground: &Ground, change: &str, commit: &str) -> Result<()> {
    let how = json!({ "Do": "merge", "head_commit_id": commit });
    let began = Instant::now();
    loop {
        let path = format!("{change}/merge");
        let (status, told) = ground.approver.try_call("POST", &path, &how)?;
        if status == 200 {
            return Ok(());
        }
        ensure!(
            status == 405 && began.elapsed().as_secs() < 20,
            "the merge was refused: {status} {told}"
        );
    }
}
