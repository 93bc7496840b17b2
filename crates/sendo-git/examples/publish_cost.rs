//! Measures what a publish costs beside a hand-made request; used by `cargo xtask bench publish`.
//!
//! `publish_cost URL REPOSITORY PATHS ROUNDS`: a repository on a git server, the same on disk, a file
//! that lists paths in it, and how often each is done. They take turns, so that what else the machine
//! does falls on all; medians count.
//!
//! Prints one JSON object a line. After `{"ready": true}` it waits for a line and then publishes once,
//! so that somebody else can count what that takes; then it waits again, and measures.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for another program, which reads its lines"
)]

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use sendo_git::{
    BareRepository, Change, NewCommit, Oid, RefName, RefUpdate, RemoteRepository, Signature,
    TreePath,
};

/// How often our share is measured: it is small. Nothing in it waits, so it is counted in time on the
/// processor, which a busy machine does not stretch; a server in this process takes both requests, and
/// what that costs falls out of the difference.
const SHARES: usize = 400;

// On one thread, so that what it computes can be told from what it waits for.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (url, folder) = (&args[1], Path::new(&args[2]));
    let rounds: usize = args[4].parse().unwrap();
    let paths = std::fs::read_to_string(&args[3]).unwrap();
    let paths: Vec<TreePath> = paths.lines().map(|path| path.parse().unwrap()).collect();
    let one = &paths[..1];
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();

    let mut ours = Publisher::of(RemoteRepository::new(client.clone(), url, None).unwrap());
    ours.publish(one).await;
    println!("{{\"ready\": true}}");
    wait();
    ours.publish(one).await;
    println!("{{\"published\": true}}");
    wait();

    let mut hand = Hand::at(client.clone(), url, folder).await;
    let (mut ones, mut hands, mut all) = (Vec::new(), Vec::new(), Vec::new());
    ours.publish(&paths).await;
    for round in 0..rounds + 2 {
        let body = hand.prepare(&one[0], round).await;
        let times = [
            ours.publish(one).await,
            hand.post(body).await,
            ours.publish(&paths).await,
        ];
        // The first ones only warm up.
        if round >= 2 {
            let [one, hand, many] = times;
            ones.push(one);
            hands.push(hand);
            all.push(many);
        }
    }

    let instant = instant(client.clone(), url.clone()).await;
    let mut ours = Publisher::of(RemoteRepository::new(client.clone(), &instant, None).unwrap());
    ours.publish(one).await;
    hand.url = instant;
    let body = hand.prepare(&one[0], rounds + 2).await;
    let mut shares = Vec::new();
    for _ in 0..SHARES {
        let started = computed();
        hand.post(body.clone()).await;
        let by_hand = computed() - started;
        ours.publish(one).await;
        shares.push(computed() - started - by_hand - by_hand);
    }
    let line = serde_json::json!({
        "one_ms": median(ones), "hand_ms": median(hands), "all_ms": median(all),
        "share_ms": median(shares), "peak_mib": peak(),
    });
    println!("{line}");
}

/// Our publisher, which knows its base but for the first time.
struct Publisher {
    remote: RemoteRepository,
    branch: RefName,
    count: usize,
}

impl Publisher {
    fn of(remote: RemoteRepository) -> Self {
        let branch = RefName::branch("main").unwrap();
        Self {
            remote,
            branch,
            count: 0,
        }
    }

    /// Reads the files, edits each and publishes; answers how many milliseconds that took.
    async fn publish(&mut self, paths: &[TreePath]) -> f64 {
        self.count += 1;
        let started = Instant::now();
        let base = self.remote.head(&self.branch).await.unwrap().unwrap();
        let files = self.remote.read_files(base, paths).await.unwrap();
        let edited = paths.iter().zip(files).map(|(path, file)| {
            let mut bytes = file.unwrap().bytes;
            edit(&mut bytes, self.count);
            Change::write(path.clone(), bytes)
        });
        let changes: Vec<Change> = edited.collect();
        let tree = self.remote.write_tree_with(base, &changes).await.unwrap();
        let commit = commit(tree.oid(), base);
        let draft = tree.commit(&commit).unwrap();
        let update = RefUpdate::moved(self.branch.clone(), base, draft.oid());
        self.remote.publish(&[update], &[&draft]).await.unwrap();
        milliseconds(started)
    }
}

/// Requests made ahead by the git program, in a repository that borrows the objects of the other.
struct Hand {
    client: reqwest::Client,
    url: String,
    repository: BareRepository,
    head: Oid,
    _folder: tempfile::TempDir,
}

impl Hand {
    async fn at(client: reqwest::Client, url: &str, lender: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("hand.git");
        let repository = BareRepository::init(&place, "limit").await.unwrap();
        let borrowed = repository.path().join("objects/info");
        std::fs::create_dir_all(&borrowed).unwrap();
        let objects: PathBuf = lender.canonicalize().unwrap().join("objects");
        let line = format!("{}\n", objects.display());
        std::fs::write(borrowed.join("alternates"), line).unwrap();
        let lender = BareRepository::open(lender).await.unwrap();
        let limit = RefName::branch("limit").unwrap();
        Self {
            client,
            url: url.to_owned(),
            head: lender.resolve(&limit).await.unwrap().unwrap(),
            repository,
            _folder: folder,
        }
    }

    /// The request that moves the branch `limit` to an edit of one file.
    async fn prepare(&mut self, path: &TreePath, round: usize) -> Vec<u8> {
        let git = &self.repository;
        let file = git.read_file(self.head, path).await.unwrap().unwrap();
        let mut bytes = file.bytes;
        edit(&mut bytes, round);
        let change = Change::write(path.clone(), bytes);
        let tree = git.write_tree_with(self.head, &[change]).await.unwrap();
        let new = git.commit_tree(&commit(tree, self.head)).await.unwrap();
        let line = format!(
            "{} {new} refs/heads/limit\0 report-status side-band-64k quiet",
            self.head
        );
        let mut body = format!("{:04x}{line}0000", line.len() + 4).into_bytes();
        body.extend(thin_pack(git.path(), new, self.head));
        self.head = new;
        body
    }

    /// Sends it and reads the answer; answers how many milliseconds that took.
    async fn post(&self, body: Vec<u8>) -> f64 {
        let started = Instant::now();
        let sent = self
            .client
            .post(format!("{}/git-receive-pack", self.url))
            .header("content-type", "application/x-git-receive-pack-request")
            .body(body)
            .send();
        let answer = sent.await.unwrap().bytes().await.unwrap();
        let took = milliseconds(started);
        let text = String::from_utf8_lossy(&answer);
        assert!(
            text.contains("unpack ok") && !text.contains("ng refs"),
            "{text}"
        );
        took
    }
}

fn thin_pack(repository: &Path, new: Oid, old: Oid) -> Vec<u8> {
    let mut child = Command::new("git")
        .args(["pack-objects", "--revs", "--thin", "--stdout", "-q"])
        .current_dir(repository)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let question = format!("{new}\n^{old}\n");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(question.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap().stdout
}

/// A server that takes every push at once and passes on what is read: nothing but a request's way.
async fn instant(client: reqwest::Client, behind: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(pass).with_state((client, behind));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/r")
}

async fn pass(
    State((client, behind)): State<(reqwest::Client, String)>,
    request: Request,
) -> axum::http::Response<axum::body::Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let (kind, answer) = if head.uri.path().ends_with("git-receive-pack") {
        let report = "000eunpack ok\n0017ok refs/heads/main\n0000";
        let report = format!("{:04x}\u{1}{report}0000", report.len() + 5);
        let kind = "application/x-git-receive-pack-result";
        (kind, Bytes::from(report))
    } else {
        let passed = client
            .post(format!("{behind}/git-upload-pack"))
            .header("content-type", "application/x-git-upload-pack-request")
            .header("git-protocol", "version=2")
            .body(body)
            .send();
        let answer = passed.await.unwrap().bytes().await.unwrap();
        ("application/x-git-upload-pack-result", answer)
    };
    let response = axum::http::Response::builder().header("content-type", kind);
    response.body(answer.into()).unwrap()
}

/// Gives the first line another end, of the same length for the same count.
fn edit(bytes: &mut Vec<u8>, count: usize) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let line = format!("# edited {count:06}");
    bytes.splice(..end, line.into_bytes());
}

fn commit(tree: Oid, parent: Oid) -> NewCommit {
    let who = Signature {
        name: "Sendo".to_owned(),
        email: "sendo@example.com".to_owned(),
        at_seconds: 1_700_000_000,
    };
    NewCommit {
        tree,
        parents: vec![parent],
        author: who.clone(),
        committer: who,
        message: "Deploy web to production".to_owned(),
    }
}

/// Lets somebody else look.
fn wait() {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
}

/// Milliseconds this thread spent on the processor.
fn computed() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1000.0 + now.tv_nsec as f64 / 1_000_000.0
}

/// The most memory this process ever held.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or_default() / 1024.0
}

fn milliseconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
