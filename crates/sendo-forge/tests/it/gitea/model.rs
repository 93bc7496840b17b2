//! One change request on a Gitea that remembers what was done to it, and fails when it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use sendo_core::effect::Outcome;
use sendo_core::names::{BranchName, Repository, Revision};
use sendo_core::time::Timestamp;
use sendo_forge::gitea::{Access, GiteaActs};
use sendo_forge::{Forge, ForgeError, Open};
use serde_json::{Value, json};

use crate::loopback::{self, Answering, Asked, json as answer, reply};

pub(crate) const NUMBER: u64 = 7;
pub(crate) const HEAD: &str = "1111111111111111111111111111111111111111";
pub(crate) const BASE: &str = "2222222222222222222222222222222222222222";
pub(crate) const MERGE: &str = "3333333333333333333333333333333333333333";
pub(crate) const TOKEN: &str = "a-token-nobody-may-see";
const BRANCH: &str = "sendo/web/test/1-x1";

/// How an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    Truncated,
    Html,
    Huge,
    Reset,
    /// A refusal, and what it says.
    Says(u16, &'static str),
}

/// Whether what was asked is done before the answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// What there is, and what was done.
#[derive(Debug, Default)]
struct State {
    opened: bool,
    closed: bool,
    merged: bool,
    reviews: Vec<Value>,
    comments: Vec<Value>,
    done: BTreeMap<&'static str, usize>,
    fails: Option<(Side, Fault)>,
}

/// The model and a forge on it.
#[derive(Clone)]
pub(crate) struct Model {
    state: Arc<Mutex<State>>,
    pub(crate) forge: Forge,
    repository: Repository,
}

pub(crate) fn acts(url: &str) -> GiteaActs {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let token = || SecretString::from(TOKEN);
    let access = Access {
        name: "acme".parse().unwrap(),
        url: url.to_owned(),
        proposer: token(),
        approver: token(),
        labels: Vec::new(),
        also_at: Vec::new(),
    };
    GiteaActs::new(http, access).unwrap()
}

impl Model {
    /// With an open change request, or with a branch only.
    pub(crate) async fn new(opened: bool) -> Self {
        let state = Arc::new(Mutex::new(State {
            opened,
            ..State::default()
        }));
        let seen = Arc::clone(&state);
        let url = loopback::serve(move |asked| -> Answering {
            let bytes = seen.lock().unwrap().answer(&asked);
            Box::pin(async move { bytes })
        })
        .await;
        Self {
            state,
            forge: Forge::Gitea(acts(&url)),
            repository: "acme:acme/web".parse().unwrap(),
        }
    }

    /// The next change goes wrong.
    pub(crate) fn fail(&self, side: Side, fault: Fault) {
        self.state.lock().unwrap().fails = Some((side, fault));
    }

    /// How often something was done.
    pub(crate) fn done(&self, what: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.done.get(what).copied().unwrap_or(0)
    }

    /// Carries out one of the acts.
    pub(crate) async fn act(&self, what: &str) -> Result<Outcome, ForgeError> {
        let (at, head) = (Timestamp(0), Revision::new(HEAD).unwrap());
        let (forge, repository) = (&self.forge, &self.repository);
        match what {
            "open" => {
                let open = Open {
                    repository: repository.clone(),
                    branch: BranchName::new(BRANCH).unwrap(),
                    base: BranchName::new("main").unwrap(),
                    head,
                    title: "Deploy".to_owned(),
                    body: String::new(),
                    at,
                };
                forge.open(&open).await
            }
            "approve" => forge.approve(repository, NUMBER, &head, at).await,
            "merge" => forge.merge(repository, NUMBER, &head, at).await,
            _ => forge.close(repository, NUMBER, "Because.", at).await,
        }
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Vec<u8> {
        let route = asked.route();
        let route = route.trim_start_matches("/repos/acme/web").to_owned();
        if asked.method == "GET" && asked.path.contains("page=2") {
            return answer(200, &json!([]));
        }
        if asked.method == "GET" {
            return self.read(&route);
        }
        match self.fails.take() {
            Some((Side::Before, fault)) => wrong(fault, &answer(200, &json!({}))),
            Some((Side::After, fault)) => wrong(fault, &self.change(&asked.method, &route)),
            None => self.change(&asked.method, &route),
        }
    }

    fn read(&self, route: &str) -> Vec<u8> {
        let commit = |sha: &str| json!({ "sha": sha, "parents": [], "commit": { "message": "x" } });
        let pull = format!("/pulls/main/{BRANCH}");
        let branch = format!("/branches/{BRANCH}");
        let value = match route {
            "/user" => json!({ "id": 5, "login": "bot" }),
            "/pulls/7" => self.pull(),
            route if route == pull && self.opened => self.pull(),
            "/branches/main" => json!({ "commit": { "id": BASE } }),
            route if route == branch => json!({ "commit": { "id": HEAD } }),
            "/commits" => json!([commit(HEAD)]),
            "/pulls/7/reviews" => json!(self.reviews),
            "/issues/7/timeline" => json!(self.comments),
            route if route.starts_with("/git/commits/") => commit(BASE),
            _ => return answer(404, &json!({ "message": "not found" })),
        };
        let one_page = "content-type: application/json\r\nx-total-count: 1\r\n";
        reply(200, one_page, value.to_string().as_bytes())
    }

    fn pull(&self) -> Value {
        let open = !(self.closed || self.merged);
        json!({
            "number": NUMBER, "state": if open { "open" } else { "closed" }, "merged": self.merged,
            "merge_commit_sha": self.merged.then_some(MERGE), "html_url": "http://here/7",
            "head": { "ref": BRANCH, "sha": HEAD, "repo_id": 1 },
            "base": { "ref": "main", "sha": BASE, "repo_id": 1 },
        })
    }

    fn change(&mut self, method: &str, route: &str) -> Vec<u8> {
        let us = json!({ "id": 5 });
        let (what, value) = match (method, route) {
            ("POST", "/pulls") => {
                self.opened = true;
                ("open", self.pull())
            }
            ("POST", "/pulls/7/reviews") => {
                let review = json!({ "id": 1, "user": us, "state": "APPROVED", "commit_id": HEAD });
                self.reviews.push(review.clone());
                ("approve", review)
            }
            ("POST", "/pulls/7/merge") => {
                self.merged = true;
                ("merge", json!({}))
            }
            ("POST", "/issues/7/comments") => {
                let comment = json!({ "id": 1, "type": "comment", "user": us, "body": "Because." });
                self.comments.push(comment.clone());
                ("comment", comment)
            }
            ("PATCH", "/pulls/7") => {
                self.closed = true;
                ("close", self.pull())
            }
            other => unreachable!("{other:?}"),
        };
        *self.done.entry(what).or_default() += 1;
        answer(200, &value)
    }
}

/// What comes in the place of a right answer.
pub(crate) fn wrong(fault: Fault, right: &[u8]) -> Vec<u8> {
    match fault {
        Fault::Status(429) => reply(429, "retry-after: 7\r\n", b"slow down"),
        Fault::Status(status) => answer(status, &json!({ "message": format!("no: {TOKEN}") })),
        Fault::Says(status, said) => answer(status, &json!({ "message": said })),
        Fault::Truncated => right[..right.len() - 1].to_vec(),
        Fault::Html => reply(200, "content-type: text/html\r\n", b"<h1>Sign in</h1>"),
        Fault::Huge => reply(500, "", &vec![b'x'; 5 << 20]),
        Fault::Reset => Vec::new(),
    }
}
