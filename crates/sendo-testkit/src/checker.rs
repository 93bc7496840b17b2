//! What must hold when everything has settled, whatever was killed on the way.
//!
//! It goes by what is visible outside: the history of the repositories, the logs of their change
//! requests, the notices that arrived, and what the server answers. *Repeated* is a second visible
//! effect; *lost* is something that began and has no end. Notices arrive at least once, so a second
//! copy is counted apart.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::time::Duration;

use serde_json::Value;

use crate::http;
use crate::process::Server;
use crate::receiver::Receiver;
use crate::stage::Stage;
use crate::wait;

/// A line of the audit trail is sealed within this, on a busy machine.
const SEALED: Duration = Duration::from_secs(30);

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deployments, every one of them ended.
    pub deployments: usize,
    /// Deliveries, every one of them with an outcome.
    pub deliveries: usize,
    /// Visible effects: commits, merges, change requests, approvals, closings.
    pub effects: usize,
    /// Notices that people were owed.
    pub notices: usize,
    /// Notices that arrived more than once, which is allowed.
    pub doubled_notices: usize,
    /// Second visible effects.
    pub repeated: usize,
    /// Things that began and have no end.
    pub lost: usize,
    /// Anything else that is not as it must be.
    pub wrong: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.deployments += other.deployments;
        self.deliveries += other.deliveries;
        self.effects += other.effects;
        self.notices += other.notices;
        self.doubled_notices += other.doubled_notices;
        self.repeated += other.repeated;
        self.lost += other.lost;
        self.wrong += other.wrong;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} deployments, {} deliveries, {} effects outside, {} notices ({} came twice): {} lost, {} repeated, {} wrong",
            self.deployments,
            self.deliveries,
            self.effects,
            self.notices,
            self.doubled_notices,
            self.lost,
            self.repeated,
            self.wrong
        )
    }
}

/// The counts, and in words what is not as it must be.
#[derive(Debug, Default)]
pub struct Findings {
    /// The counts.
    pub counts: Counts,
    /// Each breach.
    pub breaches: Vec<String>,
}

impl Findings {
    /// Something that began has no end.
    pub fn lost(&mut self, what: impl Into<String>) {
        self.counts.lost += 1;
        self.breaches.push(format!("lost: {}", what.into()));
    }

    /// Something happened twice outside.
    pub fn repeated(&mut self, what: impl Into<String>) {
        self.counts.repeated += 1;
        self.breaches.push(format!("repeated: {}", what.into()));
    }

    /// Something is not as it must be.
    pub fn wrong(&mut self, what: impl Into<String>) {
        self.counts.wrong += 1;
        self.breaches.push(format!("wrong: {}", what.into()));
    }

    /// Each key at most once.
    fn once(&mut self, what: &str, all: &BTreeMap<String, usize>) {
        self.counts.effects += all.len();
        for (key, times) in all.iter().filter(|(_, times)| **times > 1) {
            self.repeated(format!("{what} {key}: {times} times"));
        }
    }
}

/// An overlay whose tag must follow the history of a repository.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// The kustomization file in the manifests repository.
    pub file: String,
    /// The application's repository.
    pub source: String,
}

/// Everything that can be seen while the server runs.
#[must_use]
pub fn look(
    stage: &Stage,
    server: &mut Server,
    receiver: Option<&Receiver>,
    overlays: &[Overlay],
) -> Findings {
    let mut findings = Findings::default();
    let overtaken = match api(server, receiver, stage, &mut findings) {
        Ok(overtaken) => overtaken,
        Err(error) => {
            findings.wrong(error);
            BTreeSet::new()
        }
    };
    history(stage, overlays, &overtaken, &mut findings);
    findings
}

/// Everything that can be seen once the server has ended: nothing is damaged, nothing left over.
pub fn look_after(stage: &Stage, findings: &mut Findings) {
    for repository in std::fs::read_dir(stage.folder()).unwrap().flatten() {
        let path = repository.path();
        if path.extension().is_some_and(|extension| extension == "git")
            && let Err(said) =
                stage.try_git(&path, "reader", &["fsck", "--strict", "--no-dangling"])
        {
            findings.wrong(format!("git fsck of {}: {said}", path.display()));
        }
    }
    for damage in stage.database().damage() {
        findings.wrong(format!("the database: {damage}"));
    }
    let left = crate::wait::until(
        "its processes end",
        std::time::Duration::from_secs(15),
        || {
            crate::process::at_work_in(stage.folder())
                .is_empty()
                .then_some(())
        },
    );
    if left.is_err() {
        let ids = crate::process::at_work_in(stage.folder());
        findings.wrong(format!("processes are left over: {ids:?}"));
    }
}

/// What the server answers; the change requests of deployments that were overtaken or cancelled.
fn api(
    server: &mut Server,
    receiver: Option<&Receiver>,
    stage: &Stage,
    findings: &mut Findings,
) -> Result<BTreeSet<String>, String> {
    let address = server.address().ok_or("the server does not listen")?;
    let deliveries = http::get(address, "/api/v1/deliveries?limit=1000")?;
    for row in list(&deliveries["deliveries"]) {
        findings.counts.deliveries += 1;
        match row["outcome"]["outcome"].as_str() {
            Some("done" | "ignored") => {}
            Some(_) => findings.wrong(format!("a delivery is quarantined: {row}")),
            None => findings.lost(format!("a delivery has no outcome: {row}")),
        }
    }
    let seen = receiver.map(Receiver::seen);
    let deployments = http::get(address, "/api/v1/deployments?limit=1000")?;
    let published = published(stage);
    let mut overtaken = BTreeSet::new();
    for row in list(&deployments["deployments"]) {
        findings.counts.deployments += 1;
        let id = row["id"].as_str().unwrap_or_default();
        let state = row["state"].as_str().unwrap_or_default();
        if !["succeeded", "superseded", "cancelled", "failed"].contains(&state) {
            findings.lost(format!("deployment {id} is {state}: {}", row["waiting"]));
        }
        if ["superseded", "cancelled"].contains(&state) && row["change"]["number"].is_u64() {
            overtaken.insert(row["change"]["number"].to_string());
        }
        let view = http::get(address, &format!("/api/v1/deployments/{id}"))?;
        let turns = list(&view["timeline"]);
        let unchanged = turns
            .iter()
            .any(|notice| notice["turn"]["unchanged"] == Value::Bool(true));
        let commits = published.get(id).copied().unwrap_or_default();
        if state == "succeeded" && commits == 0 && !unchanged {
            findings.lost(format!(
                "deployment {id} succeeded and its commit is not there"
            ));
        }
        if state != "succeeded" && commits > 0 {
            findings.wrong(format!(
                "deployment {id} is {state} and its commit is there"
            ));
        }
        for notice in turns {
            let id = notice["id"].as_str().unwrap_or_default();
            findings.counts.notices += 1;
            match seen.as_ref().map(|seen| seen.get(id)) {
                Some(None) => findings.lost(format!("notice {id}")),
                Some(Some(times)) if *times > 1 => findings.counts.doubled_notices += 1,
                _ => {}
            }
        }
    }
    // A timer, such as that of a digest, may add a line after all was at rest: it is sealed soon.
    let sealed = wait::until("every line is sealed", SEALED, || {
        let verdict = http::get(address, "/api/v1/audit/verify");
        let waits = |verdict: &Value| verdict["broken"].is_null() && verdict["unsealed"] != 0;
        (!verdict.as_ref().is_ok_and(waits)).then_some(verdict)
    });
    let verdict = sealed??;
    if !verdict["broken"].is_null() || verdict["verified"] == 0 {
        findings.wrong(format!("the audit trail: {verdict}"));
    }
    Ok(overtaken)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// How many commits of each deployment the base has.
fn published(stage: &Stage) -> BTreeMap<String, usize> {
    let format = "--format=%P%x09%(trailers:key=Sendo-Deployment,valueonly,separator=%x2C)";
    let log = stage.git(
        &stage.bare("manifests"),
        "reader",
        &["log", format, "refs/heads/main"],
    );
    let mut commits = BTreeMap::new();
    for (parents, deployment) in log.lines().filter_map(|line| line.split_once('\t')) {
        if !parents.contains(' ') && !deployment.is_empty() {
            *commits.entry(deployment.to_owned()).or_default() += 1;
        }
    }
    commits
}

/// The manifests repository as an effect journal.
fn history(
    stage: &Stage,
    overlays: &[Overlay],
    overtaken: &BTreeSet<String>,
    findings: &mut Findings,
) {
    findings.once("the commit of deployment", &published(stage));
    let bare = stage.bare("manifests");
    let merges = stage.git(
        &bare,
        "reader",
        &["log", "--merges", "--format=%P", "refs/heads/main"],
    );
    let mut merged: BTreeMap<String, usize> = BTreeMap::new();
    for head in merges.lines().filter_map(|line| line.split(' ').nth(1)) {
        *merged.entry(head.to_owned()).or_default() += 1;
    }
    findings.once("the merge of", &merged);
    change_requests(stage, &merged, overtaken, findings);
    for name in stage.refs("manifests").keys() {
        if name.starts_with("refs/heads/sendo/") {
            findings.wrong(format!("{name} is left over"));
        }
    }
    for overlay in overlays {
        forward(stage, overlay, findings);
    }
}

fn change_requests(
    stage: &Stage,
    merged: &BTreeMap<String, usize>,
    overtaken: &BTreeSet<String>,
    findings: &mut Findings,
) {
    let (mut opened, mut approved, mut ended) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut approved_heads, mut closed) = (Vec::new(), BTreeSet::new());
    for name in stage.refs("manifests").keys() {
        let Some(number) = name
            .strip_prefix("refs/sendo/changes/")
            .and_then(|rest| rest.strip_suffix("/log"))
        else {
            continue;
        };
        let log = stage.git(
            &stage.bare("manifests"),
            "reader",
            &["log", "--format=%B", name],
        );
        for turn in log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        {
            let text = |field: &str| turn[field].as_str().unwrap_or_default().to_owned();
            let ours = text("by") == "local:sendo-approver";
            match turn["turn"].as_str() {
                Some("opened") => *opened.entry(text("marker")).or_default() += 1,
                Some("reviewed") if ours && turn["verdict"] == "approve" => {
                    approved_heads.push((number.to_owned(), text("head")));
                    *approved
                        .entry(format!("{number} at {}", text("head")))
                        .or_default() += 1;
                }
                Some(end @ ("closed" | "merged")) => {
                    if end == "closed" {
                        closed.insert(number.to_owned());
                    }
                    *ended.entry(format!("{number} {end}")).or_default() += 1;
                }
                _ => {}
            }
        }
    }
    findings.once("the change request of", &opened);
    findings.once("our approval of", &approved);
    findings.once("change request", &ended);
    // A newer revision may come between our approval and the merge; then the request is closed.
    for (number, head) in approved_heads {
        let given_up = closed.contains(&number) && overtaken.contains(&number);
        if !merged.contains_key(&head) && !given_up {
            findings.wrong(format!(
                "change request {number} was approved by us at {head} and has no end"
            ));
        }
    }
}

/// An environment never goes back to an older revision.
fn forward(stage: &Stage, overlay: &Overlay, findings: &mut Findings) {
    let diffs = stage.git(
        &stage.bare("manifests"),
        "reader",
        &[
            "log",
            "--first-parent",
            "-m",
            "-p",
            "--reverse",
            "--format=",
            "refs/heads/main",
            "--",
            &overlay.file,
        ],
    );
    let order = stage.git(
        &stage.bare(&overlay.source),
        "reader",
        &["rev-list", "--reverse", "--all"],
    );
    let place: BTreeMap<&str, usize> = order.lines().enumerate().map(|(n, r)| (r, n)).collect();
    let mut last = None;
    for line in diffs.lines().filter(|line| line.starts_with('+')) {
        let Some((_, tag)) = line.split_once("newTag: ") else {
            continue;
        };
        let tag = tag.trim().trim_matches('"');
        let now = place.get(tag).copied();
        if now.is_some() && now <= last {
            findings.wrong(format!("{} went back to {tag}", overlay.file));
        }
        last = now.or(last);
    }
}
