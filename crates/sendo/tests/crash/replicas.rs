//! Two replicas on one Postgres, restarted in turn under load: nothing is lost, nothing is done
//! twice, somebody always answers, and whoever is signed in stays signed in.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sendo::lifecycle::GRACE;
use sendo_testkit::suite::say;
use sendo_testkit::{Server, Stage, Story, Telling, http, story, wait};
use serde_json::Value;

use crate::run::{self, Case};

/// Restarts of both together, in turn.
const RESTARTS: usize = 12;
/// Work goes on for this long between two of them.
const BETWEEN: Duration = Duration::from_millis(1_200);
/// A client that tries both has its answer within this.
const REFUSED: Duration = Duration::from_secs(10);
/// Everything has arrived this long after the last restart.
const SETTLE: Duration = Duration::from_secs(75);
/// Each has a configuration of its own; in one folder they share the command line's token.
const CONFIGURATIONS: [&str; 2] = ["sendo.yaml", "second.yaml"];
const MEI: &str = "local:mei";
const AOI: &str = "local:aoi";

/// Both, as a client sees them that turns to the other one when one does not answer.
#[derive(Default)]
struct Replicas {
    at: Mutex<BTreeMap<usize, SocketAddr>>,
    turn: AtomicUsize,
    requests: AtomicUsize,
    retries: AtomicUsize,
    /// The longest time until an answer.
    longest: Mutex<Duration>,
    /// What went wrong.
    breaches: Mutex<Vec<String>>,
}

impl Replicas {
    fn at(&self, n: usize) -> SocketAddr {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)[&(n % 2)]
    }

    /// Asks one, the other one next time, and both in turn until there is an answer.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let (began, mut turn) = (Instant::now(), self.turn.fetch_add(1, Ordering::Relaxed));
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = wait::until("an answer", 3 * REFUSED, || {
            let answer = http::request(self.at(turn), method, path, headers, body);
            turn += 1;
            let answer = answer.ok().filter(|(status, _)| *status < 500);
            self.retries
                .fetch_add(usize::from(answer.is_none()), Ordering::Relaxed);
            answer
        });
        let mut longest = self.longest.lock().unwrap_or_else(PoisonError::into_inner);
        *longest = (*longest).max(began.elapsed());
        drop(longest);
        answer.unwrap_or_else(|error| {
            self.breach(format!("{method} {path}: {error}"));
            (0, String::new())
        })
    }

    fn get(&self, path: &str) -> Value {
        let (_, body) = self.ask("GET", path, &[], "");
        serde_json::from_str(&body).unwrap_or_default()
    }

    fn breach(&self, what: String) {
        let mut breaches = self.breaches.lock().unwrap_or_else(PoisonError::into_inner);
        breaches.push(what);
    }
}

/// Whoever has this cookie is signed in where they look.
struct Session {
    who: &'static str,
    cookie: String,
}

impl Session {
    /// What is not as it must be on the page that was answered.
    fn look(&self, (status, page): (u16, String)) -> Option<String> {
        let is_in = status == 200 && page.contains(self.who) && page.contains("/sign-out");
        (!is_in).then(|| format!("{} is not signed in any more: {status}", self.who))
    }

    fn headers(&self) -> [(&str, &str); 2] {
        [("Cookie", &self.cookie), ("Accept", "text/html")]
    }
}

/// Merges, checks and approvals, each by whichever replica answers.
struct People<'a> {
    replicas: &'a Replicas,
    story: Story,
    aoi: String,
    approved: BTreeMap<String, Instant>,
    approvals: usize,
}

impl People<'_> {
    /// Acts on the board; true when everything has arrived.
    fn step(&mut self) -> bool {
        let board = self.replicas.get("/api/v1/board");
        for lane in board["lanes"].as_array().into_iter().flatten() {
            if lane["moving"]["waiting"]["for"] == "people" {
                self.approve(lane["moving"]["id"].as_str().unwrap_or_default());
            }
        }
        self.story.see(&board) && story::is_empty(&self.replicas.get("/api/v1/backlog"))
    }

    fn approve(&mut self, deployment: &str) {
        let before = self.approved.get(deployment);
        if before.is_some_and(|before| before.elapsed() < Duration::from_secs(3)) {
            return;
        }
        self.approvals += 1;
        let (bearer, key) = (format!("Bearer {}", self.aoi), self.approvals.to_string());
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", &key),
        ];
        let path = format!("/api/v1/deployments/{deployment}/approve");
        let (status, body) = self.replicas.ask("POST", &path, &headers, "{}");
        // Decided or overtaken meanwhile is nobody's fault.
        if ![202, 409].contains(&status) {
            self.replicas.breach(format!("{path}: {status} {body}"));
        }
        self.approved.insert(deployment.to_owned(), Instant::now());
    }

    /// Merges and acts until it is over.
    fn work(&mut self, over: &AtomicBool) {
        let applications = self.story.applications();
        for application in applications.into_iter().cycle() {
            self.story.merge(application);
            for _ in 0..8 {
                self.step();
            }
            if over.load(Ordering::Relaxed) {
                break;
            }
        }
    }
}

/// Ends the load, also when a test fails in the midst of it.
struct Load<'a>(&'a AtomicBool);

impl Drop for Load<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn serve(stage: &Stage, n: usize) -> Server {
    let mut command = stage.command(run::PROGRAM.as_ref());
    let arguments = ["serve", "--role", "all", "--config", CONFIGURATIONS[n % 2]];
    command.args(arguments).env("USER", "mei");
    let log = stage.folder().join(format!("replica-{n}.log"));
    let mut server = Server::start(command, &log);
    assert!(server.came_up(), "{}", server.log());
    server
}

/// What a verb says to the replica at this address.
fn asked(stage: &Stage, address: SocketAddr, verb: &[&str]) -> Value {
    let server = format!("http://{address}");
    let to = ["--server", &server, "--config", CONFIGURATIONS[0]];
    let ended = stage.sendo(&[verb, &to, &["-o", "json"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

/// One session by a link through the first replica, one with a token through the second.
fn sign_in(stage: &Stage, replicas: &Replicas, token: &str) -> [Session; 2] {
    let link = asked(stage, replicas.at(0), &["login"]);
    let (_, path) = link["url"]
        .as_str()
        .unwrap()
        .split_once("/sign-in")
        .unwrap();
    let by_link = http::sign_in(replicas.at(0), &format!("/sign-in{path}"), "");
    let by_token = http::sign_in(replicas.at(1), "/sign-in", &format!("token={token}"));
    [(MEI, by_link), (AOI, by_token)].map(|(who, cookie)| Session {
        who,
        cookie: cookie.unwrap(),
    })
}

/// Restarts them in turn; gives how long the slowest took to end.
fn restart(stage: &Stage, replicas: &Replicas, servers: &mut VecDeque<Server>) -> Duration {
    let mut slowest = Duration::ZERO;
    for n in 2..2 + RESTARTS {
        wait::pass(BETWEEN);
        let began = Instant::now();
        let code = servers.pop_front().unwrap().end();
        slowest = slowest.max(began.elapsed());
        assert_eq!(code, Some(0), "replica {} after {:?}", n % 2, slowest);
        let mut server = serve(stage, n);
        let address = server.address().unwrap();
        let mut at = replicas.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.insert(n % 2, address);
        drop(at);
        servers.push_back(server);
        wait::until("it is ready", REFUSED, || {
            let (status, _) = http::request(address, "GET", "/readyz", &[], "").ok()?;
            (status == 200).then_some(())
        })
        .unwrap();
    }
    slowest
}

pub(crate) fn two_replicas_restarted_in_turn_lose_nothing_and_always_answer() {
    let story = Story::set(run::PROGRAM, Telling::Load);
    let stage = Arc::clone(&story.stage);
    // As in production a slow machine is no reason to take work from one another.
    let text = std::fs::read_to_string(stage.configuration()).unwrap();
    let text = text.replace("lease: 1s", "lease: 30s");
    for name in CONFIGURATIONS {
        std::fs::write(stage.folder().join(name), &text).unwrap();
    }
    let (replicas, mut servers) = (Replicas::default(), VecDeque::new());
    for n in 0..2 {
        let mut server = serve(&stage, n);
        replicas
            .at
            .lock()
            .unwrap()
            .insert(n, server.address().unwrap());
        servers.push_back(server);
    }
    story.first_look(&mut servers[0]);
    let mine = std::fs::read_to_string(stage.folder().join("sendo.token")).unwrap();
    let create = [
        "token", "create", "aoi", "--for", AOI, "--scope", "read", "--scope", "approve",
    ];
    let made = asked(&stage, replicas.at(0), &create);
    let aoi = made["secret"].as_str().unwrap().to_owned();
    let sessions = sign_in(&stage, &replicas, &aoi);
    let mut people = People {
        replicas: &replicas,
        story,
        aoi,
        approved: BTreeMap::new(),
        approvals: 0,
    };
    people.story.reviews = false;

    let over = AtomicBool::new(false);
    let slowest = std::thread::scope(|scope| {
        scope.spawn(|| people.work(&over));
        scope.spawn(|| look_around(&replicas, &sessions, &over));
        let _load = Load(&over);
        restart(&stage, &replicas, &mut servers)
    });
    let settled = wait::until("everything arrives", SETTLE, || {
        people.step().then_some(true)
    });
    let settled = settled.map_err(|error| format!("{error}\n{}", replicas.get("/api/v1/board")));
    still_known(&replicas, &sessions, mine.trim());
    say(&format!(
        "{RESTARTS} restarts, the slowest end took {slowest:.1?} of {GRACE:?}; {} requests, {} retries, \
         {} approvals; the longest time without an answer was {:.1?}",
        replicas.requests.load(Ordering::Relaxed),
        replicas.retries.load(Ordering::Relaxed),
        people.approvals,
        replicas.longest.lock().unwrap(),
    ));
    assert!(slowest < GRACE, "{slowest:?}");
    let second = servers.pop_back().and_then(Server::end);
    let first = servers.pop_back().unwrap();
    let mut findings = run::ended(people.story, first, settled);
    for breach in replicas.breaches.into_inner().unwrap() {
        findings.wrong(breach);
    }
    if second != Some(0) || *replicas.longest.lock().unwrap() > REFUSED {
        findings.wrong(format!(
            "the second ended with {second:?}, or nobody answered for too long"
        ));
    }
    run::report(
        "two replicas",
        vec![Case {
            name: "restarted in turn".to_owned(),
            disturbed: true,
            findings,
        }],
    );
}

/// Both browsers read pages, from whichever replica answers, until it is over.
fn look_around(replicas: &Replicas, sessions: &[Session], over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        for session in sessions {
            let page = replicas.ask("GET", "/", &session.headers(), "");
            if let Some(breach) = session.look(page) {
                replicas.breach(breach);
            }
        }
        wait::pass(Duration::from_millis(50));
    }
}

/// On each replica both are signed in, and the command line's first token is good.
fn still_known(replicas: &Replicas, sessions: &[Session], token: &str) {
    let bearer = format!("Bearer {token}");
    for n in 0..2 {
        let get = |path: &str, headers: &[(&str, &str)]| {
            http::request(replicas.at(n), "GET", path, headers, "").unwrap()
        };
        for session in sessions {
            if let Some(breach) = session.look(get("/", &session.headers())) {
                replicas.breach(format!("replica {n}: {breach}"));
            }
        }
        let (status, _) = get("/api/v1/tokens", &[("Authorization", &bearer)]);
        if status != 200 {
            replicas.breach(format!("replica {n}: the command line's token: {status}"));
        }
    }
}
