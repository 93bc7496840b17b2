//! What happens in a run: merges, and people and CI who act on what the board shows.
//!
//! The server may be killed at any moment; whoever acts here only notices that the board does not
//! answer for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::checker::{self, Findings, Overlay};
use crate::process::Server;
use crate::receiver::Receiver;
use crate::slack::{CHANNEL, Slack, TOKEN};
use crate::stage::Stage;
use crate::wait;

/// Everything has settled within this, or something is lost.
const SETTLE: Duration = Duration::from_secs(180);

/// Which story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Reaches every kind of effect: a merge is overtaken by a newer one, which is checked, goes on
    /// to production and is approved there; another application commits directly.
    Whole,
    /// One change request that is checked, and one direct commit.
    Short,
    /// Many lanes, for as long as work is added.
    Load,
}

/// A run on a stage.
#[derive(Debug)]
pub struct Story {
    /// The stage, for whoever starts servers on it meanwhile.
    pub stage: Arc<Stage>,
    /// Takes the notices in.
    pub receiver: Receiver,
    /// Where notices stand in threads.
    pub slack: Slack,
    /// Whether people approve on the forge; else whoever tells the story approves.
    pub reviews: bool,
    telling: Telling,
    /// What each lane must end at.
    expected: BTreeMap<String, String>,
    done: BTreeSet<String>,
    merges: usize,
    overtaken: bool,
}

impl Telling {
    /// The applications and their environments.
    const fn applications(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Whole => &[("shop", &["test", "production"]), ("site", &["live"])],
            Self::Short => &[("shop", &["test"]), ("site", &["live"])],
            Self::Load => &[
                ("cart", &["test", "production"]),
                ("shop", &["test", "production"]),
                ("till", &["test", "production"]),
                ("site", &["live"]),
            ],
        }
    }
}

/// The configuration of these applications.
fn configuration(telling: Telling, receiver: SocketAddr, api: &str) -> String {
    let mut text = format!(
        "server: {{ listen: \"127.0.0.1:0\", database: \"DATABASE\", lease: 1s, sweep: 2s }}\n\
         forges: {{ here: {{ kind: local, root: . }} }}\n\
         notices:\n  \
         - webhook: {{ url: \"http://{receiver}/\" }}\n  \
         - {{ name: digest, webhook: {{ url: \"http://{receiver}/\" }}, digest: 1m }}\n  \
         - {{ name: chat, slack: {{ token: \"${{file:slack-token}}\", channel: {CHANNEL}, api: \"{api}\" }} }}\n\
         applications:\n"
    );
    for (application, environments) in telling.applications() {
        text.push_str(&format!(
            "  {application}:\n    repository: here:{application}\n    environments:\n"
        ));
        for environment in *environments {
            let gates = match *environment {
                "production" => "        after: test\n        approval: { people: 1 }\n",
                _ => "",
            };
            let how = match *environment {
                "live" => "mode: commit",
                _ => "checks: [ci]",
            };
            text.push_str(&format!(
                "      {environment}:\n        on: {{ merged_into: main }}\n{gates}        \
                 deliver:\n          promotion:\n            repository: here:manifests\n            \
                 base: main\n            {how}\n            edits: [{{ kustomization: \
                 {application}/{environment}, image: {application}, tag: \"{{sha}}\" }}]\n"
            ));
        }
    }
    text
}

/// A kustomization with one image.
#[must_use]
pub fn kustomization(image: &str) -> String {
    format!(
        "# {image}: 手で書き換えないこと\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\
         images:\n  - name: {image}\n    newName: registry.example.com/{image} # ours\n    newTag: \"0000000\" # set by Sendo\n"
    )
}

impl Story {
    /// Sets the stage; `program` is the command line.
    #[must_use]
    pub fn set(program: &str, telling: Telling) -> Self {
        let (stage, receiver, slack) = (Stage::set(program), Receiver::start(), Slack::start());
        std::fs::write(stage.folder().join("slack-token"), TOKEN).unwrap();
        let mut files = Vec::new();
        for (application, environments) in telling.applications() {
            for environment in *environments {
                let file = format!("{application}/{environment}/kustomization.yaml");
                files.push((file, kustomization(application)));
            }
            stage.repository(
                application,
                "main",
                &[("README.md", "# It sells things.\n")],
            );
        }
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        stage.repository("manifests", "main", &files);
        stage.configure(&configuration(telling, receiver.address(), &slack.api()));
        Self {
            stage: Arc::new(stage),
            receiver,
            slack,
            reviews: true,
            telling,
            expected: BTreeMap::new(),
            done: BTreeSet::new(),
            merges: 0,
            overtaken: telling != Telling::Whole,
        }
    }

    /// Waits until the server has looked at every lane once. What is there at the first look is
    /// where a lane begins, unless somebody tells of it as news.
    pub fn first_look(&self, server: &mut Server) {
        let looked = wait::until("the first look", SETTLE, || {
            is_at_rest(server).then_some(())
        });
        looked.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    }

    /// The first merges.
    pub fn begin(&mut self) {
        for (application, _) in self.telling.applications() {
            self.merge(application);
        }
    }

    /// Somebody merges into an application.
    pub fn merge(&mut self, application: &str) {
        self.merges += 1;
        let title = format!("Work {}", self.merges);
        let revision = self.stage.work(application, "main", &title);
        let all = self.telling.applications();
        for (_, environments) in all.iter().filter(|(name, _)| *name == application) {
            for environment in *environments {
                self.expected
                    .insert(format!("{application}/{environment}"), revision.clone());
            }
        }
    }

    /// The applications work can be done on.
    #[must_use]
    pub fn applications(&self) -> Vec<&'static str> {
        let all = self.telling.applications();
        all.iter().map(|(name, _)| *name).collect()
    }

    /// Looks at the board and acts on it; true when nothing is left to do.
    pub fn step(&mut self, server: &mut Server) -> bool {
        let Some(board) = server.get("/api/v1/board") else {
            return false;
        };
        self.see(&board) && is_at_rest(server)
    }

    /// Acts on a board, from whichever server it is; true when all that was merged has arrived.
    pub fn see(&mut self, board: &Value) -> bool {
        let mut arrived = 0;
        for lane in board["lanes"].as_array().into_iter().flatten() {
            self.act(&lane["moving"]);
            let name = format!(
                "{}/{}",
                lane["lane"]["application"].as_str().unwrap_or_default(),
                lane["lane"]["environment"].as_str().unwrap_or_default()
            );
            let there = lane["running"]["revision"].as_str();
            if lane["moving"].is_null() && self.expected.get(&name).map(String::as_str) == there {
                arrived += 1;
            }
        }
        self.overtaken && arrived == self.expected.len()
    }

    fn act(&mut self, moving: &Value) {
        let waits_for = moving["waiting"]["for"].as_str();
        let (Some(waits_for), Some(number)) = (waits_for, moving["change"]["number"].as_u64())
        else {
            return;
        };
        if waits_for == "checks" && !self.overtaken {
            self.overtaken = true;
            self.merge("shop");
            return;
        }
        if !["checks", "people"].contains(&waits_for)
            || (waits_for == "people" && !self.reviews)
            || !self.done.insert(format!("{waits_for} {number}"))
        {
            return;
        }
        let reference = format!("refs/sendo/changes/{number}/head");
        let manifests = self.stage.bare("manifests");
        let Ok(head) = self
            .stage
            .try_git(&manifests, "ci", &["rev-parse", &reference])
        else {
            return;
        };
        let number = number.to_string();
        let ended = if waits_for == "checks" {
            check(&self.stage, &head, "success")
        } else {
            self.stage.sendo(&[
                "change",
                "review",
                "manifests.git",
                &number,
                "--approve",
                "--head",
                &head,
                "--as",
                "aoi",
            ])
        };
        // A change request that was overtaken meanwhile is closed: nobody's fault.
        if ended.code != 0 {
            self.done.remove(&format!("{waits_for} {number}"));
        }
    }

    /// Acts until everything has settled or the server is no more; true when it has settled.
    ///
    /// # Errors
    /// What was still under way at the deadline.
    pub fn play(&mut self, server: &mut Server) -> Result<bool, String> {
        let played = wait::until("the story settles", SETTLE, || {
            if server.has_ended() || server.is_stopped() {
                return Some(false);
            }
            self.step(server).then_some(true)
        });
        played.map_err(|error| {
            let board = server.get("/api/v1/board").unwrap_or_default();
            let backlog = server.get("/api/v1/backlog").unwrap_or_default();
            let log = server.log();
            let last: Vec<&str> = log.lines().rev().take(12).collect();
            format!("{error}\nbacklog {backlog}\nboard {board}\nlog, newest first: {last:#?}")
        })
    }

    /// Looks at everything, ends the server, and looks again.
    #[must_use]
    pub fn close(self, mut server: Server) -> Findings {
        let overlays: Vec<Overlay> = self
            .telling
            .applications()
            .iter()
            .flat_map(|(application, environments)| {
                environments.iter().map(move |environment| Overlay {
                    file: format!("{application}/{environment}/kustomization.yaml"),
                    source: (*application).to_owned(),
                })
            })
            .collect();
        let mut findings = checker::look(&self.stage, &mut server, Some(&self.receiver), &overlays);
        let standing = self.slack.standing();
        let seen = self.receiver.seen();
        for id in seen.keys().filter(|id| !id.starts_with("digest/")) {
            if !standing.iter().any(|one| one.id.as_ref() == Some(id)) {
                findings.lost(format!("notice {id} in its thread"));
            }
        }
        for (lane, revision) in &self.expected {
            let (application, _) = lane.split_once('/').unwrap_or_default();
            let file = self
                .stage
                .file("manifests", "main", &format!("{lane}/kustomization.yaml"));
            let want = kustomization(application).replace("0000000", revision);
            if file != want.trim_end() {
                findings.wrong(format!("{lane} is not what was merged:\n{file}"));
            }
        }
        match server.end() {
            Some(0) => {}
            code => findings.wrong(format!("the server ended with {code:?}")),
        }
        checker::look_after(&self.stage, &mut findings);
        findings
    }
}

/// CI reports on a commit of the manifests repository.
pub fn check(stage: &Stage, head: &str, state: &str) -> crate::stage::Ended {
    stage.sendo(&[
        "change",
        "check",
        "manifests.git",
        head,
        "--name",
        "ci",
        "--state",
        state,
        "--as",
        "ci",
    ])
}

/// Whether nothing is under way.
pub fn is_at_rest(server: &mut Server) -> bool {
    server
        .get("/api/v1/backlog")
        .is_some_and(|backlog| is_empty(&backlog))
}

/// Whether a backlog says that nothing is under way.
#[must_use]
pub fn is_empty(backlog: &Value) -> bool {
    let counts = ["deliveries", "subjects", "effects", "notices", "unsealed"];
    counts.iter().all(|count| backlog[*count] == 0)
}
